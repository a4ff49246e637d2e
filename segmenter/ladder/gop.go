package ladder

import (
	"math"
	"slices"
	"time"

	"github.com/liverelay/liverelay/media"
)

const (
	maxGroupUnits = 1800     // 30 s at 60 pictures a second
	maxGroupBytes = 48 << 20 // 30 s at 12 Mbit/s
)

// group holds the pictures since the source's last keyframe, so that a new ffmpeg
// can begin at once instead of at the next keyframe.
type group struct {
	units []media.Unit
	bytes int
}

// add appends a picture, and begins anew at keyframes. It reports whether the
// picture can be decoded with what the group holds: not before the first keyframe,
// nor in a group that grew too large to be kept.
func (g *group) add(u media.Unit) bool {
	if u.Keyframe {
		g.clear()
	} else if len(g.units) == 0 {
		return false
	}
	if len(g.units) >= maxGroupUnits || g.bytes+len(u.Data) > maxGroupBytes {
		g.clear()
		return false
	}
	g.units = append(g.units, u)
	g.bytes += len(u.Data)
	return true
}

func (g *group) clear() {
	clear(g.units)
	g.units, g.bytes = g.units[:0], 0
}

// fpsUnits is how many pictures it takes to tell a frame rate.
const fpsUnits = 10

// fps estimates the frame rate from the distances of decode times: their median,
// so that a hole does no harm. It returns 0 when there are too few pictures.
func (g *group) fps() float64 {
	if len(g.units) < fpsUnits {
		return 0
	}
	var steps []time.Duration
	for i := 1; i < len(g.units); i++ {
		steps = append(steps, g.units[i].DTS-g.units[i-1].DTS)
	}
	slices.Sort(steps)
	// The mean of the middle half evens out times that were rounded to milliseconds.
	middle := steps[len(steps)/4 : len(steps)-len(steps)/4]
	var sum time.Duration
	for _, s := range middle {
		sum += s
	}
	if sum <= 0 {
		return assumedFPS
	}
	fps := min(max(float64(len(middle))/sum.Seconds(), 1), 240)
	if whole := math.Round(fps); math.Abs(fps-whole) < 0.02*whole {
		return whole // as near as times in milliseconds tell
	}
	return fps
}
