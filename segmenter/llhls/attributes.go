package llhls

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// attributes is an attribute list (§4.2).
type attributes map[string]attribute

type attribute struct {
	value  string
	quoted bool
}

func parseAttributes(s string) (attributes, error) {
	all := attributes{}
	for {
		name, rest, ok := strings.Cut(s, "=")
		if !ok || !attributeName(name) {
			return nil, fmt.Errorf("attribute name %q", name)
		}
		if _, twice := all[name]; twice {
			return nil, fmt.Errorf("attribute %s twice", name)
		}
		a, rest, err := attributeValue(rest)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		all[name] = a
		if rest == "" {
			return all, nil
		}
		if rest[0] != ',' {
			return nil, fmt.Errorf("attribute %s: %q follows", name, rest[0])
		}
		s = rest[1:]
	}
}

func attributeName(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

func attributeValue(s string) (a attribute, rest string, err error) {
	if strings.HasPrefix(s, `"`) {
		value, rest, ok := strings.Cut(s[1:], `"`)
		if !ok {
			return a, "", fmt.Errorf("quote is not closed")
		}
		return attribute{value, true}, rest, nil
	}
	end := strings.IndexByte(s, ',')
	if end < 0 {
		end = len(s)
	}
	if end == 0 || strings.ContainsAny(s[:end], "\" \t") {
		return a, "", fmt.Errorf("value %q", s[:end])
	}
	return attribute{s[:end], false}, s[end:], nil
}

// text returns a quoted string; it must be there when needed.
func (a attributes) text(name string, needed bool) (string, error) {
	v, ok := a[name]
	if !ok && !needed {
		return "", nil
	}
	if !ok || !v.quoted || v.value == "" {
		return "", fmt.Errorf("%s must be a quoted string", name)
	}
	return v.value, nil
}

func (a attributes) yes(name string) (bool, error) {
	v, ok := a[name]
	if !ok {
		return false, nil
	}
	if v.quoted || v.value != "YES" && v.value != "NO" {
		return false, fmt.Errorf("%s must be YES or NO", name)
	}
	return v.value == "YES", nil
}

func (a attributes) seconds(name string, needed bool) (time.Duration, error) {
	v, ok := a[name]
	if !ok && !needed {
		return 0, nil
	}
	if !ok || v.quoted {
		return 0, fmt.Errorf("%s must be a number of seconds", name)
	}
	d, err := parseSeconds(v.value)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

func (a attributes) number(name string, needed bool) (n uint64, has bool, err error) {
	v, ok := a[name]
	if !ok && !needed {
		return 0, false, nil
	}
	if !ok || v.quoted {
		return 0, false, fmt.Errorf("%s must be a decimal integer", name)
	}
	n, err = parseNumber(v.value)
	return n, err == nil, err
}

// parseSeconds reads a decimal floating-point number, not below zero, to the
// microsecond. A day is the most.
func parseSeconds(s string) (time.Duration, error) {
	if s == "" || strings.Trim(s, "0123456789.") != "" {
		return 0, fmt.Errorf("%q is no number of seconds", s)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f > 86400 {
		return 0, fmt.Errorf("%q is no number of seconds", s)
	}
	return time.Duration(f*1e6+0.5) * time.Microsecond, nil
}

func parseNumber(s string) (uint64, error) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, fmt.Errorf("%q is no decimal integer", s)
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%q is no decimal integer", s)
	}
	return n, nil
}
