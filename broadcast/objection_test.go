package broadcast

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

func TestObjections(t *testing.T) {
	avc := func(profile byte) media.Track {
		return media.Track{Kind: media.Video, Codec: media.H264, Config: []byte{1, profile, 0, 31}}
	}
	aac := func(config ...byte) media.Track {
		return media.Track{Kind: media.Audio, Codec: media.AAC, Config: config}
	}
	for name, c := range map[string]struct {
		track media.Track
		want  string
	}{
		"constrained baseline": {avc(66), ""},
		"main":                 {avc(77), ""},
		"high":                 {avc(100), ""},
		"extended":             {avc(88), "Extended profile"},
		"high 10":              {avc(110), "10 bits a sample"},
		"high 4:2:2":           {avc(122), "4:2:2"},
		"high 4:4:4":           {avc(244), "4:4:4"},
		"cut off":              {media.Track{Kind: media.Video, Codec: media.H264}, ""},
		"hevc":                 {media.Track{Kind: media.Video, Codec: media.HEVC}, "HEVC"},
		"av1":                  {media.Track{Kind: media.Video, Codec: media.AV1}, "AV1"},
		"opus":                 {media.Track{Kind: media.Audio, Codec: media.Opus}, "Opus"},
		"aac-lc":               {aac(0x11, 0x90), ""},
		"he-aac":               {aac(0x2b, 0x11), ""},
		"aac main":             {aac(0x09, 0x90), "object type 1"},
		"xhe-aac":              {aac(0xf9, 0x46), "object type 42"},
		"aac, cut off":         {aac(0x11), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want == "" {
				require.Empty(t, objection(c.track))
				return
			}
			require.Contains(t, objection(c.track), c.want)
			require.Contains(t, objection(c.track), "In OBS", "what to do about it")
		})
	}
}

func TestAnObjectionIsToldAndTakenBack(t *testing.T) {
	r, _, _, log := fixture(t)
	s, err := r.Publish("the-key-of-demo", remote)
	require.NoError(t, err)
	require.NoError(t, s.Track(media.Track{Kind: media.Video, Codec: media.H264, Config: []byte{1, 110, 0, 31}}))
	require.NoError(t, s.Unit(picture(0)))
	require.Len(t, demo(r).Warnings, 1)
	require.Contains(t, log.String(), "10 bits")
	require.NoError(t, s.Track(media.Track{Kind: media.Video, Codec: media.H264, Config: []byte{1, 100, 0, 31}}))
	require.Empty(t, demo(r).Warnings)
}
