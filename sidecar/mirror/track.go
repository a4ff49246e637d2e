package mirror

import (
	"time"

	"github.com/liverelay/liverelay/media"
)

const (
	// slice is how much of a whole segment the swarm carries at a time; of a long one it
	// is more: peers keep 64 parts, and players are three segments behind.
	slice     = 500 * time.Millisecond
	maxSlices = 12
)

// track numbers one rendition's media and puts it on the broadcast's timeline.
type track struct {
	rendition  int
	partTarget time.Duration // 0 for whole segments
	target     time.Duration

	number, msn   uint64
	index         int
	start         time.Duration
	clock         wallClock
	discontinuity uint64
	upstream      uint64 // discontinuity sequence number of the last item
	hasUpstream   bool
	upstreamMSN   uint64
}

// wallClock says when a moment of the timeline happened.
type wallClock struct {
	zero time.Time // of the timeline
	// dated: upstream says when its media was made, and it is believed.
	dated bool
}

// parts makes the parts of an item. data is empty for a gap, init the number of its
// init segment, lines what stands before it in playlists. The last argument says when
// it came.
func (t *track) parts(it item, data []byte, init int, lines string, came time.Time) []*media.Part {
	var all []*media.Part
	t.step(it)
	for range it.missed {
		all = append(all, t.gap(t.target, true)...)
	}
	if it.missed == 0 && t.index > 0 && t.hasUpstream && it.msn != t.upstreamMSN {
		t.next() // the segment before ended without saying so
	}
	t.upstreamMSN, t.hasUpstream = it.msn, true
	t.tell(it, came)
	if len(data) == 0 || it.gap {
		return append(all, t.gap(it.duration, it.segmentEnd)...)
	}
	n := 1
	if t.partTarget == 0 {
		n = max(1, min(int((it.duration+slice-1)/slice), len(data)/1024, maxSlices))
	}
	for i := range n {
		p := t.part(it.duration*time.Duration(i+1)/time.Duration(n) - it.duration*time.Duration(i)/time.Duration(n))
		from, to := len(data)*i/n, len(data)*(i+1)/n
		p.Data, p.Init, p.SegmentEnd = data[from:to:to], init, it.segmentEnd && i == n-1
		p.Independent = it.independent && i == 0
		if i == 0 {
			p.Lines = lines
		}
		all = append(all, p)
	}
	if it.segmentEnd {
		t.next()
	}
	return all
}

// step counts discontinuities: upstream's, and its new beginnings.
func (t *track) step(it item) {
	switch {
	case !t.hasUpstream:
	case it.again:
		t.breakOff()
		t.discontinuity++
	case it.discontinuity > t.upstream && it.discontinuity-t.upstream < 1000:
		t.breakOff()
		t.discontinuity += it.discontinuity - t.upstream
	case it.discontinuity != t.upstream:
		t.breakOff()
		t.discontinuity++
	}
	t.upstream = it.discontinuity
}

// breakOff ends a segment that was going on.
func (t *track) breakOff() {
	if t.index > 0 {
		t.next()
	}
	t.hasUpstream = false
}

// tell brings the clock to what upstream says, or near to when media came.
func (t *track) tell(it item, came time.Time) {
	if t.clock.dated && !it.date.IsZero() {
		t.clock.zero = it.date.Add(-t.start)
		return
	}
	const share = 50 // of a difference, so that one late segment moves little
	off := came.Sub(t.clock.zero.Add(t.start + it.duration))
	if off > time.Minute || it.again {
		t.clock.zero = t.clock.zero.Add(off) // upstream was away
	} else {
		t.clock.zero = t.clock.zero.Add(off / share)
	}
}

// part is the next part, without media.
func (t *track) part(duration time.Duration) *media.Part {
	duration = duration.Truncate(time.Microsecond)
	p := &media.Part{
		Rendition: t.rendition, Number: t.number, MSN: t.msn, Index: t.index, Start: t.start, Duration: duration,
		ProgramTime: t.clock.zero.Add(t.start).Truncate(time.Millisecond), Discontinuity: t.discontinuity,
	}
	t.number++
	t.index++
	t.start += duration
	return p
}

// gap is a stretch without media, in pieces that are no longer than parts may be.
func (t *track) gap(duration time.Duration, segmentEnd bool) []*media.Part {
	piece := t.partTarget
	if piece == 0 {
		piece = duration
	}
	var all []*media.Part
	for duration > 0 && len(all) < 256 {
		p := t.part(min(piece, duration))
		duration -= min(piece, duration)
		p.Gap = true
		all = append(all, p)
	}
	if segmentEnd && len(all) > 0 {
		all[len(all)-1].SegmentEnd = true
		t.next()
	}
	return all
}

func (t *track) next() { t.msn, t.index = t.msn+1, 0 }
