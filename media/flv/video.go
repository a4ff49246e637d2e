package flv

import (
	"fmt"

	"github.com/liverelay/liverelay/media"
)

const (
	videoEnhanced = 0x80 // the first byte's top bit: a FourCC names the codec
	videoAVC      = 7    // CodecID of H.264
	frameKey      = 1    // FrameType of a keyframe
	frameInter    = 2
	frameCommand  = 5 // a command byte follows, no frame
)

// ParseVideo parses the body of a video tag (annex E.4.3.1; Enhanced RTMP v2,
// ExVideoTagHeader). It returns ErrShort, ErrFormat or, for codecs other than
// H.264, HEVC and AV1, ErrCodec.
func ParseVideo(body []byte) (VideoTag, error) {
	if len(body) < 1 {
		return VideoTag{}, ErrShort
	}
	if body[0]&videoEnhanced != 0 {
		return parseEnhancedVideo(body)
	}
	frame, codec := body[0]>>4, body[0]&0x0f
	if codec != videoAVC {
		return VideoTag{}, fmt.Errorf("%w: video codec id %d", ErrCodec, codec)
	}
	if frame == frameCommand {
		return VideoTag{Codec: media.H264}, nil
	}
	if len(body) < 5 {
		return VideoTag{}, ErrShort
	}
	t := VideoTag{Codec: media.H264, Keyframe: frame == frameKey, Data: body[5:]}
	switch body[1] {
	case 0:
		t.Type = Config
	case 1:
		t.Type = Frames
		t.CompositionTime = milliseconds(body[2:])
	case 2:
		t.Type = EndOfSequence
	default:
		return VideoTag{}, fmt.Errorf("%w: AVC packet type %d", ErrFormat, body[1])
	}
	return t, nil
}

func parseEnhancedVideo(body []byte) (VideoTag, error) {
	frame := body[0] >> 4 & 0x07
	h, b, err := parseExHeader(body[1:], body[0]&0x0f, exVideoTracks)
	if err != nil {
		if frame == frameCommand {
			return VideoTag{}, nil
		}
		return VideoTag{}, err
	}
	codec, err := videoCodec(h.fourCC)
	if err != nil {
		return VideoTag{}, err
	}
	if frame == frameCommand || h.other {
		return VideoTag{Codec: codec}, nil
	}
	t := VideoTag{Codec: codec, Keyframe: frame == frameKey, Type: exPacketType(h.packet), Data: b}
	if h.packet == exCodedFrames && codec != media.AV1 {
		if len(b) < 3 {
			return VideoTag{}, ErrShort
		}
		t.CompositionTime, t.Data = milliseconds(b), b[3:]
	}
	return t, nil
}

func videoCodec(fourCC string) (media.Codec, error) {
	switch fourCC {
	case "avc1":
		return media.H264, nil
	case "hvc1":
		return media.HEVC, nil
	case "av01":
		return media.AV1, nil
	default:
		return "", fmt.Errorf("%w: video FourCC %q", ErrCodec, fourCC)
	}
}

// AppendVideo appends the body of a video tag to dst: the legacy header for
// H.264, the enhanced one for HEVC and AV1. It is the inverse of ParseVideo for
// every Type but Other, and for Other or an unknown codec appends nothing.
func AppendVideo(dst []byte, t VideoTag) []byte {
	frame := byte(frameInter)
	if t.Keyframe || t.Type == Config || t.Type == EndOfSequence {
		frame = frameKey
	}
	if t.Type == Other {
		return dst
	}
	switch t.Codec {
	case media.H264:
		dst = append(dst, frame<<4|videoAVC, byte(t.Type-Config))
		dst = appendMilliseconds(dst, t.CompositionTime)
	case media.HEVC:
		dst = append(dst, videoEnhanced|frame<<4|exPacket(t.Type), 'h', 'v', 'c', '1')
		if t.Type == Frames {
			dst = appendMilliseconds(dst, t.CompositionTime)
		}
	case media.AV1:
		dst = append(dst, videoEnhanced|frame<<4|exPacket(t.Type), 'a', 'v', '0', '1')
	default:
		return dst
	}
	return append(dst, t.Data...)
}

// exPacket is the packet type of Enhanced RTMP for ours.
func exPacket(t PacketType) byte { return byte(t - Config) }
