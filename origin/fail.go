package origin

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/liverelay/liverelay/segmenter"
)

// fail answers with an error: a page for people, a line of text for programs.
// Nothing of the request stands in it.
func (s *handler) fail(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	for _, name := range []string{"Content-Encoding", "Content-Length", "ETag", "Accept-Ranges", "Content-Range"} {
		h.Del(name)
	}
	switch status {
	case http.StatusServiceUnavailable:
		setCache(w, cacheNever)
		if h.Get("Retry-After") == "" {
			h.Set("Retry-After", "1")
		}
		if h.Get("Access-Control-Allow-Origin") != "" {
			h.Set("Access-Control-Expose-Headers", "Retry-After, Retry-After-Ms")
		}
	case http.StatusNotFound:
		setCache(w, cacheBriefly)
	default:
		setCache(w, cacheNever)
	}
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.pages.failure(w, r, s, status)
		return
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	s.texts.write(w, r, status, []byte(http.StatusText(status)+"\n"))
}

// failMedia answers with what went wrong while media was looked for.
func (s *handler) failMedia(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, segmenter.ErrTooFar):
		s.fail(w, r, http.StatusBadRequest)
	case errors.Is(err, segmenter.ErrUnknown):
		s.fail(w, r, http.StatusNotFound)
	case errors.Is(err, segmenter.ErrTimeout), errors.Is(err, segmenter.ErrNotReady),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		s.fail(w, r, http.StatusServiceUnavailable)
	default:
		s.config.Log.Error().Err(err).Str("path", r.URL.Path).Msg("cannot answer")
		s.fail(w, r, http.StatusInternalServerError)
	}
}
