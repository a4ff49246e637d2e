package ladder

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Coder is what encodes H.264.
type Coder string

// The coders. Auto is the first of the machine's own that works, else x264.
const (
	X264         Coder = "x264"
	VAAPI        Coder = "vaapi"
	NVENC        Coder = "nvenc"
	QSV          Coder = "qsv"
	VideoToolbox Coder = "videotoolbox"
	Auto         Coder = "auto"
)

// vaapiDevice is the usual first graphics device of Linux.
const vaapiDevice = "/dev/dri/renderD128"

// trialTime bounds the encoding of a few pictures.
const trialTime = 10 * time.Second

// Resolve returns a coder that works with the ffmpeg at path, or says why the wished
// one does not: a few pictures are encoded with it, for an ffmpeg that was built with
// a coder says nothing of the machine's having the hardware. Empty means X264.
func Resolve(ctx context.Context, path string, wish Coder) (Coder, error) {
	switch wish {
	case "", X264:
		return X264, nil
	case Auto:
		for _, c := range []Coder{NVENC, QSV, VAAPI, VideoToolbox} {
			if try(ctx, path, c) == nil {
				return c, nil
			}
		}
		return X264, nil
	case VAAPI, NVENC, QSV, VideoToolbox:
		if err := try(ctx, path, wish); err != nil {
			return "", fmt.Errorf("%s can't encode with %s here: %w", path, wish.name(), err)
		}
		return wish, nil
	}
	return "", fmt.Errorf("%q is no coder", wish)
}

// try encodes a fifth of a second.
func try(ctx context.Context, path string, c Coder) error {
	if err := builtWith(ctx, path, c.name()); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	args := append([]string{"-hide_banner", "-nostats", "-nostdin", "-loglevel", "error"}, c.device()...)
	args = append(args, "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-t", "0.2", "-vf", c.upload())
	args = append(args, c.settings("veryfast")...)
	args = append(args, "-b:v", "300k", "-f", "null", "-")
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = environment()
	cmd.WaitDelay = time.Second
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if err := cmd.Run(); err != nil {
		if line, _, _ := bufio.NewReader(&complaints).ReadLine(); len(line) > 0 {
			return fmt.Errorf("%w: %s", err, strings.ToValidUTF8(string(line[:min(len(line), lineLength)]), "?"))
		}
		return err
	}
	return nil
}

// name is ffmpeg's for the coder.
func (c Coder) name() string {
	if c == X264 || c == "" {
		return "libx264"
	}
	return "h264_" + string(c)
}

// device returns the arguments in front of the input.
func (c Coder) device() []string {
	if c == VAAPI {
		return []string{"-vaapi_device", vaapiDevice}
	}
	return nil
}

// upload is the end of a rung's chain of filters: the pictures as the coder takes them.
func (c Coder) upload() string {
	switch c {
	case VAAPI:
		return "format=nv12,hwupload"
	case NVENC, QSV:
		return "format=nv12"
	}
	return "format=yuv420p"
}

// settings are the coder's own: no B-frames, nothing held back, and source keyframes
// that are made keyframes at which decoding can start.
func (c Coder) settings(preset string) []string {
	args := []string{"-c:v", c.name()}
	switch c {
	case NVENC:
		args = append(args, "-preset", "p3", "-tune", "ull", "-zerolatency", "1", "-rc", "vbr", "-forced-idr", "1", "-bf", "0")
	case QSV:
		args = append(args, "-preset", "veryfast", "-async_depth", "1", "-forced_idr", "1", "-bf", "0")
	case VAAPI:
		args = append(args, "-async_depth", "1", "-bf", "0")
	case VideoToolbox:
		args = append(args, "-realtime", "1", "-bf", "0")
	default:
		args = append(args, "-preset", preset, "-tune", "zerolatency")
	}
	return append(args, "-profile:v", "high")
}

// rates are the arguments that only x264 needs to be told.
func (c Coder) rates(threads int, fps float64) []string {
	if c != X264 && c != "" {
		return nil
	}
	return []string{
		"-sc_threshold", "0",
		"-x264-params", fmt.Sprintf("sliced-threads=0:threads=%d:fps=%s/1000", threads, strconv.Itoa(int(fps*1000+0.5))),
	}
}
