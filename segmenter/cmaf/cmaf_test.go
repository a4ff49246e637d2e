package cmaf

import (
	"bytes"
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

func TestInit(t *testing.T) {
	for name, test := range map[string]struct {
		track  media.Track
		codecs string
		scale  uint32
	}{
		"H.264":             {media.Track{Codec: media.H264, Config: avc}, "avc1.64000d", 90000},
		"AAC":               {media.Track{Codec: media.AAC, Config: aac}, "mp4a.40.2", 48000},
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
		"another codec":   {Codec: media.HEVC, Config: avc},
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
	f.Fuzz(func(t *testing.T, video bool, config []byte) {
		track := media.Track{Codec: media.AAC, Config: config}
		if video {
			track.Codec = media.H264
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
