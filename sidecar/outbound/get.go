package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Request is one request for something.
type Request struct {
	// Method is GET when empty.
	Method string
	URL    *url.URL
	// Offset and Length ask for a range of bytes; a Length of 0 asks for everything.
	Offset, Length int64
	// Header may be nil.
	Header http.Header
	// Body is sent as it is; mostly nil.
	Body []byte
	// MaxBytes bounds the answer's body, uncompressed.
	MaxBytes int64
	// Within bounds the whole request.
	Within time.Duration
}

// Answer is what came.
type Answer struct {
	// Status is the HTTP status: any, a caller looks at it.
	Status int
	Header http.Header
	// URL is where the answer came from, behind redirects: what is relative in it is
	// relative to that.
	URL  *url.URL
	Body []byte
}

// StatusError is an answer with another status than the one that was hoped for.
type StatusError struct{ Status int }

// Error implements error.
func (e StatusError) Error() string {
	return strconv.Itoa(e.Status) + " " + http.StatusText(e.Status)
}

// Do makes one request and reads the whole answer. Its errors name the host and the
// path, never the query or a password: these hold tokens.
func (c *Client) Do(ctx context.Context, r Request) (*Answer, error) {
	if err := checkURL(r.URL); err != nil {
		return nil, fmt.Errorf("fetch %s: %w", Redacted(r.URL), err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.Within)
	defer cancel()
	request, err := c.request(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", Redacted(r.URL), bare(err))
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", Redacted(r.URL), bare(err))
	}
	defer func() { _ = response.Body.Close() }()
	body, err := read(response, r.MaxBytes, cancel)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", Redacted(r.URL), bare(err))
	}
	return &Answer{Status: response.StatusCode, Header: response.Header, URL: response.Request.URL, Body: body}, nil
}

func (c *Client) request(ctx context.Context, r Request) (*http.Request, error) {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(ctx, method, r.URL.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	for name, values := range r.Header {
		request.Header[name] = values
	}
	c.identify(request)
	if c.agent != "" {
		request.Header.Set("User-Agent", c.agent)
	}
	if r.Length > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", r.Offset, r.Offset+r.Length-1))
	}
	return request, nil
}

// read takes at most limit bytes, and gives up when none come for a while.
func read(response *http.Response, limit int64, cancel context.CancelFunc) ([]byte, error) {
	if response.ContentLength > limit {
		return nil, ErrTooLarge
	}
	stalled := time.AfterFunc(stallWithin, cancel)
	defer stalled.Stop()
	var body bytes.Buffer
	if response.ContentLength > 0 {
		body.Grow(int(response.ContentLength) + bytes.MinRead)
	}
	source := &watched{response.Body, stalled}
	n, err := body.ReadFrom(io.LimitReader(source, limit+1))
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, ErrTooLarge
	}
	return body.Bytes(), nil
}

// watched puts a deadline off with each read that brings something.
type watched struct {
	io.Reader
	deadline *time.Timer
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if n > 0 {
		w.deadline.Reset(stallWithin)
	}
	return n, err
}

// Get fetches the whole of something, or its range; another status than 200 (206 for a
// range) is a StatusError. A server that ignores the range is cut down to it.
func (c *Client) Get(ctx context.Context, r Request) (*Answer, error) {
	answer, err := c.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	switch {
	case answer.Status == http.StatusOK && r.Length > 0:
		if int64(len(answer.Body)) < r.Offset+r.Length {
			return nil, fmt.Errorf("fetch %s: the range ends behind the answer", Redacted(r.URL))
		}
		answer.Body = answer.Body[r.Offset : r.Offset+r.Length]
	case answer.Status == http.StatusOK, answer.Status == http.StatusPartialContent && r.Length > 0:
	default:
		return nil, fmt.Errorf("fetch %s: %w", Redacted(r.URL), StatusError{answer.Status})
	}
	return answer, nil
}

// bare takes the URL out of an error of net/http's: queries hold tokens.
func bare(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// Redacted is a URL as it may be shown: without user, query and fragment.
func Redacted(u *url.URL) string {
	if u == nil {
		return "nothing"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
