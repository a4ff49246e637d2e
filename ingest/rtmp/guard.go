package rtmp

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
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
	handshake    = 1 + 2*1536 // bytes that each side sends before messages (RTMP 1.0 §5.2)
	version      = 3
	tlsHandshake = 22 // first byte of a TLS record that greets
	plainID      = 3  // the one chunk stream that go-rtmp sees and is rewritten to
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

// meter counts what a stranger sends.
type meter struct{ g *guard }

func (m meter) Read(p []byte) (int, error) {
	if m.g.publisher {
		return m.g.conn.Read(p)
	}
	if m.g.budget <= 0 {
		return 0, errMemory
	}
	n, err := m.g.conn.Read(p[:min(len(p), m.g.budget)])
	m.g.budget -= n
	return n, err
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

// greet passes the client's handshake on, and begins TLS if that is how it starts.
func (g *guard) greet() error {
	first, err := g.in.Peek(1)
	if err != nil {
		return err
	}
	switch {
	case g.greeting < handshake || first[0] == version:
	case first[0] == tlsHandshake && g.conn == g.Conn:
		if g.tls == nil {
			return errNoTLS
		}
		greeting, _ := g.in.Peek(g.in.Buffered())
		peeked := io.MultiReader(bytes.NewReader(bytes.Clone(greeting)), g.Conn)
		g.conn = tls.Server(peekedConn{g.Conn, peeked}, g.tls)
		g.in.Reset(meter{g})
		return nil
	default:
		return fmt.Errorf("%w: version %d", errProtocol, first[0])
	}
	b := make([]byte, min(g.greeting, max(g.in.Buffered(), 1)))
	n, err := g.in.Read(b)
	g.greeting -= n
	g.body = b[:n]
	return err
}

// peekedConn reads what was peeked before the rest.
type peekedConn struct {
	net.Conn
	r io.Reader
}

func (c peekedConn) Read(p []byte) (int, error) { return c.r.Read(p) }

// take decides what becomes of a message.
func (g *guard) take(m message) error {
	if (m.kind == typeCommand3 || m.kind == typeData3) && m.body[0] == 0 {
		// AMF 3's commands mostly are AMF 0 behind a zero byte.
		m.kind, m.body = m.kind+typeCommand-typeCommand3, m.body[1:]
	}
	switch m.kind {
	case typeSetChunkSize:
		return g.setChunkSize(m.body)
	case typeAbort:
		if len(m.body) == 4 {
			g.chunks.abort(binary.BigEndian.Uint32(m.body))
		}
	case typeCommand:
		return g.command(m)
	case typeAudio, typeVideo, typeData:
		return g.media(m)
	case typeAggregate:
		for _, part := range splitAggregate(m) {
			if err := g.media(part); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *guard) setChunkSize(b []byte) error {
	if len(b) != 4 {
		return fmt.Errorf("%w: chunk size in %d bytes", errProtocol, len(b))
	}
	n := binary.BigEndian.Uint32(b)
	if n == 0 || n > 1<<31-1 {
		return fmt.Errorf("%w: chunk size %d", errProtocol, n)
	}
	g.chunks.size = int(min(n, maxChunk))
	return nil
}

// media lets a publisher's audio, video and metadata through.
func (g *guard) media(m message) error {
	if !g.publisher || len(m.body) == 0 {
		return nil
	}
	m.stream = g.stream
	switch m.kind {
	case typeAudio, typeVideo:
		g.queue = append(g.queue, m)
	case typeData:
		values, err := decodeAMF(m.body)
		if err != nil {
			return err
		}
		if body, ok := metadata(values); ok {
			m.body = body
			g.queue = append(g.queue, m)
		}
	}
	return nil
}

func (g *guard) command(m message) error {
	c, err := parseCommand(m.body)
	if err != nil {
		return err
	}
	switch c.name {
	case "connect":
		if g.connected {
			return nil
		}
		if err := g.connect(c); err != nil {
			return err
		}
	case "publish":
		if g.publisher {
			return nil
		}
		g.stream = m.stream
	case "deleteStream", "closeStream", "FCUnpublish":
		return g.unpublish()
	}
	if m, ok := plain(m, c); ok {
		g.queue = append(g.queue, m)
	}
	return nil
}

func (g *guard) connect(c command) error {
	hello, err := parseConnect(c)
	if err != nil {
		g.answer(rejected(c.transaction))
		return fmt.Errorf("%w: %w", errApp, err)
	}
	g.connected = true
	g.mu.Lock()
	defer g.mu.Unlock()
	g.out.connect = hello
	return nil
}

// published lifts the bounds for strangers: a key was accepted.
func (g *guard) published() error {
	g.publisher = true
	g.chunks.limit, g.chunks.memory = publishersLimit, publisherMemory
	return g.SetReadDeadline(time.Now().Add(g.idle))
}

// unpublish ends the stream and gives the client some time to leave by itself.
func (g *guard) unpublish() error {
	if !g.publisher {
		return nil
	}
	g.publisher, g.budget = false, strangerBytes
	g.stopped()
	return g.SetReadDeadline(time.Now().Add(writeTimeout))
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
