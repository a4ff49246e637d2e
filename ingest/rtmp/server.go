package rtmp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/rs/zerolog"
	gortmp "github.com/yutopp/go-rtmp"

	"github.com/liverelay/liverelay/ingest/internal/door"
	"github.com/liverelay/liverelay/media"
)

// Limits bounds what strangers may take. The zero value of a field means its default.
type Limits = door.Limits

// Publisher says who may publish. Publish is given the stream key and the remote
// address; its error is shown to the publisher, as a sentence, and to nobody else.
type Publisher interface {
	Publish(key, remote string) (Session, error)
}

// PublisherFunc is a function that is a Publisher.
type PublisherFunc func(key, remote string) (Session, error)

// Publish calls f.
func (f PublisherFunc) Publish(key, remote string) (Session, error) { return f(key, remote) }

// Session takes what a publisher sends, from one goroutine.
type Session interface {
	// Track announces a track or its new configuration. An error ends the connection.
	Track(t media.Track) error
	// Unit takes an access unit with the publisher's timestamps. An error ends the
	// connection.
	Unit(u media.Unit) error
	// Close is called once nothing follows; reason is nil if the publisher said so.
	Close(reason error)
	// Done is closed when the session has ended, for whatever reason; the connection
	// is closed then.
	Done() <-chan struct{}
}

// Server takes publishers' connections.
type Server struct {
	// Address is where Run listens, such as ":1935".
	Address string
	// TLS, if given, serves RTMPS on the same port: the first byte tells them apart.
	TLS *tls.Config
	// Publisher decides about keys.
	Publisher Publisher
	// Log gets a line for each publisher, never an address or a key.
	Log zerolog.Logger
	// Limits bounds connections.
	Limits Limits
	// Handshake is the time from accept to an accepted key, default 10 s, whatever the
	// client sends meanwhile.
	Handshake time.Duration
	// Idle is how long a publisher may send no whole message, default 15 s.
	Idle time.Duration
}

// Run listens on Address and serves until ctx ends; then it returns nil, with every
// connection closed and every session ended.
func (s *Server) Run(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.Address)
	if err != nil {
		return fmt.Errorf("listen for RTMP: %w", err)
	}
	return s.Serve(ctx, l)
}

// Serve does what Run does on a listener, which it closes.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &reception{server: s, tls: withoutALPN(s.TLS), door: door.New(s.Limits), handover: newHandover(l.Addr())}
	r.rtmp = gortmp.NewServer(&gortmp.ServerConfig{OnConnect: r.serve})
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()

	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = r.rtmp.Serve(r.handover) // always ErrClosed: handover fails no other way
	}()
	s.Log.Info().Str("address", l.Addr().String()).Bool("tls", s.TLS != nil).Msg("RTMP is served")
	err := r.accept(ctx, l)
	_ = r.rtmp.Close()
	_ = r.handover.Close() // go-rtmp does it only once it has begun to accept
	<-served
	r.dismiss()
	return err
}

// reception is one run of a Server.
type reception struct {
	server   *Server
	tls      *tls.Config
	rtmp     *gortmp.Server
	handover *handover
	open     sync.WaitGroup // connections

	mu   sync.Mutex
	door *door.Door
}

// accept takes connections until ctx ends. When the system has no more descriptors
// it waits for some to come free.
func (r *reception) accept(ctx context.Context, l net.Listener) error {
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept publishers: %w", err)
		case err != nil:
			r.server.Log.Error().Err(err).Msg("can't accept a connection; trying again")
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
		default:
			r.admit(conn)
		}
	}
}

// admit hands a connection to go-rtmp, behind its guard, unless the door is closed.
func (r *reception) admit(conn net.Conn) {
	remote := conn.RemoteAddr().String()
	address := remote
	if host, _, err := net.SplitHostPort(remote); err == nil {
		address = host
	}
	v := &door.Visitor{Address: address, Leave: func() { _ = conn.Close() }}
	r.mu.Lock()
	out, ok := r.door.Enter(v)
	r.mu.Unlock()
	if out != nil {
		out.Leave()
	}
	if !ok {
		_ = conn.Close()
		return
	}
	r.open.Add(1)
	left := func() {
		r.mu.Lock()
		r.door.Left(v)
		r.mu.Unlock()
		r.open.Done()
	}
	s := r.server
	g, err := newGuard(conn, time.Now().Add(orDefault(s.Handshake, 10*time.Second)), orDefault(s.Idle, 15*time.Second), r.tls, left)
	if err != nil {
		_ = conn.Close()
		left()
		return
	}
	h := &handler{guard: g, publisher: s.Publisher, remote: remote, log: s.Log, accepted: func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.door.Accepted(v)
	}}
	g.stopped = h.unpublish
	r.handover.give(visit{g, h})
}

// withoutALPN is a configuration that HTTP may share, less its protocols.
func withoutALPN(c *tls.Config) *tls.Config {
	if c == nil {
		return nil
	}
	c = c.Clone()
	c.NextProtos = nil
	return c
}

func orDefault(d, other time.Duration) time.Duration {
	if d == 0 {
		return other
	}
	return d
}

// dismiss closes what is open and waits until it is.
func (r *reception) dismiss() {
	r.mu.Lock()
	for _, v := range r.door.All() {
		v.Leave()
	}
	r.mu.Unlock()
	r.open.Wait()
}
