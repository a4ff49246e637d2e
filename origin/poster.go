package origin

import (
	"net/http"
	"strconv"
)

// Poster has pictures of a broadcast.
type Poster interface {
	// JPEG returns the newest picture, nil while there is none. It is not written to.
	JPEG() []byte
}

// posterSeconds is how long a picture may be kept: a new one is made every half minute.
const posterSeconds = 30

// servePoster answers with the newest picture of a broadcast, or 404 when there is none.
func (s *handler) servePoster(w http.ResponseWriter, r *http.Request, at route) {
	picture := s.poster(at.stream)
	if picture == nil {
		s.fail(w, r, http.StatusNotFound)
		return
	}
	setCache(w, "public, max-age="+strconv.Itoa(posterSeconds))
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Content-Length", strconv.Itoa(len(picture)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(picture) // the client has gone; there is nobody to tell
	}
}

// poster returns the picture of a stream's current broadcast, nil without one.
func (s *handler) poster(stream string) []byte {
	live, phase := s.config.Catalog.Current(stream)
	if phase == Waiting || live.Poster == nil {
		return nil
	}
	return live.Poster.JPEG()
}
