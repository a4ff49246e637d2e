package segmenter

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/media/flv"
	"github.com/liverelay/liverelay/segmenter/cmaf"
)

// reader is what a Pipeline has of a publisher.
type reader interface {
	Track(media.Track)
	Unit(media.Unit)
	End(reason error)
}

var _ reader = (*Pipeline)(nil)

// ffmpeg runs a tool and fails the test when it complains.
func ffmpeg(t *testing.T, tool string, args ...string) []byte {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool, append([]string{"-v", "error"}, args...)...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	require.NoError(t, cmd.Run(), "%s", complaints.String())
	require.Empty(t, complaints.String(), "%s %v", tool, args)
	return out.Bytes()
}

// publish hands an FLV file to a reader, with its timestamps for arrival times.
func publish(t *testing.T, file []byte, to reader) (pictures, frames int) {
	r := flv.NewReader(bytes.NewReader(file))
	for {
		tag, err := r.Next()
		if errors.Is(err, io.EOF) {
			to.End(nil)
			return pictures, frames
		}
		require.NoError(t, err)
		switch tag.Type {
		case flv.TypeVideo:
			pictures += publishVideo(t, tag, to)
		case flv.TypeAudio:
			frames += publishAudio(t, tag, to)
		}
	}
}

func publishVideo(t *testing.T, tag flv.Tag, to reader) int {
	v, err := flv.ParseVideo(tag.Data)
	require.NoError(t, err)
	switch v.Type {
	case flv.Config:
		track, err := flv.VideoTrack(v.Codec, v.Data)
		require.NoError(t, err)
		to.Track(track)
	case flv.Frames:
		to.Unit(media.Unit{
			Kind: media.Video, DTS: tag.Timestamp, PTS: tag.Timestamp + v.CompositionTime, Keyframe: v.Keyframe,
			Data: v.Data, Arrived: sceneStart.Add(tag.Timestamp),
		})
		return 1
	}
	return 0
}

func publishAudio(t *testing.T, tag flv.Tag, to reader) int {
	a, err := flv.ParseAudio(tag.Data)
	require.NoError(t, err)
	switch a.Type {
	case flv.Config:
		track, err := flv.AudioTrack(a.Codec, a.Data)
		require.NoError(t, err)
		to.Track(track)
	case flv.Frames:
		to.Unit(media.Unit{
			Kind: media.Audio, DTS: tag.Timestamp, PTS: tag.Timestamp, Keyframe: true,
			Data: a.Data, Arrived: sceneStart.Add(tag.Timestamp),
		})
		return 1
	}
	return 0
}

// write puts a rendition's init segment and parts into one file.
func (r *recorder) write(t *testing.T, rendition int) string {
	name := filepath.Join(t.TempDir(), r.renditions[rendition].Name+".mp4")
	whole := bytes.Clone(r.inits[rendition][0])
	for _, p := range r.parts[rendition] {
		require.False(t, p.Gap)
		whole = append(whole, p.Data...)
	}
	require.NoError(t, os.WriteFile(name, whole, 0o600))
	return name
}

func TestFFmpegDecodesWhatWePackage(t *testing.T) {
	defer goleak.VerifyNone(t)
	for name, args := range map[string][]string{
		"as OBS sends": {"-r", "30", "-preset", "veryfast", "-g", "250", "-profile:v", "high"},
		"zero latency": {"-r", "25", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "50"},
		"NTSC":         {"-r", "30000/1001", "-preset", "veryfast", "-g", "60", "-bf", "2"},
		"slow":         {"-r", "10", "-preset", "veryfast", "-g", "20"},
	} {
		t.Run(name, func(t *testing.T) {
			encode := append([]string{
				"-f", "lavfi", "-i", "testsrc2=s=320x180:r=60", "-f", "lavfi", "-i", "sine=r=48000",
				"-t", "7", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac",
			}, args...)
			file := ffmpeg(t, "ffmpeg", append(encode, "-f", "flv", "-flvflags", "no_duration_filesize", "-")...)
			r := newRecorder(t)
			p := NewPipeline(t.Context(), Config{}, []Sink{r})
			pictures, frames := publish(t, file, p)
			<-p.Done()
			require.Len(t, r.renditions, 2)
			for i := range r.renditions {
				r.checkOrder(r.parts[i])
			}
			r.checkAligned()
			checkDecodes(t, r.write(t, 0), pictures, "h264")
			checkDecodes(t, r.write(t, 1), frames, "aac")
			checkCodecs(t, r)
		})
	}
}

func checkDecodes(t *testing.T, file string, want int, codec string) {
	ffmpeg(t, "ffmpeg", "-xerror", "-i", file, "-f", "null", "-")
	out := ffmpeg(t, "ffprobe", "-count_packets", "-show_entries", "stream=codec_name,nb_read_packets", "-of", "csv=p=0", file)
	fields := strings.Split(strings.TrimSpace(string(out)), ",")
	require.Equal(t, codec, fields[0])
	if codec == "h264" {
		require.Equal(t, []string{codec, strconv.Itoa(want)}, fields, "every picture is there")
	}
	dts := ffmpeg(t, "ffprobe", "-show_entries", "packet=dts", "-of", "csv=p=0", file)
	require.NotContains(t, string(dts), "N/A")
}

func checkCodecs(t *testing.T, r *recorder) {
	text, err := r.store.Multivariant()
	require.NoError(t, err)
	require.Regexp(t, `CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2",RESOLUTION=320x180,FRAME-RATE=`, string(text))
}

// What fills in for sound must be silence, and no decoder may stumble over it.
func TestSilenceDecodes(t *testing.T) {
	for name, config := range map[string][]byte{"mono": {0x11, 0x88}, "stereo": {0x11, 0x90}} {
		t.Run(name, func(t *testing.T) {
			track := media.Track{Kind: media.Audio, Codec: media.AAC, Config: config, SampleRate: 48000, Channels: 1}
			format, err := cmaf.Parse(track)
			require.NoError(t, err)
			require.NotNil(t, format.Silence())
			file, err := format.Init(8000, 8000)
			require.NoError(t, err)
			var samples []cmaf.Sample
			for range 47 {
				samples = append(samples, cmaf.Sample{Duration: 1024, Sync: true, Data: format.Silence()})
			}
			path := filepath.Join(t.TempDir(), "silence.mp4")
			require.NoError(t, os.WriteFile(path, append(file, cmaf.Fragment(1, 0, samples)...), 0o600))
			pcm := ffmpeg(t, "ffmpeg", "-xerror", "-i", path, "-f", "s16le", "-")
			require.GreaterOrEqual(t, len(pcm), 2*46*1024)
			require.Empty(t, bytes.Trim(pcm, "\x00"))
		})
	}
}
