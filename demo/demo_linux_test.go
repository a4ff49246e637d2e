package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/ingest/rtmp"
	"github.com/liverelay/liverelay/internal/kept"
	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/media/flv"
)

const (
	testKey = "a-key-that-nobody-may-see"
	soon    = 20 * time.Second
)

// studio is a real RTMP server that remembers what was published.
type studio struct {
	*kept.Session
	mu       sync.Mutex
	sessions int
	log      strings.Builder
	address  string
}

// session is one publisher's.
type session struct {
	*kept.Session
	done chan struct{}
}

func (s session) Close(error)           { close(s.done) }
func (s session) Done() <-chan struct{} { return s.done }

// Write makes the studio a log.
func (s *studio) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(line)
}

func (s *studio) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// open starts the server, and the demo against it.
func open(t *testing.T, o Options) *studio {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &studio{Session: kept.New(), address: l.Addr().String()}
	server := &rtmp.Server{Publisher: rtmp.PublisherFunc(func(key, _ string) (rtmp.Session, error) {
		if key != testKey {
			return nil, errors.New("wrong key " + key)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sessions++
		return session{s.Session, make(chan struct{})}, nil
	})}
	if o.URL == "" {
		o.URL = fmt.Sprintf("rtmp://%s/live/%s", s.address, testKey)
	}
	o.URL = strings.ReplaceAll(o.URL, "SERVER", s.address)
	o.Log = zerolog.New(s)
	ctx, cancel := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	tasks.Go(func() { require.NoError(t, server.Serve(ctx, l)) })
	tasks.Go(func() { require.ErrorIs(t, Run(ctx, o), context.Canceled) })
	t.Cleanup(func() {
		cancel()
		tasks.Wait()
		goleak.VerifyNone(t)
	})
	return s
}

func TestDemoIsPublished(t *testing.T) {
	s := open(t, Options{ClockCode: true})
	require.Eventually(t, func() bool { return len(s.Units(media.Video)) > 70 }, soon, 10*time.Millisecond, s.logged)
	pictures, sounds := s.Units(media.Video), s.Units(media.Audio)
	require.Greater(t, len(sounds), 90)
	s.mu.Lock()
	require.Len(t, s.Tracks(), 2)
	for _, track := range s.Tracks() {
		if track.Kind == media.Video {
			require.Equal(t, [2]int{640, 360}, [2]int{track.Width, track.Height})
			require.InDelta(t, 30, track.FPS, 0.01)
		} else {
			require.Equal(t, media.AAC, track.Codec)
			require.Equal(t, 48000, track.SampleRate)
		}
	}
	s.mu.Unlock()
	lastKey := 0
	for i, u := range pictures {
		require.Equal(t, u.DTS, u.PTS, "no B-frames")
		if u.Keyframe {
			lastKey = i
		}
		require.Less(t, i-lastKey, 30)
	}
	checkClock(t, s.Tracks(), pictures)
}

// checkClock decodes the pictures and compares the painted clock with the moment
// each arrived.
func checkClock(t *testing.T, tracks []media.Track, units []media.Unit) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "demo.flv")
	f, err := os.Create(file)
	require.NoError(t, err)
	w := flv.NewWriter(f, true, false)
	write := func(v flv.VideoTag, at time.Duration) {
		v.Codec = media.H264
		require.NoError(t, w.Write(flv.Tag{Type: flv.TypeVideo, Timestamp: at, Data: flv.AppendVideo(nil, v)}))
	}
	for _, track := range tracks {
		if track.Kind == media.Video {
			write(flv.VideoTag{Type: flv.Config, Keyframe: true, Data: track.Config}, 0)
		}
	}
	for _, u := range units {
		write(flv.VideoTag{Type: flv.Frames, Keyframe: u.Keyframe, Data: u.Data}, u.DTS)
	}
	require.NoError(t, f.Close())
	raw, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", file, "-fps_mode", "passthrough",
		"-vf", "scale=426:240", "-pix_fmt", "gray", "-f", "rawvideo", "-").Output()
	require.NoError(t, err)
	require.Len(t, raw, len(units)*426*240)
	for i, u := range units {
		at, ok := readCode(raw[i*426*240:], 426, 240, u.Arrived)
		require.True(t, ok, "picture %d, scaled down, has a clock", i)
		require.WithinRange(t, u.Arrived, at, at.Add(5*time.Second))
	}
}

// ffmpegs returns the processes that are our children, by /proc.
func ffmpegs(t *testing.T) []int {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", os.Getpid()))
	if err != nil || len(data) == 0 {
		data = nil
		tasks, err := filepath.Glob("/proc/self/task/*/children")
		require.NoError(t, err)
		for _, task := range tasks {
			more, _ := os.ReadFile(task)
			data = append(data, more...)
		}
	}
	var all []int
	for f := range strings.FieldsSeq(string(data)) {
		var pid int
		_, err := fmt.Sscan(f, &pid)
		require.NoError(t, err)
		all = append(all, pid)
	}
	return all
}

func TestDemoComesBackAndHidesTheKey(t *testing.T) {
	s := open(t, Options{Width: 320, Height: 180})
	require.Eventually(t, func() bool { return len(s.Units(media.Video)) > 5 }, soon, 10*time.Millisecond)
	children := ffmpegs(t)
	require.Len(t, children, 1)
	for _, file := range []string{"cmdline", "environ"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", children[0], file))
		require.NoError(t, err)
		require.NotEmpty(t, text)
		require.NotContains(t, string(text), testKey)
	}
	require.NoError(t, syscall.Kill(children[0], syscall.SIGKILL))
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.sessions == 2
	}, soon, 10*time.Millisecond)
	before := len(s.Units(media.Video))
	require.Eventually(t, func() bool { return len(s.Units(media.Video)) > before+5 }, soon, 10*time.Millisecond)
	require.Contains(t, s.logged(), "the demo stopped")
	require.NotContains(t, s.logged(), testKey)
}

func TestRefusedDemoTriesAgain(t *testing.T) {
	s := open(t, Options{URL: "rtmp://SERVER/live/another-key-nobody-may-see"})
	require.Eventually(t, func() bool { return strings.Count(s.logged(), "the demo stopped") > 1 }, soon, 10*time.Millisecond)
	require.NotContains(t, s.logged(), "another-key")
	require.Empty(t, s.Units(media.Video))
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{URL: "http://host/live/secret-key"}, "an address like rtmp://"},
		{Options{URL: "rtmp://host/secret-key"}, "no application and key"},
		{Options{URL: "rtmp://ho st/live/secret-key"}, "an address like rtmp://"},
		{Options{URL: "rtmp://host/live/secret-key", Width: 641, Height: 360}, "641x360"},
		{Options{URL: "rtmp://host/live/secret-key", FPS: 1000}, "5 to 60"},
	} {
		err := Run(t.Context(), c.o)
		require.ErrorContains(t, err, c.want)
		require.NotContains(t, err.Error(), "secret-key")
	}
	server, key, err := splitURL("rtmps://host:1936/live/the-key")
	require.NoError(t, err)
	require.Equal(t, []string{"rtmps://host:1936/live", "the-key"}, []string{server, key})
}

func TestWithoutFFmpeg(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := startEncoder(t.Context(), Options{})
	require.ErrorIs(t, err, ErrNoFFmpeg)
	require.ErrorContains(t, err, "install it")
}
