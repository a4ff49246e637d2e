package viewer

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"time"

	"github.com/liverelay/liverelay/p2p/signal"
)

// firstPause and maxPause bound the pause before the tracker is tried again: the one after
// the first failure, and after many.
const firstPause, maxPause = 2 * time.Second, 6 * time.Second

// trackerEvent is what comes from the tracker's goroutine: a connection, a message of
// it, or its end; or the question what to join it with.
type trackerEvent struct {
	client  *signal.Client
	message *signal.Message
	over    bool
	join    chan<- signal.Message
}

// track keeps a connection to the tracker. A lost one is made again after a random
// pause; the channels to peers stay, and so does the id.
func (v *session) track(ctx context.Context) {
	in, most := v.in, firstPause
	for {
		if v.trackOnce(ctx, in) {
			most = firstPause
		}
		if !wait(ctx, rand.N(most)) {
			return
		}
		most = min(2*most, maxPause)
		// The token may have run out.
		if again, err := v.client.askJoin(ctx, v.watch, ""); err == nil && again.Epoch == v.in.Epoch {
			in = again
		}
	}
}

// trackOnce reports whether the tracker took it in.
func (v *session) trackOnce(ctx context.Context, in *invitation) bool {
	ctx, leave, err := v.gate.pass(ctx)
	if err != nil {
		v.logTracker(ctx, err)
		return false
	}
	defer leave()
	join, ok := v.joining(ctx)
	if !ok {
		return false
	}
	join.Stream, join.Epoch, join.Token = in.Stream, in.Epoch, in.Token
	client, err := signal.Dial(ctx, in.tracker.String(), join)
	if err != nil {
		v.logTracker(ctx, err)
		return false
	}
	v.pass(ctx, trackerEvent{client: client})
	welcome := false
	err = client.Run(ctx, func(m signal.Message) {
		welcome = welcome || m.Type == "welcome"
		v.pass(ctx, trackerEvent{client: client, message: &m})
	})
	v.pass(ctx, trackerEvent{client: client, over: true})
	v.logTracker(ctx, err)
	return welcome
}

// pass hands an event to the loop, and reports whether that took it.
func (v *session) pass(ctx context.Context, e trackerEvent) bool {
	select {
	case v.told <- e:
		return true
	case <-ctx.Done():
		return false
	}
}

// joining is what the loop says of the viewer to a tracker that it joins.
func (v *session) joining(ctx context.Context) (m signal.Message, ok bool) {
	answer := make(chan signal.Message, 1)
	if !v.pass(ctx, trackerEvent{join: answer}) {
		return m, false
	}
	select {
	case m = <-answer:
		return m, true
	case <-ctx.Done():
		return m, false
	}
}

// joinMessage is what it has: its connections, and the plans that these are for.
func (v *session) joinMessage() signal.Message {
	lent := v.lends()
	m := signal.Message{Agent: agent, Secret: v.secret, Follow: v.following, Upload: &lent, Connected: v.neighbours()}
	for _, r := range v.following {
		if plan, known := v.plans[r]; known {
			m.Plans = append(m.Plans, plan)
		}
	}
	return m
}

func (v *session) logTracker(ctx context.Context, err error) {
	if ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
		v.log.Debug().Err(err).Msg("Lost the tracker")
	}
}

func (c *counts) add(client *signal.Client) {
	sent, came := client.Messages()
	c.bytes, c.sent, c.came = c.bytes+client.Bytes(), c.sent+sent, c.came+came
}
