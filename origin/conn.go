package origin

import (
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

const (
	// writeGrace and writeRate bound how long one write may take: a client that
	// takes nothing, or next to nothing, is cut, however long its request may be
	// held.
	writeGrace = 20 * time.Second
	writeRate  = 16 << 10 // bytes a second
)

// writeLimit is how long a write of n bytes may take.
func writeLimit(n int) time.Duration {
	return writeGrace + time.Duration(n)*time.Second/writeRate
}

// traffic counts what goes over connections, headers and TLS included.
type traffic struct {
	sent, received, open atomic.Int64
}

// countingListener counts the traffic of the connections it accepts.
type countingListener struct {
	net.Listener
	traffic *traffic
	// guard is nil while nothing is limited.
	guard *guard
}

// Accept returns the next connection.
func (l countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err // http.Server looks at the error's own type
	}
	l.traffic.open.Add(1)
	return &countingConn{Conn: conn, traffic: l.traffic, guard: l.guard}, nil
}

type countingConn struct {
	net.Conn
	traffic *traffic
	guard   *guard
	closed  atomic.Bool
}

// Read reads from the connection.
func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.traffic.received.Add(int64(n))
	return n, err // callers compare io.EOF
}

// Write writes to the connection, or fails when the client is too slow.
func (c *countingConn) Write(p []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(time.Now().Add(writeLimit(len(p)))); err != nil {
		return 0, fmt.Errorf("bound a write: %w", err)
	}
	n, err := c.Conn.Write(p)
	c.traffic.sent.Add(int64(n))
	if c.guard != nil {
		c.guard.spent(n)
	}
	return n, err // callers look at the error's own type
}

// Close closes the connection.
func (c *countingConn) Close() error {
	if c.closed.CompareAndSwap(false, true) {
		c.traffic.open.Add(-1)
	}
	return c.Conn.Close()
}

// CloseWrite ends what is sent and leaves the rest open, so that a client which is
// still sending reads the answer that refuses it.
func (c *countingConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
