package segmenter

import "time"

const (
	// blankLag is how far the still that fills in for pictures stays behind the sound, so
	// that the picture that ends it is not late.
	blankLag = 300 * time.Millisecond
	// repeated is how many pictures a still repeats at most, its keyframe included. The
	// others together are no larger than two keyframes, which leaves room for another slide.
	repeated = 100
)

// group is the last keyframe and all pictures since, as long as they are few: a still that
// repeats them shows the last picture, and what the source sends next can be decoded behind
// it. It is empty when they are many, and where they are not shown in the order in which
// they come.
type group struct {
	samples []sample
	rest    int // bytes behind the keyframe
}

func (g *group) add(s sample, scale int64) {
	if s.sync {
		g.clear()
		g.samples = append(g.samples, s)
		return
	}
	if len(g.samples) == 0 {
		return
	}
	last := g.samples[len(g.samples)-1]
	reordered := s.present <= last.present || s.present-s.decode > scale/2
	if g.rest += len(s.data); reordered || len(g.samples) == repeated || g.rest > 2*len(g.samples[0].data) {
		g.clear()
		return
	}
	g.samples = append(g.samples, s)
}

func (g *group) clear() {
	clear(g.samples) // let go of the units
	g.samples, g.rest = g.samples[:0], 0
}

// whole says whether there are all pictures since the last keyframe.
func (g *group) whole() bool { return len(g.samples) > 0 }

// still is what a part up to end repeats while the picture stands: all pictures since the
// last keyframe, in the part's first half all but the last, or else that keyframe.
func (c *cutter) still(end int64) []sample {
	if !c.group.whole() {
		return append(c.open, sample{decode: c.pos, present: c.pos, length: end - c.pos, sync: true, data: c.key})
	}
	group := c.group.samples
	step := max(1, min(c.scale/1000, (end-c.pos)/2/int64(len(group))))
	for i, s := range group {
		s.decode, s.length = c.pos+int64(i)*step, step
		s.present = s.decode
		c.open = append(c.open, s)
	}
	last := &c.open[len(group)-1]
	last.length = end - last.decode
	return c.open
}

// stand fills in for pictures that stay away while the sound goes on, for players wait for
// pictures that do not come. Where they are seldom, as when a screen is shared that does not
// move, the last one stays. When many are lost, as when a phone's camera sleeps, it is the
// last keyframe, up to the next one.
func (c *core) stand(heard time.Duration) {
	k, lag := c.source.cutter, c.lag
	if c.blank || c.sparse && k.group.whole() {
		lag = blankLag
	}
	to := heard - lag
	if to-instant(k.edge(), k.scale) <= c.timing.PartTarget {
		return
	}
	if !c.blank {
		c.goBlank()
	}
	k.skip(ticks(to, k.scale))
	c.clock.seen = max(c.clock.seen, instant(k.pos, k.scale))
}

func (c *core) goBlank() {
	c.blank = true
	if !c.source.cutter.group.whole() {
		c.sparse = false
		c.log.Warn().Msg("the publisher sends no picture; viewers see the last keyframe until its next one")
	} else if !c.sparse {
		c.log.Warn().Msg("the publisher sends no picture; viewers see the last one until it does")
	}
	for _, t := range append([]*track{c.source}, c.rungs...) {
		t.cutter.frozen, t.cutter.heard = true, true
		t.cutter.needKey = t.cutter.needKey || !t.cutter.group.whole()
		t.dead = t != c.source
	}
}

// seesAgain ends what stand began when the source goes on.
func (c *core) seesAgain() {
	k := c.source.cutter
	if !c.blank || k.needKey {
		return
	}
	c.blank = false
	if !c.sparse {
		c.log.Info().Msg("the publisher sends pictures again")
	}
	c.sparse = c.sparse || len(k.group.samples) > 1
}
