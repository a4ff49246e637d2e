package cmaf

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

var (
	avc = []byte("\x01\x64\x00\x0d\xff\xe1\x00\x1a\x67\x64\x00\x0d\xac\xd9\x41\x41\x9f\x9f\x01\x10\x00\x00\x03\x00\x10" +
		"\x00\x00\x03\x03\xc0\xf1\x42\x99\x60\x01\x00\x04\x68\xef\x8f\xcb\xfd\xf8\xf8\x00")
	aac = []byte{0x11, 0x90}
)

// hevc is x265's configuration for 320x180.
const hevc = "0101600000009000000000003cf000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003003c959809a10001002b" +
	"42010101600000030090000003000003003ca00a080b9f796566924caf016808000003000800000300f040a2000100074401c172b46240"

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestOpusSamples(t *testing.T) {
	f, err := Parse(media.Track{Codec: media.Opus, Config: []byte("OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00")})
	require.NoError(t, err)
	for want, frame := range map[uint32][]byte{
		960: {31 << 3}, 120: {28 << 3}, 2880: {3 << 3}, 480: {12 << 3}, 1920: {31<<3 | 1}, 2400: {30<<3 | 3, 5}, 5760: {31<<3 | 3, 63},
	} {
		require.Equal(t, want, f.Samples(frame))
	}
	require.EqualValues(t, 960, f.Samples(nil))
	require.EqualValues(t, 960, f.Samples([]byte{3}))
	aacFormat, err := Parse(media.Track{Codec: media.AAC, Config: aac})
	require.NoError(t, err)
	require.EqualValues(t, 1024, aacFormat.Samples([]byte{3}))
}

func TestInit(t *testing.T) {
	for name, test := range map[string]struct {
		track  media.Track
		codecs string
		scale  uint32
	}{
		"H.264":             {media.Track{Codec: media.H264, Config: avc}, "avc1.64000d", 90000},
		"AAC":               {media.Track{Codec: media.AAC, Config: aac}, "mp4a.40.2", 48000},
		"HEVC":              {media.Track{Codec: media.HEVC, Config: unhex(hevc)}, "hvc1.1.6.L60.90", 90000},
		"AV1":               {media.Track{Codec: media.AV1, Config: unhex("81000c000a0b000000043cfeccdaf90040")}, "av01.0.00M.08", 90000},
		"Opus":              {media.Track{Codec: media.Opus, Config: []byte("OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00")}, "opus", 48000},
		"HE-AAC, signalled": {media.Track{Codec: media.AAC, Config: []byte{0x2b, 0x11, 0x88, 0x00}}, "mp4a.40.5", 24000},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Parse(test.track)
			require.NoError(t, err)
			require.Equal(t, test.codecs, f.Codecs)
			require.Equal(t, test.scale, f.Timescale)
			data, err := f.Init(1_000_000, 2_000_000)
			require.NoError(t, err)
			require.Contains(t, string(data[:32]), "cmfc")
			var read fmp4.Init
			require.NoError(t, read.Unmarshal(bytes.NewReader(data)))
			require.Len(t, read.Tracks, 1)
			require.Equal(t, f.codec, read.Tracks[0].Codec)
			require.Equal(t, test.scale, read.Tracks[0].TimeScale)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, track := range map[string]media.Track{
		"another codec":   {Codec: "vp9", Config: avc},
		"not HEVC":        {Codec: media.HEVC, Config: avc},
		"not AV1":         {Codec: media.AV1, Config: avc},
		"not Opus":        {Codec: media.Opus, Config: avc},
		"nothing":         {Codec: media.H264},
		"cut in the SPS":  {Codec: media.H264, Config: avc[:12]},
		"no PPS":          {Codec: media.H264, Config: avc[:34]},
		"another version": {Codec: media.H264, Config: append([]byte{2}, avc[1:]...)},
		"no AAC":          {Codec: media.AAC},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(track)
			require.Error(t, err)
		})
	}
}

func samples(n int, key func(i int) bool) []Sample {
	var all []Sample
	for i := range n {
		all = append(all, Sample{Duration: 3000, Offset: int32(i%3) * 3000, Sync: key(i), Data: bytes.Repeat([]byte{byte(i + 1)}, i+1)})
	}
	return all
}

func TestFragment(t *testing.T) {
	for name, test := range map[string][]Sample{
		"one keyframe":      samples(1, func(int) bool { return true }),
		"audio":             samples(12, func(int) bool { return true }),
		"dependent":         samples(8, func(int) bool { return false }),
		"keyframe in front": samples(8, func(i int) bool { return i == 0 }),
		"keyframe inside":   samples(8, func(i int) bool { return i == 5 }),
		"uneven":            {{Duration: 1, Offset: -7, Data: []byte{1}}, {Duration: 9, Sync: true, Data: []byte{2, 3}}},
	} {
		t.Run(name, func(t *testing.T) {
			data := Fragment(7, 1<<40, test)
			require.Equal(t, len(data), cap(data), "one allocation of the exact size")
			var parts fmp4.Parts
			require.NoError(t, parts.Unmarshal(data))
			require.Len(t, parts, 1)
			require.EqualValues(t, 7, parts[0].SequenceNumber)
			track := parts[0].Tracks[0]
			require.EqualValues(t, 1<<40, track.BaseTime)
			require.Len(t, track.Samples, len(test))
			for i, s := range track.Samples {
				require.Equal(t, fmp4.Sample{
					Duration: test[i].Duration, PTSOffset: test[i].Offset, IsNonSyncSample: !test[i].Sync, Payload: test[i].Data,
				}, *s)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(true, avc)
	f.Add(false, aac)
	f.Add(true, unhex(hevc))
	f.Fuzz(func(t *testing.T, video bool, config []byte) {
		track := media.Track{Codec: media.AAC, Config: config}
		if video {
			track.Codec = media.H264
		}
		for _, c := range []media.Codec{media.HEVC, media.AV1, media.Opus} {
			if other, err := Parse(media.Track{Codec: c, Config: config}); err == nil {
				_, _ = other.Init(1, 1)
				other.Samples(config)
			}
		}
		format, err := Parse(track)
		if err != nil {
			return
		}
		if format.Timescale == 0 {
			t.Fatal("no timescale")
		}
		_, _ = format.Init(1, 1)
	})
}

// BenchmarkFragment compares with mediacommon on a part of 3 Mbit/s.
func BenchmarkFragment(b *testing.B) {
	part := make([]Sample, 8)
	other := fmp4.Part{Tracks: []*fmp4.PartTrack{{ID: 1}}}
	for i := range part {
		part[i] = Sample{Duration: 3000, Sync: i == 0, Data: make([]byte, 12_000)}
		other.Tracks[0].Samples = append(other.Tracks[0].Samples, &fmp4.Sample{
			Duration: 3000, IsNonSyncSample: i > 0, Payload: part[i].Data,
		})
	}
	b.Run("here", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Fragment(1, 0, part)
		}
	})
	b.Run("mediacommon", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var buf seekablebuffer.Buffer
			if err := other.Marshal(&buf); err != nil {
				b.Fatal(err)
			}
		}
	})
}
