package probe

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const watched = 4 * time.Second

// edit changes the playlists whose address ends in path.
func edit(path, pattern, with string) func(*http.Request, int, []byte) (int, []byte) {
	re := regexp.MustCompile(pattern)
	return func(r *http.Request, status int, body []byte) (int, []byte) {
		if !strings.HasSuffix(r.URL.Path, path) {
			return status, body
		}
		return status, re.ReplaceAll(body, []byte(with))
	}
}

func without(name string) func(*http.Request) {
	return func(r *http.Request) {
		q := r.URL.Query()
		q.Del(name)
		if name == "_HLS_msn" {
			q.Del("_HLS_part")
		}
		r.URL.RawQuery = q.Encode()
	}
}

func TestCheck(t *testing.T) {
	l := goLive(t)
	tests := map[string]*struct {
		fault  fault
		broken string // "": everything is kept
		report Report
		err    error
	}{
		"nothing":     {fault: fault{}, broken: ""},
		"no blocking": {fault: fault{request: without("_HLS_msn")}, broken: ruleHeld},
		"no refusal": {fault: fault{body: func(_ *http.Request, status int, b []byte) (int, []byte) {
			return map[int]int{400: 404}[status] + 200*(1-status/400), b
		}}, broken: ruleFarFuture},
		"another target":         {fault: fault{body: edit("audio/index.m3u8", "TARGETDURATION:2", "TARGETDURATION:3")}, broken: ruleConstants},
		"a stale report":         {fault: fault{body: edit("source/index.m3u8", "LAST-PART=[0-9]+", "LAST-PART=99")}, broken: ruleReports},
		"no reports":             {fault: fault{body: edit("source/index.m3u8", "#EXT-X-RENDITION-REPORT.*\n", "")}, broken: ruleProfile},
		"a lie about keyframes":  {fault: fault{body: edit("source/index.m3u8", `m4s"\n`, "m4s\",INDEPENDENT=YES\n")}, broken: ruleKeyParts},
		"a short segment":        {fault: fault{body: edit("audio/index.m3u8", "#EXTINF:1", "#EXTINF:0")}, broken: rulePlaylist},
		"other lengths":          {fault: fault{body: edit("180p/index.m3u8", `DURATION=0\.2..`, "DURATION=0.100")}, broken: ruleLength},
		"a wrong hint":           {fault: fault{body: edit("180p/index.m3u8", `HINT:TYPE=PART,URI="p`, `HINT:TYPE=PART,URI="p1`)}, broken: ruleHint},
		"no delta":               {fault: fault{body: edit("180p/index.m3u8", `SKIPPED-SEGMENTS=[0-9]+`, "SKIPPED-SEGMENTS=1")}, broken: ""},
		"discontinuities differ": {fault: fault{body: edit("180p/index.m3u8", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE:4\n#EXT-X-MEDIA-SEQUENCE")}, broken: ruleSequence},
		"a bad line":             {fault: fault{body: edit("180p/index.m3u8", "#EXT-X-VERSION:9", "#EXT-X-VERSION:nine")}, broken: ruleSyntax},
		"a spoilt segment":       {fault: fault{body: spoil("source/s", func(b []byte) []byte { return append(b, 0, 0, 0, 8, 'f', 'r', 'e', 'e') })}, broken: ruleWhole},
		"spoilt media":           {fault: fault{body: spoil("source/p", func(b []byte) []byte { return append([]byte{0, 0, 0, 1}, b...) })}, broken: ruleSyntax},
		"other times":            {fault: fault{body: spoil("source/p", shiftTimes)}, broken: ruleTimes},
		"a spoilt I-frame":       {fault: fault{body: edit("180p/iframes.m3u8", "BYTERANGE:[0-9]+@[0-9]+", "BYTERANGE:1000@8")}, broken: ruleIFrames},
		"no segments":            {fault: fault{body: func(r *http.Request, status int, b []byte) (int, []byte) { return gone(r, "audio/s", status), b }}, broken: ruleReachable},
	}
	var running sync.WaitGroup
	for _, test := range tests { // all at once: each mostly waits
		running.Go(func() {
			test.fault.next = l
			server := httptest.NewServer(test.fault)
			defer server.Close()
			test.report, test.err = Check(t.Context(), server.URL+"/index.m3u8", Options{Watch: watched})
		})
	}
	running.Wait()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report := test.report
			require.NoError(t, test.err)
			require.True(t, report.LowLatency)
			require.Len(t, report.Renditions, 3)
			if test.broken == "" {
				require.Empty(t, report.Of(Broken), "%s", report)
				require.True(t, report.OK())
				require.GreaterOrEqual(t, len(report.Of(Kept)), 21, "%s", report)
				return
			}
			var names []string
			for _, r := range report.Of(Broken) {
				require.NotEmpty(t, r.Findings)
				names = append(names, r.Name)
			}
			require.Contains(t, names, test.broken, "%s", report)
		})
	}
}

func spoil(path string, how func([]byte) []byte) func(*http.Request, int, []byte) (int, []byte) {
	return func(r *http.Request, status int, body []byte) (int, []byte) {
		if status != http.StatusOK || !strings.Contains(r.URL.Path, path) {
			return status, body
		}
		return status, how(bytes.Clone(body))
	}
}

// shiftTimes adds to the decode time.
func shiftTimes(b []byte) []byte {
	if i := bytes.Index(b, []byte("tfdt")); i > 0 {
		b[i+15] += byte(len(b))
	}
	return b
}

func gone(r *http.Request, path string, status int) int {
	if strings.Contains(r.URL.Path, path) {
		return http.StatusNotFound
	}
	return status
}

func TestCheckOfNothing(t *testing.T) {
	for _, address := range []string{"", "live", "ftp://example.org/x", "http://127.0.0.1:1/x"} {
		_, err := Check(t.Context(), address, Options{})
		require.Error(t, err, address)
	}
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, err := Check(t.Context(), server.URL, Options{})
	require.ErrorContains(t, err, "404")
}

// A server may send what it likes: the check ends, and keeps to its bounds.
func TestHostileServers(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		},
		"round and round": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) },
		"silent":          func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"not a playlist":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("#EXTM3U\n#EXT-X-STREAM-INF:\n")) },
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.CloseClientConnections()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			begun := time.Now()
			_, err := Check(ctx, server.URL+"/", Options{MaxBytes: 1 << 20})
			require.Error(t, err)
			require.Less(t, time.Since(begun), 4*time.Second)
		})
	}
}

// A playlist must not lead into a network that only the machine of the check sees.
func TestPrivateAddressesAreNotFollowed(t *testing.T) {
	var asked bool
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer inner.Close()
	elsewhere := strings.Replace(inner.URL, "127.0.0.1", "127.0.0.2", 1)
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n" + elsewhere + "/index.m3u8\n"))
	}))
	defer outer.Close()
	report, err := Check(t.Context(), outer.URL, Options{Watch: time.Second})
	require.NoError(t, err)
	require.Contains(t, report.String(), "is private")
	require.False(t, asked)
	require.False(t, report.OK())
}

func FuzzBoxes(f *testing.F) {
	f.Add([]byte{0, 0, 0, 8, 'm', 'o', 'o', 'f'}, []byte{})
	f.Add([]byte{0, 0, 0, 1, 'm', 'o', 'o', 'v', 0, 0, 0, 0, 0, 0, 0, 16}, []byte{0, 0, 0, 0, 'm', 'o', 'o', 'f'})
	f.Fuzz(func(t *testing.T, init, media []byte) {
		tracks, err := readInit(init)
		if err != nil {
			tracks = map[uint32]*track{1: {id: 1, scale: 90000, video: true}}
		}
		runs, err := readMedia(media, tracks)
		if err != nil {
			return
		}
		for _, r := range runs {
			if r.track == nil || len(r.keys) > r.samples || r.samples > len(media)*maxSamples {
				t.Fatalf("%+v", r)
			}
		}
	})
}
