package segmenter

import "time"

// cut is the beginning of one segment, for all renditions.
type cut struct {
	msn           uint64
	at            time.Duration
	wall          wallLine
	discontinuity uint64
}

// cutsKept bounds how far a rendition may lag behind the source.
const cutsKept = 64

// clock is the segment clock: it decides where segments begin, by the frames of
// the leading track, and tells the other renditions. Plain state machine.
type clock struct {
	segment time.Duration // wished length
	limit   time.Duration // no segment grows longer
	part    time.Duration // PART-TARGET
	wall    *wallClock

	cuts []cut         // newest last
	seen time.Duration // decode time up to which no further cut can come

	// least is the length below which the open segment does not end. It is fixed when
	// the segment begins, for followers rely on it.
	least time.Duration

	hasKey, breaks bool
	lastKey, gop   time.Duration
	regular        bool
	forced         bool // the open segment did not begin with a keyframe
}

// newClock starts segment 0 at the given instant.
func newClock(segment time.Duration, limit, part, start time.Duration, wall *wallClock) *clock {
	c := &clock{segment: segment, limit: limit, part: part, wall: wall, seen: start}
	c.cuts = append(c.cuts, cut{at: start, wall: wall.cut(start)})
	c.least = c.shortest()
	return c
}

// current returns the newest segment.
func (c *clock) current() cut { return c.cuts[len(c.cuts)-1] }

// after returns the cut that follows segment msn, if there is one yet.
func (c *clock) after(msn uint64) (cut, bool) {
	first := c.cuts[0].msn
	if msn+1 < first {
		return c.cuts[0], true
	}
	if i := msn + 1 - first; i < uint64(len(c.cuts)) {
		return c.cuts[i], true
	}
	return cut{}, false
}

// frame observes a frame of the leading track and says whether a segment begins
// with it. canEnd says that the open segment has a part that can be marked as its
// last.
func (c *clock) frame(at time.Duration, key, canEnd bool) bool {
	c.seen = max(c.seen, at)
	if !key {
		return false
	}
	if c.breaks {
		c.hasKey, c.gop, c.regular = false, 0, false // what was learnt does not hold any more
	}
	c.learn(at)
	if at <= c.current().at {
		return false
	}
	if c.breaks {
		c.breaks, c.forced = false, false
		c.append(at, c.current().discontinuity+1)
		return true
	}
	length := at - c.current().at
	if !canEnd || length < c.least {
		return false
	}
	if !c.forced && length < c.segment && length+c.gop <= c.limit {
		return false
	}
	c.forced = false
	c.append(at, c.current().discontinuity)
	return true
}

// ends says whether the segment must end with the leading track's part that ends
// at the given instant, because another part might make it too long.
func (c *clock) ends(at time.Duration) bool {
	if at-c.current().at+c.part <= c.maximum() {
		return false
	}
	c.forced = true
	c.append(at, c.current().discontinuity)
	return true
}

// vacant says whether the segment ends with a gap that ends at the given instant.
func (c *clock) vacant(at time.Duration) bool {
	c.seen = max(c.seen, at)
	if at-c.current().at < c.segment-c.part/2 {
		return false
	}
	c.forced = true
	c.append(at, c.current().discontinuity)
	return true
}

// expects says whether a keyframe that begins a segment is likely at the given
// instant: then a part that is full waits one frame for it.
func (c *clock) expects(at, frame time.Duration) bool {
	length := at - c.current().at
	if c.breaks {
		return true
	}
	if length+frame < c.least {
		return false
	}
	if c.gop > 0 {
		if off := (at - c.lastKey) % c.gop; off <= frame/2 || c.gop-off <= frame/2 {
			return true
		}
	}
	return !c.regular && length+frame >= c.segment
}

// decided says that all cuts up to the given instant are known.
func (c *clock) decided(at time.Duration) bool {
	if c.breaks {
		return at <= c.seen
	}
	return at <= c.seen || at < c.current().at+c.least
}

// shortest is the length below which the next segment shall not end: with its
// last keyframe known to be too near, there is time for another one. When
// keyframes are regular, it ends at one that is expected, so that nobody has to
// wait before.
func (c *clock) shortest() time.Duration {
	least := min(c.segment, max(c.limit-c.gop-c.part, c.segment/2))
	if c.forced {
		least = c.part // the sooner a segment begins with a keyframe, the better
	}
	if !c.regular {
		return least
	}
	start := c.current().at
	away := c.lastKey - start
	if away < least {
		away += (least - away + c.gop - 1).Truncate(c.gop)
	}
	if away -= slack(c.gop); away <= c.limit-c.part {
		least = max(least, away)
	}
	return least
}

// maximum is the length that the open segment may have. When the next keyframe is
// known to be too far away, the segments until then get equal lengths.
func (c *clock) maximum() time.Duration {
	start := c.current().at
	rest := c.lastKey + c.gop - start
	if rest <= c.limit {
		return c.limit
	}
	pieces := (rest + c.limit - 1) / c.limit
	return min(c.limit, max(rest/pieces+c.part/2, c.segment/2, c.least+c.part))
}

// slack is how much earlier than expected a keyframe may come and still end a
// segment.
func slack(gop time.Duration) time.Duration { return min(gop/20, spare/2) }

// learn takes the distance of keyframes. It is regular when two in a row agree, so
// well that the difference does not exceed the slack within a segment.
func (c *clock) learn(at time.Duration) {
	if c.hasKey && at > c.lastKey {
		gop := at - c.lastKey
		within := max(1, (c.segment+gop-1)/gop)
		c.regular = (gop - c.gop).Abs() <= slack(gop)/within
		c.gop = gop
	}
	c.hasKey, c.lastKey = true, at
}

func (c *clock) append(at time.Duration, discontinuity uint64) {
	c.cuts = append(c.cuts, cut{
		msn: c.current().msn + 1, at: at, wall: c.wall.cut(at), discontinuity: discontinuity,
	})
	if len(c.cuts) > cutsKept {
		c.cuts = append(c.cuts[:0], c.cuts[1:]...)
	}
	c.least = c.shortest()
}
