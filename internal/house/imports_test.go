package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/liverelay/liverelay/"

// rule says what the packages below one path may import.
type rule struct {
	// ours lists the rooms (or packages) of this module that may be imported, beside
	// those below the rule's own path.
	ours []string
	// never lists other import paths that are out of bounds, with all below them.
	never []string
}

const (
	http   = "net/http"
	webrtc = "github.com/pion/webrtc"
)

// rules holds, for each room, what it may know. The longest path that fits a
// package decides. docs/architecture.md draws the same arrows.
func rules() map[string]rule {
	everything := []string{""}
	ioFree := []string{"net", "os", "os/exec", "syscall", webrtc}
	return map[string]rule{
		"media":                 {never: ioFree},
		"config":                {never: []string{http, webrtc}},
		"vault":                 {never: []string{http, webrtc}},
		"broadcast":             {ours: []string{"media"}, never: []string{http, webrtc}},
		"ingest":                {ours: []string{"media"}, never: []string{webrtc}},
		"segmenter":             {ours: []string{"media"}, never: []string{http, webrtc}},
		"segmenter/llhls/probe": {ours: []string{"segmenter/llhls"}, never: []string{webrtc}},
		"origin":                {ours: []string{"media", "player", "segmenter"}, never: []string{webrtc}},
		"tracker":               {never: []string{"github.com/bluenviron/mediacommon", webrtc}},
		"tracker/forest":        {never: ioFree},
		"p2p":                   {ours: []string{"media"}},
		"p2p/wire":              {ours: []string{"media"}, never: ioFree},
		"p2p/peer":              {ours: []string{"media", "p2p/wire"}, never: ioFree},
		"sidecar":               {ours: []string{"media"}, never: []string{"os/exec", webrtc}}, // foreign playlists never reach ffmpeg
		"sidecar/playlist":      {never: append([]string{http}, ioFree...)},
		"demo":                  {ours: []string{"media"}, never: []string{webrtc}},
		"player":                {},
		"internal":              {},
		"internal/kept":         {ours: []string{"media"}, never: ioFree},
		"e2e":                   {ours: everything},
		"bench":                 {ours: everything},
		"cmd/liverelay":         {ours: everything},
		"segmenter/playlist":    {ours: []string{"media"}, never: append([]string{http}, ioFree...)},
	}
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func TestImportsFollowTheArrows(t *testing.T) {
	table := rules()
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		room, found := roomOf(table, name)
		if !found {
			t.Errorf("%s is in no room: add the room to the table here and to docs/architecture.md", name)
			continue
		}
		for _, imported := range p.Imports {
			if reason := broken(table[room], room, imported); reason != "" {
				t.Errorf("%s imports %s: %s", name, imported, reason)
			}
		}
	}
}

// TestTheRulesBite makes sure that an arrow turned round is seen.
func TestTheRulesBite(t *testing.T) {
	table := rules()
	for _, c := range []struct{ room, imported string }{
		{"media", module + "broadcast"},
		{"media", "net"},
		{"segmenter", module + "p2p/peer"},
		{"segmenter", "net/http"},
		{"origin", "github.com/pion/webrtc/v4"},
		{"p2p/peer", "net"},
		{"p2p", module + "segmenter"},
		{"tracker", module + "media"},
		{"sidecar", "os/exec"},
	} {
		require.NotEmpty(t, broken(table[c.room], c.room, c.imported), "%s → %s", c.room, c.imported)
	}
	require.Empty(t, broken(table["origin"], "origin", module+"media"))
	require.Empty(t, broken(table["cmd/liverelay"], "cmd/liverelay", module+"p2p/viewer"))
}

// broken says why room must not import a package, or nothing when it may.
func broken(r rule, room, imported string) string {
	for _, path := range r.never {
		if below(imported, path) || strings.HasPrefix(imported, path+"/v") {
			return room + " knows nothing of " + path
		}
	}
	name, ours := strings.CutPrefix(imported, module)
	if !ours || below(name, room) {
		return ""
	}
	for _, path := range r.ours {
		if path == "" || below(name, path) {
			return ""
		}
	}
	return "no arrow leads there from " + room
}

func roomOf(table map[string]rule, name string) (string, bool) {
	for path := name; ; {
		if _, found := table[path]; found {
			return path, true
		}
		cut := strings.LastIndexByte(path, '/')
		if cut < 0 {
			return "", false
		}
		path = path[:cut]
	}
}

// below tells whether path is at or under top. The empty top is above everything.
// A standard package is not above its own subpackages: net/url does no I/O though
// net does.
func below(path, top string) bool {
	if path == top {
		return true
	}
	standard := !strings.Contains(top, ".") && !isRoom(top)
	return !standard && strings.HasPrefix(path, top+"/")
}

func isRoom(path string) bool {
	_, found := roomOf(rules(), path)
	return found
}

// packages returns all packages of the module. Only direct imports are looked at:
// an indirect one goes over a package that is itself checked.
func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports", module+"...").Output()
	require.NoError(t, err, "go list")
	var all []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if strings.HasPrefix(p.ImportPath, module) {
			all = append(all, p)
		}
	}
	require.NotEmpty(t, all)
	return all
}
