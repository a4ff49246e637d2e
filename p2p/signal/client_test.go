package signal_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/p2p/signal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs a tracker of one connection and gives its address.
func serve(t *testing.T, handle func(context.Context, *websocket.Conn)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"liverelay.1"}})
		if err == nil {
			handle(r.Context(), socket)
			_ = socket.CloseNow()
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return strings.Replace(server.URL, "http", "ws", 1)
}

func say(ctx context.Context, s *websocket.Conn, text string) {
	_ = s.Write(ctx, websocket.MessageText, []byte(text))
}

func TestJoinsFirstAndReadsTheClock(t *testing.T) {
	ahead := time.Hour
	joined := make(chan signal.Message, 1)
	url := serve(t, func(ctx context.Context, s *websocket.Conn) {
		for n := 0; ; n++ {
			_, data, err := s.Read(ctx)
			if err != nil {
				return
			}
			var m signal.Message
			_ = json.Unmarshal(data, &m)
			if n == 0 {
				joined <- m
				say(ctx, s, `{"type":"welcome","peer":"aaaaaaaaaaaaaaaa","now":1}`)
			}
			if m.Type == "ping" {
				m.Type, m.Now = "pong", time.Now().Add(ahead).UnixMilli()
				answer, _ := json.Marshal(m)
				say(ctx, s, string(answer))
			}
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	c, err := signal.Dial(ctx, url, signal.Message{Stream: "demo", Epoch: "e", Token: "t"})
	require.NoError(t, err)
	heard, done := make(chan signal.Message, 10), make(chan error, 1)
	go func() { done <- c.Run(ctx, func(m signal.Message) { heard <- m }) }()
	require.Equal(t, signal.Message{Type: "join", Stream: "demo", Epoch: "e", Token: "t"}, <-joined)
	require.Equal(t, "aaaaaaaaaaaaaaaa", (<-heard).Peer)
	require.Eventually(t, func() bool {
		now := time.Now()
		return c.Clock().Now(now).Sub(now.Add(ahead)).Abs() < 50*time.Millisecond
	}, 5*time.Second, 5*time.Millisecond)
	require.Positive(t, c.Bytes())
	cancel()
	require.Error(t, <-done)
}

func TestEndsWithTheTracker(t *testing.T) {
	tests := map[string]struct {
		text    string
		refused bool
	}{
		"a fatal error":   {`{"type":"error","code":"not-admitted","message":"no"}`, true},
		"no JSON":         {`{`, false},
		"a great message": {`{"type":"` + strings.Repeat("x", 40<<10) + `"}`, false},
		"an error that is not fatal, then the end": {`{"type":"error","code":"not-connected"}`, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			url := serve(t, func(ctx context.Context, s *websocket.Conn) { say(ctx, s, test.text) })
			c, err := signal.Dial(t.Context(), url, signal.Message{})
			require.NoError(t, err)
			err = c.Run(t.Context(), func(signal.Message) {})
			require.Error(t, err)
			if test.refused {
				require.ErrorIs(t, err, signal.ErrRefused)
			}
		})
	}
}

func TestClockTakesTheShortestTrip(t *testing.T) {
	var c signal.Clock
	now := time.Now()
	require.Equal(t, now, c.Now(now))
	c.Set(now.Add(time.Second), now, now.Add(100*time.Millisecond))
	require.Equal(t, now.Add(950*time.Millisecond), c.Now(now))
	c.Set(now.Add(5*time.Second), now, now.Add(200*time.Millisecond))
	require.Equal(t, now.Add(950*time.Millisecond), c.Now(now), "a longer trip says less")
	c.Set(now.Add(time.Second), now, now.Add(10*time.Millisecond))
	require.Equal(t, now.Add(995*time.Millisecond), c.Now(now))
}
