package flv

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

func TestParseVideo(t *testing.T) {
	frame := []byte{0, 0, 0, 1, 0x65}
	for name, c := range map[string]struct {
		body []byte
		want VideoTag
		err  error
	}{
		"AVC config":       {[]byte{0x17, 0, 0, 0, 0, 1, 2}, VideoTag{Codec: media.H264, Keyframe: true, Type: Config, Data: []byte{1, 2}}, nil},
		"AVC keyframe":     {append([]byte{0x17, 1, 0, 0, 66}, frame...), VideoTag{media.H264, true, Frames, 66 * time.Millisecond, frame}, nil},
		"AVC frame":        {append([]byte{0x27, 1, 0, 0, 0}, frame...), VideoTag{media.H264, false, Frames, 0, frame}, nil},
		"AVC negative":     {append([]byte{0x27, 1, 0xff, 0xff, 0xff}, frame...), VideoTag{media.H264, false, Frames, -time.Millisecond, frame}, nil},
		"AVC end":          {[]byte{0x17, 2, 0, 0, 0}, VideoTag{media.H264, true, EndOfSequence, 0, []byte{}}, nil},
		"AVC empty frame":  {[]byte{0x27, 1, 0, 0, 0}, VideoTag{media.H264, false, Frames, 0, []byte{}}, nil},
		"AVC command":      {[]byte{0x57, 0}, VideoTag{Codec: media.H264}, nil},
		"AVC type":         {[]byte{0x17, 3, 0, 0, 0}, VideoTag{}, ErrFormat},
		"AVC short":        {[]byte{0x17, 1, 0}, VideoTag{}, ErrShort},
		"empty":            {nil, VideoTag{}, ErrShort},
		"Sorenson":         {[]byte{0x12, 0, 0, 0, 0}, VideoTag{}, ErrCodec},
		"hvc1 config":      {[]byte("\x90hvc1\x01"), VideoTag{media.HEVC, true, Config, 0, []byte{1}}, nil},
		"hvc1 frame":       {append([]byte("\x91hvc1\x00\x00\x21"), frame...), VideoTag{media.HEVC, true, Frames, 33 * time.Millisecond, frame}, nil},
		"hvc1 frame X":     {append([]byte("\xa3hvc1"), frame...), VideoTag{media.HEVC, false, Frames, 0, frame}, nil},
		"hvc1 end":         {[]byte("\x92hvc1"), VideoTag{media.HEVC, true, EndOfSequence, 0, []byte{}}, nil},
		"hvc1 metadata":    {[]byte("\x94hvc1abc"), VideoTag{media.HEVC, true, Other, 0, []byte("abc")}, nil},
		"avc1 frame":       {append([]byte("\xa1avc1\x00\x00\x01"), frame...), VideoTag{media.H264, false, Frames, time.Millisecond, frame}, nil},
		"av01 frame":       {[]byte("\x91av01\x12\x00"), VideoTag{media.AV1, true, Frames, 0, []byte{0x12, 0}}, nil},
		"hvc1 short":       {[]byte("\x91hvc1\x00"), VideoTag{}, ErrShort},
		"FourCC short":     {[]byte("\x91hv"), VideoTag{}, ErrShort},
		"FourCC command":   {[]byte("\xd0\x00"), VideoTag{}, nil},
		"vp09":             {[]byte("\x91vp09\x00\x00\x00"), VideoTag{}, ErrCodec},
		"ModEx":            {append([]byte("\x97\x02\x01\x02\x03\x03hvc1"), frame...), VideoTag{media.HEVC, true, Frames, 0, frame}, nil},
		"ModEx long":       {append(append([]byte("\x97\xff\x00\xff"), make([]byte, 256)...), "\x03hvc1x"...), VideoTag{media.HEVC, true, Frames, 0, []byte("x")}, nil},
		"ModEx short":      {[]byte("\x97\x05\x00"), VideoTag{}, ErrShort},
		"one track":        {[]byte("\x96\x03hvc1\x00abc"), VideoTag{media.HEVC, true, Frames, 0, []byte("abc")}, nil},
		"many tracks":      {[]byte("\x96\x13hvc1\x00\x00\x00\x02ab\x01\x00\x00\x01c"), VideoTag{media.HEVC, true, Frames, 0, []byte("ab")}, nil},
		"many codecs":      {[]byte("\x96\x23hvc1\x00\x00\x00\x02abav01\x01\x00\x00\x01c"), VideoTag{media.HEVC, true, Frames, 0, []byte("ab")}, nil},
		"second track":     {[]byte("\x96\x03hvc1\x01abc"), VideoTag{Codec: media.HEVC}, nil},
		"track too long":   {[]byte("\x96\x13hvc1\x00\x00\x00\x09ab"), VideoTag{}, ErrShort},
		"track cut":        {[]byte("\x96\x13hvc1\x00\x00"), VideoTag{}, ErrShort},
		"multitrack short": {[]byte("\x96"), VideoTag{}, ErrShort},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseVideo(c.body)
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestParseAudio(t *testing.T) {
	for name, c := range map[string]struct {
		body []byte
		want AudioTag
		err  error
	}{
		"AAC config":   {[]byte{0xaf, 0, 0x11, 0x90}, AudioTag{media.AAC, Config, []byte{0x11, 0x90}}, nil},
		"AAC frame":    {[]byte{0xaf, 1, 9}, AudioTag{media.AAC, Frames, []byte{9}}, nil},
		"AAC type":     {[]byte{0xaf, 2}, AudioTag{}, ErrFormat},
		"AAC short":    {[]byte{0xaf}, AudioTag{}, ErrShort},
		"empty":        {nil, AudioTag{}, ErrShort},
		"MP3":          {[]byte{0x2f, 1}, AudioTag{}, ErrCodec},
		"Opus config":  {[]byte("\x90OpusOpusHead"), AudioTag{media.Opus, Config, []byte("OpusHead")}, nil},
		"Opus frame":   {[]byte("\x91Opus\x01"), AudioTag{media.Opus, Frames, []byte{1}}, nil},
		"Opus end":     {[]byte("\x92Opus"), AudioTag{media.Opus, EndOfSequence, []byte{}}, nil},
		"Opus layout":  {[]byte("\x94Opus\x01\x02"), AudioTag{Codec: media.Opus}, nil},
		"mp4a frame":   {[]byte("\x91mp4a\x07"), AudioTag{media.AAC, Frames, []byte{7}}, nil},
		"one track":    {[]byte("\x95\x01mp4a\x00\x07"), AudioTag{media.AAC, Frames, []byte{7}}, nil},
		"second track": {[]byte("\x95\x01mp4a\x02\x07"), AudioTag{Codec: media.AAC}, nil},
		"FLAC":         {[]byte("\x91fLaC\x07"), AudioTag{}, ErrCodec},
		"short":        {[]byte("\x91Op"), AudioTag{}, ErrShort},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseAudio(c.body)
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestAppendIsTheInverse(t *testing.T) {
	for _, v := range []VideoTag{
		{media.H264, true, Config, 0, []byte{1}},
		{media.H264, true, Frames, 40 * time.Millisecond, []byte{1, 2}},
		{media.H264, false, Frames, -40 * time.Millisecond, []byte{1, 2}},
		{media.H264, true, EndOfSequence, 0, []byte{}},
		{media.HEVC, true, Config, 0, []byte{1}},
		{media.HEVC, false, Frames, time.Second, []byte{1}},
		{media.AV1, true, Frames, 0, []byte{1}},
	} {
		got, err := ParseVideo(AppendVideo(nil, v))
		require.NoError(t, err)
		require.Equal(t, v, got)
	}
	for _, a := range []AudioTag{
		{media.AAC, Config, []byte{1}},
		{media.AAC, Frames, []byte{1, 2}},
		{media.Opus, Config, []byte{1}},
		{media.Opus, Frames, []byte{1}},
		{media.Opus, EndOfSequence, []byte{}},
	} {
		got, err := ParseAudio(AppendAudio(nil, a))
		require.NoError(t, err)
		require.Equal(t, a, got)
	}
	require.Empty(t, AppendVideo(nil, VideoTag{Codec: media.H264}))
	require.Empty(t, AppendVideo(nil, VideoTag{Codec: media.AAC, Type: Frames}))
	require.Empty(t, AppendAudio(nil, AudioTag{Codec: media.AAC}))
	require.Empty(t, AppendAudio(nil, AudioTag{Codec: media.AAC, Type: EndOfSequence}))
	require.Empty(t, AppendAudio(nil, AudioTag{Codec: media.H264, Type: Frames}))
}

func TestCompositionTimeIsCutToItsRange(t *testing.T) {
	got, err := ParseVideo(AppendVideo(nil, VideoTag{Codec: media.H264, Type: Frames, CompositionTime: 100 * time.Hour}))
	require.NoError(t, err)
	require.Equal(t, (1<<23-1)*time.Millisecond, got.CompositionTime)
}
