package rtmp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
)

// outbound is what is kept of the way back to the client. guard.mu guards it.
type outbound struct {
	greeting int // bytes of go-rtmp's handshake still to come
	chunks   *chunkReader
	connect  connect
	answered bool   // connect was
	why      string // a key is refused with this
	sealed   bool   // nothing goes out any more
}

// Write takes what go-rtmp answers: its handshake as it is, then one message with
// each call. Messages go out as plain chunks, some in other words.
func (g *guard) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := min(len(p), g.out.greeting); n > 0 {
		g.out.greeting -= n
		if err := g.send(p[:n]); err != nil {
			return 0, err
		}
		if n == len(p) {
			return n, nil
		}
		p = p[n:]
	}
	if g.out.sealed {
		return len(p), nil
	}
	m, err := g.out.chunks.next(bufio.NewReader(bytes.NewReader(p)))
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, fmt.Errorf("%w: go-rtmp wrote part of a message", errProtocol)
	}
	if err != nil {
		return 0, err
	}
	if err := g.reword(&m); err != nil {
		return 0, err
	}
	if err := g.send(appendChunks(nil, outboundID(m), m, defaultChunk)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// outboundID is the chunk stream for a message: 2 is reserved for control (RTMP 1.0
// §6.1).
func outboundID(m message) byte {
	if m.kind <= 6 {
		return 2
	}
	return plainID
}

// reword puts our answers in the place of go-rtmp's: what we support into the one to
// connect, the code that publishers understand into the one to a refused key.
func (g *guard) reword(m *message) error {
	if m.kind != typeCommand {
		return nil
	}
	c, err := parseCommand(m.body)
	if err != nil {
		return fmt.Errorf("read go-rtmp's answer: %w", err)
	}
	switch {
	case c.name == "_result" && !g.out.answered:
		g.out.answered = true
		m.body = connected(g.out.connect)
	case c.name == "onStatus" && g.out.why != "":
		m.body = badName(g.out.why)
		g.out.sealed = true
	}
	return nil
}

// refuse makes the answer to publish a refusal, the last that the client is told.
func (g *guard) refuse(why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.out.why = why
}

// answer sends a command of ours; nothing may follow.
func (g *guard) answer(body []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.out.sealed = true
	_ = g.send(appendChunks(nil, plainID, message{kind: typeCommand, body: body}, defaultChunk)) // it is over anyway
}

func (g *guard) refused() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.out.sealed
}

// path is what the client's connect had behind the application's name.
func (g *guard) path() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.out.connect.path
}

func (g *guard) send(b []byte) error {
	if err := g.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	if _, err := g.conn.Write(b); err != nil {
		return fmt.Errorf("answer publisher: %w", err)
	}
	return nil
}
