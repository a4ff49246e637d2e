package rtmp_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/broadcast"
	"github.com/liverelay/liverelay/media"
)

// graced is a studio whose broadcasts outlive their publishers.
func graced(t *testing.T, grace time.Duration) *studio {
	s := open(t, nil, broadcast.WithGrace(grace))
	ctx, cancel := context.WithCancel(context.Background())
	swept := make(chan struct{})
	go func() {
		defer close(swept)
		s.registry.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-swept
	})
	return s
}

// push starts ffmpeg and returns how to kill it.
func push(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("ffmpeg", append([]string{"-hide_banner", "-nostdin", "-loglevel", "error"}, args...)...)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// TestDropouts lets real publishers drop out in all ways and come back, each with a
// clock of its own: the broadcast goes on, on one unbroken clock.
func TestDropouts(t *testing.T) {
	for name, leave := range map[string]func(t *testing.T, s *studio, cmd *exec.Cmd){
		"killed":        func(t *testing.T, _ *studio, cmd *exec.Cmd) { require.NoError(t, cmd.Process.Kill()) },
		"ended cleanly": func(t *testing.T, _ *studio, cmd *exec.Cmd) { require.NoError(t, cmd.Process.Signal(os.Interrupt)) },
		"frozen, and another takes over": func(t *testing.T, s *studio, cmd *exec.Cmd) {
			require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
			require.Contains(t, dial(t, s.address).publish(testKey), "The stream has a publisher already (NetStream.Publish.BadName)")
			require.Eventually(t, func() bool { return s.registry.Streams()[0].Away }, 6*time.Second, 10*time.Millisecond, "silence is absence")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := graced(t, 20*time.Second)
			first := push(t, append(picture("60"), s.url(testKey))...)
			r := s.first(t)
			require.Eventually(t, func() bool { return r.count(media.Video) > 30 }, 10*time.Second, 10*time.Millisecond)
			leave(t, s, first)
			require.Eventually(t, func() bool { return s.registry.Streams()[0].Away }, 6*time.Second, 10*time.Millisecond)
			left := time.Now()
			out, err := ffmpeg(t, append(picture("2", "-output_ts_offset", "20000"), s.url(testKey))...)
			require.NoError(t, err, out)
			require.Len(t, s.opened(), 1, "one broadcast")
			require.False(t, r.isEnded())
			checkReturn(t, r, left)
		})
	}
}

// checkReturn checks the units of a broadcast whose publisher was away once.
func checkReturn(t *testing.T, r *recorder, left time.Time) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Equal(t, []string{"away", "back"}, []string{r.heard[0].what, r.heard[1].what})
	before := r.heard[1].video + r.heard[1].audio
	old, fresh := r.units[:before], r.units[before:]
	require.Equal(t, 4, len(r.tracks), "both tracks are announced again")
	require.True(t, fresh[0].Kind == media.Video && fresh[0].Keyframe)
	edge := max(old[len(old)-1].DTS, old[len(old)-2].DTS)
	gone := fresh[0].Arrived.Sub(old[len(old)-1].Arrived)
	require.InDelta(t, gone.Seconds(), (fresh[0].DTS - edge).Seconds(), 0.05, "the clock went on meanwhile")
	require.GreaterOrEqual(t, gone, time.Since(left)-3500*time.Millisecond)
	last := map[media.Kind]time.Duration{}
	for i, u := range r.units {
		require.GreaterOrEqual(t, u.DTS, last[u.Kind], "unit %d", i)
		last[u.Kind] = u.DTS
	}
	video, audio, _ := tally(fresh)
	require.InDelta(t, 60, video, 2, "nothing of it is lost")
	require.InDelta(t, 94, audio, 4)
	require.InDelta(t, last[media.Video].Seconds(), last[media.Audio].Seconds(), 0.1, "the tracks are together")
}

func TestTheGracePeriodEnds(t *testing.T) {
	s := graced(t, time.Second)
	out, err := ffmpeg(t, append(picture("1"), s.url(testKey))...)
	require.NoError(t, err, out)
	require.False(t, s.first(t).isEnded(), "OBS ends its stream in the same way before it connects again")
	require.Eventually(t, s.first(t).isEnded, 3*time.Second, 10*time.Millisecond)
	_, err = ffmpeg(t, append(picture("1"), s.url(testKey))...)
	require.NoError(t, err)
	require.Len(t, s.opened(), 2, "a new broadcast")
}

// TestOneTrackAlone publishes a picture without sound and sound without a picture.
func TestOneTrackAlone(t *testing.T) {
	for kind, without := range map[media.Kind]string{media.Video: "-an", media.Audio: "-vn"} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			s := open(t, nil)
			out, err := ffmpeg(t, append(picture("2", without), s.url(testKey))...)
			require.NoError(t, err, out)
			r := s.first(t)
			require.Eventually(t, r.isEnded, 3*time.Second, 10*time.Millisecond)
			require.Len(t, r.tracks, 1)
			require.Equal(t, kind, r.tracks[0].Kind)
			require.Greater(t, len(r.units), 55)
			require.Len(t, r.units, r.count(kind))
		})
	}
}

// TestChangesInMidStream publishes with one connection what encoders do to a stream:
// another resolution, a track that goes, a track that comes.
func TestChangesInMidStream(t *testing.T) {
	s := graced(t, 20*time.Second)
	p := live(t, s)
	p.send(video(0, frame(true, 10)), audio(10, sound()))
	r := s.first(t)
	p.send(video(40, unhex("17000000000142c01effe100096742c01ed9014016e801000468cb83cb")), video(40, frame(true, 10)))
	require.Eventually(t, func() bool { return r.count(media.Video) == 2 }, 5*time.Second, time.Millisecond)
	tracks := s.registry.Streams()[0].Tracks
	require.Len(t, tracks, 2)
	require.Equal(t, byte(66), tracks[0].Config[1], "the new configuration, of another profile")
	for at := uint32(80); at < 4000; at += 40 { // no more sound
		p.send(video(at, frame(at%1000 == 0, 10)))
	}
	require.Eventually(t, func() bool { return r.count(media.Video) == 100 }, 5*time.Second, time.Millisecond)
	p.send(audio(4010, sound()))
	require.Eventually(t, func() bool { return r.count(media.Audio) == 2 }, 5*time.Second, time.Millisecond)
	require.Len(t, s.opened(), 1)
	units := r.all()
	require.Equal(t, 4010*time.Millisecond, units[len(units)-1].DTS, "it returns where it belongs")
}

// TestATrackThatComesLate publishes pictures alone, and then sound as well over the same
// connection: a new broadcast has both, from a keyframe on.
func TestATrackThatComesLate(t *testing.T) {
	s := graced(t, 20*time.Second)
	p := dial(t, s.address)
	require.Contains(t, p.publish(testKey), "NetStream.Publish.Start")
	p.send(video(0, configAVC))
	for at := uint32(0); at < 10_000; at += 40 {
		p.send(video(at, frame(at%1000 == 0, 10)))
	}
	first := s.first(t)
	require.Eventually(t, func() bool { return first.count(media.Video) == 250 }, 5*time.Second, time.Millisecond)
	p.send(audio(9_990, configAAC), audio(9_990, sound()), video(10_000, frame(false, 10)), audio(10_010, sound()))
	p.send(video(10_040, frame(false, 10)), video(10_080, frame(true, 10)), audio(10_081, sound()))
	require.Eventually(t, func() bool { return len(s.opened()) > 1 }, 5*time.Second, time.Millisecond)
	require.Eventually(t, first.isEnded, 5*time.Second, time.Millisecond)
	require.ErrorIs(t, first.reason, broadcast.ErrOtherTracks)
	both := s.opened()[1]
	require.Eventually(t, func() bool { return both.count(media.Video) == 1 && both.count(media.Audio) > 0 }, 5*time.Second, time.Millisecond)
	require.Len(t, s.registry.Streams()[0].Tracks, 2)
	require.Len(t, s.opened(), 2, "not one for the sound first")
	require.Equal(t, 252, first.count(media.Video), "pictures went on until then")
}

// TestRareKeyframes publishes with 20 s between keyframes and drops out: the return
// waits for no keyframe but its own first one.
func TestRareKeyframes(t *testing.T) {
	s := graced(t, 20*time.Second)
	rare := func(seconds string) []string {
		return append(picture(seconds, "-g", "600", "-keyint_min", "600", "-x264-params", "scenecut=0"), s.url(testKey))
	}
	cmd := push(t, rare("60")...)
	r := s.first(t)
	require.Eventually(t, func() bool {
		return strings.Contains(strings.Join(s.registry.Streams()[0].Warnings, " "), "no keyframe for more than 4 s")
	},
		10*time.Second, 50*time.Millisecond, "the streamer is told")
	require.NoError(t, cmd.Process.Kill())
	out, err := ffmpeg(t, rare("2")...)
	require.NoError(t, err, out)
	video, _, keys := tally(r.all())
	require.Equal(t, 2, keys)
	require.Greater(t, video, 150)
	require.Len(t, s.opened(), 1)
}
