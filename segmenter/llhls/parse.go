package llhls

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Parse reads a media playlist. It fails on the first line that the draft does
// not allow; tags that it does not know are collected.
func Parse(text []byte) (*Playlist, error) {
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	if lines[0] != "#EXTM3U" {
		return nil, errors.New("line 1: not a playlist")
	}
	p := parser{playlist: &Playlist{Version: 1}, seen: map[string]bool{}}
	for i, line := range lines[1:] {
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+2, err)
		}
	}
	return p.finish()
}

// maxSegments bounds what one playlist may count.
const maxSegments = 100_000

type parser struct {
	playlist *Playlist
	seen     map[string]bool
	segment  Segment // the one that the next URI ends
	extinf   bool
	begun    bool // a segment's tags have begun
	mapURI   string
}

func (p *parser) line(line string) error {
	switch {
	case line == "" || strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "#EXT"):
		return nil
	case !strings.HasPrefix(line, "#"):
		return p.uri(line)
	}
	name, value, _ := strings.Cut(line, ":")
	if err := p.tag(name, value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (p *parser) uri(line string) error {
	if !p.extinf {
		return errors.New("URI without EXTINF")
	}
	p.segment.URI = line
	p.push()
	return nil
}

func (p *parser) push() {
	p.segment.Map = p.mapURI
	p.playlist.Segments = append(p.playlist.Segments, p.segment)
	p.segment, p.extinf, p.begun = Segment{}, false, false
}

func (p *parser) finish() (*Playlist, error) {
	out := p.playlist
	if p.extinf {
		return nil, errors.New("EXTINF without URI at the end")
	}
	if len(p.segment.Parts) > 0 {
		p.push()
	}
	if !p.seen["#EXT-X-TARGETDURATION"] {
		return nil, errors.New("no EXT-X-TARGETDURATION")
	}
	for i := range out.Segments {
		out.Segments[i].MSN = out.MediaSequence + uint64(out.Skipped+i)
	}
	return out, nil
}

// tag reads the tags of the playlist as a whole, and passes those of segments on.
func (p *parser) tag(name, value string) (err error) {
	out := p.playlist
	switch name {
	case "#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE":
		return p.integer(name, value)
	case "#EXT-X-SERVER-CONTROL", "#EXT-X-PART-INF", "#EXT-X-SKIP":
		return p.once(name, func() error { return p.header(name, value) })
	case "#EXT-X-INDEPENDENT-SEGMENTS":
		out.Independent = true
	case "#EXT-X-ENDLIST":
		out.Ended = true
	case "#EXT-X-I-FRAMES-ONLY":
		out.IFramesOnly = true
	case "#EXT-X-PRELOAD-HINT", "#EXT-X-RENDITION-REPORT":
		return p.trailer(name, value)
	case "#EXTINF", "#EXT-X-PART", "#EXT-X-MAP", "#EXT-X-PROGRAM-DATE-TIME", "#EXT-X-DISCONTINUITY", "#EXT-X-GAP", "#EXT-X-BYTERANGE":
		return p.media(name, value)
	default:
		out.Unknown = append(out.Unknown, name)
	}
	return nil
}

func (p *parser) once(name string, read func() error) error {
	if p.seen[name] {
		return errors.New("twice")
	}
	p.seen[name] = true
	return read()
}

func (p *parser) integer(name, value string) error {
	return p.once(name, func() error {
		n, err := parseNumber(value)
		if err != nil {
			return err
		}
		out := p.playlist
		switch {
		case name == "#EXT-X-MEDIA-SEQUENCE":
			out.MediaSequence = n
		case name == "#EXT-X-DISCONTINUITY-SEQUENCE":
			out.DiscontinuitySequence = n
		case n > 86400:
			return fmt.Errorf("%d is out of range", n)
		case name == "#EXT-X-VERSION":
			out.Version = int(n)
		default:
			out.TargetDuration = time.Duration(n) * time.Second
		}
		if len(out.Segments) > 0 || p.begun {
			return errors.New("behind the first segment")
		}
		return nil
	})
}

func (p *parser) header(name, value string) error {
	a, err := parseAttributes(value)
	if err != nil {
		return err
	}
	out := p.playlist
	switch name {
	case "#EXT-X-PART-INF":
		out.PartTarget, err = a.seconds("PART-TARGET", true)
		return err
	case "#EXT-X-SKIP":
		n, _, err := a.number("SKIPPED-SEGMENTS", true)
		if err == nil && (n == 0 || n > maxSegments || len(out.Segments) > 0) {
			err = fmt.Errorf("SKIPPED-SEGMENTS=%d out of place", n)
		}
		out.Skipped = int(n)
		return err
	}
	block, err1 := a.yes("CAN-BLOCK-RELOAD")
	hold, err2 := a.seconds("HOLD-BACK", false)
	part, err3 := a.seconds("PART-HOLD-BACK", false)
	skip, err4 := a.seconds("CAN-SKIP-UNTIL", false)
	out.Control = Control{BlockReload: block, HoldBack: hold, PartHoldBack: part, CanSkipUntil: skip}
	return errors.Join(err1, err2, err3, err4)
}

func (p *parser) trailer(name, value string) error {
	a, err := parseAttributes(value)
	if err != nil {
		return err
	}
	uri, err := a.text("URI", true)
	if err != nil {
		return err
	}
	if name == "#EXT-X-PRELOAD-HINT" {
		kind := a["TYPE"]
		if kind.quoted || kind.value != "PART" && kind.value != "MAP" {
			return errors.New("TYPE must be PART or MAP")
		}
		p.playlist.Hints = append(p.playlist.Hints, Hint{Type: kind.value, URI: uri})
		return nil
	}
	msn, _, err1 := a.number("LAST-MSN", true)
	part, has, err2 := a.number("LAST-PART", false)
	p.playlist.Reports = append(p.playlist.Reports, Report{URI: uri, LastMSN: msn, LastPart: part, HasPart: has})
	return errors.Join(err1, err2)
}

// media reads the tags that apply to one segment.
func (p *parser) media(name, value string) (err error) {
	p.begun = true
	s := &p.segment
	switch name {
	case "#EXTINF":
		duration, _, comma := strings.Cut(value, ",")
		if !comma || p.extinf {
			return errors.New("must end with a comma, and once a segment")
		}
		p.extinf = true
		s.Duration, err = parseSeconds(duration)
	case "#EXT-X-PART":
		return p.part(value)
	case "#EXT-X-MAP":
		return p.initSegment(value)
	case "#EXT-X-PROGRAM-DATE-TIME":
		if s.ProgramTime, err = time.Parse(time.RFC3339Nano, value); err != nil {
			s.ProgramTime, err = time.Parse("2006-01-02T15:04:05.999999999Z0700", value) // as ffmpeg writes it
		}
	case "#EXT-X-DISCONTINUITY":
		s.Discontinuity = true
	case "#EXT-X-GAP":
		s.Gap = true
	case "#EXT-X-BYTERANGE":
		_, _, err = ByteRange(value)
		s.ByteRange = value
	}
	return err
}

func (p *parser) initSegment(value string) error {
	a, err := parseAttributes(value)
	if err != nil {
		return err
	}
	if len(p.segment.Parts) > 0 {
		return errors.New("between the parts of a segment")
	}
	p.mapURI, err = a.text("URI", true)
	return err
}

func (p *parser) part(value string) error {
	if p.extinf {
		return errors.New("between EXTINF and its URI")
	}
	a, err := parseAttributes(value)
	if err != nil {
		return err
	}
	part := Part{ByteRange: a["BYTERANGE"].value}
	var err1, err2, err3, err4 error
	part.URI, err1 = a.text("URI", true)
	part.Duration, err2 = a.seconds("DURATION", true)
	part.Independent, err3 = a.yes("INDEPENDENT")
	part.Gap, err4 = a.yes("GAP")
	p.segment.Parts = append(p.segment.Parts, part)
	return errors.Join(err1, err2, err3, err4)
}
