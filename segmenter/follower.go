package segmenter

import "time"

// poll lets a follower go on as far as the clock has decided.
func (c *cutter) poll() {
	c.turnOver()
	for len(c.queue) > 0 && c.clock.decided(instant(c.queue[0].decode+c.slack(c.queue[0]), c.scale)) {
		s := c.queue[0]
		c.queue = c.queue[1:]
		c.follow(s)
	}
	if n := len(c.open); n > 0 {
		c.settle(c.open[n-1])
	}
}

// follow puts a sample whose segment is known into its part.
func (c *cutter) follow(s sample) {
	c.align(s)
	for {
		next, known := c.clock.after(c.segment.msn)
		if !known || s.decode+c.slack(s) < ticks(next.at, c.scale) {
			break
		}
		c.leave(next, s)
	}
	if c.init != c.newInit || c.needKey && !s.sync {
		c.needKey = true // a segment has one init segment only
		return
	}
	c.needKey = false
	s.decode = max(s.decode, c.floor())
	c.skip(s.decode + 1)
	if c.waiting {
		c.close(c.clamp(s.decode), false)
	}
	c.append(s)
	c.settle(s)
}

// align lets audio begin at a frame of its own, before or behind the video.
func (c *cutter) align(s sample) {
	off := s.decode - c.pos
	if c.audio && c.number == 0 && len(c.open) == 0 && off <= c.longest && off >= -s.length/2 {
		c.pos = s.decode
	}
}

// slack is how far a cut may lie behind a sample's decode time for the sample to
// belong to the new segment: audio frames go to the nearest side.
func (c *cutter) slack(s sample) int64 {
	if c.audio {
		return s.length / 2
	}
	return s.length / 8
}

// settle closes a follower's part behind its last sample, when that is due and
// the clock knows whether the segment ends there.
func (c *cutter) settle(s sample) {
	next, known := c.clock.after(c.segment.msn)
	behind := c.open[len(c.open)-1].decode + s.length
	if known && behind+c.slack(s) >= ticks(next.at, c.scale) {
		c.close(c.boundary(next, behind), true)
		return
	}
	end, full := c.full(s)
	if !full {
		return
	}
	c.waiting = !c.clock.decided(instant(behind+c.slack(s), c.scale))
	if !c.waiting {
		c.close(end, false)
	}
}

// boundary is where a follower's segment ends: video at the cut itself, audio
// between two frames.
func (c *cutter) boundary(next cut, behind int64) int64 {
	at := ticks(next.at, c.scale)
	if c.audio && behind-at <= c.longest && at-behind <= c.longest {
		at = behind
	}
	return min(max(at, c.floor()), c.pos+c.longest)
}

// leave ends the open segment in front of sample s, with gaps for what is missing.
func (c *cutter) leave(next cut, s sample) {
	end := ticks(next.at, c.scale)
	if c.audio && s.decode-end < s.length {
		end = s.decode
	}
	c.skip(end)
	if c.index == 0 && len(c.open) == 0 {
		end = max(end, c.pos+c.scale/1000) // no segment is without a part
	}
	c.leap(max(end, c.floor()))
}

// lag fills with gaps what a follower has not delivered up to the given instant.
// It reports whether samples were given up.
func (c *cutter) lag(to time.Duration) bool {
	end := ticks(to, c.scale)
	if len(c.queue) > 0 || end-c.edge() <= c.longest {
		return false
	}
	for {
		next, known := c.clock.after(c.segment.msn)
		known = known && ticks(next.at, c.scale) <= end
		if last := c.clamp(c.edge()); len(c.open) > 0 && (!known || last < ticks(next.at, c.scale)) {
			c.close(last, false) // what is missing is a gap, not a long frame
		}
		if !known {
			break
		}
		c.leave(next, sample{decode: ticks(next.at, c.scale)})
	}
	c.skip(end)
	c.needKey = !c.audio && !c.leads && !(c.frozen && c.group.whole())
	return true
}
