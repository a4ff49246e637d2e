package origin

import (
	"strconv"
	"strings"
)

// kind is what a path leads to. The values double as the route label of the
// metrics, so that there are few.
type kind string

const (
	kindNone         kind = "none"
	kindIndex        kind = "index"
	kindWatch        kind = "watch"
	kindEmbed        kind = "embed"
	kindMultivariant kind = "multivariant"
	kindPlaylist     kind = "playlist"
	kindIFrames      kind = "iframes"
	kindInit         kind = "init"
	kindPart         kind = "part"
	kindSegment      kind = "segment"
	kindManifest     kind = "manifest"
	kindFeed         kind = "feed"
	kindKey          kind = "key"
	kindJoin         kind = "join"
	kindPlayer       kind = "player"
	kindAsset        kind = "asset"
	kindOEmbed       kind = "oembed"
	kindTracker      kind = "tracker"
	kindStreams      kind = "api_streams"
	kindStream       kind = "api_stream"
	kindPoster       kind = "poster"
	kindSwarm        kind = "swarm"
	kindPicture      kind = "api_swarm"
	kindHealth       kind = "healthz"
	kindReady        kind = "readyz"
)

const (
	maxPath      = 256
	maxStream    = 64
	maxEpoch     = 64
	maxRendition = 32
	maxFile      = 64
)

// route is a path, taken apart. Only the fields that its kind has are set; each
// name in it has passed its alphabet.
type route struct {
	kind      kind
	stream    string
	epoch     string
	rendition string
	number    uint64
	file      string
}

// parsePath takes an escaped path apart. Every path served here is made of
// letters, digits, "-", "_" and ".", so an escape of any sort, a backslash, a NUL,
// an empty or a dotted element lead nowhere.
func parsePath(path string) (route, bool) {
	if len(path) > maxPath || !strings.HasPrefix(path, "/") {
		return route{kind: kindNone}, false
	}
	if path == "/" {
		return route{kind: kindIndex}, true
	}
	elements := strings.Split(path[1:], "/")
	for _, e := range elements {
		if e == "" || e[0] == '.' || !isFile(e) {
			return route{kind: kindNone}, false
		}
	}
	if r, ok := parseElements(elements); ok {
		return r, true
	}
	return route{kind: kindNone}, false
}

func parseElements(e []string) (route, bool) {
	switch {
	case len(e) == 1:
		return parseTop(e[0])
	case e[0] == "live":
		return parseLive(e[1:])
	case len(e) == 2 && e[0] == "embed":
		return route{kind: kindEmbed, stream: e[1]}, isStream(e[1])
	case len(e) == 2 && e[0] == "player":
		return route{kind: kindPlayer, file: e[1]}, strings.HasSuffix(e[1], ".js")
	case len(e) == 2 && e[0] == "assets":
		return route{kind: kindAsset, file: e[1]}, true
	case len(e) >= 3 && e[0] == "api" && e[1] == "v1" && e[2] == "streams":
		return parseAPI(e[3:])
	}
	return route{}, false
}

func parseTop(name string) (route, bool) {
	switch name {
	case "player.js":
		return route{kind: kindPlayer}, true
	case "oembed":
		return route{kind: kindOEmbed}, true
	case "tracker":
		return route{kind: kindTracker}, true
	case "healthz":
		return route{kind: kindHealth}, true
	case "readyz":
		return route{kind: kindReady}, true
	}
	return route{}, false
}

func parseAPI(e []string) (route, bool) {
	switch len(e) {
	case 0:
		return route{kind: kindStreams}, true
	case 1:
		return route{kind: kindStream, stream: e[0]}, isStream(e[0])
	case 2:
		return route{kind: kindPicture, stream: e[0]}, isStream(e[0]) && e[1] == "swarm"
	}
	return route{}, false
}

// parseLive takes apart what follows /live/.
func parseLive(e []string) (route, bool) {
	r := route{stream: e[0]}
	if !isStream(r.stream) {
		return route{}, false
	}
	switch len(e) {
	case 1:
		r.kind = kindWatch
		return r, true
	case 2:
		r.kind = map[string]kind{"index.m3u8": kindMultivariant, "join": kindJoin, "swarm": kindSwarm, "poster.jpg": kindPoster}[e[1]]
		return r, r.kind != ""
	}
	r.epoch = e[1]
	if !isName(r.epoch, maxEpoch) {
		return route{}, false
	}
	switch len(e) {
	case 3:
		r.kind = map[string]kind{"manifest": kindManifest, "feed": kindFeed}[e[2]]
		if digits, ok := strings.CutPrefix(e[2], "key"); ok {
			if n, ok := parseNumber(strings.TrimSuffix(digits, ".bin")); ok && strings.HasSuffix(digits, ".bin") {
				r.kind, r.number = kindKey, n
			}
		}
		return r, r.kind != ""
	case 4:
		return parseMedia(r, e[2], e[3])
	}
	return route{}, false
}

// parseMedia takes apart {rendition}/{file}.
func parseMedia(r route, rendition, file string) (route, bool) {
	if !isName(rendition, maxRendition) {
		return route{}, false
	}
	r.rendition = rendition
	if r.kind = map[string]kind{"index.m3u8": kindPlaylist, "iframes.m3u8": kindIFrames}[file]; r.kind != "" {
		return r, true
	}
	for _, form := range []struct {
		kind           kind
		prefix, suffix string
	}{
		{kindPart, "p", ".m4s"},
		{kindSegment, "s", ".m4s"},
		{kindInit, "init", ".mp4"},
		// Attached streams keep their containers, and stock players want to see them in names.
		{kindPart, "p", ".ts"},
		{kindSegment, "s", ".ts"},
		{kindPart, "p", ".aac"},
		{kindSegment, "s", ".aac"},
	} {
		digits, ok := strings.CutPrefix(file, form.prefix)
		if !ok {
			continue
		}
		if digits, ok = strings.CutSuffix(digits, form.suffix); !ok {
			continue
		}
		if n, ok := parseNumber(digits); ok {
			r.kind, r.number = form.kind, n
			return r, true
		}
	}
	return route{}, false
}

// maxNumber is the greatest number that JavaScript holds exactly
// (docs/protocol.md §1).
const maxNumber = 1<<53 - 1

// parseNumber reads a decimal number in its only form: no sign, no zero in front.
// One form for each name keeps caches from holding a part twice.
func parseNumber(s string) (uint64, bool) {
	if s == "" || len(s) > 16 || (s[0] == '0' && len(s) > 1) {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil && n <= maxNumber
}

func isStream(s string) bool {
	return len(s) > 0 && len(s) <= maxStream && all(s, func(c byte) bool { return isLowerOrDigit(c) || c == '-' })
}

// isName tells whether s can be an epoch or a rendition's name.
func isName(s string, limit int) bool {
	return len(s) > 0 && len(s) <= limit && all(s, isLowerOrDigit)
}

func isFile(s string) bool {
	return len(s) <= maxFile && all(s, func(c byte) bool {
		return isLowerOrDigit(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' || c == '+'
	})
}

func isLowerOrDigit(c byte) bool {
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
}

func all(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}
