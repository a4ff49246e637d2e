package flv

import (
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"github.com/liverelay/liverelay/media"
)

const (
	maxSide   = 16384 // pixels; no encoder goes further
	maxFPS    = 300
	maxRate   = 192000 // samples per second
	nalSPSHEV = 33     // nal_unit_type of HEVC's SPS
)

// VideoTrack describes the track of a decoder configuration: for H.264 an
// AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1), for HEVC an
// HEVCDecoderConfigurationRecord (§8.3.3.1), for AV1 an
// AV1CodecConfigurationRecord. Config is copied. FPS is what the sequence
// parameter set says, or 0. It refuses lengths of NAL units in other than 4 bytes,
// because a Unit has 4.
func VideoTrack(c media.Codec, config []byte) (media.Track, error) {
	t := media.Track{Kind: media.Video, Codec: c, Config: append([]byte(nil), config...)}
	var err error
	switch c {
	case media.H264:
		err = fillH264(&t)
	case media.HEVC:
		err = fillHEVC(&t)
	case media.AV1:
		err = fillAV1(&t)
	default:
		err = fmt.Errorf("%w: %s is no video codec", ErrCodec, c)
	}
	if err != nil {
		return media.Track{}, fmt.Errorf("read %s configuration: %w", c, err)
	}
	if t.Width < 1 || t.Height < 1 || t.Width > maxSide || t.Height > maxSide {
		return media.Track{}, fmt.Errorf("read %s configuration: %w: picture of %dx%d", c, ErrFormat, t.Width, t.Height)
	}
	// Written so that NaN fails as well.
	if !(t.FPS >= 1 && t.FPS <= maxFPS) {
		t.FPS = 0
	}
	return t, nil
}

func fillH264(t *media.Track) error {
	b := t.Config
	if len(b) < 7 {
		return ErrShort
	}
	if b[0] != 1 {
		return fmt.Errorf("%w: version %d", ErrFormat, b[0])
	}
	if n := b[4]&3 + 1; n != 4 {
		return fmt.Errorf("%w: NAL lengths of %d bytes", ErrFormat, n)
	}
	spss, rest, err := sets(b[6:], int(b[5]&0x1f))
	if err != nil {
		return err
	}
	if len(rest) < 1 {
		return ErrShort
	}
	ppss, _, err := sets(rest[1:], int(rest[0]))
	if err != nil {
		return err
	}
	if len(spss) == 0 || len(ppss) == 0 {
		return fmt.Errorf("%w: no parameter sets", ErrFormat)
	}
	var sps h264.SPS
	if err := sps.Unmarshal(spss[0]); err != nil {
		return fmt.Errorf("sequence parameter set: %w", err)
	}
	t.Width, t.Height, t.FPS = sps.Width(), sps.Height(), sps.FPS()
	return nil
}

// sets cuts n NAL units, each behind its length in two bytes.
func sets(b []byte, n int) (nals [][]byte, rest []byte, err error) {
	for range n {
		if len(b) < 2 {
			return nil, nil, ErrShort
		}
		size := int(b[0])<<8 | int(b[1])
		b = b[2:]
		if len(b) < size {
			return nil, nil, ErrShort
		}
		nals, b = append(nals, b[:size]), b[size:]
	}
	return nals, b, nil
}

func fillHEVC(t *media.Track) error {
	b := t.Config
	if len(b) < 23 {
		return ErrShort
	}
	if n := b[21]&3 + 1; n != 4 {
		return fmt.Errorf("%w: NAL lengths of %d bytes", ErrFormat, n)
	}
	arrays := int(b[22])
	b = b[23:]
	for range arrays {
		if len(b) < 3 {
			return ErrShort
		}
		kind, n := b[0]&0x3f, int(b[1])<<8|int(b[2])
		nals, rest, err := sets(b[3:], n)
		if err != nil {
			return err
		}
		b = rest
		if kind != nalSPSHEV || len(nals) == 0 {
			continue
		}
		var sps h265.SPS
		if err := sps.Unmarshal(nals[0]); err != nil {
			return fmt.Errorf("sequence parameter set: %w", err)
		}
		t.Width, t.Height, t.FPS = sps.Width(), sps.Height(), sps.FPS()
		return nil
	}
	return fmt.Errorf("%w: no sequence parameter set", ErrFormat)
}

func fillAV1(t *media.Track) error {
	if len(t.Config) < 5 {
		return ErrShort
	}
	b := t.Config[4:]
	var head av1.OBUHeader
	if err := head.Unmarshal(b); err != nil {
		return fmt.Errorf("OBU header: %w", err)
	}
	if head.Type != av1.OBUTypeSequenceHeader {
		return fmt.Errorf("%w: OBU type %d comes first", ErrFormat, head.Type)
	}
	if head.HasSize {
		var size av1.LEB128
		n, err := size.Unmarshal(b[1:])
		if err != nil {
			return fmt.Errorf("OBU size: %w", err)
		}
		if uint64(len(b)) < uint64(1+n)+uint64(size) {
			return ErrShort
		}
		b = b[:1+n+int(size)]
	}
	var seq av1.SequenceHeader
	if err := seq.Unmarshal(b); err != nil {
		return fmt.Errorf("sequence header: %w", err)
	}
	t.Width, t.Height = seq.Width(), seq.Height()
	return nil
}

// AudioTrack describes the track of a decoder configuration: for AAC an
// AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1), for Opus an identification
// header (RFC 7845 §5.1). Config is copied. SampleRate is that of the core coder,
// in which an AAC frame has 1024 samples, also where SBR doubles it on playback.
func AudioTrack(c media.Codec, config []byte) (media.Track, error) {
	t := media.Track{Kind: media.Audio, Codec: c, Config: append([]byte(nil), config...)}
	var err error
	switch c {
	case media.AAC:
		err = fillAAC(&t)
	case media.Opus:
		err = fillOpus(&t)
	default:
		err = fmt.Errorf("%w: %s is no audio codec", ErrCodec, c)
	}
	if err != nil {
		return media.Track{}, fmt.Errorf("read %s configuration: %w", c, err)
	}
	return t, nil
}

func fillAAC(t *media.Track) error {
	var asc mpeg4audio.AudioSpecificConfig
	if err := asc.Unmarshal(t.Config); err != nil {
		return fmt.Errorf("AudioSpecificConfig: %w", err)
	}
	switch {
	case asc.ChannelConfig >= 1 && asc.ChannelConfig <= 6:
		t.Channels = int(asc.ChannelConfig)
	case asc.ChannelConfig == 7:
		t.Channels = 8
	default:
		return fmt.Errorf("%w: channel configuration %d", ErrFormat, asc.ChannelConfig)
	}
	if asc.SampleRate < 1 || asc.SampleRate > maxRate {
		return fmt.Errorf("%w: sample rate %d", ErrFormat, asc.SampleRate)
	}
	if asc.FrameLengthFlag {
		return fmt.Errorf("%w: frames of 960 samples", ErrFormat)
	}
	t.SampleRate = asc.SampleRate
	return nil
}

func fillOpus(t *media.Track) error {
	if len(t.Config) < 19 {
		return ErrShort
	}
	if string(t.Config[:8]) != "OpusHead" {
		return fmt.Errorf("%w: no identification header", ErrFormat)
	}
	t.Channels = int(t.Config[9])
	if t.Channels < 1 {
		return fmt.Errorf("%w: no channels", ErrFormat)
	}
	t.SampleRate = 48000 // RFC 7845 §5.1: Opus always plays at 48 kHz
	return nil
}
