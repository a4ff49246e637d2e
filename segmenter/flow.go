package segmenter

import (
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter/cmaf"
)

// place puts a unit of the publisher into its rendition.
func (c *core) place(u media.Unit) {
	if c.absence.waiting {
		if !c.resumes(u) {
			return
		}
		c.rejoin(u)
	}
	u.DTS, u.PTS = u.DTS+c.offset, u.PTS+c.offset
	switch {
	case u.Kind == media.Video && c.source != nil:
		c.placeVideo(u)
	case u.Kind == media.Audio && c.sound != nil:
		c.placeAudio(u)
	}
	c.follow()
	c.checkpoint()
}

func (c *core) placeVideo(u media.Unit) {
	t := c.source
	at := u.DTS + c.shift
	decode := ticks(at, cmaf.VideoTimescale)
	c.wall.observe(at, u.Arrived)
	t.cutter.add(sample{
		decode: decode, present: ticks(u.PTS, cmaf.VideoTimescale),
		length: t.pace.next(decode), sync: u.Keyframe, data: u.Data,
	})
	c.seesAgain()
	if c.heard.IsZero() {
		c.heard = u.Arrived
	}
	if c.sound != nil && !c.silent && c.soundAway(u.Arrived) {
		c.silent = true
		c.log.Warn().Msg("the publisher sends no sound; viewers hear silence until it does")
	}
	if c.encoder != nil {
		c.encoder.Unit(u)
	}
}

func (c *core) placeAudio(u media.Unit) {
	t := c.sound
	if c.source == nil {
		c.wall.observe(u.PTS, u.Arrived)
	}
	if c.heard = u.Arrived; c.silent {
		c.silent = false
		c.hush(u.PTS - 2*time.Millisecond)
	}
	t.line.frame = int64(t.format.Samples(u.Data))
	decode, ok := t.line.place(u.PTS)
	if !ok || decode+t.line.frame/2 < t.cutter.pos && t.cutter.number == 0 ||
		decode+t.line.frame/2 < ticks(c.absence.arrival, t.line.scale) {
		return
	}
	t.cutter.add(sample{decode: decode, present: decode, length: t.line.frame, sync: true, data: u.Data})
	if c.source != nil {
		c.stand(instant(decode, t.cutter.scale))
	}
}

// follow lets the followers go on behind the clock, and fills in for those that
// stay too far behind it.
func (c *core) follow() {
	for _, t := range c.rungs {
		t.cutter.poll()
		allowed := rungLag
		if t.dead {
			allowed = deadLag
		}
		if t.cutter.lag(c.clock.seen-allowed) && !t.dead {
			t.dead = true
			c.log.Warn().Str("rendition", c.renditions[t.index].Name).
				Msg("the encoder does not keep up; the rendition has a gap")
		}
	}
	if c.sound != nil && c.source != nil {
		c.sound.cutter.poll()
		if !c.silent || !c.hush(c.clock.seen-audioLag) {
			c.sound.cutter.lag(c.clock.seen - audioLag)
		}
	}
}

// encodedTrack takes the codec configuration of a rung.
func (c *core) encodedTrack(rung int, info media.Track) {
	if !c.begun || rung < 0 || rung >= len(c.rungs) {
		return
	}
	t := c.rungs[rung]
	format, err := cmaf.Parse(info)
	if err != nil {
		c.log.Warn().Err(err).Str("rendition", c.renditions[t.index].Name).Msg("the encoder's output can't be used")
		return
	}
	t.info, t.format, t.dead = info, format, false
	c.newInit(t, format)
}

// encodedUnit takes the next picture of a rung.
func (c *core) encodedUnit(rung int, u media.Unit) {
	if !c.begun || rung < 0 || rung >= len(c.rungs) || len(c.rungs[rung].inits) == 0 {
		return
	}
	t := c.rungs[rung]
	decode := ticks(u.DTS, cmaf.VideoTimescale)
	t.cutter.add(sample{
		decode: decode, present: ticks(u.PTS, cmaf.VideoTimescale),
		length: t.pace.next(decode), sync: u.Keyframe, data: u.Data,
	})
	if c.clock.seen-instant(decode, cmaf.VideoTimescale) < rungLag/2 {
		t.dead = false
	}
}

// encoderFailed lets all rungs have gaps until the encoder is back.
func (c *core) encoderFailed(err error) {
	if !c.begun || len(c.rungs) == 0 {
		return
	}
	c.log.Warn().Err(err).Msg("the encoder failed; its renditions have gaps until it is back")
	for _, t := range c.rungs {
		t.dead, t.cutter.needKey = true, true
	}
}

// end hands out what is left.
func (c *core) end() {
	if !c.begun && c.gather.enough() {
		c.begin()
	}
	if !c.begun || c.ended {
		return
	}
	c.ended = true
	for _, t := range append([]*track{c.source, c.sound}, c.rungs...) {
		if t != nil {
			t.cutter.flush()
		}
	}
	for _, s := range c.sinks {
		s.End()
	}
}
