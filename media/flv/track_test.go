package flv

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

// Decoder configurations of real encoders (libx264, libx265, libaom), for a picture
// of 320x180 at 30 fps.
const (
	configH264 = "0164000dffe100186764000dacb202833f3e0220000003002000000791e2854901000668ebc3cb22c0fdf8f800"
	configHEVC = "0101600000009000000000003cf000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003003c959809a10001002b42010101600000030090000003000003003ca00a080b9f796566924caf016808000003000800000300f040a2000100074401c172b46240"
	configAV1  = "81000c000a0b000000043cfeccdaf90040"
	configOpus = "4f707573486561640102380180bb0000000000"
)

func config(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func TestVideoTrack(t *testing.T) {
	for codec, c := range map[media.Codec]struct {
		config string
		fps    float64
	}{media.H264: {configH264, 30}, media.HEVC: {configHEVC, 30}, media.AV1: {configAV1, 0}} {
		t.Run(string(codec), func(t *testing.T) {
			b := config(t, c.config)
			got, err := VideoTrack(codec, b)
			require.NoError(t, err)
			require.Equal(t, media.Track{Kind: media.Video, Codec: codec, Config: b, Width: 320, Height: 180, FPS: c.fps}, got)
			b[0] = 99
			require.NotEqual(t, byte(99), got.Config[0], "the configuration is copied")
			for n := range b[:len(b)-1] {
				_, _ = VideoTrack(codec, b[:n]) // must not panic
			}
		})
	}
}

func TestVideoTrackRefuses(t *testing.T) {
	short := config(t, configH264)
	short[4] = 0xfd // lengths of NAL units in 2 bytes
	_, err := VideoTrack(media.H264, short)
	require.ErrorIs(t, err, ErrFormat)

	version := config(t, configH264)
	version[0] = 2
	_, err = VideoTrack(media.H264, version)
	require.ErrorIs(t, err, ErrFormat)

	none := config(t, "0164000dffe000")
	_, err = VideoTrack(media.H264, none)
	require.ErrorIs(t, err, ErrFormat)

	_, err = VideoTrack(media.H264, nil)
	require.ErrorIs(t, err, ErrShort)
	_, err = VideoTrack(media.AAC, nil)
	require.ErrorIs(t, err, ErrCodec)
	_, err = VideoTrack(media.HEVC, config(t, configHEVC)[:23])
	require.Error(t, err)
	_, err = VideoTrack(media.AV1, config(t, "81000c0012000a0b"))
	require.ErrorIs(t, err, ErrFormat)
}

func TestAudioTrack(t *testing.T) {
	for name, c := range map[string]struct {
		codec          media.Codec
		config         string
		rate, channels int
	}{
		"AAC stereo":  {media.AAC, "1190", 48000, 2},
		"AAC mono":    {media.AAC, "1208", 44100, 1},
		"AAC ffmpeg":  {media.AAC, "119056e500", 48000, 2},
		"AAC 7.1":     {media.AAC, "11b8", 48000, 8},
		"HE-AAC":      {media.AAC, "2b11880000", 24000, 2},
		"Opus stereo": {media.Opus, configOpus, 48000, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := config(t, c.config)
			got, err := AudioTrack(c.codec, b)
			require.NoError(t, err)
			require.Equal(t, media.Track{Kind: media.Audio, Codec: c.codec, Config: b, SampleRate: c.rate, Channels: c.channels}, got)
		})
	}
}

func TestAudioTrackRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		codec  media.Codec
		config string
	}{
		"empty":             {media.AAC, ""},
		"object type":       {media.AAC, "ffff"},
		"no channels":       {media.AAC, "1180"},
		"frames of 960":     {media.AAC, "1194"},
		"rate of 0":         {media.AAC, "1780000010"},
		"Opus short":        {media.Opus, "4f70757348656164"},
		"Opus no magic":     {media.Opus, "0070757348656164010238018bbb0000000000"},
		"Opus no channels":  {media.Opus, "4f707573486561640100380180bb0000000000"},
		"H.264 is no audio": {media.H264, "1190"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := AudioTrack(c.codec, config(t, c.config))
			require.Error(t, err)
		})
	}
}
