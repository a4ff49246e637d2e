package ladder

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/media/flv"
)

// source is a test picture as a publisher would send it.
type source struct {
	track media.Track
	units []media.Unit
}

// makeSource has ffmpeg encode a test picture. args are lavfi's source and x264's
// options.
func makeSource(t testing.TB, lavfi string, args ...string) source {
	t.Helper()
	path, err := Find()
	require.NoError(t, err)
	all := append([]string{"-v", "error", "-f", "lavfi", "-i", lavfi, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}, args...)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, append(all, "-f", "flv", "pipe:1")...).Output()
	require.NoError(t, err)
	return readSource(t, out)
}

func readSource(t testing.TB, file []byte) source {
	t.Helper()
	var s source
	in := flv.NewReader(bytes.NewReader(file))
	for {
		tag, err := in.Next()
		if errors.Is(err, io.EOF) {
			return s
		}
		require.NoError(t, err)
		if tag.Type != flv.TypeVideo {
			continue
		}
		v, err := flv.ParseVideo(tag.Data)
		require.NoError(t, err)
		switch v.Type {
		case flv.Config:
			s.track, err = flv.VideoTrack(v.Codec, v.Data)
			require.NoError(t, err)
		case flv.Frames:
			s.units = append(s.units, media.Unit{
				Kind: media.Video, Keyframe: v.Keyframe, Data: v.Data,
				DTS: tag.Timestamp, PTS: tag.Timestamp + v.CompositionTime,
			})
		}
	}
}

// exact moves the times off the milliseconds, as times that were counted in
// another clock are.
func (s source) exact(by time.Duration) source {
	units := make([]media.Unit, len(s.units))
	for i, u := range s.units {
		jitter := time.Duration(i*7919%400) * time.Microsecond
		u.DTS += by + jitter
		u.PTS += by + jitter
		units[i] = u
	}
	return source{track: s.track, units: units}
}

// fast is makeSource's usual picture: a GOP of 250, as OBS has it.
func fast(t testing.TB, seconds string) source {
	return makeSource(t, "testsrc2=size=320x240:rate=30", "-t", seconds, "-g", "250", "-bf", "0")
}

// collector is an Output that remembers.
type collector struct {
	mu     sync.Mutex
	tracks [][]media.Track
	units  [][]media.Unit
	delays [][]time.Duration
	errs   []error
	// log has what came in which order: t, u, and ! for failures.
	log string
}

func newCollector(rungs int) *collector {
	return &collector{tracks: make([][]media.Track, rungs), units: make([][]media.Unit, rungs), delays: make([][]time.Duration, rungs)}
}

func (c *collector) EncodedTrack(rung int, t media.Track) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tracks[rung] = append(c.tracks[rung], t)
	if rung == 0 {
		c.log += "t"
	}
}

func (c *collector) EncodedUnit(rung int, u media.Unit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.units[rung] = append(c.units[rung], u)
	c.delays[rung] = append(c.delays[rung], time.Since(u.Arrived))
	if rung == 0 {
		c.log += "u"
	}
}

func (c *collector) EncoderFailed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errs = append(c.errs, err)
	c.log += "!"
}

// counts returns how many units rung 0 and how many errors there are.
func (c *collector) counts() (units, errs int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.units[0]), len(c.errs)
}

// all returns a copy of a rung's units.
func (c *collector) all(rung int) []media.Unit {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]media.Unit(nil), c.units[rung]...)
}

// play feeds units one each step until they end or the test does.
func play(ctx context.Context, p *Process, units []media.Unit, step time.Duration) {
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	for _, u := range units {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		u.Arrived = time.Now()
		p.Unit(u)
	}
}
