package viewer

import (
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/wire"
)

// track is what playback knows of one rendition.
type track struct {
	rendition int
	known     bool
	first     uint64 // where the feed began
	shift     uint64 // numbers here are less than the broadcast's by so much
	last      uint64 // the newest head's number
	msn       uint64 // and its segment's
	next      uint64 // the first part that is not there
	behind    uint64 // the first part that is not played
	start     time.Duration
	filled    time.Duration // media is there up to here
	edge      time.Duration // the newest head ends here
	parts     map[uint64]*slot
}

// slot is a part of which the head is known.
type slot struct {
	start, end time.Duration
	program    time.Time
	length     int
	there      bool
	lost       bool
	// ends: what is there up to here can be played. Of an attached stream's whole
	// segments that is so at their ends alone (docs/protocol.md, section 3).
	ends bool
}

// begin has the track begin with a part.
func (t *track) begin(h *media.Head) {
	t.known, t.first, t.next, t.behind = true, h.Number, h.Number, h.Number
	t.start, t.filled, t.msn, t.edge = h.Start, h.Start, h.MSN, h.Start
	t.parts, t.shift = map[uint64]*slot{}, 0
}

// fill goes on over the parts that are there.
func (t *track) fill() {
	for s := t.parts[t.next]; s != nil && s.there; s = t.parts[t.next] {
		if s.ends {
			t.filled = s.end
		}
		t.next++
	}
}

// leap goes on with a head that segments were left out before: the server was restarted.
// What is missing of the time before it is lost.
func (t *track) leap(h *media.Head) {
	for _, s := range t.parts {
		s.lost, s.there = s.lost || !s.there, true
	}
	t.fill()
	for number := range t.parts {
		if number > t.next {
			delete(t.parts, number)
		}
	}
	t.parts[t.next] = &slot{start: t.filled, end: h.Start, there: true, lost: true}
	t.shift = h.Number - t.next - 1
	t.fill()
}

// has reports whether there is something to play at a moment.
func (t *track) has(pos time.Duration) bool {
	for _, s := range t.parts {
		if s.start <= pos && pos < s.end {
			return s.there && !s.lost
		}
	}
	return false
}

// skipTo forgets what ends before a moment, and gives the parts that never came.
func (t *track) skipTo(pos time.Duration) (missing []wire.PartID) {
	for n, s := range t.parts {
		if s.end > pos {
			continue
		}
		if !s.there {
			missing = append(missing, wire.PartID{Rendition: t.rendition, Number: n + t.shift})
		}
		delete(t.parts, n)
		t.behind = max(t.behind, n+1)
		if n >= t.next {
			t.next, t.filled = n+1, max(t.filled, s.end)
		}
	}
	for s := t.parts[t.next]; s != nil && s.there; s = t.parts[t.next] {
		t.filled = s.end
		t.next++
	}
	return missing
}
