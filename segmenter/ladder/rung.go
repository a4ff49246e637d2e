package ladder

import (
	"fmt"
	"math"

	"github.com/liverelay/liverelay/media"
)

// Wish is one rendition that the configuration asks for.
type Wish struct {
	// Name is the rendition's name, [a-z0-9]{1,16}; empty means the height and a p.
	Name string
	// Height is the length of the picture's shorter side in pixels, so that 720
	// means 1280x720 or, of an upright source, 720x1280.
	Height int
	// Bitrate is the mean rate in bit/s, 0 for one that suits the height.
	Bitrate int
	// FPS is the highest frame rate, 0 for the source's (below 480 lines at most
	// about 30). A rung's rate is the source's divided by a whole number.
	FPS float64
}

// Rung is one rendition that is made of the source's video.
type Rung struct {
	// Name is the rendition's name.
	Name string
	// Width and Height are in pixels, both even.
	Width, Height int
	// FPS is the frame rate of the rung; 0 means the source's, which is unknown.
	FPS float64
	// Bitrate is the mean and MaxBitrate the peak rate of the video in bit/s.
	Bitrate, MaxBitrate int
	// Codecs is the CODECS attribute of the rung's video (RFC 6381).
	Codecs string
}

const (
	// assumedFPS stands for the rate of a source that declares none.
	assumedFPS = 30.0
	// calmFPS is the highest rate that small pictures get without being asked for:
	// 30, with a margin for rates that are declared a little above.
	calmFPS = 31.0
	// calmHeight is the height from which on a rung keeps a high frame rate.
	calmHeight = 480
	// codecsHigh is H.264 high profile without constraints, before the level.
	codecsHigh = "avc1.6400"
)

// newRung fills a wish in for a source; the wish's height is within the source's.
func newRung(w Wish, source media.Track) Rung {
	r := Rung{Name: w.Name, Bitrate: w.Bitrate}
	if r.Name == "" {
		r.Name = fmt.Sprintf("%dp", w.Height)
	}
	r.Width, r.Height = size(source, w.Height)
	rate := source.FPS
	if rate <= 0 {
		rate = assumedFPS
	}
	rate /= float64(divisor(rate, w))
	if source.FPS > 0 {
		r.FPS = rate
	}
	if r.Bitrate <= 0 {
		r.Bitrate = defaultBitrate(r.Width*r.Height, rate)
	}
	r.MaxBitrate = r.Bitrate * 5 / 4
	r.Codecs = fmt.Sprintf("%s%02x", codecsHigh, level(r, rate))
	return r
}

// size scales the source's picture to a shorter side of the given length; both
// sides come out even, as 4:2:0 sampling wants.
func size(source media.Track, short int) (width, height int) {
	even := func(long, of int) int {
		return max(2, int(math.Round(float64(long)*float64(short)/float64(of)/2))*2)
	}
	short = max(2, short/2*2)
	if source.Width < source.Height {
		return short, even(source.Height, source.Width)
	}
	return even(source.Width, source.Height), short
}

// divisor returns which picture of a source with the given rate is kept: 1 all,
// 2 every second and so on.
func divisor(rate float64, w Wish) int {
	most := w.FPS
	if most <= 0 {
		if w.Height >= calmHeight {
			return 1
		}
		most = calmFPS
	}
	return max(1, int(math.Ceil(rate/most-0.01)))
}

// defaultBitrate is 2.8 Mbit/s for 1280x720 at 30 pictures a second, less than in
// proportion for other sizes (1.5 Mbit/s at 480p, 0.5 Mbit/s at 240p), and four
// tenths more for high frame rates.
func defaultBitrate(pixels int, rate float64) int {
	b := 2_800_000 * math.Pow(float64(pixels)/(1280*720), 0.8)
	if rate > calmFPS {
		b *= 1.4
	}
	return int(math.Round(b/10_000)) * 10_000
}

// level returns the lowest level_idc that holds the rung (ITU-T H.264 table A-1:
// macroblocks a second, macroblocks a picture, and the peak rate, which is a
// quarter higher in high profile).
func level(r Rung, rate float64) int {
	limits := []struct{ idc, perSecond, perPicture, kbps int }{
		{11, 3000, 396, 192},
		{12, 6000, 396, 384},
		{13, 11880, 396, 768},
		{20, 11880, 396, 2000},
		{21, 19800, 792, 4000},
		{22, 20250, 1620, 4000},
		{30, 40500, 1620, 10000},
		{31, 108000, 3600, 14000},
		{32, 216000, 5120, 20000},
		{40, 245760, 8192, 20000},
		{42, 522240, 8704, 50000},
		{50, 589824, 22080, 135000},
		{51, 983040, 36864, 240000},
	}
	picture := ((r.Width + 15) / 16) * ((r.Height + 15) / 16)
	for _, l := range limits {
		if picture <= l.perPicture && float64(picture)*rate <= float64(l.perSecond) && r.MaxBitrate <= l.kbps*1250 {
			return l.idc
		}
	}
	return 52
}
