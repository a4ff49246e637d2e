package broadcast

import (
	"context"
	"sort"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// look is how often Run looks for publishers that fell silent and for broadcasts
// whose grace period is over.
const look = 100 * time.Millisecond

// Registry knows the streams, who publishes on them and what is live. Its methods
// may be called from any goroutine.
type Registry struct {
	opener   Opener
	log      zerolog.Logger
	now      func() time.Time
	grace    time.Duration
	channels []*channel // by name; the list never changes

	mu      sync.Mutex
	keys    keyring
	guesses guesses
}

// Option changes how a Registry works.
type Option func(*Registry)

// WithClock makes the registry ask now for the time.
func WithClock(now func() time.Time) Option { return func(r *Registry) { r.now = now } }

// WithGrace sets how long a broadcast outlives its publisher; the default is not at
// all. It needs Run.
func WithGrace(d time.Duration) Option { return func(r *Registry) { r.grace = d } }

// New returns a registry of streams. opener is asked for a reader at the beginning
// of each broadcast. Keys are kept as their SHA-256 only; two streams must not have
// the same.
func New(streams []Stream, opener Opener, log zerolog.Logger, options ...Option) *Registry {
	r := &Registry{opener: opener, log: log, now: time.Now, keys: keyring{}}
	for _, o := range options {
		o(r)
	}
	for _, s := range streams {
		c := &channel{
			name: s.Name, key: digestOf(s.Key), opener: opener, now: r.now, grace: r.grace,
			log: log.With().Str("stream", s.Name).Logger(),
		}
		r.channels = append(r.channels, c)
		if s.Key != "" {
			r.keys[c.key] = c
		}
	}
	sort.Slice(r.channels, func(i, j int) bool { return r.channels[i].name < r.channels[j].name })
	return r
}

// Run watches over silence and grace periods until ctx ends.
func (r *Registry) Run(ctx context.Context) {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			r.sweep()
		}
	}
}

func (r *Registry) sweep() {
	now := r.now()
	for _, c := range r.channels {
		c.sweep(now)
	}
}

// Publish begins a session on the stream that the key belongs to. remote is the
// publisher's address, with or without a port; it serves to slow down guessing and
// is kept in memory for that alone. It returns ErrUnknownKey, ErrBackOff or ErrBusy.
func (r *Registry) Publish(key, remote string) (*Session, error) {
	now := r.now()
	c, err := r.admit(key, addressOf(remote), now)
	if err != nil {
		return nil, err
	}
	return c.publish(now)
}

// Knows tells whether a key is a stream's: nil, ErrUnknownKey, or ErrBackOff for an
// address that guessed too often, as Publish does.
func (r *Registry) Knows(key, remote string) error {
	_, err := r.admit(key, addressOf(remote), r.now())
	return err
}

func (r *Registry) admit(key, address string, now time.Time) (*channel, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.guesses.blocked(address, now) {
		return nil, ErrBackOff
	}
	c := r.keys.find(key)
	if c == nil {
		r.guesses.wrong(address, now)
		return nil, ErrUnknownKey
	}
	return c, nil
}

// Resume opens a broadcast again that another process left: its publisher is away,
// and the grace period begins. It returns once its reader is open. An unknown stream,
// or one that is live already, is left alone; then it returns false.
func (r *Registry) Resume(p Past) bool {
	for _, c := range r.channels {
		if c.name == p.Stream {
			return c.resume(p)
		}
	}
	return false
}

// Past returns what is needed to go on with a stream's broadcast later; false when it
// has none.
func (r *Registry) Past(stream string) (Past, bool) {
	for _, c := range r.channels {
		if c.name == stream {
			return c.past()
		}
	}
	return Past{}, false
}

// Close ends every session and broadcast, lets no new one begin, and waits until all
// readers have seen the end.
func (r *Registry) Close(reason error) {
	r.mu.Lock()
	r.keys = keyring{}
	r.mu.Unlock()
	for _, c := range r.channels {
		c.shut(reason)
	}
	for _, c := range r.channels {
		if end := c.ended(); end != nil {
			<-end
		}
	}
}

// Streams returns the state of every stream, by name.
func (r *Registry) Streams() []State {
	states := make([]State, 0, len(r.channels))
	for _, c := range r.channels {
		states = append(states, c.state())
	}
	return states
}
