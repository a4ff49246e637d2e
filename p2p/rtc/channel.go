package rtc

import (
	"time"

	"github.com/pion/datachannel"

	"github.com/liverelay/liverelay/p2p/wire"
)

// ready lets send use the channel.
func (c *conn) ready(rw datachannel.ReadWriteCloser) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writer = rw
}

// read reports messages until the channel ends. Text is no message of ours, and ends
// the connection as too long ones do.
func (c *conn) read(rw datachannel.ReadWriteCloser) {
	defer c.end()
	buffer := make([]byte, wire.MaxMessage)
	for {
		n, isText, err := rw.ReadDataChannel(buffer)
		if err != nil || isText {
			return
		}
		message := append(make([]byte, 0, n), buffer[:n]...)
		select {
		case c.transport.events <- Event{Kind: Received, Peer: c.peer, Bytes: message}:
		case <-c.over.Done():
			return
		}
	}
}

// send queues a message in SCTP; a peer that does not keep up is closed.
func (c *conn) send(b []byte) bool {
	c.mu.Lock()
	writer, stopped := c.writer, c.stopped
	c.mu.Unlock()
	if writer == nil || stopped {
		return false
	}
	if c.channel.BufferedAmount() > maxBuffered {
		c.transport.options.Log.Debug().Str("peer", c.peer).Msg("Peer is too slow")
		c.stop(nil)
		return false
	}
	if _, err := writer.WriteDataChannel(b, false); err != nil {
		c.end()
		return false
	}
	return true
}

func (c *conn) buffered() int {
	c.mu.Lock()
	writer := c.writer
	c.mu.Unlock()
	if writer == nil {
		return 0
	}
	return int(c.channel.BufferedAmount())
}

// hangUp sends the last message.
func (c *conn) hangUp() {
	c.mu.Lock()
	writer, last := c.writer, c.last
	c.mu.Unlock()
	if writer == nil || last == nil {
		return
	}
	if _, err := writer.WriteDataChannel(last, false); err == nil {
		c.flush()
	}
}

// flush waits a little for what was written to be acknowledged.
func (c *conn) flush() {
	deadline := time.NewTimer(flushWithin)
	defer deadline.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for c.channel.BufferedAmount() > 0 {
		select {
		case <-deadline.C:
			return
		case <-look.C:
		}
	}
}
