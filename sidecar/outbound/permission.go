package outbound

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// permission says to which private places the administrator lets the daemon go.
type permission struct {
	// typed are addresses that stand in the configuration or on the command line
	// themselves, as "host:port" in lower case.
	typed map[string]bool
	// hosts are entries of outbound.allow_hosts: a host on any port, or on one.
	hosts map[string]bool
	// networks are entries of outbound.allow_hosts, too.
	networks []netip.Prefix
}

func newPermission(allowed []string, typed []*url.URL) (permission, error) {
	p := permission{typed: map[string]bool{}, hosts: map[string]bool{}}
	for _, entry := range allowed {
		if err := p.allow(entry); err != nil {
			return permission{}, err
		}
	}
	for _, u := range typed {
		p.typed[hostPort(u)] = true
	}
	return p, nil
}

func (p *permission) allow(entry string) error {
	text := strings.ToLower(strings.TrimSpace(entry))
	if network, err := netip.ParsePrefix(text); err == nil {
		p.networks = append(p.networks, network.Masked())
		return nil
	}
	if one, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		p.hosts[one.String()] = true
		return nil
	}
	host, port, err := net.SplitHostPort(text)
	switch {
	case err != nil && !strings.ContainsAny(text, ":/ @") && text != "":
		p.hosts[plain(text)] = true
	case err == nil && host != "" && port != "":
		p.hosts[net.JoinHostPort(plain(host), port)] = true
	default:
		return fmt.Errorf("%q is no host: write a name, an address, HOST:PORT, or a network like 10.0.0.0/8", entry)
	}
	return nil
}

// names tells whether the administrator named this very place.
func (p permission) names(host, port string) bool {
	host = plain(strings.ToLower(host))
	whole := net.JoinHostPort(host, port)
	return p.typed[whole] || p.hosts[whole] || p.hosts[host]
}

// covers tells whether an address that a name led to may be connected to.
func (p permission) covers(a netip.Addr) bool {
	if IsPublic(a) {
		return true
	}
	a = a.Unmap().WithZone("")
	for _, n := range p.networks {
		if n.Contains(a) {
			return true
		}
	}
	return p.hosts[a.String()]
}

// hostPort is where a URL leads to, with the port that its scheme stands for.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{
			"http": "80", "https": "443", "rtmp": "1935", "rtmps": "443", "rtsp": "554", "rtsps": "322",
		}[u.Scheme]
	}
	return net.JoinHostPort(plain(strings.ToLower(u.Hostname())), port)
}

// plain takes the dot away that a complete name may end in.
func plain(host string) string { return strings.TrimSuffix(host, ".") }

// CheckAllowed tells whether entries of outbound.allow_hosts can be understood.
func CheckAllowed(entries []string) error {
	_, err := newPermission(entries, nil)
	return err
}
