package viewer

import (
	"time"

	"github.com/liverelay/liverelay/media"
)

const (
	// Playback begins firstHoldBack behind the newest head, for nobody knows yet how long
	// parts take, and to come nearer costs nothing of what is played. Each stall adds
	// moreHoldBack, up to maxHoldBack.
	firstHoldBack              = 1500 * time.Millisecond
	minHoldBack, maxHoldBack   = time.Second, 3 * time.Second
	moreHoldBack, lessHoldBack = 250 * time.Millisecond, 50 * time.Millisecond
	// After each calmFor without a stall or a rescue in which all parts were there spare
	// before they were played, or more, lessHoldBack is taken away.
	calmFor, spare = 10 * time.Second, 550 * time.Millisecond
	// Further behind than tooFar beyond the hold-back the playhead is faster by a
	// hurry-th, by two of them where it is muchTooFar, unless there is less than enough
	// ahead of it; nearer it is slower by as much, and by twice as much where it is
	// muchTooNear, or what is ahead is scarce.
	tooFar, muchTooFar  = 150 * time.Millisecond, 400 * time.Millisecond
	enough              = 500 * time.Millisecond
	muchTooNear, scarce = 300 * time.Millisecond, 400 * time.Millisecond
	hurry               = 20
	// A rescue means that what comes from others has too far to go for the hold-back: it
	// adds someHoldBack, once in rescueEvery, up to farHoldBack.
	rescueEvery  = time.Second
	someHoldBack = 250 * time.Millisecond
	farHoldBack  = 1850 * time.Millisecond
)

// distance is how far behind the newest head playback wants to be, and how it gets there.
// It grows with stalls and rescues, and shrinks while parts come early.
type distance struct {
	holdBack, least time.Duration
	calmSince       time.Time
	rescued         bool          // since it was last looked
	movedAt         time.Time     // when rescues last moved the hold-back
	slack           time.Duration // the least time from a part's coming to its playing since calmSince
}

// newDistance is firstHoldBack or what the playlist says, or, where there are whole segments
// only, two of them: a segment is one behind already when it is there.
func newDistance(timing media.Timing) distance {
	d := distance{least: max(timing.PartHoldBack, minHoldBack)}
	d.holdBack = max(d.least, firstHoldBack)
	if timing.PartTarget == 0 {
		d.least = 2 * timing.TargetDuration
		d.holdBack = d.least
	}
	return d
}

// rescue notes that a part had to be fetched.
func (d *distance) rescue() { d.rescued = true }

// came notes that a part is there so long before it is played.
func (d *distance) came(early time.Duration) { d.slack = min(d.slack, early) }

// begin starts to look for calm.
func (d *distance) begin(now time.Time) { d.calmSince, d.slack = now, maxHoldBack }

// adapt moves the hold-back: away from the edge with each stall and with rescues, back
// while there is time to spare. standing is how long playback has stood.
func (d *distance) adapt(now time.Time, standing time.Duration) {
	if d.rescued && now.Sub(d.movedAt) >= rescueEvery {
		d.holdBack = max(d.holdBack, min(d.holdBack+someHoldBack, farHoldBack))
		d.movedAt = now
		d.begin(now)
	}
	d.rescued = false
	switch {
	case standing > stallAfter:
		if d.calmSince.Before(now.Add(-time.Second)) {
			d.holdBack = max(d.holdBack, min(d.holdBack+moreHoldBack, maxHoldBack))
		}
		d.begin(now)
	case now.Sub(d.calmSince) >= calmFor:
		if d.slack >= spare {
			d.holdBack = max(d.holdBack-lessHoldBack, d.least)
		}
		d.begin(now)
	}
}

// pace is by how much playback goes on in some time: behind is how far behind the newest
// head it was when that came, ahead what there is to play.
func (d *distance) pace(elapsed, behind, ahead time.Duration) time.Duration {
	switch {
	case behind > d.holdBack+muchTooFar && ahead > enough:
		return elapsed + 2*elapsed/hurry
	case behind > d.holdBack+tooFar && ahead > enough:
		return elapsed + elapsed/hurry
	case ahead < scarce, behind < d.holdBack-muchTooNear:
		return elapsed - 2*elapsed/hurry
	case behind < d.holdBack-tooFar:
		return elapsed - elapsed/hurry
	}
	return elapsed
}
