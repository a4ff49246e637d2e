package rtc

import (
	"fmt"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/webrtc/v4"

	"github.com/liverelay/liverelay/p2p/wire"
)

// The channels of a connection (docs/protocol.md, section 6).
const (
	inOrder    = iota // for what replaces or takes back what was said before
	overtaking        // for what stands for itself, once it is open
	lanes
)

// lane is one channel of a connection; both are nil until it is open.
type lane struct {
	channel *webrtc.DataChannel
	rw      datachannel.ReadWriteCloser
}

// opening is a channel that has opened.
type opening struct {
	lane
	index int
}

// makeLanes makes the ordered channel, which both sides know of, and the other one when
// the offer is ours. It is opened in band, as pion takes no notice of it that a negotiated
// one is not ordered.
func (c *conn) makeLanes(pc *webrtc.PeerConnection) error {
	negotiated, ordered, id, protocol := true, false, uint16(0), wire.Protocol
	channel, err := pc.CreateDataChannel(wire.Label, &webrtc.DataChannelInit{
		Negotiated: &negotiated, ID: &id, Protocol: &protocol,
	})
	if err != nil {
		return fmt.Errorf("make data channel: %w", err)
	}
	c.await(channel, inOrder)
	second := c.offer // there is one, or it is not for the other side to make
	pc.OnDataChannel(func(channel *webrtc.DataChannel) {
		c.mu.Lock()
		another := second
		second = true
		c.mu.Unlock()
		if another {
			c.end()
			return
		}
		c.await(channel, overtaking)
	})
	if !c.offer || c.transport.options.Ordered {
		return nil
	}
	if channel, err = pc.CreateDataChannel(wire.Label, &webrtc.DataChannelInit{Ordered: &ordered, Protocol: &protocol}); err != nil {
		return fmt.Errorf("make data channel: %w", err)
	}
	c.await(channel, overtaking)
	return nil
}

func (c *conn) await(channel *webrtc.DataChannel, index int) {
	channel.OnOpen(func() {
		if rw, err := channel.Detach(); err == nil {
			c.opened <- opening{lane{channel, rw}, index}
		}
	})
}

// ready lets send use a channel that has opened, and reads it from when the ordered one
// has. It is false when the transport is shut down.
func (c *conn) ready(o opening) bool {
	c.mu.Lock()
	c.lanes[o.index] = o.lane
	all := c.lanes
	c.mu.Unlock()
	if o.index == inOrder {
		if !c.transport.report(Event{Kind: Opened, Peer: c.peer}) {
			return false
		}
	} else if all[inOrder].rw != nil {
		all = [lanes]lane{o.lane}
	}
	for _, l := range all {
		if all[inOrder].rw != nil && l.rw != nil {
			c.reader.Go(func() { c.read(l.rw) })
		}
	}
	return true
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

// laneFor is the channel by which a message goes, nil when there is none yet. Without the
// second one all goes by the first.
func (c *conn) laneFor(message []byte) datachannel.Writer {
	c.mu.Lock()
	defer c.mu.Unlock()
	first, second := c.lanes[inOrder].rw, c.lanes[overtaking].rw
	switch {
	case first == nil || c.stopped:
		return nil
	case second == nil || len(message) == 0 || wire.Type(message[0]).InOrder():
		return first
	}
	return second
}

// send queues a message in SCTP; a peer that does not keep up is closed.
func (c *conn) send(b []byte) bool {
	writer := c.laneFor(b)
	if writer == nil {
		return false
	}
	if c.buffered() > maxBuffered {
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

// buffered is how many bytes wait in both channels.
func (c *conn) buffered() (sum int) {
	c.mu.Lock()
	all := c.lanes
	c.mu.Unlock()
	for _, l := range all {
		if l.channel != nil {
			sum += int(l.channel.BufferedAmount())
		}
	}
	return sum
}

// hangUp sends the last message.
func (c *conn) hangUp() {
	c.mu.Lock()
	l, last := c.lanes[inOrder], c.last
	c.mu.Unlock()
	if l.rw == nil || last == nil {
		return
	}
	if _, err := l.rw.WriteDataChannel(last, false); err == nil {
		flush(l.channel)
	}
}

// flush waits a little for what was written to be acknowledged.
func flush(channel *webrtc.DataChannel) {
	deadline := time.NewTimer(flushWithin)
	defer deadline.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for channel.BufferedAmount() > 0 {
		select {
		case <-deadline.C:
			return
		case <-look.C:
		}
	}
}
