package segmenter

import (
	"fmt"
	"slices"

	"github.com/liverelay/liverelay/media"
)

// renditions lists the broadcast's renditions: source, rungs, audio.
func (p *plan) renditions() []media.Rendition {
	var all []media.Rendition
	add := func(r media.Rendition) {
		r.Index = len(all)
		all = append(all, r)
	}
	if p.video != nil {
		v := p.video.info
		add(media.Rendition{
			Name: "source", Kind: media.Video, Codecs: p.video.format.Codecs,
			Bandwidth: peak(p.aboveRungs()), AverageBandwidth: p.aboveRungs(),
			Width: v.Width, Height: v.Height, FPS: p.rate.fps,
		})
	}
	for _, r := range p.rungs {
		add(p.rung(r))
	}
	if p.audio != nil {
		a := p.audio.info
		add(media.Rendition{
			Name: "audio", Kind: media.Audio, Codecs: p.audio.format.Codecs,
			Bandwidth: peak(p.audioBits), AverageBandwidth: p.audioBits,
			SampleRate: int(p.audio.format.Timescale), Channels: a.Channels,
		})
	}
	return all
}

func (p *plan) rung(r Rung) media.Rendition {
	m := media.Rendition{
		Name: r.Name, Kind: media.Video, Codecs: r.Codecs, Width: r.Width, Height: r.Height, FPS: r.FPS,
		Bandwidth: r.MaxBitrate, AverageBandwidth: r.Bitrate,
	}
	if m.FPS <= 0 {
		m.FPS = p.rate.fps
	}
	if m.Bandwidth <= 0 {
		m.Bandwidth = peak(r.Bitrate)
	}
	if m.Codecs == "" {
		m.Codecs = mainProfile(m.Width, m.Height, m.FPS)
	}
	return m
}

// aboveRungs is the source's rate, which must rank above what is made of it.
func (p *plan) aboveRungs() int {
	bits := p.videoBits
	for _, r := range p.rungs {
		bits = max(bits, r.Bitrate*5/4)
	}
	return bits
}

func peak(average int) int { return average * 3 / 2 }

// mainProfile names H.264 main profile at the lowest level whose limits on
// macroblocks a second and a frame hold the picture (ITU-T H.264 table A-1).
func mainProfile(width, height int, fps float64) string {
	blocks := ((width + 15) / 16) * ((height + 15) / 16)
	levels := []struct {
		level, frame int
		second       float64
	}{
		{30, 1620, 40500},
		{31, 3600, 108000},
		{32, 5120, 216000},
		{40, 8192, 245760},
		{42, 8704, 522240},
		{50, 22080, 589824},
		{51, 36864, 983040},
	}
	for _, l := range levels {
		if blocks <= l.frame && float64(blocks)*fps <= l.second {
			return fmt.Sprintf("avc1.4d40%02x", l.level)
		}
	}
	return "avc1.4d4034"
}

// videoBits estimates the source's rate from its first frames: a keyframe every
// two seconds among pictures of the median size (encoders spend more on the first
// ones), and no less than a still picture of its size may grow to.
func videoBits(units []media.Unit, t media.Track, fps float64) int {
	key, others := 0, []int{}
	for _, u := range units {
		switch {
		case u.Kind != media.Video:
		case u.Keyframe:
			key = max(key, len(u.Data))
		default:
			others = append(others, len(u.Data))
		}
	}
	estimate := float64(key) * 8 / 2
	if n := len(others); n > 0 {
		slices.Sort(others)
		estimate += float64(others[n/2]) * 8 * fps
	}
	const bitsPerPixel = 0.05
	return int(max(estimate*1.1, float64(t.Width*t.Height)*fps*bitsPerPixel, 100_000))
}

func audioBits(units []media.Unit, f *found) int {
	const usual = 128_000
	if f == nil {
		return 0
	}
	bytes, n := 0, 0
	for _, u := range units {
		if u.Kind == media.Audio {
			bytes += len(u.Data)
			n++
		}
	}
	if n == 0 {
		return usual
	}
	frames := int(f.format.Timescale) / int(f.format.FrameSamples)
	return max(8_000, bytes/n*8*frames*11/10)
}
