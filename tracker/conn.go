package tracker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"github.com/liverelay/liverelay/tracker/forest"
)

// queued is how many messages may wait to be written to a viewer.
const queued = 64

// conn is one viewer's connection. serve's goroutine reads, another one writes; the
// hub only queues.
type conn struct {
	tracker *Tracker
	ws      *websocket.Conn
	site    string
	visitor *visitor
	limit   *rate.Limiter
	follows *rate.Limiter
	id      forest.Peer
	key     broadcastKey
	queue   chan frame
	waiting atomic.Int64 // bytes in queue
	cancel  context.CancelCauseFunc
}

// frame is a message to write; the last one closes the connection.
type frame struct {
	data []byte
	last *fault
}

var _ outlet = (*conn)(nil)

// serve speaks with the viewer until one of the two ends it.
func (c *conn) serve(ctx context.Context) error {
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.write(ctx)
	}()
	err := c.converse(ctx)
	var f *fault
	if errors.As(err, &f) {
		c.end(f)
	} else {
		c.cancel(err)
	}
	<-written
	if cause := context.Cause(ctx); f == nil && cause != nil {
		return cause
	}
	return err
}

// converse admits the viewer and takes its messages.
func (c *conn) converse(ctx context.Context) error {
	first, err := c.read(ctx, c.tracker.config.Limits.Join)
	if err != nil {
		return err
	}
	if err := c.admit(first); err != nil {
		return err
	}
	now := c.tracker.config.Now()
	id := make(chan forest.Peer, 1)
	if !c.tracker.do(func(h *hub) { id <- h.join(now, c.key, c, first.Secret, first.joins()) }) {
		return errClosing
	}
	c.id = <-id
	defer func() {
		now := c.tracker.config.Now()
		c.tracker.do(func(h *hub) { h.leave(now, c.key, c.id, c) })
	}()
	for {
		r, err := c.read(ctx, c.tracker.config.Limits.Idle)
		if err != nil {
			return err
		}
		if err := c.take(r); err != nil {
			return err
		}
	}
}

// admit looks at the first message.
func (c *conn) admit(r request) error {
	config := c.tracker.config
	if r.Type != "join" {
		return &fault{BadMessage, "the first message is join"}
	}
	if err := config.Admission.Check(r.Token, r.Stream, c.site, config.Now()); err != nil {
		config.Log.Debug().Str("site", c.site).Err(err).Msg("viewer not admitted")
		return &fault{NotAdmitted, err.Error()}
	}
	if !config.Live(r.Stream, r.Epoch) {
		return &fault{UnknownBroadcast, "no such broadcast is live"}
	}
	c.key = broadcastKey{r.Stream, r.Epoch}
	return nil
}

// take deals with one message of an admitted viewer.
func (c *conn) take(r request) error {
	now := c.tracker.config.Now()
	switch r.Type {
	case "offer", "answer", "candidate":
		data := passedOn(c.id, r)
		c.tracker.do(func(h *hub) { h.pass(c.key, c.id, c, r.Peer, r.Type, data) })
	case "report":
		report := forest.Report{Peer: c.id, Connected: r.Connected, Failed: r.Failed, Suspect: r.Suspect, Late: r.Late}
		c.tracker.do(func(h *hub) { h.report(now, c.key, c.id, c, report, claimed(r)) })
	case "follow":
		if !c.follows.Allow() {
			return &fault{TooMany, "follows another rendition too often"}
		}
		renditions := append([]int{}, r.Renditions...) // nothing is not nil, which joins may say
		c.tracker.do(func(h *hub) { h.follow(now, c.key, c.id, c, renditions) })
	case "ping":
		c.send(encode(pong{"pong", r.T, now.UnixMilli()}))
	case "join":
		return &fault{BadMessage, "join comes once"}
	default:
		return &fault{BadMessage, "unknown type"}
	}
	return nil
}

// read takes the next message, within a time.
func (c *conn) read(ctx context.Context, within time.Duration) (request, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	kind, reader, err := c.ws.Reader(ctx)
	if err != nil {
		return request{}, fmt.Errorf("read: %w", err)
	}
	if !c.limit.Allow() {
		return request{}, &fault{TooMany, "too many messages"}
	}
	switch err := c.visitor.messages.Wait(ctx); {
	case ctx.Err() != nil:
		return request{}, fmt.Errorf("wait for the address's turn: %w", ctx.Err())
	case err != nil: // its turn won't come in time
		return request{}, &fault{TooMany, "too many messages from this address"}
	}
	most := c.tracker.config.Limits.MessageBytes
	data, err := io.ReadAll(io.LimitReader(reader, int64(most)+1))
	switch {
	case err != nil:
		return request{}, fmt.Errorf("read: %w", err)
	case len(data) > most:
		return request{}, &fault{BadMessage, "a message has at most " + fmt.Sprint(most) + " bytes"}
	case kind != websocket.MessageText:
		return request{}, &fault{BadMessage, "messages are text"}
	}
	r, err := parse(data)
	if err != nil {
		return request{}, &fault{BadMessage, err.Error()}
	}
	return r, nil
}

// pinged says whether a ping of the WebSocket's own is answered.
func (c *conn) pinged(context.Context, []byte) bool {
	if c.limit.Allow() {
		return true
	}
	c.cancel(&fault{TooMany, "too many pings"})
	return false
}

func (c *conn) send(data []byte) { c.enqueue(frame{data: data}) }

func (c *conn) line() *visitor { return c.visitor }

func (c *conn) end(f *fault) { c.enqueue(frame{data: f.encode(), last: f}) }

// enqueue never waits: a viewer that doesn't take what it is sent is cut.
func (c *conn) enqueue(f frame) {
	if c.waiting.Add(int64(len(f.data))) <= int64(c.tracker.config.Limits.QueueBytes) {
		select {
		case c.queue <- f:
			return
		default:
		}
	}
	c.cancel(&fault{Slow, "messages are not taken"})
}

func (c *conn) write(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-c.queue:
			if err := c.writeOne(ctx, f.data); err != nil {
				c.cancel(err)
				return
			}
			if f.last != nil {
				_ = c.ws.Close(websocket.StatusPolicyViolation, string(f.last.code))
				c.cancel(f.last)
				return
			}
		}
	}
}

func (c *conn) writeOne(ctx context.Context, data []byte) error {
	within, cancel := context.WithTimeout(ctx, c.tracker.config.Limits.Write)
	defer cancel()
	err := c.ws.Write(within, websocket.MessageText, data)
	c.waiting.Add(-int64(len(data)))
	switch {
	case err == nil:
		return nil
	case ctx.Err() == nil && within.Err() != nil:
		return &fault{Slow, "messages are not taken"}
	}
	return fmt.Errorf("write: %w", err)
}
