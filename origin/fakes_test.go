package origin

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const epoch = "abcdefghijklmnop"

// memory is a small Media: segments of three parts, of which the newest is open.
type memory struct {
	mu      sync.Mutex
	changed chan struct{}
	parts   []*media.Part
	ready   bool
}

func newMemory(parts int) *memory {
	m := &memory{changed: make(chan struct{}), ready: true}
	for range parts {
		m.grow()
	}
	return m
}

// grow adds a part; number 2 is a gap.
func (m *memory) grow() {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.parts)
	p := &media.Part{Number: uint64(n), MSN: uint64(n / 3), Index: n % 3, SegmentEnd: n%3 == 2, Gap: n == 2}
	if !p.Gap {
		p.Data = bytes.Repeat([]byte{byte('a' + n)}, 1000+n)
	}
	m.parts = append(m.parts, p)
	close(m.changed)
	m.changed = make(chan struct{})
}

func (m *memory) setReady() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ready = true
}

func (m *memory) Multivariant() ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.ready {
		return nil, segmenter.ErrNotReady
	}
	return []byte("#EXTM3U\n" + strings.Repeat("#EXT-X-STREAM-INF:BANDWIDTH=1\n"+epoch+"/240p/index.m3u8\n", 20)), nil
}

func (m *memory) Gaps() []string { return nil }
func (m *memory) Rates() []int   { return nil }

func (m *memory) IFrames(rendition string) ([]byte, error) {
	if rendition == "audio" {
		return nil, segmenter.ErrUnknown
	}
	return []byte("#EXTM3U\n#EXT-X-I-FRAMES-ONLY\n"), nil
}

func (m *memory) Playlist(ctx context.Context, rendition string, r segmenter.Reload) ([]byte, error) {
	if rendition != "240p" && rendition != "audio" {
		return nil, segmenter.ErrUnknown
	}
	want := 0
	if r.MSN != nil {
		if *r.MSN > 1000 {
			return nil, segmenter.ErrTooFar
		}
		want = int(*r.MSN)*3 + 1
		if r.Part != nil {
			want += int(*r.Part)
		}
	}
	n, err := m.wait(ctx, want)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "#EXTM3U\n%s#EXT-X-PARTS:%d\n#EXT-X-SKIP:%t\n", strings.Repeat("#\n", 400), n, r.Skip), nil
}

// wait returns when there are n parts.
func (m *memory) wait(ctx context.Context, n int) (int, error) {
	for {
		m.mu.Lock()
		have, changed := len(m.parts), m.changed
		m.mu.Unlock()
		if have >= n {
			return have, nil
		}
		select {
		case <-ctx.Done():
			return 0, segmenter.ErrTimeout
		case <-changed:
		}
	}
}

func (m *memory) Part(ctx context.Context, rendition string, number uint64) (*media.Part, error) {
	m.mu.Lock()
	have := uint64(len(m.parts))
	m.mu.Unlock()
	if number > have || (rendition != "240p" && rendition != "audio") {
		return nil, segmenter.ErrUnknown
	}
	if _, err := m.wait(ctx, int(number)+1); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.parts[number], nil
}

func (m *memory) Segment(_ string, msn uint64) ([]*media.Part, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if (msn+1)*3 > uint64(len(m.parts)) {
		return nil, segmenter.ErrUnknown
	}
	return m.parts[msn*3 : msn*3+3], nil
}

func (m *memory) Init(_ string, number int) ([]byte, error) {
	if number != 0 {
		return nil, segmenter.ErrUnknown
	}
	return []byte("init segment"), nil
}

func (m *memory) Live() ([]media.Rendition, media.Timing, time.Time, bool) {
	return []media.Rendition{
		{Index: 0, Name: "240p", Kind: media.Video, Codecs: "avc1.42c01e", Width: 426, Height: 240},
		{Index: 1, Name: "audio", Kind: media.Audio, Codecs: "mp4a.40.2", SampleRate: 48000, Channels: 2},
	}, media.Timing{TargetDuration: 2 * time.Second}, time.Time{}, false
}

// heads is a Heads whose frames are the strings sent into it.
type heads struct {
	frames chan string
	asked  chan string
}

func newHeads() *heads {
	return &heads{frames: make(chan string), asked: make(chan string, 16)}
}

func (h *heads) Manifest() []byte { return []byte("signed manifest") }

func (h *heads) Serve(ctx context.Context, renditions []string, from map[string]uint64, stripes map[string]uint8, emit func([][]byte) error) error {
	h.asked <- fmt.Sprint(renditions, from, stripes)
	if err := emit([][]byte{[]byte("mani"), []byte("fest|")}); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case f, more := <-h.frames:
			if !more {
				return nil
			}
			if err := emit([][]byte{[]byte(f)}); err != nil {
				return err
			}
		}
	}
}

type registry []Stream

func (r registry) Streams() []Stream { return r }

func (r registry) Stream(name string) (Stream, bool) {
	i := slices.IndexFunc(r, func(s Stream) bool { return s.Name == name })
	if i < 0 {
		return Stream{}, false
	}
	return r[i], true
}

type swarm struct{ http.Handler }

func (swarm) Swarm(stream string) Swarm {
	if stream == "demo" {
		return Swarm{Peers: 3, PeerBytes: 1 << 20}
	}
	return Swarm{}
}

type office struct{}

func (office) Mint(stream, site string, _ time.Time) string { return stream + " for " + site }

// clock is a time that stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// daemon is a Server that runs, with stream demo live.
type daemon struct {
	*Server
	t      testing.TB
	url    string
	client *http.Client
	media  *memory
	heads  *heads
	clock  *clock
	stop   context.CancelFunc
	done   chan error
}

const nasty = `"><script>alert(1)</script>'&`

func newDaemon(t testing.TB, change ...func(*Server)) *daemon {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &clock{at: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)}
	d := &daemon{
		t: t, url: "http://" + listener.Addr().String(), client: &http.Client{Transport: &http.Transport{DisableCompression: true}},
		media: newMemory(4), heads: newHeads(), clock: c, done: make(chan error, 1),
	}
	d.Server = &Server{
		Listener: listener, Version: "1.2.3", STUNPort: 3478, Log: zerolog.New(io.Discard), Now: c.now,
		Catalog: NewCatalog(c.now), Admission: office{}, Registry: prometheus.NewRegistry(),
		Signalling: swarm{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "tracker") })},
		Streams: registry{
			{Name: "demo", Title: "A demo", Listed: true, PublicKey: []byte("key"), P2P: P2P{Mode: "auto", MinAudience: 2}, Warnings: []string{"slow keyframes"}},
			{Name: "quiet", P2P: P2P{Mode: "none"}},
			{Name: "nasty", Title: nasty, Description: nasty, Listed: true},
		},
	}
	for _, f := range change {
		f(d.Server)
	}
	ctx, cancel := context.WithCancel(t.Context())
	d.stop = cancel
	go func() { d.done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		d.client.CloseIdleConnections()
		require.NoError(t, <-d.done)
	})
	d.begin("demo", epoch)
	return d
}

// begin makes a broadcast live and waits until it can be played.
func (d *daemon) begin(stream, epoch string) {
	d.t.Helper()
	d.Catalog.Begin(Live{Stream: stream, Epoch: epoch, Started: d.clock.now(), Media: d.media, Heads: d.heads})
	_, phase := d.Catalog.wait(d.t.Context(), stream, func(_ Live, p Phase) bool { return p == Playable })
	require.Equal(d.t, Playable, phase)
}

// answer is an HTTP answer with its body read.
type answer struct {
	*http.Response
	body string
}

// get asks for a path; header holds pairs of name and value.
func (d *daemon) get(path string, header ...string) answer {
	d.t.Helper()
	return d.do(http.MethodGet, path, header...)
}

func (d *daemon) do(method, path string, header ...string) answer {
	d.t.Helper()
	response := d.open(d.t.Context(), method, path, header...)
	defer func() { require.NoError(d.t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(d.t, err)
	return answer{response, string(body)}
}

func (d *daemon) open(ctx context.Context, method, path string, header ...string) *http.Response {
	d.t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, d.url+path, nil)
	require.NoError(d.t, err)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	response, err := d.client.Transport.RoundTrip(request) // no redirects
	require.NoError(d.t, err)
	return response
}

// later asks for a path while the test goes on.
func (d *daemon) later(path string, header ...string) <-chan answer {
	out := make(chan answer, 1)
	go func() { out <- d.get(path, header...) }()
	return out
}
