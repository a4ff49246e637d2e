package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// The reasons for which nothing is fetched. Others are the network's.
var (
	// ErrRefused: the address leads to a place that the administrator did not name.
	ErrRefused = errors.New("leads into a private network; if that is meant, name the host in outbound.allow_hosts")
	// ErrScheme: the URL is neither http: nor https:.
	ErrScheme = errors.New("only http: and https: addresses are fetched")
	// ErrTooLarge: the answer has more bytes than are taken.
	ErrTooLarge = errors.New("the answer is too large")
	// ErrRedirects: there were too many redirects, or one from https: to http:.
	ErrRedirects = errors.New("too many redirects, or one that gives up encryption")
)

const (
	maxRedirects   = 5
	dialWithin     = 10 * time.Second
	headerWithin   = 45 * time.Second // a blocking reload holds its answer for three target durations
	stallWithin    = 15 * time.Second
	maxHeaderBytes = 64 << 10
	perHost        = 8
)

// Config says what a Client may do.
type Config struct {
	// Allow has the entries of outbound.allow_hosts.
	Allow []string
	// Typed are addresses that the administrator wrote: each is its own permission, for
	// its host and port, and for nothing that it leads to.
	Typed []*url.URL
	// Header is sent to typed addresses alone, also behind redirects: it may hold tokens.
	Header http.Header
	// Agent is the User-Agent.
	Agent string
	// Resolver is nil for the system's.
	Resolver *net.Resolver
	// TLS is nil for the system's certificates.
	TLS *tls.Config
}

// Client fetches over HTTP and dials. It takes no proxy from the environment: a proxy
// would connect in its place, where nothing is checked. Safe for concurrent use.
type Client struct {
	agent      string
	header     http.Header
	permission permission
	resolver   *net.Resolver
	secure     *tls.Config
	http       *http.Client
}

// New returns a client, or an error about an entry of Allow.
func New(cfg Config) (*Client, error) {
	p, err := newPermission(cfg.Allow, cfg.Typed)
	if err != nil {
		return nil, err
	}
	c := &Client{agent: cfg.Agent, header: cfg.Header, permission: p, resolver: cfg.Resolver, secure: cfg.TLS}
	c.http = &http.Client{
		CheckRedirect: c.followed,
		Transport: &http.Transport{
			DialContext:            c.Dial,
			TLSClientConfig:        cfg.TLS,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    perHost,
			MaxConnsPerHost:        4 * perHost,
			IdleConnTimeout:        time.Minute,
			TLSHandshakeTimeout:    dialWithin,
			ResponseHeaderTimeout:  headerWithin,
			MaxResponseHeaderBytes: maxHeaderBytes,
		},
	}
	return c, nil
}

// followed bounds redirects. Where they lead is checked when it is connected to.
func (c *Client) followed(r *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return ErrRedirects
	}
	if err := checkURL(r.URL); err != nil {
		return err
	}
	if via[len(via)-1].URL.Scheme == "https" && r.URL.Scheme == "http" {
		return ErrRedirects
	}
	c.identify(r)
	return nil
}

// identify adds the header where it belongs, and takes it away elsewhere: net/http hands
// it on to any host.
func (c *Client) identify(r *http.Request) {
	for name, values := range c.header {
		if c.permission.typed[hostPort(r.URL)] {
			r.Header[name] = values
		} else {
			delete(r.Header, name)
		}
	}
}

func checkURL(u *url.URL) error {
	if u == nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return ErrScheme
	}
	return nil
}

// Dial connects to "host:port" over TCP. Each address that the name stands for is
// checked when it is connected to, and no other look-up lies between.
func (c *Client) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	dialer := net.Dialer{Timeout: dialWithin, Resolver: c.resolver, KeepAlive: 30 * time.Second}
	if !c.permission.names(host, port) {
		dialer.ControlContext = func(_ context.Context, network, address string, _ syscall.RawConn) error {
			return c.check(network, address)
		}
	}
	conn, err := dialer.DialContext(ctx, network, address)
	if errors.Is(err, ErrRefused) {
		return nil, fmt.Errorf("%s: %w", host, ErrRefused) // without the address: it is nobody's business
	}
	return conn, err
}

// check is asked with the very address of the socket that is about to be connected.
func (c *Client) check(network, address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || (network != "tcp4" && network != "tcp6") || !c.permission.covers(to.Addr()) {
		return ErrRefused
	}
	return nil
}

// DialTLS is Dial with TLS on top, for what is no HTTP.
func (c *Client) DialTLS(ctx context.Context, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	conn, err := c.Dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.secure != nil {
		settings = c.secure.Clone()
	}
	settings.ServerName, settings.NextProtos = host, nil
	secure := tls.Client(conn, settings)
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("TLS with %s: %w", host, err)
	}
	return secure, nil
}

// Close closes the connections that are idle.
func (c *Client) Close() { c.http.CloseIdleConnections() }
