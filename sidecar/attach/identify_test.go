package attach_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/sidecar/attach"
	"github.com/liverelay/liverelay/sidecar/outbound"
)

// asked is a request that a server got.
type asked struct{ path, authorization, password string }

// server answers paths with texts; what it is asked is kept.
func server(t *testing.T, files map[string]string, status map[string]int, header http.Header) (*url.URL, *[]asked) {
	t.Helper()
	var requests []asked
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, asked{r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("X-Peertube-Video-Password")})
		for name := range header {
			w.Header().Set(name, header.Get(name))
		}
		body, found := files[r.URL.Path]
		switch {
		case status[r.URL.Path] != 0:
			w.WriteHeader(status[r.URL.Path])
		case !found:
			http.NotFound(w, r)
		default:
			_, _ = w.Write([]byte(body))
		}
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	return u, &requests
}

func identify(t *testing.T, at *url.URL, secret attach.Secrets) (attach.Target, error) {
	t.Helper()
	client, err := outbound.New(outbound.Config{Typed: []*url.URL{at}, Header: secret.Header()})
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return attach.Identify(ctx, client, at, secret)
}

const (
	media = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
	live  = `{"name":"A talk","isLive":true,"previewPath":"/lazy-static/previews/x.jpg","state":{"id":1,"label":"Published"},` +
		`"streamingPlaylists":[{"id":1,"type":1,"playlistUrl":"https://storage.example.org/hls/master.m3u8?a=1"}]}`
	waiting = `{"name":"A talk","isLive":true,"state":{"id":4,"label":"Waiting for livestream"},"streamingPlaylists":[]}`
	film    = `{"name":"A film","isLive":false,"state":{"id":1},"streamingPlaylists":[{"playlistUrl":"https://x/master.m3u8"}]}`
	offline = `{"serverTime":"2026-01-01T00:00:00Z","lastConnectTime":null,"versionNumber":"0.2.3","streamTitle":"","online":false}`
	online  = `{"serverTime":"2026-01-01T00:00:00Z","versionNumber":"0.2.3","viewerCount":1,"online":true}`
)

func TestIdentify(t *testing.T) {
	for name, c := range map[string]struct {
		at     string
		files  map[string]string
		status map[string]int
		header http.Header
		kind   attach.Kind
		media  string // what it ends in
		title  string
		fails  error
	}{
		"a playlist, whatever its name":    {at: "/any", files: map[string]string{"/any": media}, kind: attach.HLS, media: "/any"},
		"a playlist that is not there yet": {at: "/hls/x.m3u8", fails: attach.ErrWaiting},
		"a playlist that is a web page":    {at: "/hls/x.m3u8", files: map[string]string{"/hls/x.m3u8": "<html>"}, fails: attach.ErrUnknown},
		"a playlist that is guarded":       {at: "/hls/x.m3u8", status: map[string]int{"/hls/x.m3u8": 403}, fails: attach.ErrForbidden},
		"the folder of a playlist":         {at: "/live/x/", files: map[string]string{"/live/x/index.m3u8": media, "/live/x/": "<html>"}, kind: attach.HLS, media: "/live/x/index.m3u8"},
		"MediaMTX":                         {at: "/cam", files: map[string]string{"/cam": "<html>", "/cam/index.m3u8": media}, header: http.Header{"Server": {"mediamtx"}}, kind: attach.MediaMTX, media: "/cam/index.m3u8"},
		"MediaMTX without the stream":      {at: "/cam", files: map[string]string{"/cam": "<html>"}, header: http.Header{"Server": {"mediamtx"}}, fails: attach.ErrWaiting},
		"Owncast":                          {at: "/", files: map[string]string{"/": "<html>", "/api/status": online, "/api/config": `{"name":"My channel"}`}, kind: attach.Owncast, media: "/hls/stream.m3u8", title: "My channel"},
		"Owncast, offline":                 {at: "", files: map[string]string{"/": "<html>", "/api/status": offline}, fails: attach.ErrWaiting},
		"PeerTube's watch page":            {at: "/w/kkGMgK9ZtnKfYAgnEtQxbv", files: map[string]string{"/api/v1/videos/kkGMgK9ZtnKfYAgnEtQxbv": live}, kind: attach.PeerTube, media: "/hls/master.m3u8", title: "A talk"},
		"PeerTube's older watch page":      {at: "/videos/watch/9c9de5e8-0a1e-484a-b099-e80766180a6d", files: map[string]string{"/api/v1/videos/9c9de5e8-0a1e-484a-b099-e80766180a6d": live}, kind: attach.PeerTube, media: "/hls/master.m3u8", title: "A talk"},
		"PeerTube, before the live":        {at: "/w/kkGMgK9ZtnKfYAgnEtQxbv", files: map[string]string{"/api/v1/videos/kkGMgK9ZtnKfYAgnEtQxbv": waiting}, fails: attach.ErrWaiting},
		"PeerTube, no live":                {at: "/w/kkGMgK9ZtnKfYAgnEtQxbv", files: map[string]string{"/api/v1/videos/kkGMgK9ZtnKfYAgnEtQxbv": film}, fails: attach.ErrWaiting},
		"PeerTube, private":                {at: "/w/kkGMgK9ZtnKfYAgnEtQxbv", status: map[string]int{"/api/v1/videos/kkGMgK9ZtnKfYAgnEtQxbv": 403}, fails: attach.ErrForbidden},
		"a page that is like PeerTube's":   {at: "/w/kkGMgK9ZtnKfYAgnEtQxbv", files: map[string]string{"/w/kkGMgK9ZtnKfYAgnEtQxbv": media}, kind: attach.HLS, media: "/w/kkGMgK9ZtnKfYAgnEtQxbv"},
		"some web page":                    {at: "/", files: map[string]string{"/": "<html>"}, fails: attach.ErrUnknown},
		"a server that wants to be asked":  {at: "/x", status: map[string]int{"/x": 401}, fails: attach.ErrForbidden},
		"JSON that is another's status":    {at: "/", files: map[string]string{"/": "<html>", "/api/status": `{"online":"yes"}`}, fails: attach.ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			at, _ := server(t, c.files, c.status, c.header)
			target, err := identify(t, at.ResolveReference(&url.URL{Path: c.at}), attach.Secrets{})
			if c.fails != nil {
				require.ErrorIs(t, err, c.fails)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.kind, target.Kind)
			require.Equal(t, c.media, target.Media.Path)
			require.Equal(t, c.title, target.Title)
			require.True(t, target.Live)
		})
	}
}

func TestSecretsGoWhereTheyBelong(t *testing.T) {
	at, requests := server(t, map[string]string{"/api/v1/videos/kkGMgK9ZtnKfYAgnEtQxbv": live}, nil, nil)
	target, err := identify(t, at.ResolveReference(&url.URL{Path: "/w/kkGMgK9ZtnKfYAgnEtQxbv"}), attach.Secrets{Token: "t0p", Password: "pass"})
	require.NoError(t, err)
	require.Equal(t, []asked{{"/api/v1/videos/kkGMgK9ZtnKfYAgnEtQxbv", "Bearer t0p", "pass"}}, *requests)
	require.Equal(t, "a=1", target.Media.RawQuery, "another host learns nothing")

	own := strings.ReplaceAll(live, "https://storage.example.org", "")
	at, _ = server(t, map[string]string{"/api/v1/videos/kkGMgK9ZtnKfYAgnEtQxbv": own}, nil, nil)
	target, err = identify(t, at.ResolveReference(&url.URL{Path: "/w/kkGMgK9ZtnKfYAgnEtQxbv"}), attach.Secrets{Token: "t0p"})
	require.NoError(t, err)
	require.Equal(t, "t0p", target.Media.Query().Get("videoFileToken"))
	require.Equal(t, "1", target.Media.Query().Get("a"), "what stands there stays")
}

func TestParse(t *testing.T) {
	for _, text := range []string{"", "file:///etc/passwd", "concat:http://a|b", "http://", "javascript:1", "rtmp:///x", "http://[::1"} {
		_, err := attach.Parse(text)
		require.Error(t, err, text)
	}
	_, err := attach.Parse(" rtsp://u:p@cam:554/1 ")
	require.NoError(t, err)
}
