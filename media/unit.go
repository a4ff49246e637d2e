package media

import "time"

// Kind tells video from audio.
type Kind uint8

// The two kinds of track. The values are those of the wire (docs/protocol.md, Manifest).
const (
	Video Kind = 1
	Audio Kind = 2
)

// String returns "video" or "audio".
func (k Kind) String() string {
	switch k {
	case Video:
		return "video"
	case Audio:
		return "audio"
	default:
		return "unknown"
	}
}

// Codec names a coding of a track.
type Codec string

// The codecs that an ingest may hand over.
const (
	H264 Codec = "h264"
	HEVC Codec = "hevc"
	AV1  Codec = "av1"
	AAC  Codec = "aac"
	Opus Codec = "opus"
)

// Track describes one track of a publisher. A Track is immutable; a publisher
// that changes its codec configuration announces a new one.
type Track struct {
	Kind  Kind
	Codec Codec

	// Config is the decoder configuration as the codec defines it: for H.264 the
	// AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1), for AAC the
	// AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1).
	Config []byte

	// Video only. Width and Height are in pixels, after cropping. FPS is the frame
	// rate that the publisher declares, 0 when it declares none.
	Width, Height int
	FPS           float64

	// Audio only: samples per second and number of channels.
	SampleRate, Channels int
}

// Unit is one access unit: a coded picture, or one frame of audio.
type Unit struct {
	Kind Kind

	// DTS and PTS count from the beginning of the broadcast; DTS never decreases
	// within a track, and PTS is never below zero.
	DTS, PTS time.Duration

	// Keyframe marks a picture that decoding can start at. Always true for audio.
	Keyframe bool

	// Data is the coded frame without start codes: for H.264 and HEVC NAL units,
	// each behind its length in 4 bytes; for AAC the raw frame without ADTS. It is
	// shared by all readers and never written to.
	Data []byte

	// Arrived is when the last byte of the unit came in, by the daemon's clock.
	Arrived time.Time
}
