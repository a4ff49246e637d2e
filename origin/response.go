package origin

import (
	"net/http"
	"sync/atomic"
	"time"
)

// response watches an answer: its status, and its bytes as they are written, so
// that a feed of an hour counts while it runs.
type response struct {
	http.ResponseWriter
	// kind decides which headers the answer always has. They are set when somebody looks
	// at the header: not while the request waits, when they would be held a thousand times.
	kind    kind
	secured bool
	status  int
	// bytes is the stream's counter, nil when the answer belongs to none.
	bytes *atomic.Int64
	body  int64
	// stream bounds writes to one stream of HTTP/2; nil for HTTP/1.1, where the
	// connection does (countingConn).
	stream *http.ResponseController
}

func newResponse(w http.ResponseWriter, r *http.Request, k kind) *response {
	answer := &response{ResponseWriter: w, kind: k}
	if r.ProtoMajor == 2 {
		answer.stream = http.NewResponseController(w)
	}
	return answer
}

// Header returns the answer's header.
func (w *response) Header() http.Header {
	h := w.ResponseWriter.Header()
	if !w.secured {
		w.secured = true
		secure(h, w.kind)
	}
	return h
}

// WriteHeader sends the header.
func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
		w.count(headerSize(w.Header()))
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends a piece of the body.
func (w *response) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.stream != nil {
		_ = w.stream.SetWriteDeadline(time.Now().Add(writeLimit(len(p)))) // only fails when the stream is gone
	}
	n, err := w.ResponseWriter.Write(p)
	w.body += int64(n)
	w.count(n)
	return n, err // ServeContent hands it on
}

// rest sends what is buffered, and lifts the bound until the next write.
func (w *response) rest() error {
	if err := http.NewResponseController(w.ResponseWriter).Flush(); err != nil {
		return err
	}
	if w.stream != nil {
		return w.stream.SetWriteDeadline(time.Time{})
	}
	return nil
}

// Unwrap serves http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *response) count(n int) {
	if w.bytes != nil {
		w.bytes.Add(int64(n))
	}
}

// headerSize estimates a header's size as HTTP/1.1 sends it: status line, Date and
// the fields that are set. HTTP/2 needs less.
func headerSize(h http.Header) int {
	const statusAndDate = 17 + 37 + 2
	size := statusAndDate
	for name, values := range h {
		for _, v := range values {
			size += len(name) + len(": \r\n") + len(v)
		}
	}
	return size
}
