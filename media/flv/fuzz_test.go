package flv

import (
	"bytes"
	"testing"

	"github.com/liverelay/liverelay/media"
)

func FuzzParseVideo(f *testing.F) {
	for _, s := range []string{
		"\x17\x00\x00\x00\x00" + string(config(f, configH264)), "\x27\x01\x00\x00\x21\x00\x00\x00\x01\x65", "\x17\x02\x00\x00\x00", "\x57\x00",
		"\x90hvc1" + string(config(f, configHEVC)), "\x91hvc1\x00\x00\x21abc", "\x90av01" + string(config(f, configAV1)), "\xa3avc1abc",
		"\x97\x02\x01\x02\x03\x03hvc1abc", "\x97\xff\x00\x01ab", "\x96\x13hvc1\x00\x00\x00\x02ab\x01\x00\x00\x01c", "\xd0\x00", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		tag, err := ParseVideo(body)
		if err != nil || tag.Type == Other {
			return
		}
		if tag.Type == Config {
			_, _ = VideoTrack(tag.Codec, tag.Data)
		}
		if tag.Codec == media.H264 && tag.Type != Frames {
			tag.CompositionTime = 0
		}
		again, err := ParseVideo(AppendVideo(nil, tag))
		if err != nil {
			t.Fatalf("what was built can't be parsed: %v", err)
		}
		if again.Type != tag.Type || again.Codec != tag.Codec || !bytes.Equal(again.Data, tag.Data) || again.CompositionTime != tag.CompositionTime {
			t.Fatalf("%+v became %+v", tag, again)
		}
	})
}

func FuzzParseAudio(f *testing.F) {
	for _, s := range []string{
		"\xaf\x00\x11\x90", "\xaf\x00\x11\x90\x56\xe5\x00", "\xaf\x01abc", "\xaf\x00\x2b\x11\x88\x00\x00", "\x2f\x01",
		"\x90Opus" + string(config(f, configOpus)), "\x91Opusabc", "\x95\x01mp4a\x00\x07", "\x97\x00\x00\x01Opusabc", "",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		tag, err := ParseAudio(body)
		if err != nil || tag.Type == Other || tag.Type == EndOfSequence {
			return
		}
		if tag.Type == Config {
			if track, err := AudioTrack(tag.Codec, tag.Data); err == nil && (track.SampleRate < 1 || track.Channels < 1) {
				t.Fatalf("track without sound: %+v", track)
			}
		}
		again, err := ParseAudio(AppendAudio(nil, tag))
		if err != nil || again.Type != tag.Type || again.Codec != tag.Codec || !bytes.Equal(again.Data, tag.Data) {
			t.Fatalf("%+v became %+v, %v", tag, again, err)
		}
	})
}

func FuzzReader(f *testing.F) {
	var b bytes.Buffer
	w := NewWriter(&b, true, true)
	_ = w.Write(Tag{TypeScript, 0, []byte{1}})
	_ = w.Write(Tag{TypeVideo, 1e9, []byte{1, 2, 3}})
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:20])
	f.Add([]byte("FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00\x09\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00ab"))
	f.Fuzz(func(t *testing.T, file []byte) {
		r := NewReader(bytes.NewReader(file))
		total := 0
		for {
			tag, err := r.Next()
			if err != nil {
				return
			}
			if total += len(tag.Data); total > len(file) {
				t.Fatalf("%d bytes out of %d", total, len(file))
			}
		}
	})
}
