package forest

import "time"

const (
	// An uplink is full when of the chunks that a peer was to push it left out this share,
	// in percent, twice on end, or at once so much. A long keyframe and a lost packet leave
	// out as many for a moment.
	fullTwice, fullAtOnce = 10, 20
	// fullWithin is over what time that is counted: viewers report every 10 s. Of who said
	// nothing for twice that nobody knows since when it counts.
	fullWithin = 9 * time.Second
	// forgetAfter is how long an uplink has to bear what was too much once for that to be
	// forgotten. Until then each time that the same is too much again doubles the wait for
	// the next trial, mostFailed times at most.
	forgetAfter = 5 * time.Minute
	mostFailed  = 4
	// largestChunk is what a chunk holds at most, and smallPart from what on a part has one
	// for each stripe, in bits (docs/protocol.md, section 4).
	largestChunk = 8 * 16_384
	smallPart    = 8 * 2560
)

// window is what a peer says of its own uplink.
type window struct {
	since  time.Time
	pushes int     // chunks of each part that it was planned to push then
	unsent float64 // chunks that it was to push, and had no room for
	before float64 // share of them, in percent, in the window before
}

// hearFull notes that p had to leave out so many chunks that it was to push. Nobody gains by
// saying so of itself, and nobody else is the worse for it: it is believed.
func (f *Forest) hearFull(p *peer, unsent int) {
	w := &p.uplink.window
	w.unsent += float64(max(unsent, 0))
	within := f.now.Sub(w.since)
	if within < fullWithin {
		return
	}
	pushes := f.pushes(p)
	planned := float64(max(w.pushes, pushes)) * float64(within) / float64(f.part)
	if within > 2*fullWithin || planned == 0 {
		*w = window{since: f.now, pushes: pushes}
		return
	}
	share := min(100*w.unsent/planned, 100)
	full := share >= fullAtOnce || min(share, w.before) >= fullTwice
	*w = window{since: f.now, pushes: pushes, before: share}
	if full {
		now := p.uplink.inUse(p)
		f.lower(p, min(now-int64(float64(now)*share/200), now-p.uplink.unit))
	}
}

// pushes is how many chunks of each part a peer is planned to push, with those of the
// sound that rides along where that is cut as well.
func (f *Forest) pushes(p *peer) (count int) {
	for _, n := range p.nodes {
		count += n.used * (1 + int(f.partOf(n.tree.rendition)/Stripes/largestChunk))
		for _, audio := range n.tree.riding {
			if f.partOf(audio) >= smallPart {
				count += n.used
			}
		}
	}
	return count
}

// partOf is what a part of a rendition has on average, in bits.
func (f *Forest) partOf(rendition int) int64 {
	return f.ladder[rendition].Rate * int64(f.part) / int64(time.Second)
}

// inUse is what is planned of an uplink, in bit/s, and at least what the least contributor
// sends.
func (u *uplink) inUse(p *peer) int64 { return min(u.budget(), max(p.spent, leastSlots*u.unit)) }

// lower has no more booked on an uplink than so many bit/s.
func (f *Forest) lower(q *peer, to int64) {
	u := &q.uplink
	was := u.inUse(q)
	if !u.shrunk || was < u.worst || f.now.Sub(u.calm) > forgetAfter {
		u.failed = 0
	} else {
		u.failed++
	}
	u.worst, u.trust = was, max(0, to)
	u.shrunk, u.calm, u.complaints = true, f.now, nil
	for _, n := range q.nodes {
		n.tree.fit(n)
	}
	u.window = window{since: f.now, pushes: f.pushes(q)}
}
