package segmenter

import (
	"encoding/hex"
	"math/rand/v2"
	"sort"
	"time"

	"github.com/liverelay/liverelay/media"
)

// avcConfig is x264's configuration for 320x180, high profile.
const avcConfig = "0164000dffe1001a6764000dacd941419f9f0110000003001000000303c0f142996001000468ef8fcbfdf8f800"

func mustHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func videoTrack(fps float64) media.Track {
	return media.Track{
		Kind: media.Video, Codec: media.H264, Config: mustHex(avcConfig), Width: 320, Height: 180, FPS: fps,
	}
}

// audioTrack is AAC-LC, stereo, at 48, 44.1, 32, 24, 22.05 or 16 kHz.
func audioTrack(rate int) media.Track {
	index := map[int]byte{48000: 3, 44100: 4, 32000: 5, 24000: 6, 22050: 7, 16000: 8}[rate]
	return media.Track{
		Kind: media.Audio, Codec: media.AAC, Config: []byte{2<<3 | index>>1, index<<7 | 2<<3},
		SampleRate: rate, Channels: 2,
	}
}

// scene describes a synthetic publisher.
type scene struct {
	fps       float64
	variable  bool          // distances of 0.5 to 2.5 frames
	jitter    time.Duration // of video timestamps
	gop       int           // frames; 0: one keyframe only
	irregular bool          // keyframes also at random
	bframes   bool          // decode order I P B B …, delayed by two frames
	noFPS     bool          // the track declares none
	audio     int           // sample rate, 0: none
	lead      time.Duration // audio comes so much earlier than video of the same time
	length    time.Duration
	seed      uint64
}

var sceneStart = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// units are a scene's units in order of arrival, timestamps in milliseconds as
// RTMP has them.
func (s scene) units() []media.Unit {
	r := rand.New(rand.NewPCG(s.seed, 1))
	units := s.pictures(r)
	if s.audio > 0 {
		for n := 0; ; n++ {
			at := (time.Duration(n) * 1024 * time.Second / time.Duration(s.audio)).Round(time.Millisecond)
			if at > s.length {
				break
			}
			units = append(units, media.Unit{
				Kind: media.Audio, DTS: at, PTS: at, Keyframe: true, Data: make([]byte, 100+r.IntN(200)),
				Arrived: sceneStart.Add(at - s.lead),
			})
		}
	}
	sort.SliceStable(units, func(i, j int) bool { return units[i].Arrived.Before(units[j].Arrived) })
	return units
}

func (s scene) pictures(r *rand.Rand) []media.Unit {
	if s.fps == 0 {
		return nil
	}
	var units []media.Unit
	frame := float64(time.Second) / s.fps
	for at, sinceKey := 0.0, 0; time.Duration(at) <= s.length; sinceKey++ {
		n := len(units)
		key := n == 0 || s.gop > 0 && sinceKey >= s.gop || s.irregular && r.IntN(40) == 0
		if key {
			sinceKey = 0
		}
		dts := time.Duration(at).Round(time.Millisecond)
		if s.jitter > 0 && n > 0 {
			dts = max(units[n-1].DTS, dts+time.Duration(r.Int64N(int64(2*s.jitter)))-s.jitter).Round(time.Millisecond)
		}
		units = append(units, media.Unit{
			Kind: media.Video, DTS: dts, PTS: dts, Keyframe: key,
			Data: make([]byte, 50+r.IntN(100)), Arrived: sceneStart.Add(dts),
		})
		step := frame
		if s.variable {
			step *= 0.5 + 2*r.Float64()
		}
		at += step
	}
	if s.bframes {
		reorder(units)
	}
	return units
}

// reorder gives pictures the presentation times of P B B groups: the decode times
// in another order, two pictures later. No group crosses a keyframe.
func reorder(units []media.Unit) {
	ahead := func(i int) time.Duration {
		if i < len(units) {
			return units[i].DTS
		}
		last := len(units) - 1
		return units[last].DTS + time.Duration(i-last)*(units[last].DTS-units[last-1].DTS)
	}
	for i := 0; i < len(units); {
		group := 1
		if i+2 < len(units) && !units[i].Keyframe && !units[i+1].Keyframe && !units[i+2].Keyframe {
			group = 3
		}
		for k := range group {
			units[i+k].PTS = ahead(i + 2 + (k+group-1)%group)
		}
		i += group
	}
}
