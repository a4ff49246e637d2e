package tracker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/liverelay/liverelay/tracker/forest"
)

// chromiumSDP is shaped like a data-channel offer of a browser with a few candidates:
// much repetition, two dozen random characters here and there.
func chromiumSDP() string {
	var b strings.Builder
	r := rand.New(rand.NewPCG(1, 1))
	b.WriteString("v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" +
		"a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n" +
		"c=IN IP4 0.0.0.0\r\n")
	for i := range 6 {
		fmt.Fprintf(&b, "a=candidate:%d 1 udp 2122260223 %08x-%04x-4%03x-a%03x-%012x.local %d typ host generation 0 network-id %d\r\n",
			r.Uint32(), r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Uint64()>>16, 50000+i, i)
	}
	b.WriteString("a=ice-ufrag:k3Xz\r\na=ice-pwd:W0mJ5DzM8uqs1sNnQ4hTf9Vv\r\na=ice-options:trickle\r\na=fingerprint:sha-256")
	for range 32 {
		fmt.Fprintf(&b, ":%02X", r.IntN(256))
	}
	b.WriteString("\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n")
	return b.String()
}

// BenchmarkCompression writes an offer to a viewer, with and without, and says how
// many bytes went over the wire.
func BenchmarkCompression(b *testing.B) {
	for name, mode := range map[string]websocket.CompressionMode{
		"off": websocket.CompressionDisabled,
		"on":  websocket.CompressionNoContextTakeover,
	} {
		b.Run(name, func(b *testing.B) { compress(b, mode) })
	}
}

func compress(b *testing.B, mode websocket.CompressionMode) {
	data := encode(description{"offer", "aaaaaaaaaaaaaaaa", chromiumSDP()})
	accepted := make(chan *websocket.Conn, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: mode, CompressionThreshold: compressFrom})
		if err == nil {
			accepted <- ws
		}
	}))
	defer server.Close()
	var received atomic.Int64
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return &counted{conn, &received}, err
	}}
	defer transport.CloseIdleConnections()
	client, _, err := websocket.Dial(context.Background(), server.URL, &websocket.DialOptions{
		CompressionMode: mode, HTTPClient: &http.Client{Transport: transport},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = client.CloseNow() }()
	ws := <-accepted
	defer func() { _ = ws.CloseNow() }()
	received.Store(0)
	b.ReportAllocs()
	for b.Loop() {
		if err := ws.Write(context.Background(), websocket.MessageText, data); err != nil {
			b.Fatal(err)
		}
		if _, _, err := client.Read(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(received.Load())/float64(b.N), "wirebytes/op")
	b.ReportMetric(float64(len(data)), "bytes/op")
}

// counted counts what comes in.
type counted struct {
	net.Conn
	received *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.received.Add(int64(n))
	return n, err
}

// nowhere is an outlet that keeps nothing.
type nowhere struct{}

func (nowhere) send([]byte)    {}
func (nowhere) end(*fault)     {}
func (nowhere) line() *visitor { return nil }

// BenchmarkOwner is what the owner does for one candidate on its way.
func BenchmarkOwner(b *testing.B) {
	config := Config{Ladder: ladder}.withDefaults()
	config.Limits.Candidates = 1 << 62
	h := newHub(config, rand.New(rand.NewPCG(1, 1)))
	key := broadcastKey{"demo", epoch}
	now := time.Unix(1_800_000_000, 0)
	ids := make([]forest.Peer, 10_000)
	for i := range ids {
		ids[i] = h.join(now, key, nowhere{}, "", forest.Join{Follow: []int{0, 1}, Upload: -1})
	}
	var pairs [][2]forest.Peer
	for pair := range h.swarms[key].exchanges {
		pairs = append(pairs, pair)
	}
	data := []byte("candidate")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		pair := pairs[i%len(pairs)]
		h.pass(key, pair[0], nowhere{}, pair[1], "candidate", data)
		i++
	}
}

// BenchmarkArrival is what the owner does for a viewer that comes, at 10,000.
func BenchmarkArrival(b *testing.B) {
	config := Config{Ladder: ladder}.withDefaults()
	h := newHub(config, rand.New(rand.NewPCG(1, 1)))
	key := broadcastKey{"demo", epoch}
	now := time.Unix(1_800_000_000, 0)
	var ids []forest.Peer
	for range 10_000 {
		ids = append(ids, h.join(now, key, nowhere{}, "", forest.Join{Follow: []int{0, 1}, Upload: -1}))
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		now = now.Add(50 * time.Millisecond) // a tenth of the audience in a minute
		h.leave(now, key, ids[i%len(ids)], nowhere{})
		ids[i%len(ids)] = h.join(now, key, nowhere{}, "", forest.Join{Follow: []int{0, 1}, Upload: -1})
		i++
	}
}
