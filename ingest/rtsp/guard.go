package rtsp

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/liverelay/liverelay/ingest/internal/door"
)

// strangerBytes is all that a connection may send before it has shown a key. The
// description of a stream has a few kilobytes; gortsplib takes up to 128 KiB of one.
const strangerBytes = 160 << 10

var (
	errStranger = errors.New("rtsp: too much was sent before a key")
	errLate     = errors.New("rtsp: no key was shown in time")
)

// guarded is a listener that strangers can't wear out: of those who have not shown a key
// there are only so many, in all and of one address, each for a short while, and they
// may send little. gortsplib itself waits for ever for what a connection may ask.
type guarded struct {
	net.Listener
	handshake, idle time.Duration
	stop            <-chan struct{} // closed when nobody is taken any more

	mu   sync.Mutex
	door *door.Door
}

func guard(l net.Listener, limits door.Limits, handshake, idle time.Duration, stop <-chan struct{}) *guarded {
	return &guarded{Listener: l, handshake: handshake, idle: idle, stop: stop, door: door.New(limits)}
}

// Accept waits for one that the door lets in. Where the system has no more descriptors
// it waits for some to come free: gortsplib would end the server.
func (g *guarded) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil, fmt.Errorf("accept publishers: %w", err)
		}
		if err != nil {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-g.stop:
			}
			continue
		}
		if admitted := g.admit(conn); admitted != nil {
			return admitted, nil
		}
		_ = conn.Close()
	}
}

// admit is nil for one that is turned away.
func (g *guarded) admit(conn net.Conn) net.Conn {
	address := conn.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	v := &door.Visitor{Address: address, Leave: func() { _ = conn.Close() }}
	g.mu.Lock()
	out, ok := g.door.Enter(v)
	g.mu.Unlock()
	if out != nil {
		out.Leave()
	}
	if !ok {
		return nil
	}
	s := &stranger{Conn: conn, guard: g, visitor: v, budget: strangerBytes}
	if conn.SetReadDeadline(time.Now().Add(g.handshake)) != nil {
		s.left()
		return nil
	}
	return s
}

// stranger is a connection, a stranger's until it is accepted.
type stranger struct {
	net.Conn
	guard   *guarded
	visitor *door.Visitor
	gone    sync.Once

	mu     sync.Mutex
	known  bool
	budget int
}

// Read reads within the bounds; gortsplib calls it from one goroutine.
func (s *stranger) Read(p []byte) (int, error) {
	known, budget := s.bounds()
	if known {
		if err := s.SetReadDeadline(time.Now().Add(s.guard.idle)); err != nil {
			return 0, fmt.Errorf("set deadline: %w", err)
		}
		return s.Conn.Read(p) //nolint:wrapcheck // a reader's errors are its own
	}
	if budget <= 0 {
		return 0, errStranger
	}
	n, err := s.Conn.Read(p[:min(len(p), budget)])
	s.mu.Lock()
	s.budget -= n
	s.mu.Unlock()
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		err = errLate
	}
	return n, err
}

func (s *stranger) bounds() (known bool, budget int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known, s.budget
}

// accepted notes that it has shown a key.
func (s *stranger) accepted() {
	s.mu.Lock()
	s.known = true
	s.mu.Unlock()
	s.guard.mu.Lock()
	s.guard.door.Accepted(s.visitor)
	s.guard.mu.Unlock()
}

// Close closes it, and makes room.
func (s *stranger) Close() error {
	s.left()
	return s.Conn.Close() //nolint:wrapcheck // a connection's errors are its own
}

func (s *stranger) left() {
	s.gone.Do(func() {
		s.guard.mu.Lock()
		s.guard.door.Left(s.visitor)
		s.guard.mu.Unlock()
	})
}

// accept tells the guard of a connection that has shown a key. One that comes in a tunnel
// of HTTP is not known to it, and stays a stranger's.
func accept(conn net.Conn) {
	if s, ok := conn.(*stranger); ok {
		s.accepted()
	}
}

var _ net.Conn = (*stranger)(nil)
