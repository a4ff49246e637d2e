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
}

// Timing holds the constants of a broadcast's playlists. They are fixed before
// the first playlist and the same in all renditions.
type Timing struct {
	// PartTarget is PART-TARGET: no part is longer, and every part but a segment's
	// last is at least 85 % of it (draft-pantos-hls-rfc8216bis §4.4.3.7).
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
	// Data is a moof and an mdat box (ISO/IEC 14496-12), ready to be served.
	Data []byte
}

// Init is one init segment (ftyp and moov) of a rendition.
type Init struct {
	Rendition int
	// Number counts a rendition's init segments from 0; it changes with the codec
	// configuration.
	Number int
	Data   []byte
}
