package broadcast

import (
	"sort"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// takeover is how long a publisher must have sent no media before another one with
// the same key may take its place.
const takeover = 2 * time.Second

// Registry knows the streams, who publishes on them and what is live. Its methods
// may be called from any goroutine.
type Registry struct {
	opener Opener
	log    zerolog.Logger
	now    func() time.Time

	mu       sync.Mutex
	keys     keyring
	channels []*channel // by name
	guesses  guesses
}

// channel is a stream with its present publisher. Registry.mu guards it.
type channel struct {
	name    string
	key     digest
	session *Session
	// after is closed when the reader of the last broadcast has seen its end.
	after <-chan struct{}
}

// Option changes how a Registry works.
type Option func(*Registry)

// WithClock makes the registry ask now for the time.
func WithClock(now func() time.Time) Option { return func(r *Registry) { r.now = now } }

// New returns a registry of streams. opener is asked for a reader at the beginning
// of each broadcast. Keys are kept as their SHA-256 only; two streams must not have
// the same.
func New(streams []Stream, opener Opener, log zerolog.Logger, options ...Option) *Registry {
	r := &Registry{opener: opener, log: log, now: time.Now, keys: keyring{}}
	for _, o := range options {
		o(r)
	}
	for _, s := range streams {
		c := &channel{name: s.Name, key: digestOf(s.Key)}
		r.channels = append(r.channels, c)
		if s.Key != "" {
			r.keys[c.key] = c
		}
	}
	sort.Slice(r.channels, func(i, j int) bool { return r.channels[i].name < r.channels[j].name })
	return r
}

// Publish begins a session on the stream that the key belongs to. remote is the
// publisher's address, with or without a port; it serves to slow down guessing and
// is kept in memory for that alone. It returns ErrUnknownKey, ErrBackOff or ErrBusy.
func (r *Registry) Publish(key, remote string) (*Session, error) {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	address := addressOf(remote)
	if r.guesses.blocked(address, now) {
		return nil, ErrBackOff
	}
	c := r.keys.find(key)
	if c == nil {
		r.guesses.wrong(address, now)
		return nil, ErrUnknownKey
	}
	if old := c.session; old != nil {
		if !old.over() && now.Sub(old.lastMedia()) < takeover {
			return nil, ErrBusy
		}
		old.end(ErrReplaced)
		c.after = old.ended()
	}
	c.session = newSession(r, c, now)
	return c.session, nil
}

// release forgets a session that has ended, if it is still the stream's.
func (r *Registry) release(s *Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.channel.session == s {
		s.channel.session = nil
		s.channel.after = s.ended()
	}
}

// Close ends every session, lets no new one begin, and waits until all readers
// have seen the end.
func (r *Registry) Close(reason error) {
	for _, s := range r.shut() {
		s.Close(reason)
	}
	for _, end := range r.ends() {
		<-end
	}
}

// ends returns the ends of the last broadcasts, for all streams that had one.
func (r *Registry) ends() []<-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ends []<-chan struct{}
	for _, c := range r.channels {
		if c.after != nil {
			ends = append(ends, c.after)
		}
	}
	return ends
}

// shut takes all keys away and returns the sessions that are left.
func (r *Registry) shut() []*Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = keyring{}
	var left []*Session
	for _, c := range r.channels {
		if c.session != nil {
			left = append(left, c.session)
		}
	}
	return left
}

// Streams returns the state of every stream, by name.
func (r *Registry) Streams() []State {
	r.mu.Lock()
	defer r.mu.Unlock()
	states := make([]State, 0, len(r.channels))
	for _, c := range r.channels {
		s := State{Name: c.name}
		if c.session != nil {
			s = c.session.state()
		}
		states = append(states, s)
	}
	return states
}
