package rtsp_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/ingest/rtsp"
	"github.com/liverelay/liverelay/internal/kept"
	"github.com/liverelay/liverelay/media"
)

// counts returns the units of each kind.
func counts(s *kept.Session) (video, audio int) {
	return len(s.Units(media.Video)), len(s.Units(media.Audio))
}

func address(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// publish lets ffmpeg publish a test picture with B-frames until the test ends.
func publish(t *testing.T, to string, codec ...string) {
	t.Helper()
	args := append([]string{
		"-hide_banner", "-loglevel", "error", "-re",
		"-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=48000",
	}, codec...)
	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, "ffmpeg", append(args, "-c:a", "aac", "-f", "rtsp", "-rtsp_transport", "tcp", to)...)
	require.NoError(t, c.Start())
	t.Cleanup(func() { cancel(); _ = c.Wait() })
}

func h264() []string {
	return []string{"-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25", "-pix_fmt", "yuv420p"}
}

func TestPublishersAreTakenByTheirKey(t *testing.T) {
	const key = "a-key-of-an-rtsp-publisher"
	got := kept.New()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	at := l.Addr().String()
	refused := make(chan string, 8)
	s := rtsp.Server{Log: zerolog.Nop(), Publisher: rtsp.PublisherFunc(func(k, _ string) (rtsp.Session, error) {
		if k != key {
			refused <- k
			return nil, errors.New("unknown key")
		}
		return got, nil
	})}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	publish(t, "rtsp://"+at+"/live/another-key-of-a-publisher", h264()...)
	require.Equal(t, "another-key-of-a-publisher", <-refused)
	publish(t, "rtsp://"+at+"/live/"+key, h264()...)
	check(t, got, media.H264)
	cancel()
	require.NoError(t, <-ended)
	<-got.Done()
}

// check waits for two seconds of media and looks at it.
func check(t *testing.T, got *kept.Session, codec media.Codec) {
	t.Helper()
	require.Eventually(t, func() bool {
		v, a := counts(got)
		return v >= 50 && a >= 90
	}, 20*time.Second, 50*time.Millisecond)
	tracks, units := got.Tracks(), got.Units()
	byKind := map[media.Kind]media.Track{}
	for _, track := range tracks {
		byKind[track.Kind] = track
	}
	require.Equal(t, codec, byKind[media.Video].Codec)
	require.Equal(t, 320, byKind[media.Video].Width)
	require.Equal(t, 48000, byKind[media.Audio].SampleRate)
	require.Len(t, tracks, 2, "each track is announced once")
	require.Equal(t, media.Video, units[0].Kind)
	last, first, reordered := map[media.Kind]time.Duration{}, true, false
	for _, u := range units {
		require.GreaterOrEqual(t, u.PTS, u.DTS)
		require.GreaterOrEqual(t, u.DTS, last[u.Kind], "decode times never go back")
		last[u.Kind] = u.DTS
		reordered = reordered || u.PTS > u.DTS
		if u.Kind == media.Video && first {
			require.True(t, u.Keyframe)
			first = false
		}
	}
	require.True(t, reordered, "the source has B-frames")
	require.InDelta(t, last[media.Video].Seconds(), last[media.Audio].Seconds(), 1.5, "sound and picture go together")
}

// camera hands what one publisher sends to all who play: a server such as cameras have.
type camera struct {
	server *gortsplib.Server
	mu     sync.Mutex
	stream *gortsplib.ServerStream
}

func (c *camera) OnAnnounce(ctx *gortsplib.ServerHandlerOnAnnounceCtx) (*base.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stream = &gortsplib.ServerStream{Server: c.server, Desc: ctx.Description}
	return &base.Response{StatusCode: base.StatusOK}, c.stream.Initialize()
}

func (c *camera) OnDescribe(*gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stream == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

func (c *camera) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Session.State() == gortsplib.ServerSessionStatePreRecord {
		return &base.Response{StatusCode: base.StatusOK}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

func (c *camera) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

func (c *camera) OnRecord(ctx *gortsplib.ServerHandlerOnRecordCtx) (*base.Response, error) {
	ctx.Session.OnPacketRTPAny(func(m *description.Media, _ format.Format, pkt *rtp.Packet) {
		_ = c.stream.WritePacketRTP(m, pkt)
	})
	return &base.Response{StatusCode: base.StatusOK}, nil
}

func TestACameraIsPlayedFrom(t *testing.T) {
	for name, c := range map[string]struct {
		codec media.Codec
		args  []string
	}{
		"H.264": {media.H264, h264()},
		"H.265": {media.HEVC, []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=25:bframes=2:log-level=none", "-pix_fmt", "yuv420p"}},
	} {
		t.Run(name, func(t *testing.T) {
			cam, at := &camera{}, address(t)
			cam.server = &gortsplib.Server{Handler: cam, RTSPAddress: at}
			require.NoError(t, cam.server.Start())
			t.Cleanup(cam.server.Close)
			publish(t, "rtsp://"+at+"/cam", c.args...)
			require.Eventually(t, func() bool {
				cam.mu.Lock()
				defer cam.mu.Unlock()
				return cam.stream != nil
			}, 10*time.Second, 10*time.Millisecond)
			got := kept.New()
			source := rtsp.Source{URL: &url.URL{Scheme: "rtsp", Host: at, Path: "/cam"}, Dial: (&net.Dialer{}).DialContext}
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- source.Play(ctx, got) }()
			check(t, got, c.codec)
			cancel()
			require.ErrorIs(t, <-ended, context.Canceled)
		})
	}
}

func TestNobodyThere(t *testing.T) {
	source := rtsp.Source{URL: &url.URL{Scheme: "rtsp", User: url.UserPassword("u", "secret"), Host: address(t), Path: "/cam"}, Dial: (&net.Dialer{}).DialContext}
	err := source.Play(context.Background(), kept.New())
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")
}
