package rtmp_test

import (
	"bytes"
	"context"
	"net"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/broadcast"
	"github.com/liverelay/liverelay/ingest/rtmp"
	"github.com/liverelay/liverelay/media"
)

func TestMain(m *testing.M) {
	if serveForAttack() {
		return
	}
	goleak.VerifyTestMain(m)
}

const (
	testKey  = "a-key-of-some-length"
	otherKey = "the-key-of-somebody-else"
)

// recorder is a reader that keeps what a broadcast brings.
type recorder struct {
	mu     sync.Mutex
	info   broadcast.Info
	tracks []media.Track
	known  int // tracks, when the first unit came
	units  []media.Unit
	heard  []heard
	ended  bool
	reason error
}

// heard is news of the publisher, and how much had come before it.
type heard struct {
	what                 string
	video, audio, tracks int
}

func (r *recorder) Track(t media.Track) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tracks = append(r.tracks, t)
}

func (r *recorder) Unit(u media.Unit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.units) == 0 {
		r.known = len(r.tracks)
	}
	r.units = append(r.units, u)
}

func (r *recorder) Away(time.Time) { r.news("away") }
func (r *recorder) Back(time.Time) { r.news("back") }

// news notes what became of the publisher, behind how many units of each kind.
func (r *recorder) news(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	video, audio, _ := tally(r.units)
	r.heard = append(r.heard, heard{what, video, audio, len(r.tracks)})
}

func (r *recorder) End(reason error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended, r.reason = true, reason
}

// count returns the number of units of a kind.
func (r *recorder) count(kind media.Kind) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, u := range r.units {
		if u.Kind == kind {
			n++
		}
	}
	return n
}

// all returns the units so far.
func (r *recorder) all() []media.Unit {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]media.Unit(nil), r.units...)
}

// forget drops the units so far.
func (r *recorder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.units = nil
}

func (r *recorder) isEnded() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// studio is a server with a registry behind it and recorders for its broadcasts.
type studio struct {
	address  string
	registry *broadcast.Registry
	log      *lockedBuffer

	mu         sync.Mutex
	broadcasts []*recorder
}

func (s *studio) Open(info broadcast.Info) broadcast.Reader {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &recorder{info: info}
	s.broadcasts = append(s.broadcasts, r)
	return r
}

func (s *studio) opened() []*recorder {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*recorder(nil), s.broadcasts...)
}

// first waits for the first broadcast.
func (s *studio) first(t testing.TB) *recorder {
	t.Helper()
	require.Eventually(t, func() bool { return len(s.opened()) > 0 }, 10*time.Second, 10*time.Millisecond, "no broadcast began")
	return s.opened()[0]
}

// url is the address to push to with a key, as ffmpeg takes it.
func (s *studio) url(key string) string { return "rtmp://" + s.address + "/live/" + key }

// lockedBuffer takes the log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// open runs a server for the test's duration; configure may change it before.
func open(t testing.TB, configure func(*rtmp.Server), options ...broadcast.Option) *studio {
	t.Helper()
	s := &studio{log: &lockedBuffer{}}
	log := zerolog.New(s.log)
	s.registry = broadcast.New([]broadcast.Stream{{Name: "demo", Key: testKey}, {Name: "other", Key: otherKey}}, s, log, options...)
	server := &rtmp.Server{Log: log, Publisher: rtmp.PublisherFunc(func(key, remote string) (rtmp.Session, error) {
		session, err := s.registry.Publish(key, remote)
		if err != nil {
			return nil, err
		}
		return session, nil
	})}
	if configure != nil {
		configure(server)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-served)
		s.registry.Close(nil)
		if t.Failed() {
			t.Log(s.log.String())
		}
		require.NotContains(t, s.log.String(), testKey, "a key is in the log")
		require.NotContains(t, s.log.String(), otherKey, "a key is in the log")
	})
	return s
}

// ffmpeg runs ffmpeg until it is done, and returns what it printed.
func ffmpeg(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ffmpeg", append([]string{"-hide_banner", "-nostdin", "-loglevel", "verbose"}, args...)...).CombinedOutput()
	return string(out), err
}

// picture are ffmpeg's arguments for a test picture with a tone, encoded.
func picture(seconds string, extra ...string) []string {
	args := []string{
		"-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
		"-t", seconds, "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-keyint_min", "30",
		"-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k", "-ac", "2",
	}
	return append(append(args, extra...), "-f", "flv")
}

func testLog() zerolog.Logger { return zerolog.Nop() }
