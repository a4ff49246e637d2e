package origin

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// metricsListener returns a listener on a free port.
func metricsListener(t *testing.T) net.Listener {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

// metricsText returns what the server's registry holds, as text.
func (d *daemon) metricsText() string {
	d.t.Helper()
	families, err := d.Registry.Gather()
	require.NoError(d.t, err)
	var text strings.Builder
	for _, f := range families {
		for _, m := range f.GetMetric() {
			text.WriteString(f.GetName())
			if labels := m.GetLabel(); len(labels) > 0 {
				pairs := make([]string, 0, len(labels))
				for _, l := range labels {
					pairs = append(pairs, l.GetName()+`="`+l.GetValue()+`"`)
				}
				text.WriteString("{" + strings.Join(pairs, ",") + "}")
			}
			value := m.GetGauge().GetValue() + m.GetCounter().GetValue()
			encoded, err := json.Marshal(value)
			require.NoError(d.t, err)
			text.WriteString(" " + string(encoded) + "\n")
		}
	}
	return text.String()
}

func (d *daemon) json(path string, into any) answer {
	d.t.Helper()
	a := d.get(path)
	require.Equal(d.t, http.StatusOK, a.StatusCode, path)
	require.Equal(d.t, "application/json", a.Header.Get("Content-Type"))
	require.Equal(d.t, cacheNever, a.Header.Get("Cache-Control"))
	require.NoError(d.t, json.Unmarshal([]byte(a.body), into))
	return a
}

func TestHealthAndReadiness(t *testing.T) {
	d := newDaemon(t)
	require.Equal(t, "ok\n", d.get("/healthz").body)
	require.Equal(t, "ready\n", d.get("/readyz").body)
	require.Equal(t, http.StatusNotFound, d.get("/metrics").StatusCode, "metrics have a listener of their own")
}

func TestMetrics(t *testing.T) {
	listener := metricsListener(t)
	d := newDaemon(t, func(s *Server) { s.MetricsListener = listener })
	d.get(base + "240p/p1.m4s")
	d.get("/nothing")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String()+"/metrics", nil)
	require.NoError(t, err)
	response, err := d.client.Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	for _, line := range []string{
		`liverelay_http_requests_total{route="part",status="2xx"} 1`,
		`liverelay_http_requests_total{route="none",status="4xx"} 1`,
		`liverelay_stream_live{stream="demo"} 1`,
		`liverelay_stream_live{stream="quiet"} 0`,
		`liverelay_stream_interrupted{stream="demo"} 0`,
		`liverelay_stream_peer_bytes_total{stream="demo"} 1.048576e+06`,
		`liverelay_info{version="1.2.3"} 1`,
		`liverelay_http_connections 1`,
	} {
		require.Contains(t, string(body), line)
	}
	require.NotContains(t, string(body), "127.0.0.1")
}

func TestNothingCanBeChanged(t *testing.T) {
	d := newDaemon(t)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, "PURGE"} {
		for _, path := range []string{"/api/v1/streams", "/api/v1/streams/demo", "/live/demo", base + "240p/p1.m4s", "/nothing"} {
			a := d.do(method, path)
			require.Equal(t, http.StatusMethodNotAllowed, a.StatusCode, method+path)
			require.Equal(t, "GET, HEAD, OPTIONS", a.Header.Get("Allow"))
		}
	}
}

func TestAbuse12CrossSiteRequestsToTheAPI(t *testing.T) {
	d := newDaemon(t)
	for _, header := range [][]string{
		{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
	} {
		a := d.do(http.MethodPost, "/api/v1/streams/demo", header...)
		require.Equal(t, http.StatusForbidden, a.StatusCode, header)
		a = d.do(http.MethodOptions, "/api/v1/streams/demo", append(header, "Access-Control-Request-Method", "DELETE")...)
		require.Equal(t, http.StatusNoContent, a.StatusCode)
		require.Empty(t, a.Header.Get("Access-Control-Allow-Origin"), "no preflight succeeds")
		require.Empty(t, a.Header.Get("Access-Control-Allow-Methods"))
		a = d.get("/api/v1/streams", header...)
		require.Empty(t, a.Header.Get("Access-Control-Allow-Origin"), "other sites read nothing of the API")
	}
	a := d.do(http.MethodPost, "/api/v1/streams", "Origin", d.url)
	require.Equal(t, http.StatusMethodNotAllowed, a.StatusCode, "our own page may ask, in vain")
}

func TestPreflightForPlayersOnOtherSites(t *testing.T) {
	d := newDaemon(t)
	a := d.do(http.MethodOptions, base+"240p/p1.m4s", "Origin", "https://blog.example", "Access-Control-Request-Headers", "range")
	require.Equal(t, http.StatusNoContent, a.StatusCode)
	require.Equal(t, "*", a.Header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "GET, HEAD", a.Header.Get("Access-Control-Allow-Methods"))
	require.Equal(t, "*", a.Header.Get("Access-Control-Allow-Headers"))
}

func TestLongHeadersAreRefused(t *testing.T) {
	d := newDaemon(t)
	a := d.get("/", "X-Long", strings.Repeat("a", 21<<10))
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, a.StatusCode)
}

func TestAPI(t *testing.T) {
	d := newDaemon(t)
	d.get(base + "240p/p1.m4s")
	var one streamAnswer
	d.json("/api/v1/streams/demo", &one)
	require.Equal(t, "live", one.State)
	require.Equal(t, epoch, one.Epoch)
	require.Equal(t, d.url+"/live/demo", one.Watch)
	require.Equal(t, d.url+"/live/demo/index.m3u8", one.Playlist)
	require.Equal(t, []string{"slow keyframes"}, one.Warnings)
	require.Equal(t, uint64(1<<20), one.PeerBytes)
	require.Greater(t, one.OriginBytes, int64(1001))
	require.Equal(t, 3, one.Viewers, "the tracker's peers are viewers")
	require.Equal(t, []renditionAnswer{
		{Name: "240p", Kind: "video", Codecs: "avc1.42c01e", Width: 426, Height: 240},
		{Name: "audio", Kind: "audio", Codecs: "mp4a.40.2", SampleRate: 48000, Channels: 2},
	}, one.Renditions)
	var list streamsAnswer
	a := d.json("/api/v1/streams", &list)
	require.Len(t, list.Streams, 2)
	require.NotContains(t, a.body, "quiet", "streams that are not listed are not named")
	d.json("/api/v1/streams/quiet", &one)
	require.Equal(t, "waiting", one.State)
	require.Equal(t, http.StatusNotFound, d.get("/api/v1/streams/unknown").StatusCode)
}

func TestTheTrackerIsMounted(t *testing.T) {
	d := newDaemon(t)
	require.Equal(t, "tracker", d.get("/tracker").body)
	alone := newDaemon(t, func(s *Server) { s.Signalling = nil })
	require.Equal(t, http.StatusNotFound, alone.get("/tracker").StatusCode)
	require.Contains(t, alone.get("/live/demo/join").body, `"mode":"none"`)
}

func TestViewersAreSessionsThatTookMedia(t *testing.T) {
	d := newDaemon(t, func(s *Server) { s.Streams = registry{{Name: "demo"}, {Name: "alone"}} })
	d.begin("alone", "alone")
	part := "/live/alone/alone/240p/p1.m4s"
	d.get(part, "User-Agent", "one")
	d.get(part, "User-Agent", "one")
	d.get("/live/alone/alone/240p/index.m3u8", "User-Agent", "three")
	require.Equal(t, 1, d.viewers("alone"))
	d.get(part, "User-Agent", "two", "Range", "bytes=0-3")
	require.Equal(t, 2, d.viewers("alone"))
	d.clock.move(14 * time.Second)
	d.get(part, "User-Agent", "two")
	require.Equal(t, 2, d.viewers("alone"))
	d.clock.move(2 * time.Second)
	require.Equal(t, 1, d.viewers("alone"))
	d.clock.move(15 * time.Second)
	require.Zero(t, d.viewers("alone"))
}

func TestStartingFails(t *testing.T) {
	taken := metricsListener(t)
	defer func() { require.NoError(t, taken.Close()) }()
	for name, s := range map[string]*Server{
		"address taken": {Address: taken.Addr().String()},
		"bad address":   {Address: "nowhere:-1"},
		"metrics taken": {Address: "127.0.0.1:0", MetricsAddress: taken.Addr().String()},
		"public_url":    {Address: "127.0.0.1:0", PublicURL: "ftp://x"},
		"certificate":   {Address: "127.0.0.1:0", CertFile: "/nonexistent", KeyFile: "/nonexistent"},
	} {
		s.Streams, s.Catalog, s.Log = registry{}, NewCatalog(nil), zerolog.Nop()
		require.Error(t, s.Run(t.Context()), name)
	}
}

func TestASlowClientIsCut(t *testing.T) {
	ours, theirs := net.Pipe()
	defer func() { require.NoError(t, theirs.Close()) }()
	deadlines := &deadlineConn{Conn: ours}
	var counts traffic
	c := &countingConn{Conn: deadlines, traffic: &counts}
	before := time.Now()
	go func() { _, _ = io.ReadAll(theirs) }()
	n, err := c.Write(make([]byte, 2*writeRate))
	require.NoError(t, err)
	require.Equal(t, int64(n), counts.sent.Load())
	require.WithinDuration(t, before.Add(writeGrace+2*time.Second), deadlines.at, time.Second)
	require.NoError(t, c.Close())
}

type deadlineConn struct {
	net.Conn
	at time.Time
}

func (c *deadlineConn) SetWriteDeadline(at time.Time) error {
	c.at = at
	return c.Conn.SetWriteDeadline(at)
}

func TestARegistryCanBeShared(t *testing.T) {
	registry := prometheus.NewRegistry()
	d := newDaemon(t, func(s *Server) { s.Registry = registry })
	d.get("/healthz")
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, f := range families {
		require.True(t, strings.HasPrefix(f.GetName(), "liverelay_"), f.GetName())
	}
}

// TestABodyThatNeverComes: a request whose body is announced and not sent is
// answered at once, and its connection closed.
func TestABodyThatNeverComes(t *testing.T) {
	d := newDaemon(t)
	for method, status := range map[string]string{"GET": "400 Bad Request", "POST": "405 Method Not Allowed", "OPTIONS": "204 No Content"} {
		var dialer net.Dialer
		conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(d.url, "http://"))
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(5*time.Second)))
		_, err = io.WriteString(conn, method+" /api/v1/streams HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
		require.NoError(t, err)
		answer, err := io.ReadAll(conn) // to the end of the connection
		require.NoError(t, err, method)
		require.True(t, strings.HasPrefix(string(answer), "HTTP/1.1 "+status), string(answer))
		require.NoError(t, conn.Close())
	}
}

func TestASlashTooMany(t *testing.T) {
	d := newDaemon(t, func(s *Server) { s.PublicURL = "https://example.org/tv" })
	for path, want := range map[string]string{
		"/live/demo/": "../demo", "/embed/demo/": "../demo", "/tv/live/demo/": "../demo",
		"/live/demo/join/": "", "/live/": "", "/live/demo//": "", "//live/demo/": "",
	} {
		a := d.get(path)
		require.Equal(t, want, a.Header.Get("Location"), path)
		if want == "" {
			require.Equal(t, http.StatusNotFound, a.StatusCode, path)
		}
	}
}

// deadlines is a stream of HTTP/2 that notes its write deadlines.
type deadlines struct {
	discard
	at []time.Time
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.at = append(d.at, at)
	return nil
}

func (d *deadlines) FlushError() error { return nil }

// TestASlowStreamIsCut: on HTTP/2 a client can stop one answer and keep its
// connection going, so each write is bounded; a feed may rest between frames.
func TestASlowStreamIsCut(t *testing.T) {
	stream := &deadlines{discard: discard{http.Header{}}}
	w := newResponse(stream, &http.Request{ProtoMajor: 2}, kindFeed)
	before := time.Now()
	require.NoError(t, emitter(t.Context(), w)([][]byte{make([]byte, 4*writeRate)}))
	require.Len(t, stream.at, 2)
	require.WithinDuration(t, before.Add(writeGrace+4*time.Second), stream.at[0], time.Second)
	require.True(t, stream.at[1].IsZero())
	stream.at = nil
	w = newResponse(stream, &http.Request{ProtoMajor: 1}, kindFeed)
	require.NoError(t, emitter(t.Context(), w)([][]byte{[]byte("frame")}))
	require.Empty(t, stream.at, "the connection bounds writes of HTTP/1.1")
}
