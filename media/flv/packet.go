package flv

import (
	"time"

	"github.com/liverelay/liverelay/media"
)

// PacketType says what a tag's data is.
type PacketType uint8

const (
	// Other is what a publisher may send and nobody here needs: commands, metadata,
	// further tracks of a multitrack message.
	Other PacketType = iota
	// Config is the decoder configuration, to be given to VideoTrack or AudioTrack.
	Config
	// Frames is one access unit.
	Frames
	// EndOfSequence says that no frame follows under the last configuration.
	EndOfSequence
)

// VideoTag is the content of a video tag or of an RTMP video message.
type VideoTag struct {
	Codec media.Codec
	// Keyframe is what the publisher says about the frame; nobody has checked it.
	Keyframe bool
	Type     PacketType
	// CompositionTime is PTS minus DTS in whole milliseconds, within ±2^23 ms.
	CompositionTime time.Duration
	// Data shares the body that was parsed. It may be empty.
	Data []byte
}

// AudioTag is the content of an audio tag or of an RTMP audio message.
type AudioTag struct {
	Codec media.Codec
	Type  PacketType
	// Data shares the body that was parsed. It may be empty.
	Data []byte
}

// Packet types of Enhanced RTMP that video and audio have in common.
const (
	exSequenceStart = 0
	exCodedFrames   = 1
	exSequenceEnd   = 2
	exCodedFramesX  = 3
	exMultitrack    = 5 // audio; 6 in video
	exVideoTracks   = 6
	exModEx         = 7
)

// exPacketType maps the packet types that carry something to ours.
func exPacketType(t byte) PacketType {
	switch t {
	case exSequenceStart:
		return Config
	case exCodedFrames, exCodedFramesX:
		return Frames
	case exSequenceEnd:
		return EndOfSequence
	default:
		return Other
	}
}

// skipModEx steps over the modifiers in front of a packet (Enhanced RTMP v2,
// ModEx): each has a size, as many bytes, and a nibble with the packet type that
// follows.
func skipModEx(b []byte, t byte) ([]byte, byte, error) {
	for t == exModEx {
		if len(b) < 1 {
			return nil, 0, ErrShort
		}
		size, b2 := int(b[0])+1, b[1:]
		if size == 256 {
			if len(b2) < 2 {
				return nil, 0, ErrShort
			}
			size, b2 = int(b2[0])<<8|int(b2[1])+1, b2[2:]
		}
		if len(b2) < size+1 {
			return nil, 0, ErrShort
		}
		t = b2[size] & 0x0f
		b = b2[size+1:]
	}
	return b, t, nil
}

// exHeader is what the header of an enhanced packet says.
type exHeader struct {
	packet byte
	fourCC string
	// other is set for a track that is not the first of a multitrack message.
	other bool
}

// parseExHeader reads from behind the first byte: modifiers, multitrack header
// and FourCC. multitrack is the packet type that announces several tracks.
func parseExHeader(b []byte, packet, multitrack byte) (exHeader, []byte, error) {
	b, packet, err := skipModEx(b, packet)
	if err != nil {
		return exHeader{}, nil, err
	}
	h := exHeader{packet: packet}
	many, sized := false, false
	if packet == multitrack {
		if len(b) < 1 {
			return h, nil, ErrShort
		}
		kind := b[0] >> 4
		h.packet, many, sized, b = b[0]&0x0f, true, kind != 0, b[1:]
	}
	if len(b) < 4 {
		return h, nil, ErrShort
	}
	h.fourCC, b = string(b[:4]), b[4:]
	if !many {
		return h, b, nil
	}
	b, h.other, err = firstTrack(b, sized)
	return h, b, err
}

// firstTrack cuts the first track out of a multitrack body. other says that it
// is not track 0, the one that is relayed.
func firstTrack(b []byte, sized bool) (data []byte, other bool, err error) {
	if len(b) < 1 {
		return nil, false, ErrShort
	}
	id, b := b[0], b[1:]
	if sized {
		if len(b) < 3 {
			return nil, false, ErrShort
		}
		size := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
		b = b[3:]
		if len(b) < size {
			return nil, false, ErrShort
		}
		b = b[:size]
	}
	return b, id != 0, nil
}

// milliseconds reads a signed 24-bit number (SI24).
func milliseconds(b []byte) time.Duration {
	v := int32(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8) >> 8
	return time.Duration(v) * time.Millisecond
}

// appendMilliseconds is the inverse of milliseconds; it cuts to the range of SI24.
func appendMilliseconds(dst []byte, d time.Duration) []byte {
	v := min(max(d/time.Millisecond, -1<<23), 1<<23-1)
	return append(dst, byte(v>>16), byte(v>>8), byte(v))
}
