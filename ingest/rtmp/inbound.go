package rtmp

import (
	"encoding/binary"
	"fmt"
	"time"
)

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
