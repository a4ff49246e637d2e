package tracker

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// The tests of this file are abuse case 14, over real WebSockets: bounded memory,
// limits per address and per connection, identity bound to its connection.

func TestAbuse14_64KiBOfSDP(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	require.NoError(t, a.tryToSay(message{"type": "offer", "peer": b.id, "sdp": strings.Repeat("a", 64<<10)}))
	a.expectError(BadMessage, true)
	for _, m := range b.until("gone") {
		require.NotEqual(t, "offer", m["type"], "nothing of it was passed on")
	}
}

// A compressed message counts with what it unpacks to.
func TestAbuse14_AMegabyteOfSDPInAKilobyte(t *testing.T) {
	w := start(t, nil)
	c := w.dial(&websocket.DialOptions{CompressionMode: websocket.CompressionNoContextTakeover}).listen()
	_ = c.tryToSay(message{"type": "offer", "sdp": strings.Repeat("a", 1<<20)})
	c.expectError(BadMessage, true)
}

func TestAbuse14_AThousandOffersToOnePeer(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	a.flood(1000, message{"type": "offer", "peer": b.id, "sdp": "v=0"})
	for _, m := range a.rest() { // what it still sends may take the last word from it (RST)
		if m["type"] == "error" {
			require.Equal(t, string(TooMany), m["code"])
		}
	}
	offers := 0
	for _, m := range b.until("gone") {
		if m["type"] == "offer" {
			offers++
		}
	}
	require.Equal(t, 1, offers)
}

func TestAbuse14_AThousandOffersToStrangers(t *testing.T) {
	w := start(t, func(c *Config) { c.MinAudience = func(string) int { return -1 } })
	a, b := w.viewer(), w.viewer()
	for i := range 1000 {
		peer := b.id
		if i%2 == 0 {
			peer = fmt.Sprint("made-up-", i)
		}
		if a.tryToSay(message{"type": "offer", "peer": peer, "sdp": "v=0"}) != nil {
			break
		}
	}
	for _, m := range a.rest() { // the last of which may be lost with the connection
		if m["type"] == "error" {
			require.Contains(t, []any{string(TooMany), string(NotConnected), string(Slow)}, m["code"])
		}
	}
	require.Empty(t, b.sync(), "nobody heard of it")
	require.Eventually(t, func() bool { return w.tracker.Stats("demo").Viewers == 1 }, patience, time.Millisecond)
}

func TestAbuse14_AThousandCandidates(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	for range 300 {
		a.say(message{"type": "candidate", "peer": b.id, "candidate": strings.Repeat("x", 1000)})
	}
	a.sync()
	require.Len(t, b.sync(), 32, "those above are dropped")
	a.flood(700, message{"type": "candidate", "peer": b.id, "candidate": "x"})
	a.expectError(TooMany, true)
}

func TestAbuse14_UnknownSwarms(t *testing.T) {
	w := start(t, nil)
	for i := range 50 {
		c := w.dial(nil).listen()
		c.say(message{"type": "join", "stream": "demo", "epoch": fmt.Sprint("made-up-", i), "token": w.token("")})
		c.expectError(UnknownBroadcast, true)
	}
	swarms := make(chan int, 1)
	require.True(t, w.tracker.do(func(h *hub) { swarms <- len(h.swarms) }))
	require.Zero(t, <-swarms, "nothing is kept of them")
}

func TestAbuse14_FullScrape(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	a.say(message{"type": "scrape", "action": "scrape"})
	a.expectError(BadMessage, true)
	b.expect("gone")
}

func TestAbuse14_AnAnnounceWithAnothersID(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	c := w.dial(nil).listen()
	c.say(message{"type": "join", "stream": "demo", "epoch": epoch, "token": w.token(""), "peer": a.id, "id": a.id, "follow": []int{0, 1}})
	c.id = c.expect("welcome")["peer"].(string)
	require.NotEqual(t, a.id, c.id)
	b.expect("connect")
	c.say(message{"type": "offer", "peer": b.id, "from": a.id, "sender": a.id, "sdp": "v=0"})
	require.Equal(t, c.id, b.expect("offer")["peer"], "the sender is who sent it")
}

func TestAbuse14_StoppedForAnother(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	for _, kind := range []string{"leave", "stopped", "gone", "disconnect"} {
		c := w.viewer()
		c.say(message{"type": kind, "event": "stopped", "peer": a.id})
		c.expectError(BadMessage, true)
	}
	d := w.viewer() // whose report about a pair of others changes nothing
	d.say(message{"type": "report", "peer": a.id, "failed": []string{a.id, b.id}, "connected": []string{}})
	d.sync()
	a.say(message{"type": "offer", "peer": b.id, "sdp": "v=0"})
	require.Equal(t, a.id, b.expect("offer")["peer"])
}

func TestAbuse14_AnswersToNobodysOffer(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	b.say(message{"type": "answer", "peer": a.id, "sdp": "v=0"})
	b.expectError(NotConnected, false)
	a.say(message{"type": "answer", "peer": b.id, "sdp": "v=0"})
	a.expectError(NotConnected, false)
	require.Empty(t, a.sync())
	require.Empty(t, b.sync())
}

func TestAbuse14_AReaderThatNeverReads(t *testing.T) {
	var logged lines
	w := start(t, func(c *Config) {
		c.Limits.Write = time.Second
		c.Limits.Messages = Rate{PerSecond: 1e6, Burst: 1e6}
		c.Limits.MessagesPerAddress = Rate{PerSecond: 1e6, Burst: 1e6}
		c.Log = zerolog.New(&logged)
	})
	deaf := w.dial(&websocket.DialOptions{HTTPClient: deafClient(t)})
	deaf.say(message{"type": "join", "stream": "demo", "epoch": epoch, "token": w.token(""), "follow": []int{0}})
	b := w.viewer()
	b.expect("connect")
	deaf.flood(5000, message{"type": "ping", "t": 1e300})
	b.expect("gone")
	require.Eventually(t, func() bool { return strings.Contains(logged.String(), `"code":"slow"`) }, patience, time.Millisecond)
	require.Equal(t, 1, w.tracker.Stats("demo").Viewers)
}

// Nor does a viewer that only others talk to hold them up or grow.
func TestAbuse14_AReaderThatNeverReadsIsNotWaitedFor(t *testing.T) {
	cut := make(chan error, 1)
	c := &conn{
		tracker: New(Config{}),
		queue:   make(chan frame, queued),
		cancel: func(cause error) {
			select {
			case cut <- cause:
			default:
			}
		},
	}
	sent := 0
	for ; len(cut) == 0; sent += 4 << 10 {
		c.send(make([]byte, 4<<10))
	}
	require.LessOrEqual(t, sent, 132<<10)
	require.ErrorContains(t, <-cut, string(Slow))
}

func TestAbuse14_PingsOfTheWebSocketsOwn(t *testing.T) {
	w := start(t, func(c *Config) { c.Limits.Messages = Rate{PerSecond: 0.001, Burst: 10} })
	c := w.viewer()
	for range 100 {
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		err := c.ws.Ping(ctx)
		cancel()
		if err != nil {
			c.rest()
			return
		}
	}
	t.Fatal("a hundred pings were answered")
}

func TestAbuse14_BinaryAndBrokenMessages(t *testing.T) {
	w := start(t, nil)
	c := w.viewer()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, c.ws.Write(ctx, websocket.MessageBinary, []byte(`{"type":"ping","t":1}`)))
	c.expectError(BadMessage, true)
	for _, text := range []string{"", "{", "null x", `{"type":"nonsense"}`, strings.Repeat("[", 16<<10)} {
		c := w.viewer()
		c.say([]byte(text))
		c.expectError(BadMessage, true)
	}
}

// Connections that were opened and never speak cost this much; the figure is logged.
func TestAbuse14_AThousandIdleSocketsInBoundedMemory(t *testing.T) {
	const sockets = 1000
	w := start(t, func(c *Config) {
		c.Limits.ArrivalsPerAddress = Rate{1e6, 1e6}
		c.MinAudience = func(string) int { return 100 }
	})
	join := encode(message{"type": "join", "stream": "demo", "epoch": epoch, "token": w.token(""), "agent": "idle"})
	before := memory()
	for range sockets {
		w.idle(join)
	}
	require.Eventually(t, func() bool { return w.tracker.Stats("demo").Viewers == sockets }, patience, 10*time.Millisecond)
	each := (memory() - before) / sockets
	t.Logf("%d joined and silent WebSockets: %d bytes each, the tests' own end included", sockets, each)
	require.Less(t, each, 64<<10)
}

// memory is what heap and stacks hold.
func memory() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse + m.StackInuse)
}

// idle joins over a socket of which nothing but the descriptor is kept.
func (w *world) idle(join []byte) {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.host)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { conn.Close() })
	request := "GET /tracker HTTP/1.1\r\nHost: " + w.host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" +
		"Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: " + Subprotocol + "\r\n\r\n"
	var frame bytes.Buffer
	frame.Write([]byte{0x81, 0x80 | 126, byte(len(join) >> 8), byte(len(join)), 0, 0, 0, 0}) // a mask of zeros
	frame.Write(join)
	_, err = conn.Write(append([]byte(request), frame.Bytes()...))
	require.NoError(w.t, err)
}

// deafClient dials with the smallest buffer there is for what comes in.
func deafClient(t *testing.T) *http.Client {
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return (&net.Dialer{Control: smallestBuffer}).DialContext(ctx, network, address)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// smallestBuffer has to come before the connection, which announces its window.
func smallestBuffer(_, _ string, raw syscall.RawConn) error {
	var err error
	if failed := raw.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 1)
	}); failed != nil {
		return failed
	}
	return err
}

func (c *client) flood(n int, m message) {
	for range n {
		if c.tryToSay(m) != nil {
			return
		}
	}
}

// until returns what came up to a message of a kind.
func (c *client) until(kind string) (all []message) {
	c.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case m, open := <-c.seen:
			if !open || m["type"] == kind {
				return all
			}
			all = append(all, m)
		case <-deadline:
			c.t.Fatalf("no %q", kind)
		}
	}
}

// lines keeps what was logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
