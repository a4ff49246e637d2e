package origin

import (
	"net"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// Server serves viewers. Fill the fields, then call Run once.
type Server struct {
	// Address is where to listen, "host:port". Listener, when set, is used instead.
	Address  string
	Listener net.Listener
	// MetricsAddress is where /metrics is served; empty means nowhere.
	// MetricsListener, when set, is used instead.
	MetricsAddress  string
	MetricsListener net.Listener
	// CertFile and KeyFile are PEM files. With them the server speaks TLS and
	// HTTP/2; they are read again when they change.
	CertFile, KeyFile string
	// PublicURL is the address that viewers use, when it differs from the one that
	// requests name. It may have a path.
	PublicURL string
	// TrustedProxies are believed about the client's address and scheme.
	TrustedProxies []netip.Prefix
	// Version is the daemon's.
	Version string
	// STUNPort is the UDP port of the STUN responder on this host; 0 for none.
	STUNPort int

	Streams Streams
	Catalog *Catalog
	// Signalling and Admission may be nil: then viewers do not share.
	Signalling Signalling
	Admission  Admission

	// Registry takes the metrics; nil means a new one.
	Registry *prometheus.Registry
	Log      zerolog.Logger
	// Now is the clock; nil means the wall clock.
	Now func() time.Time
}
