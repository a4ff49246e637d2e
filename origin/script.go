package origin

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/player"
)

const scriptType = "text/javascript; charset=utf-8"

// file is one that is served as it is, compressed beforehand.
type file struct {
	plain, packed []byte
	kind, etag    string
}

// scripts is the player.
type scripts struct {
	player, library file
	// version names the player's exact bytes.
	version string
	earlier *archive
}

func newScripts(folder string, log zerolog.Logger) *scripts {
	version := player.Version()
	earlier := newArchive(folder, log)
	earlier.keep(version, player.Bytes())
	earlier.keep(player.LibraryVersion(), player.LibraryBytes())
	return &scripts{
		player:  newFile(player.Bytes(), scriptType, version),
		library: newFile(player.LibraryBytes(), scriptType, player.LibraryVersion()),
		version: version, earlier: earlier,
	}
}

func newFile(plain []byte, kind, version string) file {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err == nil {
		_, _ = w.Write(plain) // a bytes.Buffer takes everything
		_ = w.Close()
	}
	return file{plain: plain, packed: packed.Bytes(), kind: kind, etag: version}
}

// serveFile answers with the player or with a page's style.
func (s *handler) serveFile(w http.ResponseWriter, r *http.Request, at route) {
	switch {
	case at.kind == kindAsset && at.file == styleName:
		s.pages.style.serveAsset(w, r)
	case at.kind == kindAsset && at.file == watchName:
		s.pages.watch.serveAsset(w, r)
	case at.kind == kindAsset && at.file == swarmName:
		s.pages.swarm.serveAsset(w, r)
	case at.kind == kindPlayer && at.file == "":
		setCache(w, cacheScript)
		if r.URL.Query().Get("v") == s.scripts.version {
			setCache(w, cacheForever)
		}
		s.scripts.player.serve(w, r)
	case at.kind == kindPlayer && at.file == s.scripts.version+".js":
		setCache(w, cacheForever)
		s.scripts.player.serve(w, r)
	case at.kind == kindPlayer && at.file == s.scripts.library.etag+".js":
		setCache(w, cacheForever)
		s.scripts.library.serve(w, r)
	case at.kind == kindPlayer:
		earlier, found := s.scripts.earlier.find(strings.TrimSuffix(at.file, ".js"))
		if !found {
			s.fail(w, r, http.StatusNotFound)
			return
		}
		setCache(w, cacheForever)
		earlier.serve(w, r)
	default:
		s.fail(w, r, http.StatusNotFound)
	}
}

// serveAsset lets the file be kept for ever under its version.
func (f file) serveAsset(w http.ResponseWriter, r *http.Request) {
	setCache(w, cacheChecked)
	if r.URL.Query().Get("v") == f.etag {
		setCache(w, cacheForever)
	}
	f.serve(w, r)
}

// serve answers with the file, or with 304 when the client has it.
func (f file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	body, etag := f.plain, `"`+f.etag+`"`
	h.Add("Vary", "Accept-Encoding")
	h.Set("Content-Type", f.kind)
	if acceptsGzip(r.Header) {
		body, etag = f.packed, `"`+f.etag+`-gzip"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client has gone; there is nobody to tell
	}
}
