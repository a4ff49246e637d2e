package origin

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const base = "/live/demo/" + epoch + "/"

func TestMediaAnswers(t *testing.T) {
	d := newDaemon(t)
	b := strings.Repeat("b", 1001)
	segment := strings.Repeat("a", 1000) + b // the third part is a gap
	for _, c := range []struct {
		name, path  string
		header      []string
		status      int
		body        string
		contentType string
	}{
		{"part", "240p/p1.m4s", nil, 200, b, "video/mp4"},
		{"audio part", "audio/p1.m4s", nil, 200, b, "audio/mp4"},
		{"segment", "240p/s0.m4s", nil, 200, segment, "video/mp4"},
		{"init", "240p/init0.mp4", nil, 200, "init segment", "video/mp4"},
		{"range of a part", "240p/p1.m4s", []string{"Range", "bytes=1-3"}, 206, "bbb", "video/mp4"},
		{"range over a seam", "240p/s0.m4s", []string{"Range", "bytes=998-1001"}, 206, "aabb", "video/mp4"},
		{"range at the end", "240p/s0.m4s", []string{"Range", "bytes=-2"}, 206, "bb", "video/mp4"},
		{"range beyond", "240p/p1.m4s", []string{"Range", "bytes=5000-"}, 416, "", ""},
		{"known already", "240p/p1.m4s", []string{"If-None-Match", `"0"`}, 304, "", ""},
		{"a gap", "240p/p2.m4s", nil, 404, "Not Found\n", ""},
		{"too far ahead", "240p/p9.m4s", nil, 404, "Not Found\n", ""},
		{"an open segment", "240p/s1.m4s", nil, 404, "Not Found\n", ""},
		{"another rendition", "720p/p1.m4s", nil, 404, "Not Found\n", ""},
		{"another init", "240p/init1.mp4", nil, 404, "Not Found\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := d.get(base+c.path, c.header...)
			require.Equal(t, c.status, a.StatusCode)
			require.Equal(t, "*", a.Header.Get("Access-Control-Allow-Origin"))
			require.Empty(t, a.Header.Get("Access-Control-Allow-Credentials"))
			switch {
			case c.contentType != "":
				require.Equal(t, c.body, a.body)
				require.Equal(t, c.contentType, a.Header.Get("Content-Type"))
				require.Equal(t, cacheForever, a.Header.Get("Cache-Control"))
				require.Equal(t, strconv.Itoa(len(c.body)), a.Header.Get("Content-Length"))
			case c.status == 404:
				require.Equal(t, c.body, a.body)
				require.Equal(t, cacheBriefly, a.Header.Get("Cache-Control"))
			}
		})
	}
}

func TestHeadHasNoBody(t *testing.T) {
	d := newDaemon(t)
	for _, path := range []string{base + "240p/p1.m4s", base + "240p/s0.m4s", base + "240p/index.m3u8", "/live/demo/index.m3u8", "/live/demo", "/live/demo/join", "/player.js"} {
		full, head := d.get(path), d.do(http.MethodHead, path)
		require.Equal(t, http.StatusOK, head.StatusCode, path)
		require.Empty(t, head.body, path)
		require.Equal(t, full.Header.Get("Content-Type"), head.Header.Get("Content-Type"), path)
		require.Equal(t, full.Header.Get("Content-Length"), head.Header.Get("Content-Length"), path)
	}
	require.Zero(t, d.viewers("quiet"))
}

func (d *daemon) viewers(stream string) int {
	d.t.Helper()
	var a streamAnswer
	d.json("/api/v1/streams/"+stream, &a)
	return a.Viewers
}

func TestTheNextPartIsHeld(t *testing.T) {
	d := newDaemon(t)
	held := d.later(base + "240p/p4.m4s")
	d.untilHeld(kindPart)
	d.media.grow()
	require.Equal(t, strings.Repeat("e", 1004), (<-held).body)
}

// untilHeld waits until a request of that kind is held.
func (d *daemon) untilHeld(k kind) {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		return strings.Contains(d.metricsText(), `liverelay_http_held_requests{route="`+string(k)+`"} 1`)
	}, 5*time.Second, time.Millisecond)
}

func TestPlaylistAnswers(t *testing.T) {
	d := newDaemon(t)
	for _, c := range []struct {
		query, cache string
		status       int
	}{
		{"", cacheBriefly, 200},
		{"?_HLS_msn=1&_HLS_part=0", "public, max-age=12", 200},
		{"?_HLS_msn=1&_HLS_skip=YES", "public, max-age=12", 200},
		{"?_HLS_msn=1001", cacheNever, 400},
		{"?_HLS_part=1", cacheNever, 400},
		{"?_HLS_msn=x", cacheNever, 400},
	} {
		a := d.get(base+"240p/index.m3u8"+c.query, "Accept-Encoding", "gzip, br")
		require.Equal(t, c.status, a.StatusCode, c.query)
		require.Equal(t, c.cache, a.Header.Get("Cache-Control"), c.query)
		require.Equal(t, "*", a.Header.Get("Access-Control-Allow-Origin"))
		if c.status != http.StatusOK {
			continue
		}
		require.Equal(t, playlistType, a.Header.Get("Content-Type"))
		require.Equal(t, "gzip", a.Header.Get("Content-Encoding"))
		require.Equal(t, "Accept-Encoding", a.Header.Get("Vary"))
		require.Contains(t, gunzip(t, a.body), "#EXT-X-PARTS:4\n")
		require.Less(t, len(a.body), 200)
	}
	plain := d.get(base + "240p/index.m3u8")
	require.Empty(t, plain.Header.Get("Content-Encoding"))
	require.True(t, strings.HasPrefix(plain.body, "#EXTM3U\n"))
	require.Equal(t, http.StatusNotFound, d.get(base+"720p/index.m3u8").StatusCode)
}

func gunzip(t *testing.T, text string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(text))
	require.NoError(t, err)
	plain, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(plain)
}

func TestPlaylistReloadIsHeld(t *testing.T) {
	d := newDaemon(t)
	held := d.later(base + "240p/index.m3u8?_HLS_msn=1&_HLS_part=1")
	d.untilHeld(kindPlaylist)
	d.media.grow()
	require.Contains(t, (<-held).body, "#EXT-X-PARTS:5\n")
}

func TestMultivariant(t *testing.T) {
	d := newDaemon(t)
	a := d.get("/live/demo/index.m3u8")
	require.Equal(t, http.StatusOK, a.StatusCode)
	require.Equal(t, playlistType, a.Header.Get("Content-Type"))
	require.Equal(t, cacheBriefly, a.Header.Get("Cache-Control"))
	require.Contains(t, a.body, epoch+"/240p/index.m3u8")
	require.Equal(t, http.StatusNotFound, d.get("/live/quiet/index.m3u8").StatusCode)
	require.Equal(t, http.StatusNotFound, d.get("/live/unknown/index.m3u8").StatusCode)
}

func TestMultivariantWaitsForABroadcastThatBegins(t *testing.T) {
	d := newDaemon(t)
	beginning := newMemory(0)
	beginning.ready = false
	d.Catalog.Begin(Live{Stream: "quiet", Epoch: "next", Media: beginning})
	held := d.later("/live/quiet/index.m3u8")
	d.untilHeld(kindMultivariant)
	beginning.setReady()
	require.Equal(t, http.StatusOK, (<-held).StatusCode)
}

// TestAbuse19ANewBroadcastSharesNoName: whatever a CDN has kept from an earlier
// broadcast, nothing of a later one has the same name.
func TestAbuse19ANewBroadcastSharesNoName(t *testing.T) {
	d := newDaemon(t)
	require.Equal(t, http.StatusOK, d.get(base+"240p/p1.m4s").StatusCode)
	d.Catalog.End("demo", epoch)
	require.Equal(t, http.StatusOK, d.get(base+"240p/p1.m4s").StatusCode, "it can be watched to its end")
	d.begin("demo", "ponmlkjihgfedcba")
	for _, path := range []string{"240p/p1.m4s", "240p/s0.m4s", "240p/init0.mp4", "240p/index.m3u8", "manifest", "feed"} {
		a := d.get(base + path)
		require.Equal(t, http.StatusNotFound, a.StatusCode, path)
		require.NotEqual(t, cacheForever, a.Header.Get("Cache-Control"), path)
		for _, forever := range []string{"/live/demo/" + path, "/live/demo/240p/" + path} {
			require.Equal(t, http.StatusNotFound, d.get(forever).StatusCode, "no name goes without its epoch")
		}
	}
	require.Equal(t, http.StatusOK, d.get("/live/demo/ponmlkjihgfedcba/240p/p1.m4s").StatusCode)
}

func TestShutdownEndsWhatIsHeld(t *testing.T) {
	d := newDaemon(t)
	playlist, part, join := d.later(base+"240p/index.m3u8?_HLS_msn=9"), d.later(base+"240p/p4.m4s"), d.later("/live/quiet/join?wait=1")
	feed := d.open(t.Context(), http.MethodGet, base+"feed")
	for _, k := range []kind{kindPlaylist, kindPart, kindJoin, kindFeed} {
		d.untilHeld(k)
	}
	d.stop()
	require.Equal(t, http.StatusServiceUnavailable, (<-playlist).StatusCode)
	require.Equal(t, http.StatusServiceUnavailable, (<-part).StatusCode)
	require.Contains(t, (<-join).body, `"state":"waiting"`)
	body, err := io.ReadAll(feed.Body)
	require.NoError(t, err)
	require.Equal(t, "manifest|", string(body))
	require.NoError(t, feed.Body.Close())
}

// TestPartsAreNotCopied measures that serving a segment allocates nothing of its
// size.
func TestPartsAreNotCopied(t *testing.T) {
	parts := [][]byte{make([]byte, 8<<20), make([]byte, 8<<20)}
	s := &handler{config: &Server{Now: time.Now}, audiences: map[string]*audience{"demo": newAudience()}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	require.NoError(t, err)
	live := Live{Media: newMemory(0)}
	const times = 10
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range times {
		w := &response{ResponseWriter: discard{http.Header{}}}
		s.serveMedia(w, request, live, route{kind: kindSegment, stream: "demo"}, parts)
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(times*16<<10))
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

func TestAsked(t *testing.T) {
	for header, want := range map[string]int{
		"": 100, "bytes=0-9": 10, "bytes=90-99": 10, "bytes=99-99": 1, "bytes=90-100": 100, "bytes=9-0": 100, "bytes=-5": 100, "bytes=5-": 100,
		"bytes=0-1,5-6": 100, "bytes=-1-5": 100, "x": 100, "bytes=0-99999999999999999999": 100,
	} {
		require.Equal(t, want, asked(header, 100), header)
	}
}

func TestPieces(t *testing.T) {
	p := newPieces([][]byte{[]byte("abc"), nil, []byte("de"), []byte("f")})
	for _, c := range []struct {
		offset int64
		whence int
		want   string
	}{
		{0, io.SeekStart, "abcdef"}, {2, io.SeekStart, "cdef"}, {3, io.SeekStart, "def"}, {-1, io.SeekEnd, "f"}, {0, io.SeekEnd, ""}, {9, io.SeekStart, ""},
	} {
		_, err := p.Seek(c.offset, c.whence)
		require.NoError(t, err)
		rest, err := io.ReadAll(p)
		require.NoError(t, err)
		require.Equal(t, c.want, string(rest))
	}
	_, err := p.Seek(-1, io.SeekStart)
	require.Error(t, err)
}

func TestCompressorRemembersEachText(t *testing.T) {
	c := newCompressor()
	text := bytes.Repeat([]byte("#EXTINF\n"), 200)
	first := c.pack(text)
	require.Equal(t, string(text), gunzip(t, string(first)))
	require.Same(t, &first[0], &c.pack(bytes.Clone(text))[0], "compressed once")
	for i := range 2 * maxPacked {
		c.pack([]byte(strconv.Itoa(i)))
	}
	require.LessOrEqual(t, len(c.texts), maxPacked)
	require.NotSame(t, &first[0], &c.pack(text)[0], "and forgotten at last")
}

func TestAcceptsGzip(t *testing.T) {
	for value, want := range map[string]bool{
		"": false, "gzip": true, "br, gzip;q=0.5": true, "gzip;q=0": false, "gzip; q=0.000": false, "identity": false, "*": true, "GZIP": true, "xgzip": false,
	} {
		require.Equal(t, want, acceptsGzip(http.Header{"Accept-Encoding": {value}}), value)
	}
}
