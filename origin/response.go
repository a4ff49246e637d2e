package origin

import (
	"net/http"
	"sync/atomic"
)

// response watches an answer: its status, and its bytes as they are written, so
// that a feed of an hour counts while it runs.
type response struct {
	http.ResponseWriter
	status int
	// bytes is the stream's counter, nil when the answer belongs to none.
	bytes *atomic.Int64
	body  int64
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
	n, err := w.ResponseWriter.Write(p)
	w.body += int64(n)
	w.count(n)
	return n, err // ServeContent hands it on
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
