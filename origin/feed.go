package origin

import (
	"context"
	"net/http"
)

// octets is the type of the project's own binary formats.
const octets = "application/octet-stream"

// serveManifest answers with the newest signed manifest (docs/protocol.md §3).
func (s *handler) serveManifest(w http.ResponseWriter, r *http.Request, live Live) {
	manifest := live.manifest()
	if manifest == nil {
		s.fail(w, r, http.StatusNotFound)
		return
	}
	setCache(w, cacheNever)
	w.Header().Set("Content-Type", octets)
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(manifest) // the client has gone; there is nobody to tell
	}
}

// serveFeed answers with frames for as long as the client listens and the
// broadcast lasts (docs/protocol.md §5). The answer begins with its first frame.
func (s *handler) serveFeed(w *response, r *http.Request, live Live, at route) {
	query, err := parseFeed(r.URL.RawQuery)
	if err == nil {
		err = query.complete(live)
	}
	if err != nil {
		s.fail(w, r, http.StatusBadRequest)
		return
	}
	if live.manifest() == nil {
		s.fail(w, r, http.StatusNotFound)
		return
	}
	class, rate := query.cost(live)
	ctx, done, ok := s.guard.follow(r.Context(), class, rate)
	if !ok {
		s.refuse(w, r)
		return
	}
	defer done()
	h := w.Header()
	setCache(w, cacheNever+", no-transform")
	h.Set("Content-Type", octets)
	h.Set("X-Accel-Buffering", "no") // nginx would keep frames back
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return
	}
	defer s.metrics.hold(kindFeed)()
	defer s.audiences[at.stream].follow(s.addresses.client(r), r.UserAgent(), s.now())()
	err = live.Heads.Serve(ctx, query.renditions, query.from, query.stripes, emitter(ctx, w))
	if err != nil && w.status == 0 {
		s.failMedia(w, r, err)
	}
}

// emitter sends frames at once.
func emitter(ctx context.Context, w *response) func([][]byte) error {
	return func(frames [][]byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, piece := range frames {
			if _, err := w.Write(piece); err != nil {
				return err
			}
		}
		return w.rest()
	}
}

// manifest returns the newest signed manifest, nil when there is none.
func (l Live) manifest() []byte {
	if l.Heads == nil {
		return nil
	}
	return l.Heads.Manifest()
}
