package cmaf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strings"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
)

// The NAL unit types of HEVC's parameter sets (ITU-T H.265 table 7-1).
const (
	hevcVPS = 32
	hevcSPS = 33
	hevcPPS = 34
)

// parseHEVC reads an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 §8.3.3.1).
func parseHEVC(config []byte) (Format, error) {
	if len(config) < 23 || config[0] != 1 {
		return Format{}, errors.New("read HEVC configuration: too short or of an unknown version")
	}
	sets := map[byte][]byte{}
	rest := config[23:]
	for range config[22] {
		if len(rest) < 3 {
			return Format{}, errors.New("read HEVC configuration: cut short")
		}
		kind, n := rest[0]&0x3f, int(binary.BigEndian.Uint16(rest[1:]))
		rest = rest[3:]
		for range n {
			if len(rest) < 2 || len(rest) < 2+int(binary.BigEndian.Uint16(rest)) {
				return Format{}, errors.New("read HEVC configuration: cut short")
			}
			size := int(binary.BigEndian.Uint16(rest))
			if sets[kind] == nil {
				sets[kind] = rest[2 : 2+size]
			}
			rest = rest[2+size:]
		}
	}
	for _, kind := range []byte{hevcVPS, hevcSPS, hevcPPS} {
		if len(sets[kind]) < 3 {
			return Format{}, fmt.Errorf("read HEVC configuration: no parameter set of type %d", kind)
		}
	}
	return Format{
		Timescale: VideoTimescale, Codecs: hevcCodecs(config),
		codec: &codecs.H265{VPS: sets[hevcVPS], SPS: sets[hevcSPS], PPS: sets[hevcPPS]},
	}, nil
}

// hevcCodecs names the profile and level (ISO/IEC 14496-15 §E.3).
func hevcCodecs(config []byte) string {
	var b strings.Builder
	b.WriteString("hvc1.")
	if space := config[1] >> 6; space > 0 {
		b.WriteByte('A' + space - 1)
	}
	tier := "L"
	if config[1]&0x20 != 0 {
		tier = "H"
	}
	fmt.Fprintf(&b, "%d.%X.%s%d", config[1]&0x1f, bits.Reverse32(binary.BigEndian.Uint32(config[2:])), tier, config[12])
	constraints := config[6:12]
	for len(constraints) > 0 && constraints[len(constraints)-1] == 0 {
		constraints = constraints[:len(constraints)-1]
	}
	for _, c := range constraints {
		fmt.Fprintf(&b, ".%X", c)
	}
	return b.String()
}

// parseAV1 reads an AV1CodecConfigurationRecord (AV1 in ISOBMFF §2.3.3).
func parseAV1(config []byte) (Format, error) {
	if len(config) < 5 || config[0] != 0x81 {
		return Format{}, errors.New("read AV1 configuration: too short or of an unknown version")
	}
	header, err := sequenceHeader(config[4:])
	if err != nil {
		return Format{}, fmt.Errorf("read AV1 configuration: %w", err)
	}
	tier, depth := "M", 8
	if config[2]&0x80 != 0 {
		tier = "H"
	}
	if config[2]&0x40 != 0 {
		depth = 10
		if config[2]&0x20 != 0 {
			depth = 12
		}
	}
	return Format{
		Timescale: VideoTimescale, Codecs: fmt.Sprintf("av01.%d.%02d%s.%02d", config[1]>>5, config[1]&0x1f, tier, depth),
		codec: &codecs.AV1{SequenceHeader: header},
	}, nil
}

// sequenceHeader returns the first OBU without its size field (AV1 §5.3).
func sequenceHeader(b []byte) ([]byte, error) {
	const kind, hasSize, hasExtension = 0x78, 0x02, 0x04
	if b[0]&kind != 1<<3 {
		return nil, errors.New("no sequence header")
	}
	if b[0]&hasSize == 0 {
		return b, nil
	}
	at := 1
	if b[0]&hasExtension != 0 {
		at++
	}
	size := 0
	for shift := 0; ; shift += 7 {
		if at >= len(b) || shift > 21 {
			return nil, errors.New("cut short")
		}
		size |= int(b[at]&0x7f) << shift
		at++
		if b[at-1]&0x80 == 0 {
			break
		}
	}
	if at+size > len(b) || size == 0 {
		return nil, errors.New("cut short")
	}
	return append([]byte{b[0] &^ (hasSize | hasExtension)}, b[at:at+size]...), nil
}

// opusFrame is the usual frame, 20 ms at 48 kHz.
const opusFrame = 960

// parseOpus reads an identification header (RFC 7845 §5.1).
func parseOpus(config []byte) (Format, error) {
	if len(config) < 19 || string(config[:8]) != "OpusHead" || config[9] < 1 || config[9] > 2 {
		return Format{}, errors.New("read Opus configuration: no identification header of one or two channels")
	}
	return Format{
		Timescale: 48000, FrameSamples: opusFrame, Codecs: "opus", codec: &codecs.Opus{ChannelCount: int(config[9])},
	}, nil
}

// Samples returns how many ticks an audio frame of the format lasts: each Opus packet
// says it itself (RFC 6716 §3.1).
func (f Format) Samples(frame []byte) uint32 {
	if f.Codecs != "opus" || len(frame) == 0 {
		return f.FrameSamples
	}
	config, count := frame[0]>>3, uint32(1)
	switch frame[0] & 3 {
	case 1, 2:
		count = 2
	case 3:
		if len(frame) < 2 || frame[1]&0x3f == 0 {
			return f.FrameSamples
		}
		count = uint32(frame[1] & 0x3f)
	}
	var each uint32
	switch {
	case config < 12:
		each = []uint32{480, 960, 1920, 2880}[config%4]
	case config < 16:
		each = []uint32{480, 960}[config%2]
	default:
		each = []uint32{120, 240, 480, 960}[config%4]
	}
	return min(each*count, 5760)
}
