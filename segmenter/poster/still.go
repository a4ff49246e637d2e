package poster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

const (
	// within is how long ffmpeg may take for one picture.
	within = 8 * time.Second
	// maxJPEG bounds a picture, in bytes; one of 640 pixels has some 40,000.
	maxJPEG = 1 << 20
	// width of a picture in pixels; smaller ones stay as they are.
	width = 640
)

var (
	errNoPicture = errors.New("ffmpeg made no picture")
	errTooLarge  = errors.New("the picture is too large")
)

// still decodes the first frame of a part and returns it as JPEG.
func still(ctx context.Context, ffmpeg string, init, part []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	cmd := exec.CommandContext(ctx, ffmpeg,
		"-hide_banner", "-loglevel", "error", "-threads", "1", "-f", "mp4", "-i", "pipe:0",
		"-frames:v", "1", "-an", "-vf", fmt.Sprintf("scale='min(%d,iw)':-2", width), "-threads", "1",
		"-f", "mjpeg", "-q:v", "5", "pipe:1")
	cmd.Env = environment()
	cmd.WaitDelay = time.Second
	cmd.Stdin = io.MultiReader(bytes.NewReader(init), bytes.NewReader(part))
	picture := &bounded{left: maxJPEG}
	cmd.Stdout = picture
	var complaint bounded
	complaint.left = 512
	cmd.Stderr = &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("make a picture: %w: %s", err, complaint.Bytes())
	}
	if picture.over {
		return nil, errTooLarge
	}
	if !bytes.HasPrefix(picture.Bytes(), []byte{0xff, 0xd8, 0xff}) {
		return nil, errNoPicture
	}
	return picture.Bytes(), nil
}

// Find returns the path of ffmpeg, empty when there is none in PATH.
func Find() string {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return ""
	}
	return path
}

// environment is what ffmpeg needs to find its libraries; the rest of ours is none of
// its business.
func environment() []string {
	env := []string{"LC_ALL=C"}
	for _, name := range []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// bounded keeps the first bytes of what is written to it.
type bounded struct {
	bytes.Buffer
	left int
	over bool
}

// Write takes everything, so that the writer is not disturbed.
func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.over = b.over || n < len(p)
	b.left -= n
	b.Buffer.Write(p[:n])
	return len(p), nil
}
