package viewer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Bounds of what comes over HTTP, in bytes.
const (
	maxJoin  = 256 << 10
	maxMedia = 16 << 20
	maxInit  = 1 << 20
)

// errGone: the server has it no more (404, 410).
var errGone = errors.New("gone")

// client is one viewer's way to the server: connections of its own, as a browser's
// are, and a count of what came.
type client struct {
	http     *http.Client
	bytes    atomic.Int64
	requests atomic.Int64
}

func newClient() *client {
	return &client{http: &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, DisableCompression: true, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second, ReadBufferSize: 16 << 10,
	}}}
}

// errWait: the server refuses, and says when it may be asked again.
type errWait time.Duration

func (e errWait) Error() string { return "refused, to be asked again in " + time.Duration(e).String() }

// retryAfter is what an error says of when to ask again, in ms; 0 when nothing.
func retryAfter(err error) int64 {
	var wait errWait
	if errors.As(err, &wait) {
		return time.Duration(wait).Milliseconds()
	}
	return 0
}

// get begins a request, for a range of bytes when to is not 0. The answer's head is
// counted; its body counts as it is read.
func (c *client) get(ctx context.Context, address string, from, to int) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	if to > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, to-1))
	}
	c.requests.Add(1)
	response, err := c.http.Do(request) //nolint:bodyclose // whoever gets the body closes it
	if err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	c.bytes.Add(headBytes(response))
	body := &counted{response.Body, &c.bytes}
	switch response.StatusCode {
	case http.StatusOK:
		return body, nil
	case http.StatusPartialContent:
		if to > 0 {
			return body, nil
		}
		err = errors.New("part of a file that was wanted whole")
	case http.StatusNotFound, http.StatusGone:
		err = errGone
	case http.StatusServiceUnavailable:
		err = errWait(waitOf(response.Header))
	default:
		err = fmt.Errorf("status %d", response.StatusCode)
	}
	_, _ = io.CopyN(io.Discard, body, 4096)
	_ = body.Close()
	return nil, err
}

// waitOf is when a server that refused may be asked again, a minute at most.
func waitOf(h http.Header) time.Duration {
	seconds, _ := strconv.Atoi(h.Get("Retry-After"))
	wait := time.Duration(min(seconds, 60)) * time.Second
	if ms, err := strconv.Atoi(h.Get("Retry-After-Ms")); err == nil {
		wait = time.Duration(min(ms, 60_000)) * time.Millisecond
	}
	return max(wait, 0)
}

// headBytes estimates an answer's status line and header as HTTP/1.1 sends them.
func headBytes(r *http.Response) int64 {
	n := len("HTTP/1.1 200 OK\r\n\r\n")
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v) + len(": \r\n")
		}
	}
	return int64(n)
}

// counted counts the bytes that are read.
type counted struct {
	io.ReadCloser
	count *atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.count.Add(int64(n))
	return n, err
}

// whole gets a body of at most limit bytes.
func (c *client) whole(ctx context.Context, address string, limit int64) ([]byte, error) {
	return c.read(ctx, address, 0, 0, limit)
}

// piece gets bytes from up to to of a file.
func (c *client) piece(ctx context.Context, address string, from, to int) ([]byte, error) {
	return c.read(ctx, address, from, to, int64(to-from))
}

func (c *client) read(ctx context.Context, address string, from, to int, limit int64) ([]byte, error) {
	body, err := c.get(ctx, address, from, to)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	b, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("more than %d bytes", limit)
	}
	return b, nil
}

// invitation is the answer of join (docs/protocol.md, section 7).
type invitation struct {
	Stream     string `json:"stream"`
	State      string `json:"state"`
	Epoch      string `json:"epoch"`
	Base       string `json:"base"`
	Manifest   []byte `json:"manifest"`
	PublicKey  string `json:"publicKey"`
	Tracker    string `json:"tracker"`
	Token      string `json:"token"`
	ICEServers []struct {
		URLs []string `json:"urls"`
	} `json:"iceServers"`
	P2P struct {
		Mode      string `json:"mode"`
		MaxUpload int64  `json:"maxUpload"`
	} `json:"p2p"`
	Now int64 `json:"now"`

	base, tracker  *url.URL
	sent, received time.Time
}

// join asks until a broadcast is live, and again when the server is busy. watch is the
// watch address.
func (c *client) join(ctx context.Context, watch *url.URL) (*invitation, error) {
	after := ""
	for {
		in, err := c.askJoin(ctx, watch, after)
		if pause := retryAfter(err); pause > 0 {
			if !wait(ctx, time.Duration(pause)*time.Millisecond+rand.N(time.Second)) {
				return nil, ctx.Err()
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if in.State == "live" {
			return in, nil
		}
		after = in.Epoch
	}
}

func (c *client) askJoin(ctx context.Context, watch *url.URL, after string) (*invitation, error) {
	address := watch.JoinPath("join")
	query := url.Values{"wait": {"1"}}
	if after != "" {
		query.Set("after", after)
	}
	address.RawQuery = query.Encode()
	in := &invitation{sent: time.Now()}
	b, err := c.whole(ctx, address.String(), maxJoin)
	switch {
	case errors.Is(err, errGone):
		return nil, fmt.Errorf("join: there is no stream at %s", watch)
	case err != nil:
		return nil, fmt.Errorf("join: %w", err)
	}
	in.received = time.Now()
	if err := json.Unmarshal(b, in); err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	if in.base, err = address.Parse(in.Base); err != nil {
		return nil, fmt.Errorf("join: base: %w", err)
	}
	if in.tracker, err = address.Parse(in.Tracker); err != nil {
		return nil, fmt.Errorf("join: tracker: %w", err)
	}
	return in, nil
}

// address gives a URL below the broadcast's own.
func (in *invitation) address(path string) string {
	return strings.TrimSuffix(in.base.String(), "/") + "/" + path
}
