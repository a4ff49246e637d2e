package origin

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParsePath(t *testing.T) {
	live := route{stream: "demo", epoch: epoch}
	media := route{stream: "demo", epoch: epoch, rendition: "240p"}
	with := func(r route, k kind, n uint64) route { r.kind, r.number = k, n; return r }
	for path, want := range map[string]route{
		"/":                                 {kind: kindIndex},
		"/live/demo":                        {kind: kindWatch, stream: "demo"},
		"/live/index":                       {kind: kindWatch, stream: "index"},
		"/embed/a-1":                        {kind: kindEmbed, stream: "a-1"},
		"/live/demo/index.m3u8":             {kind: kindMultivariant, stream: "demo"},
		"/live/demo/join":                   {kind: kindJoin, stream: "demo"},
		"/live/demo/" + epoch + "/feed":     with(live, kindFeed, 0),
		"/live/demo/" + epoch + "/manifest": with(live, kindManifest, 0),
		"/live/demo/" + epoch + "/240p/iframes.m3u8":          with(media, kindIFrames, 0),
		"/live/demo/" + epoch + "/240p/index.m3u8":            with(media, kindPlaylist, 0),
		"/live/demo/" + epoch + "/240p/p0.m4s":                with(media, kindPart, 0),
		"/live/demo/" + epoch + "/240p/s17.m4s":               with(media, kindSegment, 17),
		"/live/demo/" + epoch + "/240p/init3.mp4":             with(media, kindInit, 3),
		"/live/demo/" + epoch + "/240p/p9007199254740991.m4s": with(media, kindPart, maxNumber),
		"/player.js":           {kind: kindPlayer},
		"/player/abc.js":       {kind: kindPlayer, file: "abc.js"},
		"/assets/style.css":    {kind: kindAsset, file: "style.css"},
		"/oembed":              {kind: kindOEmbed},
		"/tracker":             {kind: kindTracker},
		"/api/v1/streams":      {kind: kindStreams},
		"/api/v1/streams/demo": {kind: kindStream, stream: "demo"},
		"/healthz":             {kind: kindHealth},
		"/readyz":              {kind: kindReady},
	} {
		got, ok := parsePath(path)
		require.True(t, ok, path)
		require.Equal(t, want, got, path)
	}
}

// strangePaths lead nowhere: what climbs out, what is escaped, what is too long,
// and second spellings of names that exist.
func strangePaths() []string {
	part := "/live/demo/" + epoch + "/240p/"
	return []string{
		"", "live/demo", "//", "/live//demo", "/live/demo/", "/live", "/live/", "/embed", "/embed/", "/api", "/api/v1",
		"/api/v1/streams/", "/api/v1/streams/demo/x", "/live/demo/../quiet", "/live/../../etc/passwd", "/..", "/.",
		"/live/%2e%2e/demo", "/live/demo/%2e%2e%2fjoin", "/live/demo%5cjoin", "/live/demo\\join", "/live/demo%00",
		"/live/demo\x00", "/live/%64emo", "/live/demo/join;x", "/live/Demo", "/live/de_mo", "/live/demo$(id)", "/live/demo`id`",
		"/live/demo|id", "/live/demo;id", "/live/demo&id", "/live/'demo'", "/assets/..", "/player/.js", "/player/..%2f.js",
		"/live/" + strings.Repeat("a", 65), "/" + strings.Repeat("a/", 200), "/" + strings.Repeat("a", 5000),
		part + "p.m4s", part + "p01.m4s", part + "p+1.m4s", part + "p-1.m4s", part + "p9007199254740992.m4s", part + "p1.m4s.m4s",
		part + "p99999999999999999999.m4s", part + "s1.mp4", part + "init.mp4", part + "init0.m4s", part + "q1.m4s", part + "240p/p1.m4s",
		"/live/demo/ABC/240p/p1.m4s", "/live/demo/" + epoch + "/24-0/p1.m4s", "/live/demo/" + epoch + "/nothing",
	}
}

func TestAbuse6PathsLeadNowhere(t *testing.T) {
	for _, path := range strangePaths() {
		at, ok := parsePath(path)
		require.False(t, ok, "%q", path)
		require.Equal(t, route{kind: kindNone}, at, "%q", path)
	}
}

func TestAbuse6StrangePathsOverHTTP(t *testing.T) {
	d := newDaemon(t)
	for _, path := range []string{
		"/live/../../etc/passwd", "/live/demo/../quiet", "/live/%2e%2e/demo", "/live/demo/%2e%2e%2fjoin", "/live/demo%5cjoin",
		"/live/demo%00", "/live/" + strings.Repeat("a", 65), "/" + strings.Repeat("a", 5000), "/assets/../doc.go", "/assets/%2e%2e/doc.go",
		"/player/..%2fembed.go", "/live/demo/" + epoch + "/..%2f..%2fgo.mod", "//etc/passwd", "/live/demo%2f..%2f..",
	} {
		a := d.get(path)
		require.Equal(t, http.StatusNotFound, a.StatusCode, path)
		require.Equal(t, "Not Found\n", a.body, path)
	}
}

func TestAbuse10MetacharactersNameNothing(t *testing.T) {
	d := newDaemon(t)
	for _, name := range []string{"demo;id", "demo$(id)", "demo%60id%60", "demo%7Cid", "demo%20x", "demo'", "demo%22", "demo&", "demo%0aid", "*", "~", "-rf%20"} {
		for _, prefix := range []string{"/live/", "/embed/", "/api/v1/streams/"} {
			require.Equal(t, http.StatusNotFound, d.get(prefix+name).StatusCode, prefix+name)
		}
	}
}

func FuzzParsePath(f *testing.F) {
	for _, path := range append(strangePaths(), "/", "/live/demo/"+epoch+"/240p/p12.m4s", "/live/demo/join", "/player/abc.js") {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		at, ok := parsePath(path)
		if !ok {
			require.Equal(t, route{kind: kindNone}, at)
			return
		}
		require.LessOrEqual(t, len(path), maxPath)
		require.NotContains(t, path, "..")
		require.NotContains(t, path, "%")
		if at.stream != "" {
			require.True(t, isStream(at.stream))
		}
		require.LessOrEqual(t, at.number, uint64(maxNumber))
	})
}
