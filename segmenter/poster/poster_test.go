package poster

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image/jpeg"
	"os/exec"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter"
)

var _ segmenter.Sink = (*Maker)(nil)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fragments returns the init segment and the fragment of a real recording.
func fragments(t *testing.T, ffmpeg string) (init, part []byte) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	file, err := exec.CommandContext(ctx, ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc=size=1280x720:rate=25",
		"-t", "0.24", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "0", "-f", "mp4",
		"-movflags", "empty_moov+default_base_moof+frag_keyframe", "pipe:1").Output()
	require.NoError(t, err)
	at := 0
	for string(file[at+4:at+8]) != "moof" {
		at += int(binary.BigEndian.Uint32(file[at:]))
	}
	return file[:at], file[at:]
}

func find(t *testing.T) string {
	path, err := exec.LookPath("ffmpeg")
	require.NoError(t, err, "make test installs ffmpeg")
	return path
}

func ladder() []media.Rendition {
	video := func(name string, height int) media.Rendition {
		return media.Rendition{Name: name, Kind: media.Video, Height: height}
	}
	return []media.Rendition{video("source", 1080), video("720p", 720), video("240p", 240), {Name: "audio", Kind: media.Audio}}
}

func TestPictureOfAKeyframe(t *testing.T) {
	path := find(t)
	init, part := fragments(t, path)
	now := time.Unix(1000, 0)
	m := New(t.Context(), Config{FFmpeg: path, Now: func() time.Time { return now }, Log: zerolog.Nop()})
	m.Begin(ladder(), media.Timing{})
	m.Init(media.Init{Rendition: 1, Data: init})
	require.Nil(t, m.JPEG())
	m.Part(&media.Part{Rendition: 1, Data: part}) // not independent
	m.Part(&media.Part{Rendition: 1, Independent: true, Gap: true})
	m.Part(&media.Part{Rendition: 0, Independent: true, Data: part})
	m.Part(&media.Part{Rendition: 1, Independent: true, Data: part})
	m.busy.Wait()
	picture, err := jpeg.Decode(bytes.NewReader(m.JPEG()))
	require.NoError(t, err)
	require.Equal(t, 640, picture.Bounds().Dx())
	require.Equal(t, 360, picture.Bounds().Dy())

	before := m.JPEG()
	m.Part(&media.Part{Rendition: 1, Independent: true, Data: []byte("no video at all")})
	m.busy.Wait()
	now = now.Add(every)
	m.Part(&media.Part{Rendition: 1, Independent: true, Data: []byte("no video at all")})
	m.End()
	require.Equal(t, before, m.JPEG(), "the last good one stays")
}

// TestOneAtATime: while ffmpeg works, further keyframes are passed over, and the
// broadcast's end does not wait for it.
func TestOneAtATime(t *testing.T) {
	now := time.Unix(1000, 0)
	m := New(t.Context(), Config{FFmpeg: "ffmpeg", Now: func() time.Time { return now }, Log: zerolog.Nop()})
	runs := 0
	m.still = func(ctx context.Context, _ string, _, _ []byte) ([]byte, error) {
		runs++
		<-ctx.Done()
		return nil, errors.New("stopped")
	}
	m.Begin(ladder(), media.Timing{})
	m.Init(media.Init{Rendition: 1, Number: 2, Data: []byte("init")})
	for range 3 {
		m.Part(&media.Part{Rendition: 1, Init: 2, Independent: true})
		now = now.Add(every)
	}
	m.End()
	require.Equal(t, 1, runs)
	require.Nil(t, m.JPEG())
}

func TestChoice(t *testing.T) {
	for _, c := range []struct {
		heights []int
		want    int
	}{{[]int{1080, 720, 240}, 1}, {[]int{240}, 0}, {[]int{180, 240}, 1}, {[]int{360, 1080}, 0}, {nil, -1}} {
		var renditions []media.Rendition
		for _, h := range c.heights {
			renditions = append(renditions, media.Rendition{Kind: media.Video, Height: h})
		}
		m := New(t.Context(), Config{})
		m.Begin(append(renditions, media.Rendition{Kind: media.Audio}), media.Timing{})
		require.Equal(t, c.want, m.rendition)
		m.End()
	}
}

func TestBounded(t *testing.T) {
	b := bounded{left: 3}
	n, err := b.Write([]byte("hello"))
	require.NoError(t, err)
	require.Equal(t, 5, n)
	require.Equal(t, "hel", b.String())
	require.True(t, b.over)
	_, err = still(t.Context(), find(t), []byte("no"), []byte("video"))
	require.Error(t, err)
}
