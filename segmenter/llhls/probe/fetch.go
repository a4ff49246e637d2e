package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"slices"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	playlistBytes = 4 << 20
	mediaBytes    = 32 << 20
	redirects     = 5
)

// errTooMuch: the server sent more than it may.
var errTooMuch = errors.New("the answer is too long")

// fetcher asks a server, within bounds.
type fetcher struct {
	client *http.Client
	left   atomic.Int64 // bytes that all answers together may have
}

func newFetcher(host string, o Options) *fetcher {
	f := &fetcher{}
	f.left.Store(o.MaxBytes)
	jar, _ := cookiejar.New(nil) // fails never without options
	dialer := net.Dialer{Timeout: 10 * time.Second}
	guarded := net.Dialer{Timeout: 10 * time.Second, Control: publicOnly}
	allowed := append([]string{host}, o.AllowHosts...)
	f.client = &http.Client{
		Jar: jar,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if o.Dial != nil {
					return o.Dial(ctx, network, address)
				}
				if name, _, err := net.SplitHostPort(address); err == nil && slices.Contains(allowed, name) {
					return dialer.DialContext(ctx, network, address)
				}
				return guarded.DialContext(ctx, network, address)
			},
			MaxConnsPerHost: 64, MaxIdleConnsPerHost: 16, IdleConnTimeout: 10 * time.Second,
			ResponseHeaderTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
			TLSClientConfig: o.TLS,
		},
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) >= redirects {
				return errors.New("too many redirects")
			}
			return nil
		},
	}
	return f
}

// publicOnly refuses addresses that the world can't reach: nobody but who typed an
// address may lead there.
func publicOnly(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %s: %w", address, err)
	}
	ip := at.Addr().Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return fmt.Errorf("the playlist leads to %s, which is private: name its host to allow it", ip)
	}
	return nil
}

func (f *fetcher) close() { f.client.CloseIdleConnections() }

// answer is what a server said.
type answer struct {
	status int
	body   []byte
	took   time.Duration
	at     time.Time
	url    *url.URL // where it came from in the end
}

// ok turns another status than 200 or 206 into an error.
func (a *answer) ok() error {
	if a.status != http.StatusOK && a.status != http.StatusPartialContent {
		return fmt.Errorf("status %d", a.status)
	}
	return nil
}

// get asks for an address; any status is an answer.
func (f *fetcher) get(ctx context.Context, address string, most int64, patience time.Duration, ranged string) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if s := request.URL.Scheme; s != "http" && s != "https" {
		return nil, fmt.Errorf("%s is not HTTP", request.URL.Redacted())
	}
	if ranged != "" {
		request.Header.Set("Range", ranged)
	}
	begun := time.Now()
	response, err := f.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // only read from
	body, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > most || f.left.Add(-int64(len(body))) < 0 {
		return nil, errTooMuch
	}
	now := time.Now()
	return &answer{status: response.StatusCode, body: body, took: now.Sub(begun), at: now, url: response.Request.URL}, nil
}

// resolve makes a playlist's URI absolute.
func resolve(base *url.URL, uri string) (string, error) {
	u, err := base.Parse(uri)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

// with adds delivery directives to an address.
func with(address string, directives ...string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	for i := 0; i+1 < len(directives); i += 2 {
		q.Set(directives[i], directives[i+1])
	}
	u.RawQuery = q.Encode()
	return u.String()
}
