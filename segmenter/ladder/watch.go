package ladder

import "time"

// watch is the watchdog over one run of ffmpeg: it bites when a rung gives nothing
// while input flows, or gives it too late.
type watch struct {
	limit, lag time.Duration
	pulses     []pulse
	// last is when a picture was fed, resumed when one was behind a pause of the input.
	last, resumed time.Time
}

// pulse is what is known of one rung.
type pulse struct {
	// unanswered counts the pictures fed since the last one came out, since is when
	// the first of them was fed.
	unanswered int
	since      time.Time
	// seen: something came out. punctual: it has come out in time since the start, at
	// which everything is late.
	seen, punctual bool
}

const (
	// patience is how many pictures may be under way however slowly they come; an
	// encoder with two threads holds one back for good when input pauses.
	patience = 8
	// startFactor lengthens the limit until a rung's first picture.
	startFactor = 3
	// pause is how long no input must come for the pipes to have run dry.
	pause = 2 * time.Second
)

func newWatch(limit, lag time.Duration, rungs int) *watch {
	return &watch{limit: limit, lag: lag, pulses: make([]pulse, rungs)}
}

func (w *watch) fed(now time.Time) {
	if now.Sub(w.last) > pause {
		w.resumed = now
		for i := range w.pulses {
			w.pulses[i].unanswered = 0 // an encoder with two threads has held one back
		}
	}
	w.last = now
	for i := range w.pulses {
		if w.pulses[i].unanswered == 0 {
			w.pulses[i].since = now
		}
		w.pulses[i].unanswered++
	}
}

// heard notes that a picture which was fed at the given time came out of a rung. It
// reports whether the rung is too late. What was fed before a pause of the input
// says nothing.
func (w *watch) heard(rung int, fed, now time.Time) (late bool) {
	p, after := &w.pulses[rung], now.Sub(fed)
	p.unanswered, p.seen = 0, true
	if fed.Before(w.resumed) {
		return false
	}
	p.punctual = p.punctual || after < w.lag/4
	return p.punctual && after > w.lag
}

// stalled returns a rung that has given nothing for too long.
func (w *watch) stalled(now time.Time) (rung int, yes bool) {
	for i, p := range w.pulses {
		limit := w.limit
		if !p.seen {
			limit *= startFactor
		}
		if p.unanswered > patience && now.Sub(p.since) > limit {
			return i, true
		}
	}
	return 0, false
}

// backoff is the pause before the next start: it doubles with each failure, and
// begins anew after a run that lasted.
type backoff struct {
	first, most time.Duration
	next        time.Duration
}

// lasting is how long a run must have been to count as a good one.
const lasting = 30 * time.Second

// after returns the pause after a run of the given length.
func (b *backoff) after(ran time.Duration) time.Duration {
	if ran >= lasting || b.next == 0 {
		b.next = b.first
	}
	pause := b.next
	b.next = min(2*b.next, b.most)
	return pause
}
