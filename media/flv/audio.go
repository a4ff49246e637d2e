package flv

import (
	"fmt"

	"github.com/liverelay/liverelay/media"
)

const (
	soundAAC      = 10 // SoundFormat of AAC
	soundEnhanced = 9  // SoundFormat that announces a FourCC
	// soundFlags: AAC is always marked as 44 kHz, 16 bit, stereo, whatever it is.
	soundFlags = 0x0f
)

// ParseAudio parses the body of an audio tag (annex E.4.2.1; Enhanced RTMP v2,
// ExAudioTagHeader). It returns ErrShort, ErrFormat or, for codecs other than AAC
// and Opus, ErrCodec.
func ParseAudio(body []byte) (AudioTag, error) {
	if len(body) < 1 {
		return AudioTag{}, ErrShort
	}
	switch format := body[0] >> 4; format {
	case soundEnhanced:
		return parseEnhancedAudio(body)
	case soundAAC:
	default:
		return AudioTag{}, fmt.Errorf("%w: sound format %d", ErrCodec, format)
	}
	if len(body) < 2 {
		return AudioTag{}, ErrShort
	}
	t := AudioTag{Codec: media.AAC, Data: body[2:]}
	switch body[1] {
	case 0:
		t.Type = Config
	case 1:
		t.Type = Frames
	default:
		return AudioTag{}, fmt.Errorf("%w: AAC packet type %d", ErrFormat, body[1])
	}
	return t, nil
}

func parseEnhancedAudio(body []byte) (AudioTag, error) {
	h, b, err := parseExHeader(body[1:], body[0]&0x0f, exMultitrack)
	if err != nil {
		return AudioTag{}, err
	}
	t := AudioTag{Type: exPacketType(h.packet), Data: b}
	switch h.fourCC {
	case "mp4a":
		t.Codec = media.AAC
	case "Opus":
		t.Codec = media.Opus
	default:
		return AudioTag{}, fmt.Errorf("%w: audio FourCC %q", ErrCodec, h.fourCC)
	}
	if h.other || t.Type == Other || h.packet == exCodedFramesX {
		return AudioTag{Codec: t.Codec}, nil
	}
	return t, nil
}

// AppendAudio appends the body of an audio tag to dst: the legacy header for AAC,
// the enhanced one for Opus. It is the inverse of ParseAudio for Config and
// Frames (and for Opus EndOfSequence), and appends nothing for the rest.
func AppendAudio(dst []byte, t AudioTag) []byte {
	if t.Type == Other {
		return dst
	}
	switch t.Codec {
	case media.AAC:
		if t.Type == EndOfSequence {
			return dst
		}
		dst = append(dst, soundAAC<<4|soundFlags, byte(t.Type-Config))
	case media.Opus:
		dst = append(dst, soundEnhanced<<4|exPacket(t.Type), 'O', 'p', 'u', 's')
	default:
		return dst
	}
	return append(dst, t.Data...)
}
