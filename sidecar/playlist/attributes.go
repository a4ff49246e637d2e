package playlist

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// attributes reads an attribute list (§4.2). A name that stands there twice keeps its
// first value.
func attributes(text string) map[string]string {
	all := map[string]string{}
	for text != "" && len(all) < 64 {
		name, rest, found := strings.Cut(text, "=")
		if !found {
			break
		}
		value := ""
		if strings.HasPrefix(rest, `"`) {
			end := strings.IndexByte(rest[1:], '"')
			if end < 0 {
				break
			}
			value, rest = rest[1:1+end], rest[end+2:]
			_, rest, _ = strings.Cut(rest, ",")
		} else {
			value, rest, _ = strings.Cut(rest, ",")
		}
		name = strings.TrimSpace(name)
		if _, known := all[name]; !known {
			all[name] = strings.TrimSpace(value)
		}
		text = rest
	}
	return all
}

const maxSeconds = 24 * 3600

// seconds reads a decimal number of seconds; what is no such number, or absurd, is 0.
func seconds(text string) time.Duration {
	value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(value > 0 && value < maxSeconds) {
		return 0
	}
	return time.Duration(value * float64(time.Second)).Round(time.Microsecond)
}

func number(text string) uint64 {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 53)
	if err != nil {
		return 0
	}
	return n
}

func size(text string) (width, height int) {
	w, h, _ := strings.Cut(text, "x")
	return int(min(number(w), 1<<15)), int(min(number(h), 1<<15))
}

// byteRange reads "length[@offset]" (§4.4.4.2); without an offset it goes on where the
// range before ended.
func byteRange(text string, next int64) Range {
	length, offset, given := strings.Cut(text, "@")
	r := Range{Offset: next, Length: int64(number(length))}
	if given {
		r.Offset = int64(number(offset))
	}
	return r
}

// date reads ISO 8601 as it is met: with and without a colon in the zone.
func date(text string) time.Time {
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return t
		}
	}
	return time.Time{}
}

// resolve makes a URI absolute, nil when it is none.
func resolve(base *url.URL, text string) *url.URL {
	if text == "" {
		return nil
	}
	u, err := base.Parse(text)
	if err != nil {
		return nil
	}
	return u
}
