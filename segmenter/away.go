package segmenter

import (
	"time"

	"github.com/liverelay/liverelay/media"
)

const (
	// gapTail is how far the gaps of an absence stay behind the clock, so that the unit
	// that ends it is never late.
	gapTail = 50 * time.Millisecond
	// gapPace is how often the gaps of an absence are looked after.
	gapPace = 50 * time.Millisecond
)

// absence is the state between a publisher's leaving and its first unit after it.
type absence struct {
	// waiting: gaps fill in by the clock, until a unit comes that playing can go on with.
	waiting bool
	// gone: no unit comes.
	gone bool
	// picture: a video track was announced since the publisher is back.
	picture bool
	// heard is the time of the first sound since then, negative before it.
	heard time.Duration
	// arrival is when the broadcast went on; sound from before is left out.
	arrival time.Duration
}

// away takes that the publisher is gone: a still of the last keyframe and silence fill
// in from now on, gaps where there are none.
func (c *core) away(now time.Time) {
	if !c.begun {
		c.gather.forget()
		return
	}
	if !c.absence.waiting {
		c.log.Info().Msg("the publisher is away; viewers have a still until it is back")
	}
	c.absence = absence{waiting: true, gone: true, heard: -1}
	c.silent, c.blank = false, false
	for _, t := range c.all() {
		t.pace.n, t.cutter.keys = 0, keyframes{}
	}
	c.tick(now)
}

// back takes that the publisher is there again. Its tracks come next, then units.
func (c *core) back(now time.Time) {
	if !c.absence.gone {
		return
	}
	c.tick(now)
	c.absence.gone = false
	c.log.Info().Msg("the publisher is back")
}

// tick lets all renditions go on without the publisher up to now, while it is away.
func (c *core) tick(now time.Time) {
	if !c.absence.waiting {
		return
	}
	for _, t := range c.all() {
		t.cutter.frozen, t.cutter.heard = true, false
	}
	lead, at := c.leader().cutter, max(0, c.wall.position(now)-gapTail)
	if c.source != nil || !c.hush(at) {
		lead.vacate(ticks(at, lead.scale))
	}
	c.clock.seen = max(c.clock.seen, instant(lead.pos, lead.scale))
	for _, t := range c.rungs {
		t.dead = true
		t.cutter.poll()
		t.cutter.lag(min(at-deadLag, c.clock.seen))
	}
	if c.sound != nil && c.source != nil {
		c.hush(c.clock.seen)
		c.sound.cutter.poll()
		c.sound.cutter.lag(c.clock.seen)
	}
	c.checkpoint()
}

// leader is the track that drives the segment clock.
func (c *core) leader() *track {
	if c.source != nil {
		return c.source
	}
	return c.sound
}

// all returns the tracks in the order of their renditions.
func (c *core) all() []*track {
	var all []*track
	if c.source != nil {
		all = append(all, c.source)
	}
	all = append(all, c.rungs...)
	if c.sound != nil {
		all = append(all, c.sound)
	}
	return all
}

// resumes says whether an absence ends with the unit: with a keyframe, or with sound
// where there is no picture, or none that comes.
func (c *core) resumes(u media.Unit) bool {
	a := &c.absence
	if a.gone {
		return false
	}
	if u.Kind == media.Video {
		return c.source != nil && u.Keyframe
	}
	if c.sound == nil {
		return false
	}
	if a.heard < 0 {
		a.heard = u.DTS
	}
	return c.source == nil || !a.picture && u.DTS-a.heard >= otherWait || u.DTS-a.heard >= noPicture
}

// rejoin goes on with a unit behind an absence: its presentation time becomes that
// of its arrival, and a new segment begins with it, behind a discontinuity.
func (c *core) rejoin(u media.Unit) {
	lead := c.leader().cutter
	at := max(c.wall.position(u.Arrived), instant(lead.pos, lead.scale))
	if t := c.sound; t != nil && c.source != nil {
		c.hush(at + instant(t.line.frame/2, t.cutter.scale))
	}
	c.offset = at - u.PTS
	c.heard = u.Arrived
	c.absence = absence{arrival: at}
	c.clock.breaks = true
	if u.Kind == media.Video {
		c.shift = u.PTS - u.DTS
	}
	if c.sound != nil {
		c.sound.line.begun = false
	}
	if u.Kind == media.Audio && c.source != nil {
		lead.depart(ticks(at, lead.scale))
		c.clock.seen = max(c.clock.seen, instant(lead.pos, lead.scale))
	}
	c.log.Info().Dur("at", at).Msg("the broadcast goes on")
}

// vacate closes the open part, and fills with gaps as far as whole parts go.
func (c *cutter) vacate(to int64) {
	c.needKey = true
	for {
		end := c.pos + c.longest
		if len(c.open) > 0 {
			end = c.clamp(c.edge())
		}
		if end > to {
			return
		}
		c.close(end, c.clock.vacant(instant(end, c.scale)))
	}
}

// depart lets a leading track without samples begin a new segment behind a
// discontinuity at the given time.
func (c *cutter) depart(to int64) {
	c.skip(to)
	if len(c.open) > 0 || c.index == 0 {
		to = max(to, c.floor()+c.scale/1000)
	}
	c.clock.frame(instant(to, c.scale), true, true)
	c.leap(to)
	c.needKey = true
}

// sliver is the share of a second below which a gap is not worth a part.
const sliver = 50

// leap ends the open segment where the clock has cut. When the part before it was
// handed out already, and there is next to nothing in between, the next segment just
// begins: a discontinuity needs no mark of the last part, and a gap of some
// milliseconds would make players give up the whole segment.
func (c *cutter) leap(end int64) {
	if len(c.open) == 0 && c.index > 0 && end-c.pos < c.scale/sliver {
		c.waiting = false
		c.enter()
		return
	}
	c.close(end, true)
}
