package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/liverelay/liverelay/media/flv"
)

// encoder is an ffmpeg that turns raw pictures and sound into FLV.
type encoder struct {
	cmd            *exec.Cmd
	picture, sound io.WriteCloser
	out            *flv.Reader
	complaints     *tail
}

// startEncoder starts ffmpeg, which lives until ctx ends or its inputs do.
func startEncoder(ctx context.Context, o Options) (*encoder, error) {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, fmt.Errorf("%w: install it, or run without --demo: %w", ErrNoFFmpeg, err)
	}
	soundRead, soundWrite, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start ffmpeg: %w", err)
	}
	defer soundRead.Close() //nolint:errcheck // ffmpeg has its own copy
	e := &encoder{cmd: exec.CommandContext(ctx, path, arguments(o)...), sound: soundWrite, complaints: &tail{}}
	e.cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH"), "LD_LIBRARY_PATH=" + os.Getenv("LD_LIBRARY_PATH")}
	e.cmd.ExtraFiles = []*os.File{soundRead}
	e.cmd.Stderr = e.complaints
	e.cmd.WaitDelay = time.Second
	picture, err1 := e.cmd.StdinPipe()
	out, err2 := e.cmd.StdoutPipe()
	if err = errors.Join(err1, err2); err == nil {
		err = e.cmd.Start()
	}
	if err != nil {
		_ = soundWrite.Close()
		return nil, fmt.Errorf("start ffmpeg: %w", err)
	}
	e.picture, e.out = picture, flv.NewReader(out)
	return e, nil
}

// wait collects the process. Its error says what ffmpeg had to say.
func (e *encoder) wait() error {
	if err := e.cmd.Wait(); err != nil {
		return fmt.Errorf("ffmpeg ended: %w: %s", err, e.complaints)
	}
	return errors.New("ffmpeg ended")
}

// arguments encodes with no picture held back, a keyframe a second and no
// B-frames, which is what a streamer should send.
func arguments(o Options) []string {
	rate := strconv.Itoa(o.FPS)
	bits := strconv.Itoa(o.Bitrate)
	return []string{
		"-hide_banner", "-nostats", "-nostdin", "-loglevel", "error",
		"-probesize", "32", "-analyzeduration", "0", "-f", "rawvideo", "-pix_fmt", "yuv420p",
		"-video_size", fmt.Sprintf("%dx%d", o.Width, o.Height), "-framerate", rate, "-i", "pipe:0",
		"-probesize", "32", "-analyzeduration", "0", "-f", "s16le", "-ar", strconv.Itoa(sampleRate), "-ac", "1", "-i", "pipe:3",
		"-map", "0:v", "-map", "1:a",
		"-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-profile:v", "high", "-bf", "0",
		"-g", rate, "-keyint_min", rate, "-sc_threshold", "0", "-x264-params", "sliced-threads=0:threads=1",
		"-b:v", bits, "-maxrate", bits, "-bufsize", strconv.Itoa(o.Bitrate / 2),
		"-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
		"-c:a", "aac", "-b:a", "96k", "-ac", "2",
		"-flush_packets", "1", "-flvflags", "no_duration_filesize", "-f", "flv", "pipe:1",
	}
}

// tail keeps the end of what is written to it. It has one writer, and is read
// after that has ended.
type tail struct{ text []byte }

const tailLength = 300

func (t *tail) Write(b []byte) (int, error) {
	t.text = append(t.text, b[max(0, len(b)-tailLength):]...)
	t.text = t.text[max(0, len(t.text)-tailLength):]
	return len(b), nil
}

func (t *tail) String() string { return strings.ToValidUTF8(strings.TrimSpace(string(t.text)), "?") }
