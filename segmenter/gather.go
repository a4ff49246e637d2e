package segmenter

import (
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter/cmaf"
)

const (
	// framesWanted is how many frames tell the frame rate, gatherLong how much media
	// does at least.
	framesWanted = 10
	gatherLong   = 600 * time.Millisecond
	// otherWait is how long the second track may take after the first media.
	otherWait = 800 * time.Millisecond
	// soundKept bounds the audio that waits for the first keyframe.
	soundKept = 2 * time.Second
	// noPicture is how long the sound goes on alone before a picture that was
	// announced is given up.
	noPicture = 5 * time.Second
	// haste is by how much media must come earlier than those before it to count as sent
	// faster than real time, calm how much media must follow that does not, and hasteMost
	// and hasteBytes how much media that is waited for.
	haste      = 20 * time.Millisecond
	calm       = 200 * time.Millisecond
	hasteMost  = 10 * time.Second
	hasteBytes = 16 << 20
)

// found is a track whose configuration was understood.
type found struct {
	info   media.Track
	format cmaf.Format
}

// gather collects the first units of a broadcast, until enough is known of it to
// fix its renditions and constants. Plain state machine.
type gather struct {
	video, audio *found
	units        []media.Unit
	size         int             // of what was gathered, in bytes
	decode       []time.Duration // of video, from the first keyframe on
	first        media.Unit
	any          bool
	blind        bool // a picture was announced, and given up
	// early is when the media's instant 0 arrived at the earliest, hurried the instant at
	// which that was last corrected by more than haste, newest that of the last unit.
	early           time.Time
	hurried, newest time.Duration
}

func (g *gather) track(t media.Track, log zerolog.Logger) {
	format, err := cmaf.Parse(t)
	if err != nil {
		log.Warn().Err(err).Str("kind", t.Kind.String()).Msg("a track of the publisher is left out")
		return
	}
	f := &found{info: t, format: format}
	if t.Kind == media.Video {
		g.video = f
		return
	}
	g.audio = f
}

// unit takes a unit and says whether the broadcast can begin.
func (g *gather) unit(u media.Unit) bool {
	switch {
	case u.Kind == media.Video && g.video != nil:
		if len(g.decode) == 0 && !u.Keyframe {
			return false
		}
		g.decode = append(g.decode, u.DTS)
	case u.Kind == media.Audio && g.audio != nil:
		g.trim(u.DTS)
	default:
		return false
	}
	if !g.any {
		g.first, g.any = u, true
	}
	g.units = append(g.units, u)
	g.size += len(u.Data)
	if u.Kind == media.Video || g.video == nil {
		g.pace(u)
	}
	return g.ready(u) && !g.hurries()
}

// pace observes how early media comes.
func (g *gather) pace(u media.Unit) {
	g.newest = u.DTS
	if zero := u.Arrived.Add(-u.DTS); g.early.IsZero() || g.early.Sub(zero) > haste {
		g.early, g.hurried = zero, u.DTS
	}
}

// hurries says whether the publisher still sends what it made before it was connected, or
// catches up: what it sends when it is done is what tells the program time, which players
// can't be told anew.
func (g *gather) hurries() bool {
	return g.newest-g.hurried < calm && g.newest-g.first.DTS < hasteMost && g.size < hasteBytes
}

// trim forgets old audio while no picture has come.
func (g *gather) trim(now time.Duration) {
	if len(g.decode) > 0 {
		return
	}
	old := 0
	for old < len(g.units) && now-g.units[old].DTS > soundKept {
		old++
	}
	g.units = g.units[old:]
}

func (g *gather) ready(u media.Unit) bool {
	span := max(u.DTS-g.first.DTS, u.Arrived.Sub(g.first.Arrived))
	if g.video != nil && len(g.decode) == 0 && g.audio != nil && span >= noPicture {
		g.video, g.blind = nil, true
	}
	if g.video == nil || g.audio == nil {
		if span < otherWait {
			return false
		}
	}
	if g.video == nil {
		return g.audio != nil
	}
	n := len(g.decode)
	return n >= framesWanted || n >= 2 && g.decode[n-1]-g.decode[0] >= gatherLong
}

// enough says whether a broadcast that ends now had anything to show.
func (g *gather) enough() bool { return len(g.decode) > 1 || g.video == nil && len(g.units) > 1 }

// forget drops what a publisher that went away had sent.
func (g *gather) forget() { *g = gather{video: g.video, audio: g.audio} }

func (g *gather) take() []media.Unit {
	units := g.units
	g.units, g.decode = nil, nil
	return units
}

// plan is what a broadcast will be.
type plan struct {
	video, audio *found
	rate         rate
	rungs        []Rung
	// start is where segment 0 begins; shift moves the source's decode times so that
	// a keyframe's equals its presentation time, as in all other renditions.
	start, shift time.Duration
	offset       time.Time // program time at instant 0
	videoBits    int       // bit/s
	audioBits    int
}

func (g *gather) plan() *plan {
	p := &plan{video: g.video, audio: g.audio}
	if p.video != nil && len(g.decode) == 0 || p.video == nil && p.audio == nil {
		return nil
	}
	if p.video != nil {
		p.rate = frameRate(g.decode, p.video.info.FPS)
		p.videoBits = videoBits(g.units, p.video.info, p.rate.fps)
	}
	p.audioBits = audioBits(g.units, p.audio)
	for _, u := range g.units {
		if p.video == nil || u.Kind == media.Video {
			p.start, p.shift = u.PTS, u.PTS-u.DTS
			break
		}
	}
	p.offset = g.offset(p)
	return p
}

// offset takes the earliest arrival as the true one.
func (g *gather) offset(p *plan) time.Time {
	var best time.Time
	for _, u := range g.units {
		if p.video != nil && u.Kind != media.Video {
			continue
		}
		g.newest = u.DTS
		if zero := u.Arrived.Add(-u.DTS - p.shift); best.IsZero() || zero.Before(best) {
			best = zero
		}
	}
	return best
}

// frame is the distance of two pictures, or of two frames of sound.
func (p *plan) frame() time.Duration {
	if p.video == nil {
		return time.Duration(p.audio.format.FrameSamples) * time.Second / time.Duration(p.audio.format.Timescale)
	}
	return time.Duration(float64(time.Second) / p.rate.fps)
}

func (p *plan) timing(cfg Config) media.Timing {
	var frames []time.Duration
	if p.audio != nil {
		sound := plan{audio: p.audio}
		frames = append(frames, sound.frame())
	}
	for _, r := range p.rungs {
		if r.FPS > 0 && p.rate.steady {
			frames = append(frames, time.Duration(float64(time.Second)/r.FPS))
		}
	}
	if p.video == nil {
		return newTiming(cfg, rate{}, frames)
	}
	return newTiming(cfg, p.rate, frames)
}
