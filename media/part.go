package media

import "time"

// Rendition is one encoding of a broadcast. The set of a broadcast's renditions
// is fixed before its first part; an Index in it is a rendition's short name on
// the wire.
type Rendition struct {
	// Index is the place in the broadcast's list of renditions, from 0.
	Index int
	// Name is "source", "720p", "audio" and the like, [a-z0-9]{1,16}.
	Name string
	Kind Kind
	// Codecs is the CODECS attribute for this rendition alone (RFC 6381).
	Codecs string
	// Bandwidth is the peak rate in bit/s that the rendition is expected to keep
	// (draft-pantos-hls-rfc8216bis §4.4.6.2, BANDWIDTH); AverageBandwidth its mean.
	Bandwidth, AverageBandwidth int
	// Video only.
	Width, Height int
	FPS           float64
	// Audio only.
	SampleRate, Channels int
	// Container is how the rendition's media is packed.
	Container Container
}

// Container says how media is packed, and by whom. The values are those of the wire
// (docs/protocol.md, Manifest).
type Container uint8

// The containers. Media of others is opaque here, and its timestamps are whatever they
// are: where it stands on the broadcast's timeline is what heads and playlists say.
const (
	// Native is fragmented MP4 made here: decode times are the broadcast's timeline.
	Native Container = 0
	// ForeignMP4 is somebody else's fragmented MP4.
	ForeignMP4 Container = 1
	// ForeignTS is somebody else's MPEG-2 transport stream, without init segments.
	ForeignTS Container = 2
	// ForeignAudio is somebody else's packed audio (RFC 8216 §3.4), without init segments.
	ForeignAudio Container = 3
)

// Suffix is what names of parts and segments end in.
func (c Container) Suffix() string {
	switch c {
	case ForeignTS:
		return ".ts"
	case ForeignAudio:
		return ".aac"
	default:
		return ".m4s"
	}
}

// Timing holds the constants of a broadcast's playlists. They are fixed before
// the first playlist and the same in all renditions.
type Timing struct {
	// PartTarget is PART-TARGET: no part is longer, and every part but a segment's
	// last is at least 85 % of it (draft-pantos-hls-rfc8216bis §4.4.3.7). It is 0 where
	// an attached stream has whole segments only: its parts are then mere slices of
	// segments, for the swarm, which no playlist lists.
	PartTarget time.Duration
	// PartHoldBack is PART-HOLD-BACK, three part targets (§4.4.3.8).
	PartHoldBack time.Duration
	// TargetDuration is EXT-X-TARGETDURATION, in whole seconds (§4.4.3.1).
	TargetDuration time.Duration
}

// Part is one partial segment of one rendition: the unit of low latency and of
// the swarm. It is immutable; Data is shared by everybody who needs it.
type Part struct {
	// Rendition is the index of the rendition.
	Rendition int
	// Number runs from 0 over all parts of the rendition, across segments.
	Number uint64
	// MSN is the media sequence number of the segment that holds the part, Index
	// the part's place in it.
	MSN   uint64
	Index int
	// Start is the decode time of the first sample and Duration the length, both on
	// the broadcast's timeline.
	Start, Duration time.Duration
	// ProgramTime is the wall clock at Start (EXT-X-PROGRAM-DATE-TIME).
	ProgramTime time.Time
	// Discontinuity is the discontinuity sequence number of the part's segment.
	Discontinuity uint64
	// Init is the number of the init segment that the part needs.
	Init int
	// Independent: decoding can start at this part. Gap: there is no media, Data is
	// empty. SegmentEnd: the part is the last of its segment.
	Independent, Gap, SegmentEnd bool
	// Still: the publisher is away, and the picture is its last one.
	Still bool
	// Data is a moof and an mdat box (ISO/IEC 14496-12), ready to be served; of a foreign
	// container, whatever its server had.
	Data []byte
	// Lines are playlist lines of an attached stream that stand before the part, without
	// the last line break: keys, date ranges.
	Lines string
}

// Init is one init segment (ftyp and moov) of a rendition.
type Init struct {
	Rendition int
	// Number counts a rendition's init segments from 0; it changes with the codec
	// configuration.
	Number int
	Data   []byte
}
