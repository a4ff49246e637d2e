package flv

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWriteAndRead(t *testing.T) {
	tags := []Tag{
		{TypeScript, 0, []byte{1}},
		{TypeVideo, 0, []byte{2, 3}},
		{TypeAudio, 23 * time.Millisecond, nil},
		{TypeVideo, 20 * time.Hour, bytes.Repeat([]byte{7}, 300<<10)},
		{TypeAudio, (1<<32 - 1) * time.Millisecond, []byte{4}},
	}
	var b bytes.Buffer
	w := NewWriter(&b, true, true)
	for _, tag := range tags {
		require.NoError(t, w.Write(tag))
	}
	require.Equal(t, byte(5), b.Bytes()[4])
	r := NewReader(iotest.OneByteReader(&b))
	for _, want := range tags {
		got, err := r.Next()
		require.NoError(t, err)
		require.Equal(t, want.Type, got.Type)
		require.Equal(t, want.Timestamp, got.Timestamp)
		require.True(t, bytes.Equal(want.Data, got.Data))
	}
	_, err := r.Next()
	require.Equal(t, io.EOF, err)
}

// writes counts the calls.
type writes struct{ n int }

func (w *writes) Write(p []byte) (int, error) { w.n++; return len(p), nil }

func TestATagIsOneWrite(t *testing.T) {
	var w writes
	f := NewWriter(&w, true, false)
	require.NoError(t, f.Write(Tag{Type: TypeVideo, Data: []byte{1}}))
	require.NoError(t, f.Write(Tag{Type: TypeVideo, Data: []byte{2}}))
	require.Equal(t, 2, w.n)
	require.ErrorIs(t, f.Write(Tag{Data: make([]byte, 1<<24)}), ErrFormat)
}

func TestWriterPassesErrorsOn(t *testing.T) {
	broken := errors.New("broken pipe")
	require.ErrorIs(t, NewWriter(failing{broken}, true, true).Write(Tag{Type: TypeVideo}), broken)
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestReaderRefuses(t *testing.T) {
	header := "FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"
	for name, c := range map[string]struct {
		file string
		err  error
	}{
		"empty":           {"", io.EOF},
		"cut header":      {"FLV\x01", ErrShort},
		"no FLV":          {"RIFFxxxxxxxxxx", ErrFormat},
		"short offset":    {"FLV\x01\x05\x00\x00\x00\x01\x00\x00\x00\x00", ErrFormat},
		"long offset":     {"FLV\x01\x05\x7f\x00\x00\x09\x00\x00\x00\x00", ErrFormat},
		"cut in header":   {header[:11], ErrShort},
		"header only":     {header, io.EOF},
		"cut tag header":  {header + "\x09\x00", ErrShort},
		"cut tag":         {header + "\x09\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00ab", ErrShort},
		"cut long tag":    {header + "\x09\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00ab", ErrShort},
		"cut tag's end":   {header + "\x09\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00a", ErrShort},
		"filtered (type)": {header + "\x29\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00a\x00\x00\x00\x0c", ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewReader(bytes.NewReader([]byte(c.file))).Next()
			require.ErrorIs(t, err, c.err)
		})
	}
	_, err := NewReader(iotest.ErrReader(io.ErrClosedPipe)).Next()
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

// TestFFmpegReadsAndWrites sends a file of ffmpeg through Reader and Writer and
// back to ffmpeg, which decodes it without complaint.
func TestFFmpegReadsAndWrites(t *testing.T) {
	file, err := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-f", "lavfi", "-i", "sine",
		"-t", "1", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv", "-").Output()
	require.NoError(t, err)

	var again bytes.Buffer
	w := NewWriter(&again, true, true)
	r := NewReader(bytes.NewReader(file))
	frames := 0
	for {
		tag, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch tag.Type {
		case TypeVideo:
			v, err := ParseVideo(tag.Data)
			require.NoError(t, err)
			if v.Type == Config {
				track, err := VideoTrack(v.Codec, v.Data)
				require.NoError(t, err)
				require.Equal(t, []any{320, 180, 30.0}, []any{track.Width, track.Height, track.FPS})
			} else if v.Type == Frames {
				frames++
			}
			tag.Data = AppendVideo(nil, v)
		case TypeAudio:
			a, err := ParseAudio(tag.Data)
			require.NoError(t, err)
			tag.Data = AppendAudio(nil, a)
		}
		require.NoError(t, w.Write(tag))
	}
	require.Equal(t, 30, frames)

	decode := exec.Command("ffmpeg", "-v", "warning", "-f", "flv", "-i", "pipe:0", "-f", "null", "-")
	decode.Stdin = &again
	out, err := decode.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, string(out))
}
