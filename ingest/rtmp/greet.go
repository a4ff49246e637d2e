package rtmp

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
)

const (
	handshake    = 1 + 2*1536 // bytes that each side sends before messages (RTMP 1.0 §5.2)
	version      = 3
	tlsHandshake = 22 // first byte of a TLS record that greets
)

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
