package playlist

import (
	"net/url"
	"strings"
	"time"
)

// Parse reads a media playlist. base is where it came from. A delta update
// (EXT-X-SKIP, §4.4.5.2) is refused: none is asked for.
func Parse(text []byte, base *url.URL) (*Playlist, error) {
	lines, err := split(text)
	if err != nil {
		return nil, err
	}
	r := &reader{base: base, ends: map[string]int64{}}
	for _, line := range lines {
		if strings.HasPrefix(line, "#") {
			tag, value, _ := strings.Cut(line, ":")
			r.tag(tag, value, line)
		} else {
			r.uri(line)
		}
		if len(r.out.Segments) > maxSegments || r.parts > maxParts {
			return nil, ErrNoPlaylist
		}
	}
	if len(r.seg.Parts) > 0 {
		r.close(false)
	}
	if r.out.TargetDuration == 0 || r.skips {
		return nil, ErrNoPlaylist
	}
	return &r.out, nil
}

// reader is where reading stands.
type reader struct {
	base *url.URL
	out  Playlist
	seg  Segment // the one that is being described
	// What holds for all segments that follow.
	init          *Resource
	keys          []Key
	discontinuity uint64
	date          time.Time // where the next segment begins, when that is known
	ends          map[string]int64
	ranged        string // EXT-X-BYTERANGE of the next segment
	parts         int
	skips         bool
}

func (r *reader) tag(tag, value, line string) {
	switch tag {
	case "#EXT-X-TARGETDURATION":
		r.out.TargetDuration = seconds(value)
	case "#EXT-X-MEDIA-SEQUENCE":
		if len(r.out.Segments) == 0 {
			r.out.MSN = number(value)
		}
	case "#EXT-X-DISCONTINUITY-SEQUENCE":
		r.discontinuity = number(value)
	case "#EXT-X-PART-INF":
		r.out.PartTarget = seconds(attributes(value)["PART-TARGET"])
	case "#EXT-X-SERVER-CONTROL":
		a := attributes(value)
		r.out.CanBlock = a["CAN-BLOCK-RELOAD"] == "YES"
		r.out.CanSkip = a["CAN-SKIP-UNTIL"] != ""
		r.out.PartHoldBack, r.out.HoldBack = seconds(a["PART-HOLD-BACK"]), seconds(a["HOLD-BACK"])
	case "#EXT-X-INDEPENDENT-SEGMENTS":
		r.out.IndependentSegments = true
	case "#EXT-X-PLAYLIST-TYPE":
		r.out.VOD = value == "VOD"
	case "#EXT-X-ENDLIST":
		r.out.Ended = true
	case "#EXT-X-SKIP":
		r.skips = true // it was not asked for
	default:
		r.segmentTag(tag, value, line)
	}
}

// segmentTag reads tags that belong to the next segment, or to all that follow.
func (r *reader) segmentTag(tag, value, line string) {
	switch tag {
	case "#EXTINF":
		length, _, _ := strings.Cut(value, ",")
		r.seg.Duration = seconds(length)
	case "#EXT-X-PART":
		r.part(attributes(value))
	case "#EXT-X-BYTERANGE":
		r.ranged = value
	case "#EXT-X-DISCONTINUITY":
		r.discontinuity++
		r.date = time.Time{}
	case "#EXT-X-GAP":
		r.seg.Gap = true
	case "#EXT-X-MAP":
		r.mapped(attributes(value))
	case "#EXT-X-KEY":
		r.key(attributes(value), line)
	case "#EXT-X-PROGRAM-DATE-TIME":
		r.date = date(value)
	case "#EXT-X-DATERANGE", "#EXT-X-CUE-OUT", "#EXT-X-CUE-IN", "#EXT-X-CUE-OUT-CONT":
		if len(r.seg.Lines) < maxKeys {
			r.seg.Lines = append(r.seg.Lines, line)
		}
	}
}

func (r *reader) mapped(a map[string]string) {
	r.init = nil
	if u := resolve(r.base, a["URI"]); u != nil {
		r.init = &Resource{URI: u}
		if text := a["BYTERANGE"]; text != "" {
			r.init.Range = byteRange(text, 0)
		}
	}
}

// key replaces the key of the same format (§4.4.4.4); METHOD=NONE ends all.
func (r *reader) key(a map[string]string, line string) {
	k := Key{Method: a["METHOD"], Format: a["KEYFORMAT"], URI: resolve(r.base, a["URI"]), IV: a["IV"], Line: line}
	if k.Format == "" {
		k.Format = "identity"
	}
	if k.Method == "NONE" {
		r.keys = nil
		return
	}
	keys := make([]Key, 0, len(r.keys)+1) // segments hold the list before
	for _, old := range r.keys {
		if old.Format != k.Format {
			keys = append(keys, old)
		}
	}
	if len(keys) < maxKeys {
		keys = append(keys, k)
	}
	r.keys = keys
}

func (r *reader) part(a map[string]string) {
	u := resolve(r.base, a["URI"])
	if u == nil {
		return
	}
	p := Part{Resource: Resource{URI: u}, Duration: seconds(a["DURATION"]), Independent: a["INDEPENDENT"] == "YES", Gap: a["GAP"] == "YES"}
	if text := a["BYTERANGE"]; text != "" {
		p.Range = r.next(u, text)
	}
	r.seg.Parts = append(r.seg.Parts, p)
	r.parts++
}

const maxOffset = 1 << 50

// next reads a range, which may go on behind the last one of the same resource.
func (r *reader) next(u *url.URL, text string) Range {
	name := u.String()
	g := byteRange(text, r.ends[name])
	if g.Offset > maxOffset || g.Length > maxOffset {
		g = Range{}
	}
	r.ends[name] = g.Offset + g.Length
	return g
}

func (r *reader) uri(line string) {
	r.seg.URI = resolve(r.base, line)
	if r.ranged != "" && r.seg.URI != nil {
		r.seg.Range = r.next(r.seg.URI, r.ranged)
	}
	r.ranged = ""
	r.close(true)
}

// close ends the description of a segment.
func (r *reader) close(complete bool) {
	s := r.seg
	s.Complete, s.MSN, s.Discontinuity = complete, r.out.MSN+uint64(len(r.out.Segments)), r.discontinuity
	s.Map, s.Keys, s.Date = r.init, r.keys, r.date
	if !complete {
		for _, p := range s.Parts {
			s.Duration += p.Duration
		}
	}
	if !r.date.IsZero() {
		r.date = r.date.Add(s.Duration)
	}
	if complete && s.URI == nil {
		s.Gap = true
	}
	r.out.Segments = append(r.out.Segments, s)
	r.seg = Segment{}
}
