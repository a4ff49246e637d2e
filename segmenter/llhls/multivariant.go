package llhls

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Multivariant is a multivariant playlist (§4.4.6).
type Multivariant struct {
	Variants []Variant
	Media    []Media
	// IFrames are the EXT-X-I-FRAME-STREAM-INF tags.
	IFrames []Variant
	// Unknown are the tags that were passed over.
	Unknown []string
}

// Variant is EXT-X-STREAM-INF or EXT-X-I-FRAME-STREAM-INF.
type Variant struct {
	URI, Codecs, Resolution, Audio string
	Bandwidth                      uint64
}

// Media is EXT-X-MEDIA. URI is empty when the rendition is in the variants.
type Media struct {
	Type, Group, Name, URI string
}

// maxEntries bounds the variants and renditions of one multivariant playlist.
const maxEntries = 256

// IsMultivariant says whether the text is a multivariant playlist, and no media
// playlist.
func IsMultivariant(text []byte) bool {
	return strings.Contains(string(text), "\n#EXT-X-STREAM-INF:") || strings.Contains(string(text), "\n#EXT-X-MEDIA:")
}

// ParseMultivariant reads a multivariant playlist. It fails on the first line that
// the draft does not allow.
func ParseMultivariant(text []byte) (*Multivariant, error) {
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	if lines[0] != "#EXTM3U" {
		return nil, errors.New("line 1: not a playlist")
	}
	out := &Multivariant{}
	var open *Variant
	for i, line := range lines[1:] {
		if err := out.line(line, &open); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+2, err)
		}
		if len(out.Variants)+len(out.Media)+len(out.IFrames)+len(out.Unknown) > maxEntries {
			return nil, errors.New("too many entries")
		}
	}
	switch {
	case open != nil:
		return nil, errors.New("EXT-X-STREAM-INF without URI at the end")
	case len(out.Variants) == 0:
		return nil, errors.New("no EXT-X-STREAM-INF")
	}
	return out, out.groups()
}

func (m *Multivariant) line(line string, open **Variant) error {
	if line == "" || strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "#EXT") {
		return nil
	}
	if !strings.HasPrefix(line, "#") {
		if *open == nil {
			return errors.New("URI without EXT-X-STREAM-INF")
		}
		(*open).URI = line
		m.Variants, *open = append(m.Variants, **open), nil
		return nil
	}
	if *open != nil {
		return errors.New("EXT-X-STREAM-INF without URI")
	}
	name, value, _ := strings.Cut(line, ":")
	var err error
	switch name {
	case "#EXT-X-STREAM-INF":
		*open = &Variant{}
		err = (*open).read(value, false)
	case "#EXT-X-I-FRAME-STREAM-INF":
		v := Variant{}
		err = v.read(value, true)
		m.IFrames = append(m.IFrames, v)
	case "#EXT-X-MEDIA":
		err = m.media(value)
	case "#EXTINF", "#EXT-X-TARGETDURATION":
		err = errors.New("belongs into a media playlist")
	default:
		m.Unknown = append(m.Unknown, name)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (v *Variant) read(value string, withURI bool) error {
	a, err := parseAttributes(value)
	if err != nil {
		return err
	}
	var errs [5]error
	v.Bandwidth, _, errs[0] = a.number("BANDWIDTH", true)
	v.Codecs, errs[1] = a.text("CODECS", false)
	v.Audio, errs[2] = a.text("AUDIO", false)
	v.URI, errs[3] = a.text("URI", withURI)
	v.Resolution = a["RESOLUTION"].value
	if v.Resolution != "" && !resolution(v.Resolution) {
		errs[4] = fmt.Errorf("RESOLUTION %q", v.Resolution)
	}
	return errors.Join(errs[:]...)
}

func resolution(s string) bool {
	width, height, ok := strings.Cut(s, "x")
	_, err1 := parseNumber(width)
	_, err2 := parseNumber(height)
	return ok && err1 == nil && err2 == nil
}

func (m *Multivariant) media(value string) error {
	a, err := parseAttributes(value)
	if err != nil {
		return err
	}
	kind := a["TYPE"]
	if kind.quoted || kind.value == "" {
		return errors.New("TYPE is missing")
	}
	group, err1 := a.text("GROUP-ID", true)
	name, err2 := a.text("NAME", true)
	uri, err3 := a.text("URI", false)
	m.Media = append(m.Media, Media{Type: kind.value, Group: group, Name: name, URI: uri})
	return errors.Join(err1, err2, err3)
}

// groups checks that every group that a variant names is there.
func (m *Multivariant) groups() error {
	for _, v := range m.Variants {
		known := v.Audio == ""
		for _, r := range m.Media {
			known = known || r.Type == "AUDIO" && r.Group == v.Audio
		}
		if !known {
			return fmt.Errorf("group %q of %s is not there", v.Audio, v.URI)
		}
	}
	return nil
}

// ByteRange reads "length@offset"; without an offset, offset is -1.
func ByteRange(s string) (length, offset int64, err error) {
	before, after, has := strings.Cut(s, "@")
	length, err = strconv.ParseInt(before, 10, 63)
	offset = -1
	if err == nil && has {
		offset, err = strconv.ParseInt(after, 10, 63)
	}
	if err != nil || length <= 0 || has && offset < 0 {
		return 0, 0, fmt.Errorf("%q is no byte range", s)
	}
	return length, offset, nil
}
