package signal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

const (
	// maxMessage bounds a message of the tracker, in bytes: an SDP and its envelope.
	maxMessage = 32 << 10
	// pingEvery is how often the server's clock is read after the first readings.
	pingEvery = 20 * time.Second
	// writeWithin bounds one write.
	writeWithin = 10 * time.Second
	// overhead is what a WebSocket frame adds at most, and handshake what the opening
	// answer weighs, both in bytes and for Bytes alone.
	overhead, handshake = 4, 250
)

// ErrRefused is wrapped by the error of a tracker that ended the connection with an
// error message.
var ErrRefused = errors.New("the tracker refused")

// Message is one message to or from the tracker: all fields of all types.
type Message struct {
	Type string `json:"type"`

	Stream string `json:"stream,omitempty"`
	Epoch  string `json:"epoch,omitempty"`
	Token  string `json:"token,omitempty"`
	Agent  string `json:"agent,omitempty"`
	Secret string `json:"secret,omitempty"`
	Plans  []Plan `json:"plans,omitempty"`

	Follow     []int    `json:"follow,omitempty"`
	Upload     *int64   `json:"upload,omitempty"`
	Renditions []int    `json:"renditions,omitempty"`
	Serial     uint64   `json:"serial,omitempty"`
	Stripes    []Source `json:"stripes,omitempty"`
	Place      string   `json:"place,omitempty"`

	Peer          string  `json:"peer,omitempty"`
	Role          string  `json:"role,omitempty"`
	SDP           string  `json:"sdp,omitempty"`
	Candidate     string  `json:"candidate,omitempty"`
	SDPMid        *string `json:"sdpMid,omitempty"`
	SDPMLineIndex *uint16 `json:"sdpMLineIndex,omitempty"`

	Connected     []string       `json:"connected,omitempty"`
	Failed        []string       `json:"failed,omitempty"`
	Suspect       []string       `json:"suspect,omitempty"`
	Late          map[string]int `json:"late,omitempty"`
	HTTPBytes     int64          `json:"httpBytes,omitempty"`
	P2PBytes      int64          `json:"p2pBytes,omitempty"`
	UploadedBytes int64          `json:"uploadedBytes,omitempty"`

	T   float64 `json:"t,omitempty"`
	Now int64   `json:"now,omitempty"`

	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

// Source says where a plan takes a stripe from; empty stands for the server.
type Source struct {
	Parent  string `json:"parent"`
	Standby string `json:"standby"`
}

// Plan is a plan as it was told, to be given back when its viewer joins again.
type Plan struct {
	Renditions []int    `json:"renditions"`
	Stripes    []Source `json:"stripes"`
	Place      string   `json:"place"`
}

// Client is one connection to a tracker. Say may be called from any goroutine.
type Client struct {
	socket *websocket.Conn
	out    chan Message
	began  time.Time
	clock  Clock
	bytes  atomic.Int64
	sent   atomic.Int64
	came   atomic.Int64
}

// Dial connects to a tracker and joins. The URL is ws:// or wss:// (or http).
func Dial(ctx context.Context, url string, join Message) (*Client, error) {
	socket, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{"liverelay.1"}})
	if err != nil {
		return nil, fmt.Errorf("connect to the tracker: %w", err)
	}
	socket.SetReadLimit(maxMessage)
	join.Type = "join"
	c := &Client{socket: socket, out: make(chan Message, 256), began: time.Now()}
	c.bytes.Add(handshake)
	c.Say(join)
	return c, nil
}

// Say queues a message; one that finds no room is dropped, as the connection hangs.
func (c *Client) Say(m Message) {
	select {
	case c.out <- m:
	default:
	}
}

// Clock is the server's clock as read by pings.
func (c *Client) Clock() *Clock { return &c.clock }

// Bytes is what came from the tracker, in bytes, frames included.
func (c *Client) Bytes() int64 { return c.bytes.Load() }

// Messages counts what was sent to the tracker and what came from it.
func (c *Client) Messages() (sent, came int64) { return c.sent.Load(), c.came.Load() }

// Run reads until the connection or ctx ends, and calls take for every message but
// pongs, from one goroutine. Its error is never nil.
func (c *Client) Run(ctx context.Context, take func(Message)) error {
	ctx, cancel := context.WithCancel(ctx)
	written := make(chan struct{})
	go func() {
		defer close(written)
		defer cancel()
		c.write(ctx)
	}()
	err := c.read(ctx, take)
	cancel()
	<-written
	_ = c.socket.CloseNow()
	return err
}

func (c *Client) read(ctx context.Context, take func(Message)) error {
	for {
		kind, data, err := c.socket.Read(ctx)
		if err != nil {
			return fmt.Errorf("read from the tracker: %w", err)
		}
		c.bytes.Add(int64(len(data) + overhead))
		c.came.Add(1)
		var m Message
		if kind != websocket.MessageText || json.Unmarshal(data, &m) != nil {
			return fmt.Errorf("a message from the tracker is no JSON object")
		}
		switch {
		case m.Type == "pong":
			c.clock.read(c.began, m.T, m.Now, time.Now())
		case m.Type == "error" && m.Code != "not-connected":
			return fmt.Errorf("%w: %s: %s", ErrRefused, m.Code, m.Message)
		default:
			take(m)
		}
	}
}

// write sends what is queued, and pings: four times in the first second, so that the
// clock is known early, then every ten seconds.
func (c *Client) write(ctx context.Context) {
	ping := time.NewTimer(0)
	defer ping.Stop()
	for n := 0; ; {
		var m Message
		select {
		case <-ctx.Done():
			return
		case m = <-c.out:
		case <-ping.C:
			if n == 0 && len(c.out) > 0 { // join is first
				ping.Reset(time.Millisecond)
				continue
			}
			n++
			m = Message{Type: "ping", T: float64(time.Since(c.began).Microseconds()+1) / 1000}
			ping.Reset(pingAfter(n))
		}
		if c.send(ctx, m) != nil {
			return
		}
	}
}

func pingAfter(n int) time.Duration {
	if n < 4 {
		return 250 * time.Millisecond
	}
	return pingEvery
}

func (c *Client) send(ctx context.Context, m Message) error {
	data, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode for the tracker: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	c.sent.Add(1)
	return c.socket.Write(ctx, websocket.MessageText, data)
}
