package broadcast

import (
	"time"

	"github.com/liverelay/liverelay/media"
)

const (
	// longestGap is how far a track may run ahead of everything before it counts as
	// a jump of the publisher's clock, which is closed up.
	longestGap = 3 * time.Second
	// jitter is how far a track may step back before that counts as a jump.
	jitter = 100 * time.Millisecond
	// longestStep bounds what is taken for the usual distance of two units.
	longestStep = 500 * time.Millisecond
)

// glitch says what was wrong with a unit's timestamps.
type glitch uint8

const (
	fine          glitch = iota
	clockJumped          // forward by more than longestGap, or backward
	steppedBack          // a little, and was held
	farComposed          // PTS and DTS are more than longestGap apart
	beforeTheShow        // audio from before the first unit; it has no place
)

func (g glitch) String() string {
	switch g {
	case clockJumped:
		return "the publisher's clock jumped; the gap was closed"
	case steppedBack:
		return "a timestamp stepped back; it was held"
	case farComposed:
		return "a presentation time was absurd; the decoding time was taken"
	case beforeTheShow:
		return "audio from before the first picture was dropped"
	default:
		return "fine"
	}
}

// timeline moves a publisher's timestamps to the broadcast's clock: the first unit
// is at 0, or where beginAt says, DTS never decreases within a track, and jumps are
// closed up, while audio and video keep their distance. It is a plain state machine.
//
// Around a jump the units of both tracks are interleaved, some from before and some
// from behind it. So the anchoring before the last jump is kept as well, and a unit
// goes to whichever of the two places it nearer to where its track is due.
type timeline struct {
	started   bool
	floor     time.Duration // where it begins; nothing goes before
	offset    time.Duration // broadcast's time minus publisher's
	before    time.Duration // the offset before the last jump
	hasBefore bool
	edge      time.Duration // the latest DTS of any track
	tracks    [media.Audio + 1]trackClock
}

// beginAt is the timeline of a publisher that goes on with a broadcast: its first unit
// is at the given time.
func beginAt(at time.Duration) timeline {
	t := timeline{floor: at, edge: at}
	for k := range t.tracks {
		t.tracks[k].last = at
	}
	return t
}

// trackClock is where one track has got to.
type trackClock struct {
	seen       bool
	last, step time.Duration
}

// place returns the unit's times on the broadcast's clock. With beforeTheShow the
// unit is to be dropped.
func (t *timeline) place(kind media.Kind, dts, pts time.Duration) (time.Duration, time.Duration, glitch) {
	c := &t.tracks[kind]
	if !t.started {
		t.started, t.offset = true, t.floor-dts
	}
	compose, g := pts-dts, fine
	if compose > longestGap || compose < -longestGap {
		compose, g = 0, farComposed
	}
	at := t.choose(c, dts)
	switch {
	case !t.fits(c, at):
		at, g = t.anchor(c, dts), clockJumped
	case !c.seen && at < t.floor && kind == media.Audio:
		return 0, 0, beforeTheShow
	case at < c.last: // c.last is floor in a track that is new
		at, g = c.last, steppedBack
	}
	c.advance(at)
	t.edge = max(t.edge, at)
	return at, max(at+compose, t.floor), g
}

// choose places dts by the present anchoring, or goes back to the one before if
// that suits the track better.
func (t *timeline) choose(c *trackClock, dts time.Duration) time.Duration {
	at := dts + t.offset
	if !t.hasBefore {
		return at
	}
	other, due := dts+t.before, t.due(c)
	if t.fits(c, other) && (!t.fits(c, at) || (other-due).Abs() < (at-due).Abs()) {
		t.offset, t.before = t.before, t.offset
		return other
	}
	return at
}

// fits says whether a time is one that the track can go on with.
func (t *timeline) fits(c *trackClock, at time.Duration) bool {
	lowest := c.last - jitter
	if !c.seen {
		lowest = t.floor - longestGap
	}
	return at >= lowest && at <= t.edge+longestGap
}

// due is when the track's next unit is expected.
func (t *timeline) due(c *trackClock) time.Duration {
	if next := c.last + c.step; c.seen && t.edge-next < longestStep {
		return next
	}
	return t.edge
}

// anchor closes a jump up: the unit follows the one before it.
func (t *timeline) anchor(c *trackClock, dts time.Duration) time.Duration {
	at := t.due(c)
	t.before, t.hasBefore = t.offset, true
	t.offset = at - dts
	return at
}

func (c *trackClock) advance(at time.Duration) {
	if step := at - c.last; c.seen && step > 0 && step <= longestStep {
		c.step = step
	}
	c.seen, c.last = true, at
}
