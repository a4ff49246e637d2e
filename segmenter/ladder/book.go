package ladder

import (
	"errors"
	"slices"
	"time"

	"github.com/liverelay/liverelay/media"
)

var (
	errLabels  = errors.New("timestamps of ffmpeg's pipes are used up")
	errPending = errors.New("too many pictures without an answer")
)

const (
	// lastLabel: ffmpeg writes FLV timestamps with 31 bits (24 days).
	lastLabel = (1<<31 - 1) * time.Millisecond
	// maxPending bounds the pictures on their way through ffmpeg.
	maxPending = 4096
)

// entry is one source picture under way.
type entry struct {
	// label is its presentation time on ffmpeg's pipes, in whole milliseconds.
	label   time.Duration
	pts     time.Duration
	arrived time.Time
	// fed is when it was handed to ffmpeg.
	fed time.Time
}

// book labels pictures on their way into one run of ffmpeg, whose pipes know
// milliseconds only, and finds the pictures behind the labels that come out.
// Labels count from the run's first picture, decode times grow strictly, and no
// two pictures share one, whatever the source's times are.
type book struct {
	begun      bool
	base, last time.Duration
	pending    []entry // in order of label
	// answered is each rung's newest label.
	answered []time.Duration
}

func newBook(rungs int) *book {
	b := &book{last: -time.Millisecond, answered: make([]time.Duration, rungs)}
	for i := range b.answered {
		b.answered[i] = -1
	}
	return b
}

// add returns the labels of a picture's decode and presentation time. It fails
// when there are no labels left, or nothing comes out of ffmpeg.
func (b *book) add(u media.Unit, now time.Time) (dts, pts time.Duration, err error) {
	if !b.begun {
		b.begun, b.base = true, u.DTS
	}
	dts = max((u.DTS - b.base).Round(time.Millisecond), b.last+time.Millisecond)
	pts = max((u.PTS - b.base).Round(time.Millisecond), dts)
	at, taken := b.find(pts)
	for taken {
		pts += time.Millisecond
		at, taken = b.find(pts)
	}
	if pts > lastLabel {
		return 0, 0, errLabels
	}
	if len(b.pending) >= maxPending {
		return 0, 0, errPending
	}
	b.last = dts
	b.pending = slices.Insert(b.pending, at, entry{label: pts, pts: u.PTS, arrived: u.Arrived, fed: now})
	return dts, pts, nil
}

// find returns where a label is, or where it would be.
func (b *book) find(label time.Duration) (int, bool) {
	return slices.BinarySearchFunc(b.pending, label, func(e entry, l time.Duration) int { return int(e.label - l) })
}

// answer returns the picture with a label that came out of a rung, and forgets
// the ones that all rungs are past. It returns false for labels that nobody gave
// out, and for those that don't grow.
func (b *book) answer(rung int, label time.Duration) (entry, bool) {
	at, ok := b.find(label)
	if !ok || label <= b.answered[rung] {
		return entry{}, false
	}
	e := b.pending[at]
	b.answered[rung] = label
	past, found := b.find(slices.Min(b.answered))
	if found {
		past++
	}
	b.pending = slices.Delete(b.pending, 0, past)
	return e, true
}
