package origin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/origin/egress"
	"github.com/liverelay/liverelay/segmenter"
)

const (
	playlistType = "application/vnd.apple.mpegurl"
	// startPatience is how long the multivariant playlist of a broadcast that begins
	// is waited for.
	startPatience = 5 * time.Second
)

// serveMultivariant answers with the current broadcast's multivariant playlist.
func (s *handler) serveMultivariant(w *response, r *http.Request, at route) {
	done, ok := s.open(w, r, egress.Join, 0)
	if !ok {
		return
	}
	defer done()
	live, phase := s.config.Catalog.Current(at.stream)
	if phase == Waiting && s.config.Catalog.begun(at.stream) {
		ctx, cancel := context.WithTimeout(r.Context(), startPatience)
		defer cancel()
		defer s.metrics.hold(kindMultivariant)()
		live, phase = s.config.Catalog.wait(ctx, at.stream, func(_ Live, p Phase) bool { return p.Runs() })
	}
	if phase == Waiting {
		s.fail(w, r, http.StatusNotFound)
		return
	}
	playlist, err := live.Media.Multivariant()
	if err != nil {
		s.failMedia(w, r, err)
		return
	}
	setCache(w, cacheBriefly)
	w.Header().Set("Content-Type", playlistType)
	s.texts.writeShared(w, r, http.StatusOK, playlist)
}

// servePlaylist answers with a media playlist, held as
// draft-pantos-hls-rfc8216bis §6.2.5.2 says.
func (s *handler) servePlaylist(w *response, r *http.Request, live Live, at route) {
	reload, err := parseReload(r.URL.RawQuery)
	if err != nil {
		s.fail(w, r, http.StatusBadRequest)
		return
	}
	if s.guard != nil {
		s.audiences[at.stream].polled(s.addresses.client(r), r.UserAgent(), s.now())
	}
	done, ok := s.open(w, r, egress.Plain, 0)
	if !ok {
		return
	}
	defer done()
	release := s.metrics.hold(kindPlaylist)
	playlist, err := live.Media.Playlist(r.Context(), at.rendition, reload)
	release()
	if err != nil {
		s.failMedia(w, r, err)
		return
	}
	setCache(w, cacheBriefly)
	if reload.MSN != nil {
		_, timing, _, _ := live.Media.Live()
		setCache(w, cacheReload(timing.TargetDuration))
	}
	w.Header().Set("Content-Type", playlistType)
	s.texts.writeShared(w, r, http.StatusOK, playlist)
}

// serveKey answers with a key of an attached stream (RFC 8216 §5): whoever may see the
// stream may have it.
func (s *handler) serveKey(w *response, r *http.Request, live Live, at route) {
	var key []byte
	if live.Key != nil {
		key = live.Key(int(at.number))
	}
	if key == nil {
		s.fail(w, r, http.StatusNotFound)
		return
	}
	setCache(w, cacheNever)
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(key)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(key) // a client that has gone is nobody to tell
}

// serveIFrames answers with an I-frame playlist, for scrubbing.
func (s *handler) serveIFrames(w *response, r *http.Request, live Live, at route) {
	done, ok := s.open(w, r, egress.Plain, 0)
	if !ok {
		return
	}
	defer done()
	playlist, err := live.Media.IFrames(at.rendition)
	if err != nil {
		s.failMedia(w, r, err)
		return
	}
	setCache(w, cacheBriefly)
	w.Header().Set("Content-Type", playlistType)
	s.texts.writeShared(w, r, http.StatusOK, playlist)
}

func (s *handler) serveInit(w *response, r *http.Request, live Live, at route) {
	data, err := live.Media.Init(at.rendition, int(at.number))
	if err != nil {
		s.failMedia(w, r, err)
		return
	}
	s.serveMedia(w, r, live, at, [][]byte{data})
}

// servePart answers with a part, which is waited for when it is the next one.
func (s *handler) servePart(w *response, r *http.Request, live Live, at route) {
	// Whoever can't be served is told so before the part is there, not after.
	done, ok := s.open(w, r, s.mediaClass(r, live, at), 0)
	if !ok {
		return
	}
	done()
	release := s.metrics.hold(kindPart)
	part, err := live.Media.Part(r.Context(), at.rendition, at.number)
	release()
	if err == nil && part.Gap {
		err = segmenter.ErrUnknown // §4.4.4.7: a gap is never to be loaded
	}
	if err != nil {
		s.failMedia(w, r, err)
		return
	}
	s.serveMedia(w, r, live, at, [][]byte{part.Data})
}

func (s *handler) serveSegment(w *response, r *http.Request, live Live, at route) {
	parts, err := live.Media.Segment(at.rendition, at.number)
	if err != nil {
		s.failMedia(w, r, err)
		return
	}
	pieces := make([][]byte, 0, len(parts))
	for _, p := range parts {
		if len(p.Data) > 0 {
			pieces = append(pieces, p.Data)
		}
	}
	if len(pieces) == 0 {
		s.fail(w, r, http.StatusNotFound)
		return
	}
	s.serveMedia(w, r, live, at, pieces)
}

// serveMedia answers with pieces of media, one after the other, straight from the
// store.
func (s *handler) serveMedia(w *response, r *http.Request, live Live, at route, pieces [][]byte) {
	done, ok := s.open(w, r, s.mediaClass(r, live, at), asked(r.Header.Get("Range"), size(pieces)))
	if !ok {
		return
	}
	defer done()
	h := w.Header()
	setCache(w, cacheForever)
	h.Set("Content-Type", mediaType(live, at.rendition))
	h.Set("ETag", `"0"`) // an address has one content for ever, so any tag will do
	if r.Method == http.MethodHead || isConditional(r.Header) {
		http.ServeContent(w, r, "", time.Time{}, newPieces(pieces))
	} else {
		writePieces(w, pieces)
	}
	if at.kind != kindInit && w.body > 0 {
		s.audiences[at.stream].took(s.addresses.client(r), r.UserAgent(), s.now())
	}
}

func writePieces(w *response, pieces [][]byte) {
	w.Header().Set("Content-Length", strconv.Itoa(size(pieces)))
	w.WriteHeader(http.StatusOK)
	for _, p := range pieces {
		if _, err := w.Write(p); err != nil {
			return // the client has gone; there is nobody to tell
		}
	}
}

func size(pieces [][]byte) (bytes int) {
	for _, p := range pieces {
		bytes += len(p)
	}
	return bytes
}

// asked is how much a request is for: size bytes, or a plain range of them.
func asked(header string, size int) int {
	first, last, _ := strings.Cut(strings.TrimPrefix(header, "bytes="), "-")
	from, err := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	if err != nil || err2 != nil || from < 0 || to < from || to >= size {
		return size
	}
	return to - from + 1
}

// isConditional tells whether the request asks for a range, or has conditions.
func isConditional(h http.Header) bool {
	for _, name := range []string{"Range", "If-None-Match", "If-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

func mediaType(live Live, rendition string) string {
	renditions, _, _, _ := live.Media.Live()
	for _, r := range renditions {
		switch {
		case r.Name != rendition:
		case r.Container == media.ForeignTS:
			return "video/mp2t"
		case r.Container == media.ForeignAudio:
			return "audio/aac"
		case r.Kind == media.Audio:
			return "audio/mp4"
		}
	}
	return "video/mp4"
}

// pieces is an io.ReadSeeker over several byte slices, so that a range of a
// segment needs no copy of it.
type pieces struct {
	list   [][]byte
	size   int64
	offset int64
}

func newPieces(list [][]byte) *pieces {
	p := &pieces{list: list}
	for _, b := range list {
		p.size += int64(len(b))
	}
	return p
}

// Read implements io.Reader.
func (p *pieces) Read(buffer []byte) (int, error) {
	at := p.offset
	for _, b := range p.list {
		if at < int64(len(b)) {
			n := copy(buffer, b[at:])
			p.offset += int64(n)
			return n, nil
		}
		at -= int64(len(b))
	}
	return 0, io.EOF
}

// Seek implements io.Seeker.
func (p *pieces) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += p.offset
	case io.SeekEnd:
		offset += p.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	p.offset = offset
	return offset, nil
}

var _ io.ReadSeeker = (*pieces)(nil)
