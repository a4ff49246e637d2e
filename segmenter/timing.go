package segmenter

import (
	"math"
	"time"

	"github.com/liverelay/liverelay/media"
)

const (
	// jitter is what timestamps in whole milliseconds can add to a part.
	jitter = 2 * time.Millisecond
	// spare keeps segments a little below TARGETDURATION.
	spare = 100 * time.Millisecond
	// steadiness bounds the spread of frame distances of a steady frame rate.
	steadiness = 1.5
)

// rate is a source's frame rate. A source that is not steady is cut by time.
type rate struct {
	fps    float64
	steady bool
}

// frameRate tells the frame rate by the decode times of the first frames, and by
// what the publisher declares (0: nothing) when that agrees.
func frameRate(decode []time.Duration, declared float64) rate {
	if len(decode) < 2 || decode[len(decode)-1] <= decode[0] {
		if declared > 0 {
			return rate{declared, true}
		}
		return rate{30, false}
	}
	measured := float64(len(decode)-1) / (decode[len(decode)-1] - decode[0]).Seconds()
	if measured < 1 { // pictures come when something moves: this is no rate
		return rate{max(declared, 30), false}
	}
	low, high := time.Duration(math.MaxInt64), time.Duration(0)
	for i := 1; i < len(decode); i++ {
		low, high = min(low, decode[i]-decode[i-1]), max(high, decode[i]-decode[i-1])
	}
	if float64(high-jitter) > float64(low+jitter)*steadiness {
		return rate{measured, false}
	}
	if declared > 0 && math.Abs(measured/declared-1) < 0.1 {
		return rate{declared, true}
	}
	return rate{usual(measured), true}
}

// usual snaps a measured frame rate to a usual one next to it.
func usual(measured float64) float64 {
	best := measured
	for _, fps := range []float64{
		5, 10, 12, 15, 20, 24000.0 / 1001, 24, 25, 30000.0 / 1001, 30, 48, 50, 60000.0 / 1001, 60, 120,
	} {
		if off := math.Abs(measured/fps - 1); off < 0.02 && (best == measured || off < math.Abs(measured/best-1)) {
			best = fps
		}
	}
	return best
}

// newTiming fixes the constants of a broadcast's playlists. frames are the
// distances of frames in the other tracks: audio, and rungs with a frame rate of
// their own.
func newTiming(cfg Config, r rate, frames []time.Duration) media.Timing {
	part := cfg.Part
	if r.steady {
		part = time.Duration(float64(framesOf(cfg.Part, r.fps)) / r.fps * float64(time.Second))
		frames = append(frames, time.Duration(float64(time.Second)/r.fps))
	}
	target := fit(part, frames)
	whole := math.Ceil(max(cfg.Segment, target).Seconds())
	return media.Timing{
		PartTarget:     target,
		PartHoldBack:   3 * target,
		TargetDuration: time.Duration(whole+1) * time.Second,
	}
}

// framesOf returns how many frames make a part: the nearest number to the wished
// length, or one beside it when only with that a second is made of parts that are
// long enough, so that keyframes of one a second begin parts.
func framesOf(part time.Duration, fps float64) int {
	wish := part.Seconds() * fps
	nearest := max(1, int(math.Round(wish)))
	other := nearest + 1
	if wish < float64(nearest) {
		other = nearest - 1
	}
	for _, n := range []int{nearest, other, 2*nearest - other} {
		target := float64(n)/fps + jitter.Seconds() + 0.001
		least := int(math.Ceil(target*partShare*fps - 1e-9))
		second := int(math.Round(fps))
		if n > 0 && n*10 >= nearest*7 && (second+n-1)/n*least <= second {
			return n
		}
	}
	return nearest
}

// fit returns the least PART-TARGET not below part that every track fills to at
// least 85 % with whole frames (draft-pantos-hls-rfc8216bis §4.4.4.9).
func fit(part time.Duration, frames []time.Duration) time.Duration {
	const furthest = 4
	best, share := ceilMilli(part+jitter), 0.0
	for target := best; target <= furthest*part; target += time.Millisecond {
		worst := 1.0
		for _, f := range frames {
			filled := (target - jitter).Truncate(f)
			worst = min(worst, float64(filled-jitter)/float64(target))
		}
		if worst >= partShare {
			return target
		}
		if worst > share {
			best, share = target, worst
		}
	}
	return best
}

func ceilMilli(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}

// segmentLimit is the length above which no segment grows.
func segmentLimit(t media.Timing) time.Duration { return t.TargetDuration - spare }
