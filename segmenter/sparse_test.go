package segmenter

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/media"
)

// seldom lets through what a screen that is shared sends: one picture in some seconds.
// The first two follow each other, or there is nothing to begin with.
func seldom(units []media.Unit, every time.Duration) []media.Unit {
	next := time.Duration(0)
	return slices.DeleteFunc(slices.Clone(units), func(u media.Unit) bool {
		if u.Kind != media.Video || u.DTS < time.Second {
			return false
		}
		if u.DTS < next {
			return true
		}
		next = u.DTS + every
		return false
	})
}

// A picture that comes seldom is shown when it comes, and stays until the next one; none
// is lost for want of a keyframe.
func TestPicturesThatComeSeldom(t *testing.T) {
	for _, every := range []time.Duration{1500 * time.Millisecond, 4 * time.Second, 9 * time.Second} {
		t.Run(every.String(), func(t *testing.T) {
			s := scene{fps: 5, gop: 0, audio: 48000, length: 40 * time.Second}
			units := seldom(s.units(), every)
			for i := range units {
				if u := &units[i]; u.Kind == media.Video {
					u.Data = bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 20)
					if u.Keyframe {
						u.Data = bytes.Repeat([]byte{9}, 2000)
					}
				}
			}
			r := newRecorder(t)
			c := newCore(Config{}, []Sink{r})
			for _, tr := range s.tracks() {
				c.track(tr)
			}
			for _, u := range units {
				r.now = u.Arrived
				c.unit(u)
			}
			c.end()
			r.checkAligned()
			r.checkOrder(r.parts[0])
			r.checkSeldom(units)
		})
	}
}

// checkSeldom looks where each picture is shown: from the part of its time on, until the
// next one's.
func (r *recorder) checkSeldom(units []media.Unit) {
	pictures := slices.DeleteFunc(units, func(u media.Unit) bool { return u.Kind != media.Video })
	for _, p := range r.parts[0] {
		require.False(r.t, p.Gap)
		if p.Start < 2*time.Second {
			continue
		}
		shown := func(at time.Duration) bool {
			after := slices.IndexFunc(pictures, func(u media.Unit) bool { return u.DTS >= at })
			if after < 0 {
				after = len(pictures)
			}
			return bytes.HasSuffix(p.Data, pictures[after-1].Data)
		}
		end := p.Start + p.Duration
		require.True(r.t, shown(end-10*time.Millisecond) || shown(end), "the part at %s ends with its last picture", p.Start)
	}
}

// What repeats pictures must be decodable, and what follows it as well.
func TestFFmpegDecodesPicturesThatComeSeldom(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, keyframes := range []string{"8", "250"} {
		t.Run(keyframes, func(t *testing.T) {
			file := ffmpeg(t, "ffmpeg",
				"-f", "lavfi", "-i", "testsrc2=s=320x180:r=10,loop=-1:1,setpts=N/10/TB,select='lt(t,1.5)+not(mod(n,25))'", "-f", "lavfi", "-i", "sine=r=48000", "-t", "30",
				"-fps_mode", "vfr", "-max_interleave_delta", "0", "-tune", "zerolatency", "-c:v", "libx264", "-bf", "0", "-g", keyframes, "-pix_fmt", "yuv420p", "-c:a", "aac",
				"-f", "flv", "-flvflags", "no_duration_filesize", "-")
			r := newRecorder(t)
			p := NewPipeline(t.Context(), Config{}, []Sink{r})
			pictures, _ := publish(t, file, p)
			<-p.Done()
			r.checkAligned()
			require.Greater(t, pictures, 20)
			ffmpeg(t, "ffmpeg", "-xerror", "-i", r.write(t, 0), "-fps_mode", "passthrough", "-enc_time_base", "1:90000", "-f", "null", "-")
		})
	}
}
