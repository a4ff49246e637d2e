package segmenter

import (
	"slices"
	"time"
)

// pace predicts the distance to the next picture: the nominal one, until the
// source keeps another. Plain state machine; times are in ticks.
type pace struct {
	nominal int64
	last    int64
	recent  [3]int64
	n       int
}

// next takes a picture's decode time and returns the predicted distance to the
// next one.
func (p *pace) next(decode int64) int64 {
	if p.n > 0 {
		p.recent[p.n%len(p.recent)] = max(decode-p.last, 1)
	}
	p.last = decode
	p.n++
	if p.n <= len(p.recent) {
		return p.nominal
	}
	sorted := p.recent
	slices.Sort(sorted[:])
	median := sorted[1]
	if off := median - p.nominal; off <= p.nominal*3/10 && off >= -p.nominal*3/10 {
		return p.nominal
	}
	return median
}

// audioLine counts an audio track's timeline in samples. Timestamps are rounded
// and jitter; the count does neither. A lasting difference is worked off by
// nudges too small to hear, a large one by a jump. Plain state machine.
type audioLine struct {
	scale, frame int64
	next         int64
	drift        int64
	begun        bool
}

// place returns the position of a frame, or false when the frame overlaps what
// was placed before by more than 100 ms.
func (a *audioLine) place(at time.Duration) (decode int64, ok bool) {
	off := ticks(at, a.scale) - a.next
	switch {
	case !a.begun || off > a.scale/10:
		a.next += off
		a.begun, a.drift = true, 0
	case off < -a.scale/10:
		return 0, false
	default:
		a.next += a.nudge(off)
	}
	decode = a.next
	a.next += a.frame
	return decode, true
}

// nudge answers a mean difference above 10 ms with at most 1 ms a frame.
func (a *audioLine) nudge(off int64) int64 {
	a.drift += (off - a.drift) / 32
	if a.drift < a.scale/100 && a.drift > -a.scale/100 {
		return 0
	}
	most := a.scale / 1000
	by := max(-most, min(most, a.drift))
	a.drift -= by
	return by
}

// keyframes predicts the next keyframe by the longer of the last two distances,
// so that one that comes between does not count. Plain state machine.
type keyframes struct {
	last, gap, before int64
	begun             bool
}

func (k *keyframes) observe(at int64) {
	if k.begun {
		k.gap, k.before = at-k.last, k.gap
	}
	k.last, k.begun = at, true
}

// next is where the next keyframe is expected: at the last one when there is
// nothing to tell it by.
func (k *keyframes) next() int64 { return k.last + max(k.gap, k.before) }
