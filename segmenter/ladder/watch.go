package ladder

import "time"

// watch is the watchdog over one run of ffmpeg: it bites when a rung gives nothing
// while input flows.
type watch struct {
	limit  time.Duration
	pulses []pulse
}

// pulse is what is known of one rung.
type pulse struct {
	// unanswered counts the pictures fed since the last one came out, since is when
	// the first of them was fed.
	unanswered int
	since      time.Time
	seen       bool
}

const (
	// patience is how many pictures may be under way however slowly they come; an
	// encoder with two threads holds one back for good when input pauses.
	patience = 8
	// startFactor lengthens the limit until a rung's first picture.
	startFactor = 3
)

func newWatch(limit time.Duration, rungs int) *watch {
	return &watch{limit: limit, pulses: make([]pulse, rungs)}
}

func (w *watch) fed(now time.Time) {
	for i := range w.pulses {
		if w.pulses[i].unanswered == 0 {
			w.pulses[i].since = now
		}
		w.pulses[i].unanswered++
	}
}

func (w *watch) heard(rung int) {
	w.pulses[rung] = pulse{seen: true}
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
