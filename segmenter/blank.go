package segmenter

import "time"

// blankLag is how far the still that fills in for pictures stays behind the sound, so
// that the keyframe that ends it is not late.
const blankLag = 300 * time.Millisecond

// stand fills in for pictures that stay away while the sound goes on, as when a phone's
// camera sleeps: the last keyframe stays, up to the next one, for players wait for
// pictures that do not come.
func (c *core) stand(heard time.Duration) {
	k, lag := c.source.cutter, c.lag
	if c.blank {
		lag = blankLag
	}
	to := heard - lag
	if to-instant(k.edge(), k.scale) <= c.timing.PartTarget {
		return
	}
	if !c.blank {
		c.blank = true
		c.log.Warn().Msg("the publisher sends no picture; viewers see the last one until its next keyframe")
		for _, t := range append([]*track{c.source}, c.rungs...) {
			t.cutter.frozen, t.cutter.heard = true, true
			t.cutter.needKey = true
			t.dead = t != c.source
		}
	}
	k.skip(ticks(to, k.scale))
	c.clock.seen = max(c.clock.seen, instant(k.pos, k.scale))
}

// seesAgain ends what stand began when the source goes on.
func (c *core) seesAgain() {
	if c.blank && !c.source.cutter.needKey {
		c.blank = false
		c.log.Info().Msg("the publisher sends pictures again")
	}
}
