package playlist

import (
	"net/url"
	"strconv"
	"strings"
)

// IsMultivariant tells a multivariant playlist from a media playlist.
func IsMultivariant(text []byte) bool {
	return strings.Contains(string(text), "#EXT-X-STREAM-INF")
}

// ParseMultivariant reads a multivariant playlist. base is where it came from.
func ParseMultivariant(text []byte, base *url.URL) (*Multivariant, error) {
	lines, err := split(text)
	if err != nil {
		return nil, err
	}
	m := &Multivariant{}
	var next *Variant
	for _, line := range lines {
		tag, value, _ := strings.Cut(line, ":")
		switch {
		case tag == "#EXT-X-STREAM-INF":
			next = variant(attributes(value))
		case tag == "#EXT-X-MEDIA" && len(m.Media) < maxMedia:
			m.Media = append(m.Media, rendition(attributes(value), base))
		case strings.HasPrefix(line, "#"):
		case next != nil && len(m.Variants) < maxVariants:
			if next.URI = resolve(base, line); next.URI != nil {
				m.Variants = append(m.Variants, *next)
			}
			next = nil
		}
	}
	if len(m.Variants) == 0 {
		return nil, ErrNoPlaylist
	}
	return m, nil
}

func variant(a map[string]string) *Variant {
	v := &Variant{
		Bandwidth: int(min(number(a["BANDWIDTH"]), 1<<31)), AverageBandwidth: int(min(number(a["AVERAGE-BANDWIDTH"]), 1<<31)),
		Codecs: a["CODECS"], Audio: a["AUDIO"],
	}
	v.Width, v.Height = size(a["RESOLUTION"])
	if rate, err := strconv.ParseFloat(a["FRAME-RATE"], 64); err == nil && rate > 0 && rate < 1000 {
		v.FrameRate = rate
	}
	return v
}

func rendition(a map[string]string, base *url.URL) Media {
	channels, _, _ := strings.Cut(a["CHANNELS"], "/")
	return Media{
		Type: a["TYPE"], Group: a["GROUP-ID"], Name: a["NAME"], Language: a["LANGUAGE"],
		URI: resolve(base, a["URI"]), Default: a["DEFAULT"] == "YES", Channels: int(min(number(channels), 64)),
	}
}

// split takes a playlist into its lines, without empty ones.
func split(text []byte) ([]string, error) {
	all := strings.TrimPrefix(string(text), "\ufeff")
	if len(text) > MaxBytes || !strings.HasPrefix(all, "#EXTM3U") {
		return nil, ErrNoPlaylist
	}
	var lines []string
	for line := range strings.Lines(all) {
		if line = strings.TrimRight(line, "\r\n \t"); len(line) > maxLine {
			return nil, ErrNoPlaylist
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines, nil
}
