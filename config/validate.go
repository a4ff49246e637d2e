package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// MinKeyLength is the least length of a stream key, in characters.
const MinKeyLength = 12

// Validate checks everything that can be checked without touching the machine.
// All faults are reported at once, each with the key that it is about. No error
// has a secret in it.
func (c Config) Validate() error {
	return errors.Join(
		oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error"),
		oneOf("log.format", c.Log.Format, "console", "json"),
		notEmpty("data", c.Data),
		notEmpty("http.address", c.HTTP.Address),
		address("http.address", c.HTTP.Address),
		address("metrics.address", c.Metrics.Address),
		address("rtmp.address", c.RTMP.Address),
		address("rtsp.address", c.RTSP.Address),
		address("stun.address", c.STUN.Address),
		publicURL(c.HTTP.PublicURL),
		proxies(c.HTTP.TrustedProxies),
		hosts(c.Outbound.AllowHosts),
		bothOrNone(c.TLS),
		within("grace", c.Grace, 0, 10*time.Minute),
		within("hls.part", c.HLS.Part, 100*time.Millisecond, time.Second),
		within("hls.segment", c.HLS.Segment, time.Second, 10*time.Second),
		within("hls.window", c.HLS.Window, 3*c.HLS.Segment.D(), 10*time.Minute),
		c.Ladder.validate("ladder"),
		c.P2P.validate("p2p"),
		c.validateStreams(),
	)
}

func (c Config) validateStreams() error {
	var faults []error
	owner := map[string]string{}
	names := keysOf(c.Streams)
	slices.Sort(names)
	pattern := regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
	for _, name := range names {
		stream, at := c.Streams[name], "streams."+name
		if !pattern.MatchString(name) {
			faults = append(faults, fmt.Errorf("%s: a stream's name has 1 to 64 of a-z, 0-9 and -", at))
		}
		switch other, taken := owner[stream.Key]; {
		case stream.Source != "" && stream.Key != "":
			faults = append(faults, fmt.Errorf("%s: give a key or a source, not both", at))
		case stream.Source != "":
			faults = append(faults, stream.checkSource(at))
		case len([]rune(stream.Key)) < MinKeyLength:
			faults = append(faults, fmt.Errorf("%s.key: a key has at least %d characters", at, MinKeyLength))
		case strings.ContainsAny(stream.Key, " /?&#\t\r\n"):
			faults = append(faults, fmt.Errorf("%s.key: a key has no white space and none of / ? & #, for it is part of an RTMP address", at))
		case taken:
			faults = append(faults, fmt.Errorf("%s.key: the same as that of streams.%s; the key alone names the stream, so each needs its own", at, other))
		default:
			owner[stream.Key] = name
		}
		for i, address := range stream.Forward {
			faults = append(faults, reachable(fmt.Sprintf("%s.forward[%d]", at, i), address, "rtmp", "rtmps"))
		}
		if len(stream.Forward) > 0 && strings.HasPrefix(stream.SourceAddress(), "http") {
			faults = append(faults, fmt.Errorf("%s.forward: what comes over HLS is carried as it is and can't be sent on; let the other server do that", at))
		}
		if stream.P2P != nil {
			faults = append(faults, stream.P2P.validate(at+".p2p"))
		}
		if stream.Ladder != nil {
			faults = append(faults, stream.Ladder.validate(at+".ladder"))
		}
	}
	return errors.Join(faults...)
}

func (l Ladder) validate(at string) error {
	faults := []error{
		oneOf(at+".source", l.Source, "auto", "never"),
		oneOf(at+".encoder", l.Encoder, "auto", "x264", "vaapi", "nvenc", "qsv", "videotoolbox"),
	}
	if len(l.Renditions) > 8 {
		faults = append(faults, fmt.Errorf("%s.renditions: at most 8", at))
	}
	if l.Source == "never" && len(l.Renditions) == 0 {
		faults = append(faults, fmt.Errorf("%s: with source: never there must be a rendition", at))
	}
	seen := map[string]bool{}
	for _, rung := range l.Renditions {
		if seen[rung.Name] {
			faults = append(faults, fmt.Errorf("%s.renditions: %s stands there twice", at, rung.Name))
		}
		seen[rung.Name] = true
	}
	return errors.Join(faults...)
}

func (p P2P) validate(at string) error {
	var audience error
	if p.MinAudience < 2 || p.MinAudience > 1_000_000 {
		audience = fmt.Errorf("%s.min_audience: from 2 (one viewer has nobody to share with) to 1000000", at)
	}
	return errors.Join(oneOf(at+".mode", p.Mode, "auto", "ask", "relays", "none"), audience)
}

// Warnings names, a sentence each, the keys that are set and have no effect in
// this version.
func (c Config) Warnings() []string {
	warnings := laterKeys("", reflect.ValueOf(c), reflect.ValueOf(Default()))
	names := keysOf(c.Streams)
	slices.Sort(names)
	for _, name := range names {
		warnings = append(warnings, laterKeys("streams."+name+".", reflect.ValueOf(c.Streams[name]), reflect.ValueOf(Stream{}))...)
	}
	return warnings
}

func laterKeys(prefix string, have, normal reflect.Value) []string {
	var warnings []string
	for i := range have.NumField() {
		field := have.Type().Field(i)
		if field.Tag.Get("later") == "" || same(have.Field(i), normal.Field(i)) {
			continue
		}
		warnings = append(warnings, prefix+keyOf(field)+" is set, but this version does nothing with it yet")
	}
	return warnings
}

func same(a, b reflect.Value) bool {
	if a.Kind() == reflect.Slice && a.Len() == 0 && b.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

func oneOf(at, value string, known ...string) error {
	if slices.Contains(known, value) {
		return nil
	}
	return fmt.Errorf("%s: %q is none of %s", at, value, strings.Join(known, ", "))
}

func notEmpty(at, value string) error {
	if value == "" {
		return fmt.Errorf("%s: must not be empty", at)
	}
	return nil
}

func within(at string, value Duration, low, high time.Duration) error {
	if value.D() < low || value.D() > high {
		return fmt.Errorf("%s: %v is out of range: from %v to %v", at, value.D(), low, high)
	}
	return nil
}

func address(at, value string) error {
	if value == "" {
		return nil
	}
	if _, port, err := net.SplitHostPort(value); err != nil || port == "" {
		return fmt.Errorf("%s: %q is no address: write HOST:PORT, or :PORT for every interface", at, value)
	}
	return nil
}

func publicURL(value string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("http.public_url: %q is no web address: write it like https://example.org or https://example.org/tv", value)
	}
	return nil
}

func proxies(values []string) error {
	for _, value := range values {
		_, errNet := netip.ParsePrefix(value)
		_, errOne := netip.ParseAddr(value)
		if errNet != nil && errOne != nil {
			return fmt.Errorf("http.trusted_proxies: %q is no address and no network like 10.0.0.0/8", value)
		}
	}
	return nil
}

// reachable checks an address of another server. It does not repeat it: it may hold a
// password.
func reachable(at, value string, schemes ...string) error {
	u, err := url.Parse(value)
	if err != nil || !slices.Contains(schemes, u.Scheme) || u.Hostname() == "" {
		return fmt.Errorf("%s: no address that can be used: it has to begin with one of %s://", at, strings.Join(schemes, "://, "))
	}
	return nil
}

// checkSource checks the source, which may be the id of a video of source_instance.
func (s Stream) checkSource(at string) error {
	if s.SourceInstance != "" {
		if err := reachable(at+".source_instance", s.SourceInstance, "http", "https"); err != nil {
			return err
		}
	} else if s.IsBareVideo() {
		return fmt.Errorf("%s.source: that looks like the id of a PeerTube video: give the address of its page, or name its server in source_instance", at)
	}
	return reachable(at+".source", s.SourceAddress(), "http", "https", "rtsp", "rtsps", "rtmp", "rtmps")
}

// IsBareVideo says whether the source is an id as PeerTube gives them to videos, a UUID or
// its short form, and nothing says on which server the video is.
func (s Stream) IsBareVideo() bool {
	id := regexp.MustCompile(`^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[1-9A-HJ-NP-Za-km-z]{20,22})$`)
	return s.SourceInstance == "" && id.MatchString(strings.TrimSpace(s.Source))
}

// SourceAddress is the source, that of a video's page on source_instance when it is
// an id alone.
func (s Stream) SourceAddress() string {
	if s.SourceInstance == "" || strings.Contains(s.Source, "://") {
		return s.Source
	}
	return strings.TrimSuffix(s.SourceInstance, "/") + "/w/" + s.Source
}

// hosts checks outbound.allow_hosts.
func hosts(values []string) error {
	for _, value := range values {
		_, errNet := netip.ParsePrefix(value)
		_, errOne := netip.ParseAddr(strings.Trim(value, "[]"))
		host, port, errPort := net.SplitHostPort(value)
		isName := value != "" && !strings.ContainsAny(value, ":/ @")
		if errNet != nil && errOne != nil && !isName && (errPort != nil || host == "" || port == "") {
			return fmt.Errorf("outbound.allow_hosts: %q is no host: write a name, an address, HOST:PORT, or a network like 10.0.0.0/8", value)
		}
	}
	return nil
}

func bothOrNone(t TLS) error {
	if (t.Cert == "") != (t.Key == "") {
		return errors.New("tls: give both cert and key, or none of them")
	}
	return nil
}
