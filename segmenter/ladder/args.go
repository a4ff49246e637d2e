package ladder

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// plan is what one run of ffmpeg is to do.
type plan struct {
	rungs []Rung
	coder Coder
	// preset is x264's, "veryfast" and the like.
	preset string
	// fps is the source's frame rate, above 0.
	fps float64
	// skip is the label of the first picture to encode; earlier ones are decoded only.
	skip time.Duration
	// threads is the number of encoding threads of each rung.
	threads int
}

// arguments returns ffmpeg's argument list. docs/decisions/ladder.md says what
// was measured of each flag.
func (p plan) arguments() []string {
	args := []string{
		"-hide_banner", "-nostats", "-nostdin", "-loglevel", "error",
		"-probesize", "4096", "-analyzeduration", "0", "-fpsprobesize", "0",
	}
	args = append(args, p.coder.device()...)
	args = append(args, "-copyts", "-threads", "1", "-f", "flv", "-i", "pipe:0", "-filter_complex", p.filters())
	for i, r := range p.rungs {
		args = append(args, p.output(i, r)...)
	}
	return args
}

// filters splits the source into one chain for each rung. The key property of a
// picture goes through all of them, which -force_key_frames source relies on.
func (p plan) filters() string {
	var b strings.Builder
	b.WriteString("[0:v]")
	if p.skip > 0 {
		fmt.Fprintf(&b, `select=gte(t\,%.4f),`, (p.skip - time.Millisecond/2).Seconds())
	}
	fmt.Fprintf(&b, "split=%d", len(p.rungs))
	for i := range p.rungs {
		fmt.Fprintf(&b, "[s%d]", i)
	}
	for i, r := range p.rungs {
		fmt.Fprintf(&b, ";[s%d]", i)
		if spacing := p.spacing(r); spacing > 0 {
			fmt.Fprintf(&b, `select=isnan(prev_selected_t)+key+gte(t-prev_selected_t\,%.4f),`, spacing)
		}
		fmt.Fprintf(&b, "scale=w=%d:h=%d,%s[o%d]", r.Width, r.Height, p.coder.upload(), i)
	}
	return b.String()
}

// spacing is the least distance in seconds of two pictures of a rung that keeps
// some of them, with half a source picture for jitter; 0 when it keeps all.
// Keyframes are kept wherever they fall.
func (p plan) spacing(r Rung) float64 {
	if n := p.divisor(r); n > 1 {
		return (float64(n) - 0.5) / p.fps
	}
	return 0
}

func (p plan) divisor(r Rung) int {
	if r.FPS <= 0 {
		return 1
	}
	return max(1, int(math.Round(p.fps/r.FPS)))
}

// output returns the arguments of one rung, which goes to pipe 3 + i.
func (p plan) output(i int, r Rung) []string {
	fps := p.fps / float64(p.divisor(r))
	args := []string{"-map", fmt.Sprintf("[o%d]", i), "-an"}
	args = append(args, p.coder.settings(p.preset)...)
	args = append(args,
		"-b:v", strconv.Itoa(r.Bitrate), "-maxrate", strconv.Itoa(r.MaxBitrate), "-bufsize", strconv.Itoa(r.Bitrate/2),
		"-force_key_frames", "source", "-g", strconv.Itoa(max(1, int(math.Round(fps)))),
		"-fps_mode", "passthrough", "-enc_time_base", "-1")
	args = append(args, p.coder.rates(p.threads, fps)...)
	args = append(args, "-flush_packets", "1", "-flvflags", "no_duration_filesize", "-f", "flv", "pipe:"+strconv.Itoa(3+i))
	idc, err := strconv.ParseUint(strings.TrimPrefix(r.Codecs, codecsHigh), 16, 8)
	if err == nil && p.coder.name() == X264.name() {
		args = slices.Insert(args, 2, "-level:v", strconv.FormatUint(idc, 10)) // 31 is level 3.1
	}
	return args
}

// smallLoad is the number of pixels a second, decoded and encoded together, that
// one thread does in less than half of its time (measured: 43 million take 0.36 of
// a core, 207 million 1.4).
const smallLoad = 60e6

// threads returns how many threads each rung gets. With one, a picture leaves the
// encoder at once; with two, a picture later, but decoder and encoders work side
// by side.
func threads(width, height int, fps float64, rungs []Rung, cores int) int {
	load := float64(width*height) * fps
	for _, r := range rungs {
		rate := r.FPS
		if rate <= 0 {
			rate = fps
		}
		load += float64(r.Width*r.Height) * rate
	}
	if cores == 1 || load <= smallLoad {
		return 1
	}
	return 2
}
