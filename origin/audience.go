package origin

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// sessionAge is how long a session counts after it last took media.
	sessionAge = 15 * time.Second
	// saltAge is how long addresses are hashed with the same salt.
	saltAge = 24 * time.Hour
	// maxSessions bounds the sessions remembered for a stream.
	maxSessions = 1 << 17
)

// audience counts the viewers of one stream (docs/decisions/viewers.md). It keeps
// no address: a session is known by a hash whose salt exists in memory only, for
// a day.
type audience struct {
	// sent is what went out to viewers of the stream, in bytes.
	sent atomic.Int64

	mu       sync.Mutex
	seed     maphash.Seed
	seeded   time.Time
	sessions map[uint64]*session
	swept    time.Time
}

// session is what comes from one address with one user agent.
type session struct {
	// media is when it last took media.
	media time.Time
	// polled is when it last asked for a media playlist.
	polled time.Time
	// feeds is the number of its open feeds, one for each player.
	feeds int
}

func newAudience() *audience {
	return &audience{sessions: map[uint64]*session{}}
}

// took notes that a session took media.
func (a *audience) took(address netip.Addr, agent string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.session(address, agent, now); s != nil {
		s.media = now
	}
}

// polled notes that a session asked for a media playlist.
func (a *audience) polled(address netip.Addr, agent string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.session(address, agent, now); s != nil {
		s.polled = now
	}
}

// polls tells whether a session plays by playlists.
func (a *audience) polls(address netip.Addr, agent string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.seeded.IsZero() {
		return false
	}
	s := a.sessions[a.key(address, agent)]
	return s != nil && now.Sub(s.polled) <= sessionAge
}

// follow notes that a player opened a feed; the function it returns, that the
// feed was closed.
func (a *audience) follow(address netip.Addr, agent string, now time.Time) func() {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.session(address, agent, now)
	if s == nil {
		return func() {}
	}
	s.feeds++
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		s.feeds--
	}
}

// viewers returns the number of viewers now.
func (a *audience) viewers(now time.Time) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sweep(now)
	n := 0
	for _, s := range a.sessions {
		// Players with a feed are told apart; whatever else comes from there with the
		// same agent is taken for the media that they fetch.
		if s.feeds > 0 || now.Sub(s.media) <= sessionAge {
			n += max(s.feeds, 1)
		}
	}
	return n
}

// session finds or makes a session; nil when there are too many. The caller holds
// the lock.
func (a *audience) session(address netip.Addr, agent string, now time.Time) *session {
	if a.seeded.IsZero() || now.Sub(a.seeded) > saltAge {
		a.seed, a.seeded = maphash.MakeSeed(), now
	}
	key := a.key(address, agent)
	if s := a.sessions[key]; s != nil {
		return s
	}
	full := len(a.sessions) >= maxSessions
	if age := now.Sub(a.swept); age > sessionAge || (full && age > time.Second) {
		a.sweep(now)
	}
	if len(a.sessions) >= maxSessions {
		return nil
	}
	s := &session{}
	a.sessions[key] = s
	return s
}

func (a *audience) key(address netip.Addr, agent string) uint64 {
	var h maphash.Hash
	h.SetSeed(a.seed)
	bytes := address.As16()
	_, _ = h.Write(bytes[:])
	_, _ = h.WriteString(agent)
	return h.Sum64()
}

func (a *audience) sweep(now time.Time) {
	a.swept = now
	for key, s := range a.sessions {
		if s.feeds == 0 && now.Sub(s.media) > sessionAge && now.Sub(s.polled) > sessionAge {
			delete(a.sessions, key)
		}
	}
}
