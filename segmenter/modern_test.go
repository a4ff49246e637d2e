package segmenter

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

// What an Enhanced RTMP publisher sends goes through as it is: ffmpeg's own fragments,
// taken apart, packed by us, and decoded again.
func TestNewerCodecsOfSource(t *testing.T) {
	t.Setenv("SVT_LOG", "1") // errors only
	for name, test := range map[string]struct {
		codec  media.Codec
		kind   media.Kind
		encode string
		box    string // of the configuration
		codecs string
	}{
		"HEVC": {media.HEVC, media.Video, "-f lavfi -i testsrc2=s=320x180:r=30 -c:v libx265 -preset ultrafast -x265-params log-level=error:bframes=0:keyint=30:scenecut=0 -tag:v hvc1", "hvcC", "hvc1."},
		"AV1":  {media.AV1, media.Video, "-f lavfi -i testsrc2=s=320x180:r=30 -c:v libsvtav1 -preset 12 -g 30 -svtav1-params pred-struct=1", "av1C", "av01."},
		"Opus": {media.Opus, media.Audio, "-f lavfi -i sine=r=48000 -ac 2 -c:a libopus", "", "opus"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append(strings.Fields(test.encode), strings.Fields("-t 4 -pix_fmt yuv420p -f mp4 -movflags empty_moov+default_base_moof+frag_every_frame -")...)
			file := ffmpeg(t, "ffmpeg", args...)
			track := media.Track{Kind: test.kind, Codec: test.codec, Width: 320, Height: 180, FPS: 30, Config: configuration(t, file, test.box)}
			r := newRecorder(t)
			c := newCore(Config{}, []Sink{r})
			c.track(track)
			n := 0
			for _, u := range unitsOf(t, file, test.kind) {
				c.unit(u)
				n++
			}
			c.end()
			require.Greater(t, n, 100)
			require.Len(t, r.renditions, 1)
			require.Contains(t, r.renditions[0].Codecs, test.codecs)
			r.checkOrder(r.parts[0])
			path := r.write(t, 0)
			ffmpeg(t, "ffmpeg", "-xerror", "-i", path, "-f", "null", "-")
			packets := ffmpeg(t, "ffprobe", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", path)
			require.Equal(t, n, atoi(t, strings.TrimSpace(string(packets))))
		})
	}
}

// configuration takes a box's body out of an init segment, or makes Opus' header.
func configuration(t *testing.T, file []byte, box string) []byte {
	if box == "" {
		return []byte("OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00")
	}
	i := bytes.Index(file, []byte(box))
	require.Positive(t, i)
	size := int(file[i-4])<<24 | int(file[i-3])<<16 | int(file[i-2])<<8 | int(file[i-1])
	return file[i+4 : i-4+size]
}

func unitsOf(t *testing.T, file []byte, kind media.Kind) (units []media.Unit) {
	start := bytes.Index(file, []byte("moof"))
	end := bytes.LastIndex(file, []byte("mfra"))
	if end < 0 {
		end = len(file) + 4
	}
	mdhd := bytes.Index(file, []byte("mdhd"))
	require.Positive(t, mdhd)
	var parts fmp4.Parts
	require.NoError(t, parts.Unmarshal(file[start-4:end-4]))
	scale := time.Duration(binary.BigEndian.Uint32(file[mdhd+16:]))
	for _, p := range parts {
		at := time.Duration(p.Tracks[0].BaseTime) * time.Second / scale
		for _, s := range p.Tracks[0].Samples {
			units = append(units, media.Unit{
				Kind: kind, DTS: at, PTS: at + time.Duration(s.PTSOffset)*time.Second/scale,
				Keyframe: len(units)%30 == 0 || kind == media.Audio, Data: s.Payload, Arrived: sceneStart.Add(at),
			})
			at += time.Duration(s.Duration) * time.Second / scale
		}
	}
	return units
}

func atoi(t *testing.T, s string) (n int) {
	for _, c := range s {
		require.True(t, c >= '0' && c <= '9', s)
		n = n*10 + int(c-'0')
	}
	return n
}
