package segmenter

// laterMost bounds the samples that wait for a segment of their own timescale.
const laterMost = 512

// rescale goes on in another timescale, which the samples from now on have: at once
// when the track leads, else with the next segment.
func (c *cutter) rescale(scale uint32) {
	switch {
	case int64(scale) == c.scale && c.newScale == 0:
	case !c.leads:
		c.newScale, c.later = int64(scale), nil
	default:
		if len(c.open) > 0 {
			end := c.clamp(c.edge())
			c.close(end, c.clock.ends(instant(end, c.scale)))
		}
		c.turn(int64(scale))
	}
}

func (c *cutter) turn(scale int64) {
	at, later := instant(c.pos, c.scale), c.later
	c.queue, c.later, c.newScale = nil, nil, 0
	c.keys, c.scale = keyframes{}, scale
	c.pos = ticks(at, scale)
	c.bound(c.clock.part)
	for _, s := range later {
		if s.decode+s.length/2 >= c.pos {
			c.queue = append(c.queue, s)
		}
	}
}

// turnOver ends the open segment when what comes next is in another timescale, and
// belongs into the next one.
func (c *cutter) turnOver() {
	next, known := c.clock.after(c.segment.msn)
	n := len(c.later)
	if n == 0 || len(c.queue) > 0 || !known {
		return
	}
	if newest := c.later[n-1]; instant(newest.decode+newest.length/2, c.newScale) >= next.at {
		c.leave(next, sample{decode: ticks(next.at, c.scale)})
	}
}
