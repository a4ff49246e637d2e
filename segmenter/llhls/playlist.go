package llhls

import "time"

// Playlist is one media playlist, or a delta update of one.
type Playlist struct {
	Version        int
	TargetDuration time.Duration
	PartTarget     time.Duration // 0 when there is no EXT-X-PART-INF
	Control        Control

	MediaSequence         uint64
	DiscontinuitySequence uint64
	Independent           bool // EXT-X-INDEPENDENT-SEGMENTS
	Ended                 bool // EXT-X-ENDLIST
	IFramesOnly           bool // EXT-X-I-FRAMES-ONLY

	// Skipped is the number of segments that a delta update leaves out in front.
	Skipped int
	// Segments are in order; only the last may be open.
	Segments []Segment
	Hints    []Hint
	Reports  []Report
	// Unknown are the tags that were passed over.
	Unknown []string
}

// Control is EXT-X-SERVER-CONTROL (§4.4.3.8).
type Control struct {
	BlockReload                          bool
	HoldBack, PartHoldBack, CanSkipUntil time.Duration
}

// Segment is a media segment with its parts.
type Segment struct {
	MSN uint64
	// URI and Duration are empty for the open segment, of which only parts are there.
	URI           string
	Duration      time.Duration
	Parts         []Part
	ProgramTime   time.Time // zero without a tag of its own
	Map           string    // URI of the init segment that applies
	Gap           bool
	Discontinuity bool
	// ByteRange is EXT-X-BYTERANGE as it stands, "length@offset" or "length".
	ByteRange string
}

// Open says that the segment is not complete.
func (s Segment) Open() bool { return s.URI == "" }

// Length is the segment's duration, or that of its parts so far.
func (s Segment) Length() time.Duration {
	if !s.Open() {
		return s.Duration
	}
	var sum time.Duration
	for _, p := range s.Parts {
		sum += p.Duration
	}
	return sum
}

// Part is EXT-X-PART (§4.4.4.9).
type Part struct {
	URI              string
	Duration         time.Duration
	Independent, Gap bool
	ByteRange        string
}

// Hint is EXT-X-PRELOAD-HINT (§4.4.5.3).
type Hint struct {
	Type, URI string
}

// Report is EXT-X-RENDITION-REPORT (§4.4.5.4).
type Report struct {
	URI               string
	LastMSN, LastPart uint64
	HasPart           bool
}

// Sequence is the discontinuity sequence number of Segments[i] (§4.4.3.3).
func (p *Playlist) Sequence(i int) uint64 {
	n := p.DiscontinuitySequence
	for _, s := range p.Segments[:i+1] {
		if s.Discontinuity {
			n++
		}
	}
	return n
}

// Last is the position of the newest part, or of the newest segment when there
// are no parts: the number of the next part would be part+1.
func (p *Playlist) Last() (msn uint64, part int, ok bool) {
	if len(p.Segments) == 0 {
		return 0, 0, false
	}
	last := p.Segments[len(p.Segments)-1]
	return last.MSN, len(last.Parts) - 1, true
}
