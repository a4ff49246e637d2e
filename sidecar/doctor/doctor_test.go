package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/sidecar/attach"
	"github.com/liverelay/liverelay/sidecar/doctor"
	"github.com/liverelay/liverelay/sidecar/outbound"
)

func examine(t *testing.T, address string) *doctor.Report {
	t.Helper()
	at, err := attach.Parse(address)
	require.NoError(t, err)
	client, err := outbound.New(outbound.Config{Typed: []*url.URL{at}})
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r := doctor.Examine(ctx, doctor.Options{URL: at, Client: client})
	var shown bytes.Buffer
	require.NoError(t, r.Write(&shown))
	require.NotContains(t, shown.String(), "t0p")
	text, err := json.Marshal(r)
	require.NoError(t, err)
	require.NotContains(t, string(text), "t0p")
	return r
}

// packaged is HLS that ffmpeg made, with keyframes every so many pictures of 25 a second,
// and without its end, as if it went on.
func packaged(t *testing.T, keyframes, seconds string, more ...string) *httptest.Server {
	t.Helper()
	folder := t.TempDir()
	args := append([]string{
		"-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25", "-t", "24",
		"-c:v", "libx264", "-preset", "ultrafast", "-g", keyframes, "-sc_threshold", "0", "-f", "hls", "-hls_time", seconds,
		"-hls_flags", "omit_endlist",
	}, more...)
	out, err := exec.Command("ffmpeg", append(args, filepath.Join(folder, "index.m3u8"))...).CombinedOutput()
	require.NoError(t, err, string(out))
	s := httptest.NewServer(http.FileServer(http.Dir(folder)))
	t.Cleanup(s.Close)
	return s
}

func finding(r *doctor.Report, topic string) (found []doctor.Level) {
	for _, f := range r.Findings {
		if f.Topic == topic {
			found = append(found, f.Level)
		}
	}
	return found
}

func TestPlainHLS(t *testing.T) {
	for name, more := range map[string][]string{"MPEG-TS": nil, "fragmented MP4": {"-hls_segment_type", "fmp4"}} {
		s := packaged(t, "50", "2", more...)
		r := examine(t, s.URL+"/index.m3u8?token=t0p")
		require.Equal(t, attach.HLS, r.Kind)
		require.Equal(t, name, r.Container)
		require.InDelta(t, 2, r.KeyframeSeconds, 0.05, name)
		require.InDelta(t, 6, r.FloorSeconds, 0.1, "three segments of 2 s")
		require.Equal(t, doctor.ExitGood, r.Exit(), "%+v", r.Findings)
		require.Contains(t, r.Command, s.URL+"/index.m3u8")
		require.Equal(t, []doctor.Level{doctor.Note}, finding(r, "cors"))
	}
}

func TestLongSegmentsAndRareKeyframesAreToldOf(t *testing.T) {
	r := examine(t, packaged(t, "150", "6").URL+"/index.m3u8")
	require.Equal(t, []doctor.Level{doctor.Warn}, finding(r, "latency"))
	require.Equal(t, []doctor.Level{doctor.Warn}, finding(r, "keyframes"))
	require.Equal(t, doctor.ExitWarned, r.Exit())
}

func TestWhatIsNotThere(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	r := examine(t, s.URL+"/nothing")
	require.Equal(t, doctor.ExitNothing, r.Exit())
	require.Empty(t, r.Command)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	for _, scheme := range []string{"http", "rtsp", "rtmp"} {
		require.Equal(t, doctor.ExitNothing, examine(t, scheme+"://u:t0p@"+l.Addr().String()+"/live/cam").Exit(), scheme)
	}
}

// TestAWaitingPeerTube: the answer has the shape that PeerTube documents.
func TestAWaitingPeerTube(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/videos/kkGMgK9ZtnKfYAgnEtQxbv" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(`{"name":"A talk","isLive":true,"state":{"id":4,"label":"Waiting for livestream"},"streamingPlaylists":[]}`))
	}))
	defer s.Close()
	r := examine(t, s.URL+"/w/kkGMgK9ZtnKfYAgnEtQxbv")
	require.Equal(t, attach.PeerTube, r.Kind)
	require.Equal(t, "A talk", r.Title)
	require.Equal(t, doctor.ExitWaiting, r.Exit())
}
