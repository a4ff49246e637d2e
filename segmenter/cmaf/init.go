package cmaf

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"github.com/liverelay/liverelay/media"
)

// ErrCodec is returned for a codec that can't be packaged.
var ErrCodec = errors.New("codec is not supported in CMAF here")

// VideoTimescale is the timescale of all video tracks, in ticks a second.
const VideoTimescale = 90000

// Format is what the packager needs to know of a track.
type Format struct {
	// Timescale is in ticks a second: VideoTimescale, or the audio's sample rate.
	Timescale uint32
	// FrameSamples is the number of ticks of each audio frame, 0 for video.
	FrameSamples uint32
	// Codecs names the codec as in RFC 6381.
	Codecs string

	codec   codecs.Codec
	silence []byte
}

// Silence returns a coded frame of silence, nil when it is not known how to write one:
// it is for AAC-LC in mono and stereo. It must not be changed.
func (f Format) Silence() []byte { return f.silence }

// Parse reads a track's decoder configuration: H.264, HEVC, AV1, AAC, Opus. It returns
// ErrCodec, wrapped, for others.
func Parse(t media.Track) (Format, error) {
	switch t.Codec {
	case media.H264:
		return parseAVC(t.Config)
	case media.HEVC:
		return parseHEVC(t.Config)
	case media.AV1:
		return parseAV1(t.Config)
	case media.AAC:
		return parseAAC(t.Config)
	case media.Opus:
		return parseOpus(t.Config)
	default:
		return Format{}, fmt.Errorf("%s: %w", t.Codec, ErrCodec)
	}
}

// parseAVC reads an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1).
func parseAVC(config []byte) (Format, error) {
	if len(config) < 7 || config[0] != 1 {
		return Format{}, errors.New("read H.264 configuration: too short or of an unknown version")
	}
	rest := config[5:]
	sps, rest, err := parameterSets(rest, 0x1f)
	if err != nil {
		return Format{}, fmt.Errorf("read H.264 SPS: %w", err)
	}
	pps, _, err := parameterSets(rest, 0xff)
	if err != nil {
		return Format{}, fmt.Errorf("read H.264 PPS: %w", err)
	}
	return Format{
		Timescale: VideoTimescale,
		Codecs:    fmt.Sprintf("avc1.%02x%02x%02x", sps[1], sps[2], sps[3]),
		codec:     &codecs.H264{SPS: sps, PPS: pps},
	}, nil
}

// parameterSets reads a count and that many length-prefixed sets, and returns the
// first with what follows the last.
func parameterSets(b []byte, mask byte) (first, rest []byte, err error) {
	if len(b) == 0 || b[0]&mask == 0 {
		return nil, nil, errors.New("there is none")
	}
	n := int(b[0] & mask)
	b = b[1:]
	for i := range n {
		if len(b) < 2 || len(b) < 2+int(binary.BigEndian.Uint16(b)) {
			return nil, nil, errors.New("cut short")
		}
		size := int(binary.BigEndian.Uint16(b))
		if i == 0 {
			first = b[2 : 2+size]
		}
		b = b[2+size:]
	}
	if len(first) < 4 {
		return first, b, checkPPS(first, mask)
	}
	return first, b, nil
}

// checkPPS lets a picture parameter set be short; a sequence parameter set must
// hold its profile and level.
func checkPPS(first []byte, mask byte) error {
	if mask == 0x1f || len(first) == 0 {
		return errors.New("cut short")
	}
	return nil
}

func parseAAC(config []byte) (Format, error) {
	var asc mpeg4audio.AudioSpecificConfig
	if err := asc.Unmarshal(config); err != nil {
		return Format{}, fmt.Errorf("read AAC configuration: %w", err)
	}
	if asc.SampleRate <= 0 {
		return Format{}, errors.New("read AAC configuration: no sample rate")
	}
	samples := uint32(1024)
	if asc.FrameLengthFlag {
		samples = 960
	}
	object := int(asc.Type)
	if asc.ExtensionType != 0 {
		object = int(asc.ExtensionType)
	}
	return Format{
		Timescale:    uint32(asc.SampleRate),
		FrameSamples: samples,
		Codecs:       fmt.Sprintf("mp4a.40.%d", object),
		codec:        &codecs.MPEG4Audio{Config: asc},
		silence:      silence(object, int(asc.ChannelConfig)),
	}, nil
}

// silence is a raw_data_block (ISO/IEC 14496-3 §4.4.2.1) of one element whose channels
// have no scale factor band at all, and the end mark: zeroes but for the element's
// name and 111.
func silence(object, channels int) []byte {
	switch {
	case object == 2 && channels == 1:
		return []byte{0, 0, 0, 0b111}
	case object == 2 && channels == 2:
		return []byte{0b001 << 5, 0, 0, 0, 0, 0, 0b1110}
	}
	return nil
}

// Init returns the init segment, ftyp and moov, of a track of the format.
// average and peak are bit/s.
func (f Format) Init(average, peak int) ([]byte, error) {
	movie := fmp4.Init{Tracks: []*fmp4.InitTrack{{
		ID:         trackID,
		TimeScale:  f.Timescale,
		AvgBitrate: uint32(average),
		MaxBitrate: uint32(peak),
		Codec:      f.codec,
	}}}
	var b seekablebuffer.Buffer
	if err := movie.Marshal(&b); err != nil {
		return nil, fmt.Errorf("write init segment: %w", err)
	}
	return withBrands(b.Bytes())
}

// withBrands replaces the leading ftyp box by one with the CMAF structural brands
// (ISO/IEC 23000-19 §7.2).
func withBrands(init []byte) ([]byte, error) {
	if len(init) < 8 || string(init[4:8]) != "ftyp" {
		return nil, errors.New("write init segment: no ftyp in front")
	}
	size := int(binary.BigEndian.Uint32(init))
	if size < 8 || size > len(init) {
		return nil, errors.New("write init segment: broken ftyp")
	}
	brands := []string{"iso6", "cmfc", "cmf2", "mp41"}
	w := writer(make([]byte, 0, 16+4*len(brands)+len(init)-size))
	w.box(16+4*len(brands), "ftyp")
	w = append(w, brands[0]...)
	w.u32(0)
	for _, brand := range brands {
		w = append(w, brand...)
	}
	return append(w, init[size:]...), nil
}
