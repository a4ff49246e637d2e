package segmenter

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter/cmaf"
)

func TestMainProfile(t *testing.T) {
	for want, size := range map[string]struct {
		width, height int
		fps           float64
	}{
		"avc1.4d401e": {426, 240, 30}, "avc1.4d401f": {1280, 720, 30}, "avc1.4d4020": {1280, 720, 60},
		"avc1.4d4028": {1920, 1080, 30}, "avc1.4d402a": {1920, 1080, 60}, "avc1.4d4033": {3840, 2160, 30},
		"avc1.4d4034": {7680, 4320, 60},
	} {
		require.Equal(t, want, mainProfile(size.width, size.height, size.fps))
	}
}

func TestRatesOfRenditions(t *testing.T) {
	units := []media.Unit{{Kind: media.Video, Keyframe: true, Data: make([]byte, 50_000)}}
	for range 9 {
		units = append(units, media.Unit{Kind: media.Video, Data: make([]byte, 8_000)})
	}
	units[1].Data = make([]byte, 40_000) // encoders spend more on the first ones
	for range 15 {
		units = append(units, media.Unit{Kind: media.Audio, Data: make([]byte, 340)})
	}
	p := plan{
		video: &found{info: videoTrack(30)}, audio: &found{info: audioTrack(48000), format: cmaf.Format{Timescale: 48000, FrameSamples: 1024}},
		rate: rate{30, true}, rungs: []Rung{{Name: "240p", Width: 426, Height: 240, FPS: 15, Bitrate: 400_000, Codecs: "avc1.640015"}},
	}
	p.videoBits, p.audioBits = videoBits(units, p.video.info, 30), audioBits(units, p.audio)
	all := p.renditions()
	require.Equal(t, []string{"source", "240p", "audio"}, []string{all[0].Name, all[1].Name, all[2].Name})
	require.InDelta(t, 2_332_000, all[0].AverageBandwidth, 1000)
	require.Equal(t, all[0].AverageBandwidth*3/2, all[0].Bandwidth)
	require.Equal(t, 600_000, all[1].Bandwidth)
	require.InEpsilon(t, 15, all[1].FPS, 1e-9)
	require.InDelta(t, 137_000, all[2].AverageBandwidth, 3000)
	require.Equal(t, 2, all[2].Channels)

	p.videoBits = 100_000
	require.Equal(t, 500_000, p.renditions()[0].AverageBandwidth, "the source ranks above what is made of it")
	require.Equal(t, 128_000, audioBits(nil, p.audio))
	require.Zero(t, audioBits(nil, nil))
}
