package segmenter

import (
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter/cmaf"
)

// Resume is what a Pipeline needs to go on with a broadcast that another one began,
// in this process or before it was killed. It is made to be kept as JSON, and holds
// no more media than a still. What follows is in whole nanoseconds where it is a time.
type Resume struct {
	// Renditions is the fixed set, the source first even where it is not shown.
	Renditions []media.Rendition
	Timing     media.Timing
	// Hidden: the source is not shown.
	Hidden bool
	// Video and Audio are the publisher's tracks, nil where there is none.
	Video, Audio *media.Track
	// Rungs are what the encoder makes.
	Rungs []Rung
	// FPS is the source's frame rate.
	FPS float64
	// At is where the newest segment begins, Wall its program time, MSN its media
	// sequence number and Discontinuity its discontinuity sequence number.
	At            time.Duration
	Wall          time.Time
	MSN           uint64
	Discontinuity uint64
	// Tracks has one entry for each rendition.
	Tracks []ResumeTrack
}

// ResumeTrack is how far one rendition has got.
type ResumeTrack struct {
	// MSN is the open segment's media sequence number, Number that of the next part.
	MSN, Number uint64
	// Inits are all init segments.
	Inits [][]byte
	// Still is the last keyframe, for the time without a publisher.
	Still []byte
}

// resumeMargin is how many segments are left out at a resumption: what was
// published since the checkpoint is not known, and no name is ever used twice.
const resumeMargin = 3

// checkpoint tells where the broadcast has got to, once for each segment.
func (c *core) checkpoint() {
	if c.cfg.Checkpoint == nil || c.clock.current().msn+1 == c.saved {
		return
	}
	now := c.clock.current()
	c.saved = now.msn + 1
	r := Resume{
		Renditions: c.renditions, Timing: c.timing, Hidden: c.hidden, Rungs: c.chosen, FPS: c.fps,
		At: now.at, Wall: now.wall.wall, MSN: now.msn, Discontinuity: now.discontinuity,
	}
	if c.source != nil {
		r.Video = &media.Track{}
		*r.Video = c.source.info
	}
	if c.sound != nil {
		r.Audio = &media.Track{}
		*r.Audio = c.sound.info
	}
	for _, t := range c.all() {
		r.Tracks = append(r.Tracks, ResumeTrack{
			MSN: t.cutter.segment.msn, Number: t.cutter.number, Inits: append([][]byte(nil), t.inits...), Still: t.cutter.key,
		})
	}
	c.cfg.Checkpoint(r)
}

// resume goes on with a broadcast whose publisher is away.
func (c *core) resume(r Resume, now time.Time) {
	plan, ok := r.plan()
	if !ok {
		c.log.Warn().Msg("what is known of the broadcast can't be gone on with; it begins anew")
		return
	}
	c.begun = true
	c.chosen, c.fps = r.Rungs, r.FPS
	c.startEncoder(r.FPS, r.Video, r.Rungs)
	c.renditions, c.timing = r.Renditions, r.Timing
	at := max(r.At, r.At+now.Sub(r.Wall))
	c.wall.line = wallLine{at: r.At, wall: r.Wall}
	c.clock = newClock(c.cfg.Segment, segmentLimit(c.timing), c.timing.PartTarget, at, &c.wall)
	first := &c.clock.cuts[0]
	first.msn, first.discontinuity = r.MSN+1+resumeMargin, r.Discontinuity+1
	c.lag = max(videoLag, 3*plan.frame())
	c.show(r.Hidden)
	c.tracks(plan)
	for i, t := range c.all() {
		t.cutter.number = r.next(i, first.msn)
		t.cutter.needKey = true
		t.cutter.key, t.cutter.frozen = r.Tracks[i].Still, true
		for _, data := range r.Tracks[i].Inits {
			t.cutter.use(len(t.inits))
			c.addInit(t, data)
		}
		t.dead = t != c.leader()
	}
	c.log.Info().Uint64("segment", first.msn).Msg("the broadcast is resumed; its publisher is waited for")
	c.absence = absence{waiting: true, gone: true, heard: -1}
	for _, t := range c.all() {
		if t == c.sound {
			t.cutter.hush(t.format.Silence(), int64(t.format.FrameSamples))
		}
		t.cutter.begin()
	}
	c.tick(now)
}

// next is a part number that a rendition has not used.
func (r *Resume) next(rendition int, msn uint64) uint64 {
	t := r.Tracks[rendition]
	shortest := float64(r.Timing.PartTarget) * partShare
	each := uint64(float64(segmentLimit(r.Timing))/shortest) + 2
	return t.Number + (msn-min(t.MSN, msn)+1)*each
}

// plan is what the broadcast is, as it was planned at its begin. It is false for what
// no checkpoint can have said.
func (r *Resume) plan() (*plan, bool) {
	n := len(r.Rungs)
	p := &plan{rungs: r.Rungs, rate: rate{fps: r.FPS, steady: true}}
	for kind, t := range map[media.Kind]*media.Track{media.Video: r.Video, media.Audio: r.Audio} {
		if t == nil {
			continue
		}
		n++
		format, err := cmaf.Parse(*t)
		if err != nil {
			return nil, false
		}
		f := &found{info: *t, format: format}
		if kind == media.Video {
			p.video = f
		} else {
			p.audio = f
		}
	}
	sane := n > 0 && len(r.Renditions) == n && len(r.Tracks) == n && r.Timing.PartTarget > 0 &&
		r.Timing.TargetDuration >= r.Timing.PartTarget && (r.Video == nil || r.FPS > 0) && !r.Wall.IsZero() &&
		(r.Video != nil || len(r.Rungs) == 0)
	return p, sane
}

// hush opens a part with silence, as much as the shortest part has; nil is none.
func (c *cutter) hush(silence []byte, frame int64) {
	for at := c.pos; silence != nil && at < c.pos+c.shortest; at += frame {
		c.open = append(c.open, sample{decode: at, present: at, length: frame, sync: true, data: silence})
	}
}

// begin makes a part of the least length, a still, silence or a gap, so that a rendition
// that was resumed can be listed at once.
func (c *cutter) begin() { c.close(max(c.edge(), c.pos+c.shortest), false) }
