package origin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	// shutdownGrace is how long requests that are being answered may go on.
	shutdownGrace  = 5 * time.Second
	maxHeaderBytes = 16 << 10
	// maxStreams bounds the requests that one HTTP/2 connection holds at a time.
	maxStreams = 128
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
	// PlayerFolder keeps the players that were served under their versions, so that pages
	// which name one still get it after an upgrade; empty keeps none.
	PlayerFolder string
	// MaxEgress limits what all viewers together are sent, in bit/s; 0 is unlimited.
	MaxEgress int64
	// Version is the daemon's.
	Version string
	// STUNPort is the UDP port of the STUN responder on this host; 0 for none.
	STUNPort int

	Streams Streams
	Catalog *Catalog
	// Signalling and Admission may be nil: then viewers do not share.
	Signalling Signalling
	Admission  Admission

	// Permit, when set, tells whether a stream key is right, for other servers that ask on
	// the metrics' listener; address is where the publisher comes from.
	Permit func(key, address string) bool

	// Painter, when set, makes /live/{stream}/swarm show who feeds whom, to everybody.
	Painter Painter

	// Registry takes the metrics; nil means a new one.
	Registry *prometheus.Registry
	Log      zerolog.Logger
	// Now is the clock; nil means the wall clock.
	Now func() time.Time

	running *handler
}

// Run serves until ctx ends, which also ends all requests that are held, or until
// a listener fails. It returns nil after a shutdown.
func (s *Server) Run(ctx context.Context) error {
	h, err := newHandler(s)
	if err != nil {
		return err
	}
	s.running = h
	secure, err := s.tls()
	if err != nil {
		return err
	}
	listener, metrics, err := s.listen(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failures := make(chan error, 2)
	var running sync.WaitGroup
	running.Go(func() { s.Catalog.run(ctx) })
	running.Go(func() {
		counted := countingListener{Listener: listener, traffic: &h.metrics.traffic, guard: h.guard}
		failures <- serve(ctx, s.httpServer(ctx, h, secure), counted, &h.stopping)
	})
	if metrics != nil {
		running.Go(func() { failures <- serve(ctx, s.httpServer(ctx, h.metrics.handler(), nil), metrics, nil) })
	}
	s.Log.Info().Str("address", listener.Addr().String()).Bool("tls", secure != nil).Msg("serving viewers")
	select {
	case <-ctx.Done():
	case err = <-failures:
		cancel()
	}
	running.Wait()
	return err
}

func (s *Server) tls() (*tls.Config, error) {
	if s.CertFile == "" && s.KeyFile == "" {
		return nil, nil
	}
	return LoadTLS(s.CertFile, s.KeyFile, s.Log)
}

// listen opens both listeners, or neither. The second is nil when metrics are off.
func (s *Server) listen(ctx context.Context) (viewers, metrics net.Listener, err error) {
	var config net.ListenConfig
	if viewers = s.Listener; viewers == nil {
		if viewers, err = config.Listen(ctx, "tcp", s.Address); err != nil {
			return nil, nil, fmt.Errorf("listen for viewers: %w", err)
		}
	}
	if metrics = s.MetricsListener; metrics == nil && s.MetricsAddress != "" {
		if metrics, err = config.Listen(ctx, "tcp", s.MetricsAddress); err != nil {
			_ = viewers.Close()
			return nil, nil, fmt.Errorf("listen for metrics: %w", err)
		}
	}
	return viewers, metrics, nil
}

// httpServer has no limit on a whole request or answer, for both may be held: a
// header must come in time, and a client that takes nothing is cut by the
// connection (countingConn).
func (s *Server) httpServer(ctx context.Context, h http.Handler, secure *tls.Config) *http.Server {
	return &http.Server{
		Handler:           h,
		TLSConfig:         secure,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams,
			SendPingTimeout:      30 * time.Second,
			PingTimeout:          15 * time.Second,
		},
		// What net/http says names clients' addresses, and is about their faults.
		ErrorLog: stdlog.New(io.Discard, "", 0),
	}
}

// serve answers requests until ctx ends or the listener fails. Requests see ctx
// end as well, so that those which are held finish.
func serve(ctx context.Context, server *http.Server, l net.Listener, stopping *atomic.Bool) error {
	done := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			done <- server.ServeTLS(l, "", "")
			return
		}
		done <- server.Serve(l)
	}()
	select {
	case err := <-done:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	if stopping != nil {
		stopping.Store(true)
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close()
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
