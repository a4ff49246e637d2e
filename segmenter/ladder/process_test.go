package ladder

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/media"
)

const soon = 20 * time.Second

func testConfig(t testing.TB) Config {
	t.Helper()
	path, err := Find()
	require.NoError(t, err)
	// Tests feed faster than pictures can be encoded in time.
	return Config{FFmpeg: path, Queue: 2000, Lag: time.Hour, Log: zerolog.New(zerolog.NewTestWriter(t))}
}

// encode runs a source through the ladder to its end.
func encode(t *testing.T, cfg Config, s source, rungs []Rung) *collector {
	t.Helper()
	out := newCollector(len(rungs))
	p, err := Start(t.Context(), cfg, rungs, s.track, out)
	require.NoError(t, err)
	play(t.Context(), p, s.units, 2*time.Millisecond)
	require.Eventually(t, func() bool {
		units, errs := out.counts()
		return units >= len(s.units)-2 || errs > 0 // two threads hold a picture back
	}, soon, 5*time.Millisecond)
	p.Close()
	require.Empty(t, out.errs)
	return out
}

func TestEveryPictureComesOutUnderItsOwnTime(t *testing.T) {
	defer goleak.VerifyNone(t)
	cases := []struct {
		name   string
		source source
		cores  int
	}{
		{"a GOP of 250 at 30", fast(t, "20"), 1},
		{"two threads a rung", fast(t, "3"), 2},
		{"B-frames", makeSource(t, "testsrc2=size=320x240:rate=30", "-t", "4", "-g", "60", "-bf", "3", "-preset", "fast"), 1},
		{"NTSC rate", makeSource(t, "testsrc2=size=320x240:rate=30000/1001", "-t", "4", "-g", "45", "-bf", "0"), 1},
		{"upright", makeSource(t, "testsrc2=size=240x426:rate=25", "-t", "3", "-g", "77", "-bf", "0"), 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := c.source.exact(5*time.Hour + 123_456*time.Nanosecond)
			rungs := Choose(s.track, Settings{Wishes: []Wish{{Height: 144}, {Height: 96}}})
			require.Len(t, rungs, 2)
			cfg := testConfig(t)
			cfg.Cores = c.cores
			if c.cores == 2 { // as a large picture would have it
				rungs = append(rungs, newRung(Wish{Name: "much", Height: 1440, Bitrate: 100_000}, s.track))
			}
			out := encode(t, cfg, s, rungs)
			for i, r := range rungs {
				require.Len(t, out.tracks[i], 1)
				checkTrack(t, r, out.tracks[i][0])
				checkTimes(t, s.units, out.all(i), 1)
			}
		})
	}
}

func TestHalfTheRateKeepsEveryKeyframe(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := makeSource(t, "testsrc2=size=320x240:rate=60", "-t", "8", "-g", "125", "-bf", "0").exact(time.Second)
	rungs := Choose(s.track, Settings{Wishes: []Wish{{Height: 144}, {Height: 96, FPS: 15}}})
	require.Equal(t, 30.0, rungs[0].FPS)
	require.Equal(t, 15.0, rungs[1].FPS)
	out := newCollector(2)
	p, err := Start(t.Context(), testConfig(t), rungs, s.track, out)
	require.NoError(t, err)
	play(t.Context(), p, s.units, 2*time.Millisecond)
	last := s.units[len(s.units)-8].PTS
	require.Eventually(t, func() bool {
		units := out.all(1)
		return len(units) > 0 && units[len(units)-1].PTS > last
	}, soon, 5*time.Millisecond)
	p.Close()
	require.Empty(t, out.errs)
	checkTimes(t, s.units, out.all(0), 2)
	checkTimes(t, s.units, out.all(1), 4)
}

// checkTrack compares what was chosen with what came.
func checkTrack(t *testing.T, r Rung, got media.Track) {
	t.Helper()
	require.Equal(t, [2]int{r.Width, r.Height}, [2]int{got.Width, got.Height})
	require.InDelta(t, r.FPS, got.FPS, 0.01)
	require.Equal(t, r.Codecs, codecs(got))
}

// checkTimes checks a rung against its source: known times that grow, every
// source keyframe, a keyframe a second, and no picture missing but those that the
// lower rate leaves out.
func checkTimes(t *testing.T, source, rung []media.Unit, divisor int) {
	t.Helper()
	known := map[time.Duration]bool{}
	keys := map[time.Duration]bool{}
	var step time.Duration
	for i, u := range source {
		known[u.PTS] = true
		if u.Keyframe {
			keys[u.PTS] = true
		}
		if i > 0 {
			step = max(step, u.DTS-source[i-1].DTS)
		}
	}
	require.NotEmpty(t, rung)
	require.True(t, rung[0].Keyframe)
	last, lastKey := time.Duration(-1), rung[0].PTS
	for _, u := range rung {
		require.True(t, known[u.PTS], "a time of the source, not %s", u.PTS)
		require.Equal(t, u.PTS, u.DTS)
		require.Greater(t, u.PTS, last)
		if last >= 0 {
			require.LessOrEqual(t, u.PTS-last, step*time.Duration(divisor)+time.Millisecond, "a hole before %s", u.PTS)
		}
		last = u.PTS
		require.LessOrEqual(t, u.PTS-lastKey, time.Second+2*step, "keyframes too far apart")
		if u.Keyframe {
			lastKey = u.PTS
			delete(keys, u.PTS)
		}
	}
	for at := range keys {
		require.Greater(t, at, last, "source keyframe is none in the rung")
	}
}

func TestUnknownRateIsMeasured(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := fast(t, "2")
	s.track.FPS = 0
	rungs := Choose(s.track, Settings{Wishes: []Wish{{Height: 144}}})
	require.Zero(t, rungs[0].FPS)
	out := encode(t, testConfig(t), s, rungs)
	require.InDelta(t, 30, out.tracks[0][0].FPS, 0.1)
	checkTimes(t, s.units, out.all(0), 1)
}

func TestNewConfigurationBeginsAtItsKeyframe(t *testing.T) {
	defer goleak.VerifyNone(t)
	a := fast(t, "1")
	b := makeSource(t, "testsrc2=size=480x270:rate=30", "-t", "1", "-g", "250", "-bf", "0").exact(time.Second)
	rungs := Choose(a.track, Settings{Wishes: []Wish{{Height: 144}}})
	out := newCollector(1)
	p, err := Start(t.Context(), testConfig(t), rungs, a.track, out)
	require.NoError(t, err)
	play(t.Context(), p, a.units, 2*time.Millisecond)
	p.Track(a.track) // said again: nothing changes
	p.Track(b.track)
	play(t.Context(), p, b.units, 2*time.Millisecond)
	require.Eventually(t, func() bool {
		n, _ := out.counts()
		return n == len(a.units)+len(b.units)
	}, soon, 5*time.Millisecond)
	p.Close()
	require.Empty(t, out.errs)
	require.Len(t, out.tracks[0], 2)
	require.Equal(t, b.units[0].PTS, out.all(0)[len(a.units)].PTS)
	require.True(t, out.all(0)[len(a.units)].Keyframe)
}

func TestStartRefuses(t *testing.T) {
	defer goleak.VerifyNone(t)
	track := media.Track{Kind: media.Video, Codec: media.H264, Config: []byte{1}, Width: 640, Height: 360}
	rungs := Choose(track, Settings{Wishes: []Wish{{Height: 240}}})
	_, err := Start(context.Background(), Config{}, rungs, track, nil)
	require.ErrorIs(t, err, ErrMissing)
	_, err = Start(context.Background(), Config{FFmpeg: "ffmpeg"}, nil, track, nil)
	require.ErrorContains(t, err, "no rungs")
	track.Codec = media.HEVC
	_, err = Start(context.Background(), Config{FFmpeg: "ffmpeg"}, rungs, track, nil)
	require.ErrorIs(t, err, ErrCodec)
}
