package origin

import (
	"cmp"
	"context"
	"sync"
	"time"
)

const (
	// endedFor is how long a broadcast can still be had after its end.
	endedFor = 60 * time.Second
	// readyPoll is how often a broadcast that begins is asked whether it can be
	// played.
	readyPoll = 50 * time.Millisecond
)

// Live is one broadcast as the origin serves it.
type Live struct {
	Stream, Epoch string
	Started       time.Time
	Media         Media
	// Heads may be nil: then nothing is shared.
	Heads Heads
	// Key returns a decryption key of an attached stream, nil for an unknown number. It
	// may be nil.
	Key func(number int) []byte
	// Poster may be nil: then there are no pictures.
	Poster Poster
}

// Rates returns the bit/s of each of the media's renditions, in their order: as measured
// lately, or else as announced.
func (l Live) Rates() []int {
	renditions, _, _, _ := l.Media.Live()
	rates := make([]int, len(renditions))
	measured := l.Media.Rates()
	for i, r := range renditions {
		if i < len(measured) {
			rates[i] = measured[i]
		}
		rates[i] = cmp.Or(rates[i], r.AverageBandwidth, r.Bandwidth)
	}
	return rates
}

// Phase is where a stream's current broadcast stands.
type Phase int

// The phases, in their order.
const (
	// Waiting: there is no broadcast, or too little of it to play.
	Waiting Phase = iota
	// Playable: it runs.
	Playable
	// Interrupted: it runs, but its publisher is away; playlists go on with gaps.
	Interrupted
	// Ended: it is over, and can still be had for a while.
	Ended
)

// String returns the phase as join and the API name it.
func (p Phase) String() string {
	switch p {
	case Playable:
		return "live"
	case Interrupted:
		return "interrupted"
	case Ended:
		return "ended"
	default:
		return "waiting"
	}
}

// Runs says that the broadcast can be had and is not over.
func (p Phase) Runs() bool { return p == Playable || p == Interrupted }

// Catalog maps each stream to its current broadcast. A broadcast that ended stays
// until the next one begins, or 60 s. Make one with NewCatalog; all methods may be
// called from any goroutine.
type Catalog struct {
	now func() time.Time

	mu      sync.Mutex
	entries map[string]*entry
	changed chan struct{}
}

type entry struct {
	live  Live
	ready bool
	away  bool
	ended time.Time
}

// NewCatalog returns an empty catalog. now may be nil for the wall clock.
func NewCatalog(now func() time.Time) *Catalog {
	if now == nil {
		now = time.Now
	}
	return &Catalog{now: now, entries: map[string]*entry{}, changed: make(chan struct{})}
}

// Begin makes l the current broadcast of its stream.
func (c *Catalog) Begin(l Live) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries[l.Stream] = &entry{live: l}
	c.announce()
}

// End says that a broadcast is over. An epoch that is no longer current changes
// nothing.
func (c *Catalog) End(stream, epoch string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[stream]; e != nil && e.live.Epoch == epoch && e.ended.IsZero() {
		e.ended = c.now()
		c.announce()
	}
}

// Away says that a broadcast's publisher is away, or back again. An epoch that is no
// longer current changes nothing.
func (c *Catalog) Away(stream, epoch string, away bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[stream]; e != nil && e.live.Epoch == epoch && e.away != away {
		e.away = away
		c.announce()
	}
}

// Current returns a stream's broadcast and its phase. Waiting comes with a zero
// Live.
func (c *Catalog) Current(stream string) (Live, Phase) {
	live, phase, _ := c.look(stream)
	return live, phase
}

// Find returns the broadcast of that epoch, also before it is playable.
func (c *Catalog) Find(stream, epoch string) (Live, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[stream]
	if e == nil || e.live.Epoch != epoch || c.expired(e) {
		return Live{}, false
	}
	return e.live, true
}

// wait returns when accept takes a stream's broadcast, or when ctx ends; in both
// cases with the last state.
func (c *Catalog) wait(ctx context.Context, stream string, accept func(Live, Phase) bool) (Live, Phase) {
	for {
		live, phase, changed := c.look(stream)
		if accept(live, phase) {
			return live, phase
		}
		select {
		case <-ctx.Done():
			return live, phase
		case <-changed:
		}
	}
}

// begun tells whether a stream has a broadcast that is not over, playable or not.
func (c *Catalog) begun(stream string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[stream]
	return e != nil && e.ended.IsZero()
}

func (c *Catalog) look(stream string) (Live, Phase, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[stream]
	switch {
	case e == nil || !e.ready || c.expired(e):
		return Live{}, Waiting, c.changed
	case !e.ended.IsZero():
		return e.live, Ended, c.changed
	case e.away:
		return e.live, Interrupted, c.changed
	default:
		return e.live, Playable, c.changed
	}
}

// run sees to what nobody announces: that a broadcast becomes playable, and that
// one which ended expires. It returns when ctx ends.
func (c *Catalog) run(ctx context.Context) {
	for {
		next, changed := c.sweep()
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-changed:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// sweep marks what became playable, forgets what expired, and says when to look
// again.
func (c *Catalog) sweep() (time.Duration, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next, news := endedFor, false
	for stream, e := range c.entries {
		switch {
		case c.expired(e):
			delete(c.entries, stream)
		case e.ready:
		case playable(e.live.Media):
			e.ready, news = true, true
		case e.ended.IsZero():
			next = readyPoll
		}
	}
	if news {
		c.announce()
	}
	return next, c.changed
}

func playable(m Media) bool {
	_, err := m.Multivariant()
	return err == nil
}

func (c *Catalog) expired(e *entry) bool {
	return !e.ended.IsZero() && c.now().Sub(e.ended) > endedFor
}

// announce wakes all who wait. The caller holds the lock.
func (c *Catalog) announce() {
	close(c.changed)
	c.changed = make(chan struct{})
}
