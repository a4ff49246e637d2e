package tracker

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/tracker/admission"
	"github.com/liverelay/liverelay/tracker/forest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	patience = 10 * time.Second
	epoch    = "aaaaaaaaaaaaaaaa"
)

// world is a running tracker behind a real HTTP server.
type world struct {
	t       *testing.T
	tracker *Tracker
	office  *admission.Office
	url     string
	host    string

	mu    sync.Mutex
	ended map[string]bool
}

// start runs a tracker for the stream demo; change alters its configuration.
func start(t *testing.T, change func(*Config)) *world {
	t.Helper()
	office, err := admission.New(nil, time.Hour)
	require.NoError(t, err)
	w := &world{t: t, office: office, ended: make(map[string]bool)}
	config := Config{Admission: office, Live: w.live, Ladder: ladder}
	if change != nil {
		change(&config)
	}
	w.tracker = New(config)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &httptest.Server{Listener: stingy{listener}, Config: &http.Server{Handler: w.tracker}}
	server.Start()
	w.host = strings.TrimPrefix(server.URL, "http://")
	w.url = "ws://" + w.host + "/tracker"

	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.tracker.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
		server.Close()
	})
	return w
}

// stingy keeps the kernel's buffers small, so that a viewer that doesn't read is
// felt soon.
type stingy struct{ net.Listener }

func (s stingy) Accept() (net.Conn, error) {
	conn, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return conn, conn.(*net.TCPConn).SetWriteBuffer(4 << 10)
}

func (w *world) live(stream, e string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return stream == "demo" && e == epoch && !w.ended[e]
}

func (w *world) end(e string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended[e] = true
}

func (w *world) token(site string) string { return w.office.Mint("demo", site, time.Now()) }

// renditions is a broadcast with one video rendition and audio.
func ladder(string, string) forest.Ladder {
	return forest.Ladder{Renditions: []forest.Rendition{{Rate: 500_000}, {Rate: 64_000, Audio: true}}}
}

// message is any message from the tracker.
type message map[string]any

// client is a viewer's end of the WebSocket.
type client struct {
	t    *testing.T
	ws   *websocket.Conn
	id   string
	seen chan message // closed when the connection is
}

func (w *world) dial(options *websocket.DialOptions) *client {
	w.t.Helper()
	c, err := w.try(options)
	require.NoError(w.t, err)
	return c
}

func (w *world) try(options *websocket.DialOptions) (*client, error) {
	w.t.Helper()
	if options == nil {
		options = &websocket.DialOptions{}
	}
	if options.Subprotocols == nil {
		options.Subprotocols = []string{Subprotocol}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, w.url, options)
	if err != nil {
		return nil, err
	}
	c := &client{t: w.t, ws: ws, seen: make(chan message, 4096)}
	w.t.Cleanup(func() { _ = ws.CloseNow() })
	return c, nil
}

// listen reads all messages from now on.
func (c *client) listen() *client {
	c.ws.SetReadLimit(-1)
	go func() {
		defer close(c.seen)
		for {
			_, data, err := c.ws.Read(context.Background())
			if err != nil {
				return
			}
			var m message
			if json.Unmarshal(data, &m) == nil {
				c.seen <- m
			}
		}
	}()
	return c
}

// viewer dials and joins.
func (w *world) viewer() *client {
	w.t.Helper()
	c := w.dial(nil).listen()
	c.say(message{"type": "join", "stream": "demo", "epoch": epoch, "token": w.token(""), "agent": "test", "follow": []int{0, 1}})
	c.id = c.expect("welcome")["peer"].(string)
	return c
}

// pair makes two viewers, of which the first is told to offer and the second to wait.
func (w *world) pair() (offerer, answerer *client) {
	w.t.Helper()
	answerer = w.viewer()
	offerer = w.viewer()
	require.Equal(w.t, message{"type": "connect", "peer": offerer.id, "role": "answer"}, answerer.expect("connect"))
	require.Equal(w.t, message{"type": "connect", "peer": answerer.id, "role": "offer"}, offerer.expect("connect"))
	return offerer, answerer
}

func (c *client) say(m any) {
	c.t.Helper()
	require.NoError(c.t, c.tryToSay(m))
}

func (c *client) tryToSay(m any) error {
	data, ok := m.([]byte)
	if !ok {
		var err error
		if data, err = json.Marshal(m); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageText, data)
}

// expect waits for a message of a type and drops others before it.
func (c *client) expect(kind string) message {
	c.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case m, open := <-c.seen:
			if !open {
				c.t.Fatalf("closed while waiting for %q", kind)
			}
			if m["type"] == kind {
				return m
			}
		case <-deadline:
			c.t.Fatalf("no %q in %v", kind, patience)
		}
	}
}

// expectError waits for an error and, when it is fatal, for the end.
func (c *client) expectError(code Code, fatal bool) {
	c.t.Helper()
	require.Equal(c.t, string(code), c.expect("error")["code"])
	if fatal {
		c.rest()
	}
}

// rest waits for the connection's end and returns what came until then.
func (c *client) rest() (all []message) {
	c.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case m, open := <-c.seen:
			if !open {
				return all
			}
			all = append(all, m)
		case <-deadline:
			c.t.Fatal("not closed")
		}
	}
}

// sync returns when the tracker has dealt with all that was said before, and what
// came until then, plans aside.
func (c *client) sync() (all []message) {
	c.t.Helper()
	c.say(message{"type": "ping", "t": 77})
	for m := range c.seen {
		if m["type"] == "pong" && m["t"] == 77.0 {
			return all
		}
		if m["type"] != "plan" {
			all = append(all, m)
		}
	}
	c.t.Fatal("closed")
	return nil
}
