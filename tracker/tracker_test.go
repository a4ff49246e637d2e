package tracker

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

func TestAViewerIsWelcomedWithAnIDAndTheTime(t *testing.T) {
	w := start(t, func(c *Config) { c.Now = func() time.Time { return time.UnixMilli(1_800_000_000_123) } })
	token := w.office.Mint("demo", "", time.UnixMilli(1_800_000_000_000))
	c := w.dial(nil).listen()
	c.say(message{"type": "join", "stream": "demo", "epoch": epoch, "token": token, "agent": "test"})
	m := c.expect("welcome")
	require.Regexp(t, `^[a-z2-7]{16}$`, m["peer"])
	require.Equal(t, 1_800_000_000_123.0, m["now"])
	c.say(message{"type": "ping", "t": 12.25})
	require.Equal(t, message{"type": "pong", "t": 12.25, "now": 1_800_000_000_123.0}, c.expect("pong"))
}

func TestOffersAnswersAndCandidatesReachTheOtherEnd(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	a.say(message{"type": "offer", "peer": b.id, "sdp": "v=0"})
	require.Equal(t, message{"type": "offer", "peer": a.id, "sdp": "v=0"}, b.expect("offer"))
	b.say(message{"type": "answer", "peer": a.id, "sdp": "v=1"})
	require.Equal(t, message{"type": "answer", "peer": b.id, "sdp": "v=1"}, a.expect("answer"))
	b.say(message{"type": "candidate", "peer": a.id, "candidate": "candidate:1", "sdpMid": "0", "sdpMLineIndex": 0})
	require.Equal(t, message{"type": "candidate", "peer": b.id, "candidate": "candidate:1", "sdpMid": "0", "sdpMLineIndex": 0.0},
		a.expect("candidate"))
}

func TestWhoLeavesIsGone(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	require.NoError(t, a.ws.Close(websocket.StatusNormalClosure, ""))
	require.Equal(t, message{"type": "gone", "peer": a.id}, b.expect("gone"))
	b.say(message{"type": "candidate", "peer": a.id, "candidate": "late"})
	b.expectError(NotConnected, false)
	b.sync()
}

func TestReportsMakeTheStats(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	a.say(message{"type": "report", "connected": []string{b.id}, "failed": []string{}, "httpBytes": 100, "p2pBytes": 30, "uploadedBytes": 7})
	a.sync()
	require.Equal(t, Stats{Viewers: 2, Connections: 1, HTTPBytes: 100, P2PBytes: 30, UploadedBytes: 7}, w.tracker.Stats("demo"))
	require.Zero(t, w.tracker.Stats("other"))

	a.say(message{"type": "report", "p2pBytes": 1e300, "httpBytes": -5, "uploadedBytes": 3})
	a.sync()
	s := w.tracker.Stats("demo")
	require.Equal(t, uint64(100), s.HTTPBytes, "totals never fall")
	require.Equal(t, uint64(7), s.UploadedBytes)
	require.Less(t, s.P2PBytes, uint64(patience.Seconds()*fastest), "and stay plausible")

	require.NoError(t, a.ws.Close(websocket.StatusNormalClosure, ""))
	b.expect("gone")
	s = w.tracker.Stats("demo")
	require.Equal(t, uint64(100), s.HTTPBytes, "who left is still counted")
	require.Equal(t, 1, s.Viewers)
	require.Zero(t, s.Connections)

	w.tracker.Drop("demo", epoch)
	s = w.tracker.Stats("demo")
	require.Zero(t, s.Viewers)
	require.Equal(t, uint64(100), s.HTTPBytes, "an ended broadcast is still counted")
}

func TestAFailedPairIsTakenApart(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	a.say(message{"type": "report", "failed": []string{b.id}})
	require.Equal(t, a.id, b.expect("disconnect")["peer"])
	a.say(message{"type": "offer", "peer": b.id, "sdp": "v=0"})
	a.expectError(NotConnected, false)
}

func TestTheEndOfABroadcastClosesItsSwarm(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	w.end(epoch)
	w.tracker.Drop("demo", epoch)
	a.expectError(UnknownBroadcast, true)
	b.expectError(UnknownBroadcast, true)
	require.Zero(t, w.tracker.Stats("demo"))
}

func TestNobodyIsConnectedWhereTheAudienceIsTooSmallOrSharingIsOff(t *testing.T) {
	for _, least := range []int{3, -1} {
		w := start(t, func(c *Config) { c.MinAudience = func(string) int { return least } })
		a, b := w.viewer(), w.viewer()
		require.Empty(t, a.sync())
		require.Empty(t, b.sync())
		if w.viewer(); least > 0 {
			a.expect("connect")
			continue
		}
		require.Empty(t, a.sync())
	}
}

func TestWhoIsNotAdmittedIsTurnedAway(t *testing.T) {
	const blog = "https://blog.example"
	w := start(t, nil)
	other := w.office.Mint("other", "", time.Now())
	old := w.office.Mint("demo", "", time.Now().Add(-2*time.Hour))
	for _, c := range []struct {
		name, site, token string
		code              Code
	}{
		{"no token", "", "", NotAdmitted},
		{"another stream's token", "", other, NotAdmitted},
		{"an old token", "", old, NotAdmitted},
		{"our page's token on another site", blog, w.token(""), NotAdmitted},
		{"another site's token on our page", "", w.token(blog), NotAdmitted},
		{"a site's token on the site", blog, w.token(blog), ""},
		{"our page's token on our page", "http://" + w.host, w.token(""), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			options := &websocket.DialOptions{HTTPHeader: http.Header{}}
			if c.site != "" {
				options.HTTPHeader.Set("Origin", c.site)
			}
			v := w.dial(options).listen()
			v.say(message{"type": "join", "stream": "demo", "epoch": epoch, "token": c.token})
			if c.code == "" {
				v.expect("welcome")
				return
			}
			v.expectError(c.code, true)
		})
	}
}

func TestJoinComesFirstAndOnce(t *testing.T) {
	w := start(t, nil)
	c := w.dial(nil).listen()
	c.say(message{"type": "ping", "t": 1})
	c.expectError(BadMessage, true)
	d := w.viewer()
	d.say(message{"type": "join", "stream": "demo", "epoch": epoch, "token": w.token("")})
	d.expectError(BadMessage, true)
}

func TestWhoSaysNothingIsCut(t *testing.T) {
	w := start(t, func(c *Config) {
		c.Limits.Join = 50 * time.Millisecond
		c.Limits.Idle = 100 * time.Millisecond
	})
	w.dial(nil).listen().rest()
	w.viewer().rest()
}

func TestOnlyOurSubprotocolIsSpoken(t *testing.T) {
	w := start(t, nil)
	_, err := w.try(&websocket.DialOptions{Subprotocols: []string{"graphql-ws"}})
	require.ErrorContains(t, err, "400")
	response, err := http.Get("http://" + w.host + "/tracker")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusBadRequest, response.StatusCode)
	w.dial(&websocket.DialOptions{Subprotocols: []string{"x", Subprotocol}})
}

func TestConnectionsAreBounded(t *testing.T) {
	for name, limits := range map[string]Limits{
		"in all":          {Connections: 3},
		"for an address":  {ConnectionsPerAddress: 3},
		"within a second": {ArrivalsPerAddress: Rate{PerSecond: 0.001, Burst: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, func(c *Config) { c.Limits = limits })
			for range 3 {
				w.viewer()
			}
			_, err := w.try(nil)
			require.ErrorContains(t, err, "429")
		})
	}
}

func TestAddressesAreCountedApart(t *testing.T) {
	w := start(t, func(c *Config) {
		c.Limits.ConnectionsPerAddress = 1
		c.Remote = func(r *http.Request) netip.Addr { return netip.MustParseAddr(r.Header.Get("X-Test")) }
	})
	from := func(address string) error {
		_, err := w.try(&websocket.DialOptions{HTTPHeader: http.Header{"X-Test": {address}}})
		return err
	}
	require.NoError(t, from("203.0.113.1"))
	require.NoError(t, from("203.0.113.2"))
	require.Error(t, from("::ffff:203.0.113.1"))
	require.NoError(t, from("2001:db8::1"))
	require.Error(t, from("2001:db8::2"), "the same network of 64 bits")
	require.NoError(t, from("2001:db8:0:1::1"))
}

func TestMessagesAreCompressedWhenTheBrowserOffersIt(t *testing.T) {
	w := start(t, nil)
	b := w.viewer()
	c := w.dial(&websocket.DialOptions{CompressionMode: websocket.CompressionNoContextTakeover}).listen()
	c.say(message{"type": "join", "stream": "demo", "epoch": epoch, "token": w.token(""), "follow": []int{0}})
	c.id = c.expect("welcome")["peer"].(string)
	c.expect("connect")
	sdp := strings.Repeat("a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host\r\n", 100)
	c.say(message{"type": "offer", "peer": b.id, "sdp": sdp})
	require.Equal(t, sdp, b.expect("offer")["sdp"])
	b.say(message{"type": "answer", "peer": c.id, "sdp": sdp})
	require.Equal(t, sdp, c.expect("answer")["sdp"])
}

func TestTheEndOfTheTrackerCutsAllAndLetsNobodyIn(t *testing.T) {
	tracker := New(Config{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.NoError(t, tracker.Run(ctx))
	require.Zero(t, tracker.Stats("demo"))
	tracker.Drop("demo", epoch)
	_, _, err := tracker.gate.enter(netip.Addr{}, time.Now())
	require.ErrorIs(t, err, errClosing)
}

func TestAddressesWithoutConnectionsAreForgotten(t *testing.T) {
	g := newGate(Limits{}.withDefaults())
	now := time.Unix(1_800_000_000, 0)
	_, leave, err := g.enter(netip.MustParseAddr("203.0.113.1"), now)
	require.NoError(t, err)
	g.sweep(now.Add(time.Hour))
	require.Len(t, g.addresses, 1)
	leave()
	g.sweep(now.Add(time.Second))
	require.Len(t, g.addresses, 1, "its arrivals still count")
	g.sweep(now.Add(time.Hour))
	require.Empty(t, g.addresses)
}
