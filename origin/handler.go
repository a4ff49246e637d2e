package origin

import (
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/liverelay/liverelay/origin/egress"
)

// handler answers requests. Everything in it is fixed once Run has begun, save
// what guards itself.
type handler struct {
	config    *Server
	addresses addresses
	texts     *compressor
	pages     *pages
	scripts   *scripts
	metrics   *metrics
	pictures  *pictures
	// guard is nil while nothing is limited.
	guard *guard
	// audiences has one entry for each configured stream.
	audiences map[string]*audience
	stopping  atomic.Bool
}

func newHandler(s *Server) (*handler, error) {
	addresses, err := newAddresses(s.PublicURL, s.TrustedProxies, s.CertFile != "")
	if err != nil {
		return nil, err
	}
	h := &handler{
		config: s, addresses: addresses,
		texts: newCompressor(), scripts: newScripts(s.PlayerFolder, s.Log),
		audiences: map[string]*audience{},
	}
	if h.pages, err = newPages(h.scripts); err != nil {
		return nil, err
	}
	for _, stream := range s.Streams.Streams() {
		h.audiences[stream.Name] = newAudience()
	}
	if s.Painter != nil {
		h.pictures = newPictures(s.Painter)
	}
	h.guard = newGuard(s.MaxEgress, h.now)
	h.metrics = newMetrics(h)
	return h, nil
}

// ServeHTTP answers one request.
func (s *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at, _ := parsePath(s.addresses.strip(r.URL.EscapedPath()))
	if s.slashed(w, r) {
		return
	}
	audience := s.audiences[at.stream]
	if at.stream != "" && audience == nil {
		at = route{kind: kindNone}
	}
	if at.kind == kindTracker && s.config.Signalling != nil {
		s.config.Signalling.ServeHTTP(w, r) // it wants to hijack the bare connection
		return
	}
	defer s.survive(at.kind)
	answer := newResponse(w, r, at.kind)
	if audience != nil {
		answer.bytes = &audience.sent
	}
	if s.allowed(answer, r, at.kind) {
		s.dispatch(answer, r, at)
	}
	s.metrics.answered(at.kind, answer.status)
}

// slashed sends those who typed a slash behind a page's address to the page; links
// within it are relative, so it cannot have two addresses.
func (s *handler) slashed(w http.ResponseWriter, r *http.Request) bool {
	path, ok := strings.CutSuffix(s.addresses.strip(r.URL.EscapedPath()), "/")
	if !ok {
		return false
	}
	at, _ := parsePath(path)
	if at.kind != kindWatch && at.kind != kindEmbed {
		return false
	}
	w.Header().Set("Location", "../"+at.stream)
	w.WriteHeader(http.StatusPermanentRedirect)
	return true
}

// survive logs a panic and ends the one connection that met it.
func (s *handler) survive(k kind) {
	p := recover()
	if p == nil {
		return
	}
	if p != http.ErrAbortHandler { //nolint:errorlint // it is compared as net/http compares it
		s.config.Log.Error().Interface("panic", p).Str("route", string(k)).Bytes("stack", debug.Stack()).Msg("a request failed")
	}
	panic(http.ErrAbortHandler)
}

// secure sets the headers that every answer of a kind has. Media has the fewest:
// there are eight such answers a second for each viewer who gets all from here.
func secure(h http.Header, k kind) {
	if isShared(k) {
		h.Set("Access-Control-Allow-Origin", "*")
	}
	switch k {
	case kindPart:
		h.Set("Timing-Allow-Origin", "*") // players measure their lines by parts
		return
	case kindInit, kindSegment:
		return
	case kindMultivariant, kindPlaylist, kindIFrames:
		h.Set("Access-Control-Expose-Headers", "Age, Date") // how old a cache's answer is
	case kindPlayer, kindPoster:
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	default:
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	}
	h.Set("X-Content-Type-Options", "nosniff")
}

// isShared tells whether players on other sites may read the answer.
func isShared(k kind) bool {
	switch k {
	case kindMultivariant, kindPlaylist, kindIFrames, kindInit, kindPart, kindSegment, kindManifest, kindFeed, kindJoin, kindKey,
		kindPlayer, kindPoster, kindOEmbed:
		return true
	default:
		return false
	}
}

// allowed lets GET and HEAD through, answers OPTIONS, and refuses the rest: there
// is nothing here that a request could change, for nobody, from no site.
func (s *handler) allowed(w http.ResponseWriter, r *http.Request, k kind) bool {
	if r.ContentLength != 0 {
		// Nobody reads the body: whoever sends it slowly holds nothing up.
		w.Header().Set("Connection", "close")
		_ = http.NewResponseController(w).SetReadDeadline(time.Now())
	}
	switch {
	case r.ContentLength != 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		s.fail(w, r, http.StatusBadRequest)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return true
	case r.Method == http.MethodOptions:
		h := w.Header()
		h.Set("Allow", "GET, HEAD, OPTIONS")
		if isShared(k) {
			h.Set("Access-Control-Allow-Methods", "GET, HEAD")
			h.Set("Access-Control-Allow-Headers", "*")
			h.Set("Access-Control-Max-Age", "86400")
		}
		w.WriteHeader(http.StatusNoContent)
	case s.isForeign(r):
		s.fail(w, r, http.StatusForbidden)
	default:
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		s.fail(w, r, http.StatusMethodNotAllowed)
	}
	return false
}

// isForeign tells whether a page of another site sent the request.
func (s *handler) isForeign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	case "cross-site", "same-site":
		return true
	}
	origin := r.Header.Get("Origin")
	return origin != "" && origin != s.addresses.scheme(r)+"://"+host(r)
}

func (s *handler) dispatch(w *response, r *http.Request, at route) {
	switch at.kind {
	case kindMultivariant:
		s.serveMultivariant(w, r, at)
	case kindPlaylist, kindIFrames, kindInit, kindPart, kindSegment, kindManifest, kindFeed, kindKey:
		s.serveLive(w, r, at)
	case kindJoin:
		s.serveJoin(w, r, at)
	case kindIndex, kindWatch, kindEmbed:
		if done, ok := s.open(w, r, egress.Join, 0); ok {
			defer done()
			s.pages.serve(w, r, s, at)
		}
	case kindPlayer, kindAsset:
		s.serveFile(w, r, at)
	case kindOEmbed:
		s.serveOEmbed(w, r)
	case kindStreams, kindStream:
		s.serveAPI(w, r, at)
	case kindPoster:
		if done, ok := s.open(w, r, egress.Join, len(s.poster(at.stream))); ok {
			defer done()
			s.servePoster(w, r, at)
		}
	case kindSwarm, kindPicture:
		s.serveSwarm(w, r, at)
	case kindHealth:
		s.serveText(w, r, http.StatusOK, "ok\n")
	case kindReady:
		s.serveReady(w, r)
	default:
		s.fail(w, r, http.StatusNotFound)
	}
}

// serveLive answers what belongs to one broadcast.
func (s *handler) serveLive(w *response, r *http.Request, at route) {
	live, ok := s.config.Catalog.Find(at.stream, at.epoch)
	if !ok {
		s.fail(w, r, http.StatusNotFound)
		return
	}
	switch at.kind {
	case kindPlaylist:
		s.servePlaylist(w, r, live, at)
	case kindIFrames:
		s.serveIFrames(w, r, live, at)
	case kindInit:
		s.serveInit(w, r, live, at)
	case kindPart:
		s.servePart(w, r, live, at)
	case kindSegment:
		s.serveSegment(w, r, live, at)
	case kindManifest:
		s.serveManifest(w, r, live)
	case kindFeed:
		s.serveFeed(w, r, live, at)
	case kindKey:
		s.serveKey(w, r, live, at)
	}
}

// serveReady tells a load balancer whether to send requests here.
func (s *handler) serveReady(w http.ResponseWriter, r *http.Request) {
	if s.stopping.Load() {
		s.fail(w, r, http.StatusServiceUnavailable)
		return
	}
	s.serveText(w, r, http.StatusOK, "ready\n")
}

func (s *handler) serveText(w http.ResponseWriter, r *http.Request, status int, text string) {
	setCache(w, cacheNever)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	s.texts.write(w, r, status, []byte(text))
}

func (s *handler) now() time.Time {
	if s.config.Now != nil {
		return s.config.Now()
	}
	return time.Now()
}
