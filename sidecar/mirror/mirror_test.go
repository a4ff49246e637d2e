package mirror_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/sidecar/mirror"
	"github.com/liverelay/liverelay/sidecar/outbound"
)

// collected is a sink that keeps everything.
type collected struct {
	mu         sync.Mutex
	renditions []media.Rendition
	parts      []*media.Part
	ended      bool
	key        func(int) []byte
}

func (c *collected) Begin(r []media.Rendition, _ media.Timing) { c.renditions = r }
func (c *collected) Init(media.Init)                           {}
func (c *collected) Part(p *media.Part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parts = append(c.parts, p)
}
func (c *collected) End() { c.ended = true }

// text joins what came, a gap as "-".
func (c *collected) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all strings.Builder
	for _, p := range c.parts {
		if p.Gap {
			all.WriteString("-")
		}
		all.Write(p.Data)
	}
	return all.String()
}

// world is an upstream whose files a test changes.
type world struct {
	mu    sync.Mutex
	files map[string]string
	hits  map[string]int
}

func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hits[r.URL.Path]++
	body, found := w.files[r.URL.Path]
	if to, redirects := strings.CutPrefix(body, "redirect "); redirects {
		http.Redirect(out, r, to, http.StatusFound)
		return
	}
	if !found {
		http.NotFound(out, r)
		return
	}
	fmt.Fprint(out, body)
}

// run mirrors what is there to its end.
func run(t *testing.T, files map[string]string) (*collected, *world) {
	t.Helper()
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	w := &world{files: files, hits: map[string]int{}}
	server := httptest.NewServer(w)
	defer server.Close()
	for name, text := range files {
		w.files[name] = strings.ReplaceAll(text, "SERVER", server.URL)
	}
	at, err := url.Parse(server.URL + "/index.m3u8?token=1")
	require.NoError(t, err)
	client, err := outbound.New(outbound.Config{Typed: []*url.URL{at}})
	require.NoError(t, err)
	defer client.Close()
	sink := &collected{}
	m := mirror.Mirror{URL: at, Client: client, Open: func(key func(int) []byte) (mirror.Sink, error) {
		sink.key = key
		return sink, nil
	}}
	ended := make(chan error, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	go func() { ended <- m.Run(ctx) }()
	require.Eventually(t, func() bool { return len(sink.text()) > 0 }, 5*time.Second, 10*time.Millisecond)
	w.mu.Lock()
	for name, text := range w.files {
		if strings.HasSuffix(name, ".m3u8") && strings.Contains(text, "TARGETDURATION") {
			w.files[name] = text + "#EXT-X-ENDLIST\n"
		}
	}
	w.mu.Unlock()
	require.NoError(t, <-ended)
	require.True(t, sink.ended)
	return sink, w
}

const head = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:5\n"

func TestEachSegmentIsFetchedOnceAndHandedOnInOrder(t *testing.T) {
	sink, w := run(t, map[string]string{
		"/index.m3u8": head + "#EXTINF:0.2,\na?t=9\n#EXTINF:0.2,\ngone\n#EXTINF:0.2,\nc\n#EXT-X-BYTERANGE:2@1\n#EXTINF:0.2,\nd\n",
		"/a":          "aaa", "/c": "ccc", "/d": "dDDd",
	})
	require.Equal(t, "aaa-cccDD", sink.text(), "what is not there is a gap")
	require.Equal(t, 1, w.hits["/a"])
	require.Equal(t, 1, w.hits["/c"])
	require.Equal(t, media.ForeignAudio, sink.renditions[0].Container)
}

// TestAbuse9PlaylistsLeadNowhereInside: segment, init segment, key and playlist addresses
// of a playlist that point at an inner server, by themselves or by a redirect.
func TestAbuse9PlaylistsLeadNowhereInside(t *testing.T) {
	hits := 0
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits++
		fmt.Fprint(w, "secret")
	}))
	defer inside.Close()
	for name, lines := range map[string]string{
		"segment": "#EXTINF:0.2,\n" + inside.URL + "/segment\n", "redirect": "#EXTINF:0.2,\nelsewhere\n",
		"file": "#EXTINF:0.2,\nfile:///etc/passwd\n", "concat": "#EXTINF:0.2,\nconcat:fine|fine\n",
		"key": `#EXT-X-KEY:METHOD=AES-128,URI="` + inside.URL + "/key\"\n#EXTINF:0.2,\nkeyed\n",
		"map": `#EXT-X-MAP:URI="` + inside.URL + "/map\"\n#EXTINF:0.2,\nmapped\n",
	} {
		sink, _ := run(t, map[string]string{
			"/index.m3u8": head + "#EXTINF:0.2,\nfine\n" + lines,
			"/fine":       "fine", "/elsewhere": "redirect " + inside.URL + "/redirected", "/keyed": "keyed", "/mapped": "mapped",
		})
		require.Equal(t, "fine-", sink.text(), name)
	}
	require.Zero(t, hits)
}

// TestAbuse9AMultivariantPlaylistLeadsNowhereInside: nothing comes of renditions there.
func TestAbuse9AMultivariantPlaylistLeadsNowhereInside(t *testing.T) {
	hits := 0
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }))
	defer inside.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n%s/index.m3u8\n", inside.URL)
	}))
	defer server.Close()
	at, err := url.Parse(server.URL)
	require.NoError(t, err)
	client, err := outbound.New(outbound.Config{Typed: []*url.URL{at}})
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	m := mirror.Mirror{URL: at, Client: client, Open: func(func(int) []byte) (mirror.Sink, error) { return nil, nil }}
	require.Error(t, m.Run(ctx))
	require.Zero(t, hits)
}

func TestKeysAreFetchedOnceAndNamedAnew(t *testing.T) {
	sink, w := run(t, map[string]string{
		"/index.m3u8": head + "#EXT-X-KEY:METHOD=AES-128,URI=\"key?token=1\"\n#EXTINF:0.2,\na\n#EXTINF:0.2,\nb\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:0.2,\nc\n",
		"/key":        "0123456789abcdef", "/a": "a", "/b": "b", "/c": "c",
	})
	require.Equal(t, 1, w.hits["/key"])
	require.Equal(t, "0123456789abcdef", string(sink.key(0)))
	require.Nil(t, sink.key(1))
	var lines []string
	for _, p := range sink.parts {
		lines = append(lines, p.Lines)
	}
	require.Equal(t, []string{
		`#EXT-X-KEY:METHOD=AES-128,URI="../key0.bin",IV=0x00000000000000000000000000000005`,
		`#EXT-X-KEY:METHOD=AES-128,URI="../key0.bin",IV=0x00000000000000000000000000000006`,
		"#EXT-X-KEY:METHOD=NONE",
	}, lines)
}

// TestASessionThatTheServerForgotIsBegunAnew: addresses of renditions hold a session, as
// MediaMTX's do, and after its restart only the multivariant playlist tells the new one.
func TestASessionThatTheServerForgotIsBegunAnew(t *testing.T) {
	w := &world{hits: map[string]int{}}
	session := func(name, media string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.files = map[string]string{
			"/index.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n" + name + ".m3u8\n", "/" + name + ".m3u8": head + "#EXTINF:0.2,\n" + media + "\n",
			"/" + media: media,
		}
	}
	session("first", "one")
	server := httptest.NewServer(w)
	defer server.Close()
	at, err := url.Parse(server.URL + "/index.m3u8")
	require.NoError(t, err)
	client, err := outbound.New(outbound.Config{Typed: []*url.URL{at}})
	require.NoError(t, err)
	defer client.Close()
	sink := &collected{}
	m := mirror.Mirror{URL: at, Client: client, Open: func(func(int) []byte) (mirror.Sink, error) { return sink, nil }}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	require.Eventually(t, func() bool { return sink.text() == "one" }, 5*time.Second, 10*time.Millisecond)
	session("second", "two")
	require.Eventually(t, func() bool { return sink.text() == "onetwo" }, 8*time.Second, 10*time.Millisecond)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	require.Equal(t, uint64(1), sink.parts[1].Discontinuity)
}
