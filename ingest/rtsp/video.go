package rtsp

import (
	"bytes"
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/media/flv"
)

// clockRate is that of video in RTP, and of its timestamps here.
const clockRate = 90_000

// video makes units of pictures. Parameter sets go into the track, and are followed when
// they change.
type video struct {
	session Session
	shows   *atomic.Bool
	codec   media.Codec
	// sets are SPS and PPS, for HEVC with a VPS before them.
	sets  [][]byte
	known []byte // the configuration that was announced last
	begun bool
	avc   *h264.DTSExtractor
	hevc  *h265.DTSExtractor
	last  time.Duration
}

// take makes a unit of an access unit.
func (v *video) take(nals [][]byte, pts time.Duration) error {
	key := v.isKey(nals)
	var data []byte
	for _, nal := range nals {
		if len(nal) > 2 && !v.keep(nal) {
			data = append(binary.BigEndian.AppendUint32(data, uint32(len(nal))), nal...)
		}
	}
	if len(data) == 0 || !key && !v.begun {
		return nil
	}
	if key {
		if ok, err := v.announce(); !ok || err != nil {
			return err
		}
		v.begun = true
	}
	defer v.shows.Store(true)
	dts := v.decodeTime(nals, pts)
	return v.session.Unit(media.Unit{
		Kind: media.Video, DTS: max(0, dts+headroom), PTS: max(0, pts+headroom), Keyframe: key, Data: data,
	})
}

func (v *video) isKey(nals [][]byte) bool {
	if v.codec == media.H264 {
		return h264.IsRandomAccess(nals)
	}
	return h265.IsRandomAccess(nals)
}

// keep takes a parameter set out of the stream, and access unit delimiters.
func (v *video) keep(nal []byte) bool {
	kind, delimiter, sets := nal[0]&0x1f, byte(h264.NALUTypeAccessUnitDelimiter),
		[]byte{byte(h264.NALUTypeSPS), byte(h264.NALUTypePPS)}
	if v.codec == media.HEVC {
		kind, delimiter = nal[0]>>1&0x3f, byte(h265.NALUType_AUD_NUT)
		sets = []byte{byte(h265.NALUType_VPS_NUT), byte(h265.NALUType_SPS_NUT), byte(h265.NALUType_PPS_NUT)}
	}
	if i := bytes.IndexByte(sets, kind); i >= 0 {
		v.sets[i] = bytes.Clone(nal)
		return true
	}
	return kind == delimiter
}

// announce tells of the track where its configuration is new; false while there is none.
func (v *video) announce() (bool, error) {
	config := v.config()
	if config == nil {
		return false, nil
	}
	if bytes.Equal(config, v.known) {
		return true, nil
	}
	t, err := flv.VideoTrack(v.codec, config)
	if err != nil {
		return false, nil //nolint:nilerr // a set that can't be read: the next one may be better
	}
	v.known = config
	v.avc, v.hevc = nil, nil
	return true, v.session.Track(t)
}

// config is the decoder configuration record (ISO/IEC 14496-15 §5.3.3.1, §8.3.3.1), nil
// while a set is missing.
func (v *video) config() []byte {
	for _, set := range v.sets {
		if len(set) < 4 || len(set) > 1<<12 {
			return nil
		}
	}
	if v.codec == media.H264 {
		sps, pps := v.sets[0], v.sets[1]
		config := append([]byte{1, sps[1], sps[2], sps[3], 0xff, 0xe1}, length(sps)...)
		config = append(append(config, sps...), 1)
		return append(append(config, length(pps)...), pps...)
	}
	return v.hevcConfig()
}

func (v *video) hevcConfig() []byte {
	var parsed h265.SPS
	plain := h264.EmulationPreventionRemove(v.sets[1])
	const profile = 3 // where profile, tier and level begin: 12 bytes
	if parsed.Unmarshal(v.sets[1]) != nil || len(plain) < profile+12 {
		return nil
	}
	config := append([]byte{1}, plain[profile:profile+12]...)
	config = append(config, 0xf0, 0, 0xfc, 0xfc|byte(parsed.ChromaFormatIdc), 0xf8|byte(parsed.BitDepthLumaMinus8),
		0xf8|byte(parsed.BitDepthChromaMinus8), 0, 0, 0x0f, byte(len(v.sets)))
	for _, set := range v.sets {
		config = append(config, 0x80|set[0]>>1&0x3f, 0, 1)
		config = append(append(config, length(set)...), set...)
	}
	return config
}

func length(b []byte) []byte { return binary.BigEndian.AppendUint16(nil, uint16(len(b))) }

// decodeTime works out when a picture is decoded, which RTP does not say. Where that
// can't be told, it is when it is shown.
func (v *video) decodeTime(nals [][]byte, pts time.Duration) time.Duration {
	ticks, dts, err := int64(pts*clockRate/time.Second), int64(0), error(nil)
	with := append(append([][]byte{}, v.sets...), nals...)
	if v.codec == media.H264 {
		if v.avc == nil {
			v.avc = &h264.DTSExtractor{}
			v.avc.Initialize()
		}
		dts, err = v.avc.Extract(with, ticks)
	} else {
		if v.hevc == nil {
			v.hevc = &h265.DTSExtractor{}
			v.hevc.Initialize()
		}
		dts, err = v.hevc.Extract(with, ticks)
	}
	at := time.Duration(dts) * time.Second / clockRate
	if err != nil || at > pts {
		at = pts
	}
	if at <= v.last && v.last-at < time.Second {
		at = min(pts, v.last+time.Millisecond)
	}
	v.last = at
	return at
}
