package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/media/flv"
	"github.com/liverelay/liverelay/segmenter/ladder"
)

// ladderSeconds is how long each measurement runs, in real time: 20 s, or BENCH_SECONDS.
func ladderSeconds() int {
	if n, err := strconv.Atoi(os.Getenv("BENCH_SECONDS")); err == nil && n > 4 {
		return n
	}
	return 20
}

// BenchmarkLadder measures, in real time, how long a source picture takes until a
// rung's picture made of it is there (first rung and last), and the processor time
// of the ladder (ffmpeg's and ours) beside that of a bare ffmpeg with the same
// encodes. One round each: go test ./bench -run '^$' -bench Ladder -benchtime 1x
func BenchmarkLadder(b *testing.B) {
	for _, c := range []struct {
		name, size, bitrate string
		fps                 int
		wishes              []ladder.Wish
	}{
		{"640x360@30", "640x360", "1500k", 30, []ladder.Wish{{Height: 240}, {Height: 144}}},
		{"1280x720@30", "1280x720", "4000k", 30, []ladder.Wish{{Height: 480}, {Height: 240}}},
		{"1920x1080@30", "1920x1080", "6000k", 30, []ladder.Wish{{Height: 720}, {Height: 480}, {Height: 240}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			file := ladderSource(b, c.size, c.bitrate, c.fps)
			track, units := ladderRead(b, file)
			rungs := ladder.Choose(track, ladder.Settings{Wishes: c.wishes})
			for b.Loop() {
				out := runLadder(b, track, units, rungs)
				for i, r := range []int{0, len(rungs) - 1} {
					at := []string{"first", "last"}[i]
					b.ReportMetric(out.percentile(r, 0.5), at+"-p50-ms")
					b.ReportMetric(out.percentile(r, 0.95), at+"-p95-ms")
				}
				bare := runBare(b, file, rungs)
				b.ReportMetric(100*out.cpu.Seconds()/float64(ladderSeconds()), "cpu-%")
				b.ReportMetric(out.cpu.Seconds()/bare.Seconds(), "cpu/bare")
			}
		})
	}
}

func ladderSource(b *testing.B, size, bitrate string, fps int) string {
	b.Helper()
	file := filepath.Join(b.TempDir(), "source.flv")
	cmd := exec.CommandContext(b.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=%s:rate=%d", size, fps),
		"-t", strconv.Itoa(ladderSeconds()), "-vf", "noise=alls=8:allf=t", "-c:v", "libx264", "-preset", "veryfast", "-b:v", bitrate,
		"-g", "250", "-bf", "0", "-pix_fmt", "yuv420p", "-f", "flv", file)
	text, err := cmd.CombinedOutput()
	require.NoError(b, err, string(text))
	return file
}

func ladderRead(b *testing.B, file string) (track media.Track, units []media.Unit) {
	b.Helper()
	data, err := os.ReadFile(file)
	require.NoError(b, err)
	in := flv.NewReader(bytes.NewReader(data))
	for {
		tag, err := in.Next()
		if errors.Is(err, io.EOF) {
			return track, units
		}
		require.NoError(b, err)
		if tag.Type != flv.TypeVideo {
			continue
		}
		v, err := flv.ParseVideo(tag.Data)
		require.NoError(b, err)
		switch v.Type {
		case flv.Config:
			track, err = flv.VideoTrack(v.Codec, v.Data)
			require.NoError(b, err)
		case flv.Frames:
			units = append(units, media.Unit{
				Kind: media.Video, Keyframe: v.Keyframe, Data: v.Data,
				DTS: tag.Timestamp, PTS: tag.Timestamp + v.CompositionTime,
			})
		}
	}
}

// ladderOutput collects how long pictures took.
type ladderOutput struct {
	mu    sync.Mutex
	waits [][]time.Duration
	cpu   time.Duration
	errs  []error
}

func (o *ladderOutput) EncodedTrack(int, media.Track) {}

func (o *ladderOutput) EncodedUnit(rung int, u media.Unit) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if u.PTS > 2*time.Second { // behind the start
		o.waits[rung] = append(o.waits[rung], time.Since(u.Arrived))
	}
}

func (o *ladderOutput) EncoderFailed(err error) { o.errs = append(o.errs, err) }

// percentile returns milliseconds.
func (o *ladderOutput) percentile(rung int, p float64) float64 {
	slices.Sort(o.waits[rung])
	return float64(o.waits[rung][int(float64(len(o.waits[rung]))*p)]) / float64(time.Millisecond)
}

// runLadder feeds the source in real time.
func runLadder(b *testing.B, track media.Track, units []media.Unit, rungs []ladder.Rung) *ladderOutput {
	b.Helper()
	path, err := ladder.Find()
	require.NoError(b, err)
	out := &ladderOutput{waits: make([][]time.Duration, len(rungs))}
	before := processorTime(b)
	p, err := ladder.Start(b.Context(), ladder.Config{FFmpeg: path}, rungs, track, out)
	require.NoError(b, err)
	began := time.Now()
	for _, u := range units {
		wait(b.Context(), time.Until(began.Add(u.DTS)))
		u.Arrived = time.Now()
		p.Unit(u)
	}
	p.Close()
	out.cpu = processorTime(b) - before
	require.Empty(b, out.errs)
	for _, w := range out.waits {
		require.NotEmpty(b, w)
	}
	return out
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// runBare lets ffmpeg alone do the same encodes in real time.
func runBare(b *testing.B, file string, rungs []ladder.Rung) time.Duration {
	b.Helper()
	args := []string{"-v", "error", "-threads", "1", "-re", "-i", file}
	for _, r := range rungs {
		args = append(args, "-map", "0:v", "-vf", fmt.Sprintf("scale=%d:%d", r.Width, r.Height), "-c:v", "libx264", "-preset", "veryfast",
			"-tune", "zerolatency", "-x264-params", "sliced-threads=0:threads=1", "-b:v", strconv.Itoa(r.Bitrate), "-maxrate", strconv.Itoa(r.MaxBitrate),
			"-bufsize", strconv.Itoa(r.Bitrate/2), "-g", "30", "-sc_threshold", "0", "-f", "flv", os.DevNull)
	}
	before := processorTime(b)
	text, err := exec.CommandContext(b.Context(), "ffmpeg", append(args, "-y")...).CombinedOutput()
	require.NoError(b, err, string(text))
	return processorTime(b) - before
}

// processorTime is what this process and its ended children have used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		require.NoError(b, syscall.Getrusage(who, &u))
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}
