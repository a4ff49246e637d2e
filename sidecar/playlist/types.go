package playlist

import (
	"errors"
	"net/url"
	"time"
)

// ErrNoPlaylist: the bytes are no HLS playlist, or exceed a bound.
var ErrNoPlaylist = errors.New("no HLS playlist")

// Bounds of a playlist: what is beyond makes it unreadable.
const (
	MaxBytes    = 2 << 20
	maxLine     = 16 << 10
	maxSegments = 20_000
	maxParts    = 20_000
	maxVariants = 64
	maxMedia    = 256
	maxKeys     = 8
)

// Multivariant is a multivariant playlist.
type Multivariant struct {
	Variants []Variant
	Media    []Media
}

// Variant is one EXT-X-STREAM-INF (draft-pantos-hls-rfc8216bis §4.4.6.2).
type Variant struct {
	URI                         *url.URL
	Bandwidth, AverageBandwidth int
	Codecs                      string
	Width, Height               int
	FrameRate                   float64
	// Audio is the GROUP-ID of its sound, empty when that is in the variant itself.
	Audio string
}

// Media is one EXT-X-MEDIA (§4.4.6.1).
type Media struct {
	Type, Group, Name, Language string
	// URI is nil when the sound is in the variant.
	URI      *url.URL
	Default  bool
	Channels int
}

// Range is a piece of a resource; a Length of 0 is the whole.
type Range struct{ Offset, Length int64 }

// Resource is something to be fetched.
type Resource struct {
	URI *url.URL
	Range
}

// Key is one EXT-X-KEY (§4.4.4.4).
type Key struct {
	Method, Format string
	// URI is what the line says, resolved when it is http: or https:, else as it is.
	URI *url.URL
	// IV is the attribute as it stands there, with its 0x; may be empty.
	IV string
	// Line is the whole line as it came.
	Line string
}

// Part is one EXT-X-PART (§4.4.4.9).
type Part struct {
	Resource
	Duration         time.Duration
	Independent, Gap bool
}

// Segment is a segment of a media playlist. The last one may have parts alone.
type Segment struct {
	Resource
	MSN           uint64
	Discontinuity uint64 // sequence number
	Duration      time.Duration
	// Date is the first frame's date, zero when the playlist says nothing about it.
	Date     time.Time
	Gap      bool
	Complete bool
	// Map is nil without an init segment.
	Map *Resource
	// Keys is nil when the segment is not encrypted.
	Keys []Key
	// Lines are tags about this segment that are handed on as they are.
	Lines []string
	Parts []Part
}

// Playlist is a media playlist.
type Playlist struct {
	TargetDuration           time.Duration
	PartTarget, PartHoldBack time.Duration
	HoldBack                 time.Duration
	CanBlock                 bool
	CanSkip                  bool
	Ended                    bool
	VOD                      bool
	IndependentSegments      bool
	MSN                      uint64
	Segments                 []Segment
}

// Edge is the media sequence number behind the last complete segment.
func (p *Playlist) Edge() uint64 {
	for i := len(p.Segments) - 1; i >= 0; i-- {
		if p.Segments[i].Complete {
			return p.Segments[i].MSN + 1
		}
	}
	return p.MSN
}
