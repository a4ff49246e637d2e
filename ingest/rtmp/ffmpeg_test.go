package rtmp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

func TestFFmpegPublishes(t *testing.T) {
	s := open(t, nil)
	out, err := ffmpeg(t, append(picture("4"), s.url(testKey))...)
	require.NoError(t, err, out)
	r := s.first(t)
	require.Eventually(t, r.isEnded, 5*time.Second, 10*time.Millisecond)
	r.mu.Lock()
	defer r.mu.Unlock()

	require.NoError(t, r.reason, "ffmpeg unpublishes properly")
	require.Equal(t, "demo", r.info.Stream)
	require.Regexp(t, "^[a-z2-7]{16}$", r.info.Epoch)
	require.Len(t, r.tracks, 2)
	require.Equal(t, 2, r.known, "both are known before the first unit")
	require.Equal(t, media.Video, r.tracks[0].Kind)
	require.Equal(t, []int{320, 180}, []int{r.tracks[0].Width, r.tracks[0].Height})
	require.InDelta(t, 30, r.tracks[0].FPS, 0.01)
	require.Equal(t, media.Audio, r.tracks[1].Kind)
	require.Equal(t, []int{48000, 2}, []int{r.tracks[1].SampleRate, r.tracks[1].Channels})

	checkUnits(t, r.units)
	video, audio, keys := tally(r.units)
	require.Equal(t, 120, video, "30 pictures a second for 4 s")
	require.InDelta(t, 188, audio, 3, "48000/1024 frames a second for 4 s")
	require.Equal(t, 4, keys, "a keyframe a second")
}

// checkUnits checks what a broadcast promises about times.
func checkUnits(t *testing.T, units []media.Unit) {
	t.Helper()
	require.NotEmpty(t, units)
	require.Zero(t, units[0].DTS, "the first unit is at 0")
	last := map[media.Kind]time.Duration{}
	for i, u := range units {
		require.GreaterOrEqual(t, u.DTS, last[u.Kind], "unit %d", i)
		require.LessOrEqual(t, u.DTS-last[u.Kind], 100*time.Millisecond, "unit %d", i)
		require.GreaterOrEqual(t, u.PTS, time.Duration(0), "unit %d", i)
		require.NotEmpty(t, u.Data, "unit %d", i)
		require.False(t, u.Arrived.IsZero(), "unit %d", i)
		last[u.Kind] = u.DTS
	}
	require.InDelta(t, last[media.Video].Seconds(), last[media.Audio].Seconds(), 0.1, "both tracks end together")
}

func tally(units []media.Unit) (video, audio, keys int) {
	for _, u := range units {
		switch {
		case u.Kind == media.Audio:
			audio++
		case u.Keyframe:
			keys++
			fallthrough
		default:
			video++
		}
	}
	return video, audio, keys
}

func TestFFmpegWithWrongKey(t *testing.T) {
	s := open(t, nil)
	out, err := ffmpeg(t, append(picture("4"), s.url("not-a-key"))...)
	require.Error(t, err)
	require.Contains(t, out, "Server error: Unknown stream key (NetStream.Publish.BadName)")
	require.Empty(t, s.opened())
	require.NotContains(t, s.log.String(), "not-a-key")
	require.NotContains(t, s.log.String(), "127.0.0.1:5", "no addresses of publishers in the log")
}
