package origin

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// addresses answers how this server is reached, and by whom.
type addresses struct {
	// public is public_url, nil when it is empty.
	public *url.URL
	// path is the path of public_url without a slash at its end: "" or "/tv".
	path    string
	trusted []netip.Prefix
	tls     bool
}

// ClientAddress returns the address of the client that sent a request: the peer of
// its connection, or what TrustedProxies say. It is for limits, never for logs.
func (s *Server) ClientAddress(r *http.Request) netip.Addr {
	return addresses{trusted: s.TrustedProxies}.client(r)
}

// Site returns the site whose page sent a request, as it is named to Admission.
func (s *Server) Site(r *http.Request) string {
	a, err := newAddresses(s.PublicURL, nil, false)
	if err != nil {
		return addresses{}.site(r) // Run has refused such an address
	}
	return a.site(r)
}

func newAddresses(publicURL string, trusted []netip.Prefix, tls bool) (addresses, error) {
	a := addresses{trusted: trusted, tls: tls}
	if publicURL == "" {
		return a, nil
	}
	u, err := url.Parse(publicURL)
	if err != nil {
		return a, fmt.Errorf("read public_url: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || !isHost(u.Host) {
		return a, fmt.Errorf("public_url %q is not http://host or https://host with an optional path", publicURL)
	}
	a.path = strings.TrimRight(u.EscapedPath(), "/")
	a.public = &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}
	return a, nil
}

// strip takes public_url's path off an escaped path. A proxy may have done so
// already; then nothing changes.
func (a addresses) strip(path string) string {
	rest, ok := strings.CutPrefix(path, a.path)
	if !ok || a.path == "" || (rest != "" && rest[0] != '/') {
		return path
	}
	if rest == "" {
		return "/"
	}
	return rest
}

// base returns the absolute URL of "/", without a slash at its end.
func (a addresses) base(r *http.Request) string {
	if a.public != nil {
		return a.public.String()
	}
	return a.scheme(r) + "://" + host(r)
}

// scheme returns how the client reached this server or the proxy before it.
func (a addresses) scheme(r *http.Request) string {
	if a.public != nil {
		return a.public.Scheme
	}
	if a.isTrusted(remote(r)) {
		switch r.Header.Get("X-Forwarded-Proto") {
		case "https":
			return "https"
		case "http":
			return "http"
		}
	}
	if a.tls {
		return "https"
	}
	return "http"
}

// hostname returns the host by which viewers reach this machine, without a port.
func (a addresses) hostname(r *http.Request) string {
	u := url.URL{Host: host(r)}
	if a.public != nil {
		u.Host = a.public.Host
	}
	return u.Hostname()
}

// client returns the address of the client: the peer of the connection, or what
// trusted proxies say, from the nearest to the farthest that is still trusted.
func (a addresses) client(r *http.Request) netip.Addr {
	address := remote(r)
	if !a.isTrusted(address) {
		return address
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return address
		}
		address = hop.Unmap()
		if !a.isTrusted(address) {
			return address
		}
	}
	return address
}

func (a addresses) isTrusted(address netip.Addr) bool {
	for _, p := range a.trusted {
		if p.Contains(address) {
			return true
		}
	}
	return false
}

func remote(r *http.Request) netip.Addr {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr().Unmap().WithZone("")
}

// host returns the request's Host, or a harmless name when it is none.
func host(r *http.Request) string {
	if isHost(r.Host) {
		return r.Host
	}
	return "localhost"
}

// isHost tells whether s is host, host:port or [address]:port, made of characters
// that need no escaping anywhere it is used: HTML, JSON, a header, a URL.
func isHost(s string) bool {
	return s != "" && len(s) <= 255 && all(s, func(c byte) bool {
		return isLowerOrDigit(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == ':' || c == '[' || c == ']' || c == '_'
	})
}

// site names the site whose page asks, as the tracker will see it when the page's
// WebSocket comes: the origin (RFC 6454) in lower case, "null" for a page without
// one, and empty for our own pages and for programs that are no browsers. A browser
// sends no Origin when it fetches from its own site, and always with a WebSocket.
func (a addresses) site(r *http.Request) string {
	origin := strings.ToLower(r.Header.Get("Origin"))
	_, host, found := strings.Cut(origin, "://")
	if !found {
		return origin
	}
	own := strings.EqualFold(host, r.Host) || (a.public != nil && strings.EqualFold(host, a.public.Host))
	if own {
		return ""
	}
	return origin
}

// joinHostPort is net.JoinHostPort for a numeric port.
func joinHostPort(host string, port int) string {
	return net.JoinHostPort(host, fmt.Sprint(port))
}
