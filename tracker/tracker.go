package tracker

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/liverelay/liverelay/tracker/forest"
)

// Subprotocol is the WebSocket subprotocol of docs/protocol.md section 8.
const Subprotocol = "liverelay.1"

// beat is how often the plans of swarms are looked at.
const beat = 250 * time.Millisecond

// compressFrom is the size in bytes from which messages are compressed.
const compressFrom = 512

// Tracker is the tracker as an http.Handler. Its swarms live while Run does.
type Tracker struct {
	config Config
	gate   *gate
	hub    *hub
	events chan func(*hub)
	// life ends with Run. Connections hang on it, for a request's own context ends
	// neither with the server nor with a connection that was taken over.
	life context.Context
	end  context.CancelFunc
}

// Stats is what is known of a stream's audience. The bytes are what viewers say.
type Stats struct {
	Viewers       int
	Connections   int // open ones, each pair once
	HTTPBytes     uint64
	P2PBytes      uint64
	UploadedBytes uint64
}

// New makes a tracker. It does nothing until Run is called.
func New(config Config) *Tracker {
	config = config.withDefaults()
	var seed [32]byte
	_, _ = cryptorand.Read(seed[:]) // never fails (crypto/rand)
	t := &Tracker{
		config: config,
		gate:   newGate(config.Limits),
		hub:    newHub(config, rand.New(rand.NewChaCha8(seed))),
		events: make(chan func(*hub)),
	}
	t.life, t.end = context.WithCancel(context.Background())
	return t
}

// Run owns the swarms until ctx ends; then it cuts all connections and returns nil
// when they are gone. It is called once.
func (t *Tracker) Run(ctx context.Context) error {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			t.end()
			t.gate.close()
			return nil
		case event := <-t.events:
			event(t.hub)
		case <-ticker.C:
			now := t.config.Now()
			t.hub.tick(now)
			t.gate.sweep(now)
		}
	}
}

// do has the owner do something, and says whether there is one left to do it. It
// returns when the owner took it up, which is before it is done.
func (t *Tracker) do(event func(*hub)) bool {
	select {
	case t.events <- event:
		return true
	case <-t.life.Done():
		return false
	}
}

// Stats counts a stream's audience. It answers while Run runs.
func (t *Tracker) Stats(stream string) Stats {
	answer := make(chan Stats, 1)
	if !t.do(func(h *hub) { answer <- h.stats(stream) }) {
		return Stats{}
	}
	return <-answer
}

// Picture is who feeds whom in a stream's swarm just now, without addresses. It answers
// while Run runs.
func (t *Tracker) Picture(stream string) []forest.Node {
	answer := make(chan []forest.Node, 1)
	if !t.do(func(h *hub) { answer <- h.picture(stream) }) {
		return nil
	}
	return <-answer
}

// Drop ends a broadcast: its viewers are told (unknown-broadcast) and their
// connections closed. Live has to say no before.
func (t *Tracker) Drop(stream, epoch string) {
	t.do(func(h *hub) { h.drop(broadcastKey{stream, epoch}) })
}

// ServeHTTP takes a viewer's WebSocket over and returns: what the HTTP server keeps
// for a request is more than what a silent viewer needs. Pages of other sites may
// open it: it is the token that admits.
func (t *Tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !speaks(r) {
		http.Error(w, "this is a WebSocket with the subprotocol "+Subprotocol, http.StatusBadRequest)
		return
	}
	visitor, leave, err := t.gate.enter(t.config.Remote(r), t.config.Now())
	if err != nil {
		turnAway(w, err)
		return
	}
	ctx, cancel := context.WithCancelCause(t.life)
	c := &conn{
		tracker: t,
		site:    t.config.Site(r),
		visitor: visitor,
		limit:   t.config.Limits.Messages.limiter(),
		follows: t.config.Limits.Follows.limiter(),
		queue:   make(chan frame, queued),
		cancel:  cancel,
	}
	c.ws, err = websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:         []string{Subprotocol},
		InsecureSkipVerify:   true, // any site's page may: see above
		CompressionMode:      websocket.CompressionNoContextTakeover,
		CompressionThreshold: compressFrom,
		OnPingReceived:       c.pinged,
	})
	if err != nil { // Accept has answered
		cancel(nil)
		leave()
		return
	}
	go t.converse(ctx, c, leave)
}

// converse runs a connection until it or the tracker ends.
func (t *Tracker) converse(ctx context.Context, c *conn, leave func()) {
	defer leave()
	defer c.cancel(nil)
	defer func() { _ = c.ws.CloseNow() }()
	c.ws.SetReadLimit(-1) // conn.read has its own, and says so to the viewer
	err := c.serve(ctx)
	var f *fault
	if errors.As(err, &f) {
		t.config.Log.Debug().Str("stream", c.key.stream).Str("peer", string(c.id)).
			Str("code", string(f.code)).Msg("viewer cut")
	}
}

// speaks says whether a request is for a WebSocket of ours.
func speaks(r *http.Request) bool {
	for _, value := range r.Header.Values("Sec-WebSocket-Protocol") {
		offered := strings.Split(strings.ReplaceAll(value, " ", ""), ",")
		if slices.Contains(offered, Subprotocol) {
			return true
		}
	}
	return false
}

func turnAway(w http.ResponseWriter, err error) {
	if errors.Is(err, errClosing) {
		http.Error(w, "closing", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Retry-After", "10")
	http.Error(w, err.Error(), http.StatusTooManyRequests)
}
