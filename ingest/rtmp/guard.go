package rtmp

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

var (
	errNoTLS = errors.New("rtmp: TLS asked for, but there is no certificate")
	errIdle  = errors.New("rtmp: nothing came in time")
	errLost  = errors.New("rtmp: the connection was lost")
	errApp   = errors.New("rtmp: connect was refused")
)

const (
	plainID      = 3 // the one chunk stream that go-rtmp sees and is rewritten to
	writeTimeout = 5 * time.Second
	lingerTime   = time.Second
	lingerBytes  = 64 << 10
)

// guard is a publisher's connection as go-rtmp sees it: it reads whole messages in
// type 0 chunks, and only such as it can digest. Read, published and what they call
// belong to the goroutine that go-rtmp serves the connection with; Write may come
// from another.
type guard struct {
	net.Conn // the listener's
	tls      *tls.Config
	idle     time.Duration
	left     func() // called once when the connection is closed
	stopped  func() // the publisher ended its stream; called by Read

	conn      net.Conn // with TLS, if the client wants it
	in        *bufio.Reader
	greeting  int // bytes of the client's handshake still to come
	budget    int // bytes that a stranger may still send
	chunks    *chunkReader
	queue     []message // for go-rtmp
	head      []byte    // what of the first of them is unread
	body      []byte
	size      int // of the message that was read last
	stream    uint32
	connected bool // go-rtmp has seen connect
	publisher bool // a key was accepted
	why       error

	mu  sync.Mutex
	out outbound

	once sync.Once
}

// newGuard wraps a connection that has just been accepted; deadline is when it must
// have begun to publish.
func newGuard(conn net.Conn, deadline time.Time, idle time.Duration, config *tls.Config, left func()) (*guard, error) {
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, fmt.Errorf("set deadline: %w", err)
	}
	g := &guard{
		Conn: conn, conn: conn, tls: config, idle: idle, left: left,
		greeting: handshake, budget: strangerBytes,
		chunks: newChunkReader(strangersLimit, strangerMemory),
	}
	g.out.greeting = handshake
	g.out.chunks = newChunkReader(func(byte) int { return maxCommand }, strangerMemory)
	g.out.chunks.size = maxChunk
	g.in = bufio.NewReaderSize(meter{g}, 16<<10)
	return g, nil
}

// Read gives go-rtmp the next bytes.
func (g *guard) Read(p []byte) (int, error) {
	for len(g.head)+len(g.body) == 0 {
		if err := g.fill(); err != nil {
			g.why = err
			return 0, err
		}
	}
	n := copy(p, g.head)
	g.head = g.head[n:]
	k := copy(p[n:], g.body)
	g.body = g.body[k:]
	return n + k, nil
}

// fill brings something to read, or nothing when what came is not for go-rtmp.
func (g *guard) fill() error {
	if g.greeting > 0 {
		return g.greet()
	}
	if len(g.queue) == 0 {
		m, err := g.chunks.next(g.in)
		if err != nil {
			return err
		}
		if g.publisher {
			if err := g.SetReadDeadline(time.Now().Add(g.idle)); err != nil {
				return fmt.Errorf("set deadline: %w", err)
			}
		}
		return g.take(m)
	}
	m := g.queue[0]
	g.queue = g.queue[1:]
	g.size = len(m.body)
	g.head, g.body = appendChunkHeader(g.head[:0], plainID, m), m.body
	return nil
}

// reason says why reading ended, without the addresses that errors of the network
// carry.
func (g *guard) reason() error {
	var op *net.OpError
	switch {
	case errors.Is(g.why, os.ErrDeadlineExceeded):
		return errIdle
	case g.why == nil, errors.As(g.why, &op), errors.Is(g.why, io.EOF), errors.Is(g.why, io.ErrUnexpectedEOF):
		return errLost
	default:
		return g.why
	}
}

// Close closes the connection. A publisher that was refused gets the time to read
// why: with bytes of it unread, closing would take the answer back.
func (g *guard) Close() error {
	var err error
	g.once.Do(func() {
		if g.refused() {
			g.linger()
		}
		err = g.Conn.Close()
		g.left()
	})
	return err
}

func (g *guard) linger() {
	if g.SetDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	if c, ok := g.conn.(interface{ CloseWrite() error }); ok && c.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, g.conn, lingerBytes) // ends by itself or by the deadline
	}
}

// kick ends the connection from outside: Read fails, and what follows closes it.
func (g *guard) kick() { _ = g.Conn.Close() }
