// Package kept is for tests: the session of a publisher, which keeps what it is given.
package kept

import (
	"slices"
	"sync"
	"time"

	"github.com/liverelay/liverelay/media"
)

// Session keeps tracks and units. It is what the ways in call a session; all methods may
// be called from any goroutine.
type Session struct {
	mu     sync.Mutex
	tracks []media.Track
	units  []media.Unit
	over   sync.Once
	done   chan struct{}
}

// New makes a session that nothing came to yet.
func New() *Session { return &Session{done: make(chan struct{})} }

// Track keeps a track.
func (s *Session) Track(t media.Track) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tracks = append(s.tracks, t)
	return nil
}

// Unit keeps a unit, and when it came.
func (s *Session) Unit(u media.Unit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.Arrived = time.Now()
	s.units = append(s.units, u)
	return nil
}

// Close ends it; a second time changes nothing.
func (s *Session) Close(error) { s.over.Do(func() { close(s.done) }) }

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.done }

// Tracks are those that were announced, in order.
func (s *Session) Tracks() []media.Track {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tracks)
}

// Units are those that came, in order: of the kinds, or all.
func (s *Session) Units(kinds ...media.Kind) []media.Unit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.units), func(u media.Unit) bool {
		return len(kinds) > 0 && !slices.Contains(kinds, u.Kind)
	})
}
