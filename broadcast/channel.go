package broadcast

import (
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
)

const (
	// takeover is how long a publisher must have sent no media before another one with
	// the same key may take its place.
	takeover = 2 * time.Second
	// silence is how long a publisher may send no media, over a connection that is open,
	// before it counts as away.
	silence = 3 * time.Second
	// catchUp is how long a publisher that was silent may bring what it held back, before
	// that counts as live. What is held back is lost: its place on the timeline is over.
	catchUp = time.Second
	// behind is how late media may be to count as live.
	behind = 500 * time.Millisecond
)

// channel is a stream with its present publisher and its broadcast.
type channel struct {
	name   string
	key    digest
	opener Opener
	log    zerolog.Logger
	now    func() time.Time
	grace  time.Duration

	mu      sync.Mutex
	session *Session // nil without a publisher
	live    *live    // nil without a broadcast
	shutFor error    // why no more sessions begin
	// after is closed when the reader of the last broadcast has seen its end.
	after <-chan struct{}
}

// publish begins a session, in place of a silent one.
func (c *channel) publish(now time.Time) (*Session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shutFor != nil {
		return nil, ErrUnknownKey
	}
	if old := c.session; old != nil {
		if now.Sub(old.lastMedia()) < takeover {
			return nil, ErrBusy
		}
		c.leave(old, ErrReplaced, ErrReplaced)
	}
	c.session = newSession(c, now)
	return c.session, nil
}

// leave ends a session: its methods return err from now on. The broadcast goes on
// without it for the grace period. The lock is held.
func (c *channel) leave(s *Session, err, reason error) {
	if s.err != nil {
		return
	}
	s.err = err
	close(s.done)
	if c.session == s {
		c.session = nil
	}
	s.log.Info().AnErr("reason", reason).Int("dropped", s.dropped).Msg("publisher gone")
	switch {
	case c.live == nil:
	case c.grace <= 0:
		c.end(reason)
	default:
		c.live.depart(reason)
	}
}

// end ends the broadcast. The lock is held.
func (c *channel) end(reason error) {
	c.live.end(reason)
	c.after = c.live.done()
	c.live = nil
	if c.session != nil {
		c.session.pause()
	}
}

// take deals with a unit of the present session. The lock is held.
func (c *channel) take(s *Session, u media.Unit) {
	t := *s.tracks[u.Kind]
	fits := c.live != nil && c.live.fits(t)
	switch {
	case s.on && s.renews(u, fits):
		c.end(ErrOtherTracks)
		c.begin(s, u)
	case s.on && !fits:
		s.drop(zerolog.WarnLevel, "media that does not fit into the broadcast is dropped up to a keyframe")
		return
	case !s.on && !s.ready(u) || !s.on && c.isLate(s, u):
		s.drop(zerolog.InfoLevel, "waiting for the first keyframe") // sound mostly comes first
		return
	case !s.on:
		c.begin(s, u)
	case !s.entered[u.Kind] && !u.Keyframe:
		s.drop(zerolog.InfoLevel, "waiting for the first keyframe")
		return
	}
	if !s.entered[u.Kind] {
		s.entered[u.Kind] = true
		c.live.track(t)
	}
	c.live.unit(u)
}

// begin lets the session's units into the broadcast, and begins one if there is none
// that they fit into. The lock is held.
func (c *channel) begin(s *Session, u media.Unit) {
	tracks := s.present(u)
	for _, t := range tracks {
		if c.live != nil && !c.live.fits(t) {
			c.end(ErrOtherTracks)
		}
	}
	s.on = true
	if c.live != nil {
		c.live.back(tracks, u)
		return
	}
	c.live = goLive(c.opener, c.name, tracks, c.after, u.Arrived, s.log)
}

// isLate says whether the unit is one that a publisher, which was silent for a while,
// held back. The lock is held.
func (c *channel) isLate(s *Session, u media.Unit) bool {
	if !s.wasOn || c.live == nil || u.Arrived.Sub(s.first) >= catchUp {
		return false
	}
	return c.live.lateness(u) > behind
}

// sweep ends what is over at now.
func (c *channel) sweep(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.live
	if l == nil || c.grace <= 0 {
		return
	}
	l.flush()
	heard := l.last
	if s := c.session; s != nil && s.lastMedia().After(heard) {
		heard = s.lastMedia() // its first keyframe is waited for
	}
	if !l.isAway && now.Sub(heard) >= silence {
		l.depart(nil)
		c.session.pause()
	}
	if l.isAway && now.Sub(maxTime(heard, l.since)) >= c.grace {
		c.end(l.reason)
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// resume opens a broadcast of another process again.
func (c *channel) resume(p Past) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live != nil || c.shutFor != nil {
		return false
	}
	c.live = resume(c.opener, p, c.now(), c.log)
	return true
}

func (c *channel) past() (Past, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live == nil {
		return Past{}, false
	}
	return c.live.past(), true
}

// shut ends session and broadcast, and lets none begin.
func (c *channel) shut(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shutFor = ErrClosed
	if c.live != nil {
		c.end(reason)
	}
	if c.session != nil {
		c.leave(c.session, ErrClosed, reason)
	}
}

// ended is closed when the reader of the last broadcast has seen its end; nil if there
// was none.
func (c *channel) ended() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.after
}

func (c *channel) state() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	st := State{Name: c.name}
	if l := c.live; l != nil {
		st.Live, st.Away, st.Epoch, st.Started = true, l.isAway, l.info.Epoch, l.info.Started
		st.Tracks, st.BytesIn, st.Warnings = l.known(), l.bytes, l.warnings()
	}
	return st
}
