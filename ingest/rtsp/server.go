package rtsp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/pion/rtp"
	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/ingest/internal/door"
)

const (
	maxPublishers = 256
	idle          = 15 * time.Second
	handshake     = 10 * time.Second
)

// Publisher says who may publish; its error is shown to nobody.
type Publisher interface {
	Publish(key, remote string) (Session, error)
}

// PublisherFunc is a function that is a Publisher.
type PublisherFunc func(key, remote string) (Session, error)

// Publish calls f.
func (f PublisherFunc) Publish(key, remote string) (Session, error) { return f(key, remote) }

// Server takes publishers: rtsp://HOST:8554/live/KEY. Nobody can play from it. Media
// comes over the TCP connection.
type Server struct {
	Publisher Publisher
	Log       zerolog.Logger
	// Limits bounds connections.
	Limits door.Limits
	// Handshake is the time from accept to an accepted key, default 10 s, whatever the
	// client sends meanwhile.
	Handshake time.Duration
}

// Serve takes publishers that come to l, which it closes, until ctx ends; then it returns
// nil.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	r := &reception{server: s, open: map[*gortsplib.ServerSession]*publication{}}
	g := guard(l, s.Limits, cmp.Or(s.Handshake, handshake), idle, ctx.Done())
	server := &gortsplib.Server{
		Handler: r, RTSPAddress: l.Addr().String(), ReadTimeout: idle, WriteTimeout: idle, IdleTimeout: idle,
		Listen: func(string, string) (net.Listener, error) { return g, nil },
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("serve RTSP: %w", err)
	}
	s.Log.Info().Str("address", l.Addr().String()).Msg("RTSP publishers are taken")
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	select {
	case <-ctx.Done():
		server.Close()
		<-ended
		return nil
	case err := <-ended:
		server.Close()
		return fmt.Errorf("RTSP: %w", err)
	}
}

// reception handles what publishers ask for.
type reception struct {
	server *Server

	mu   sync.Mutex
	open map[*gortsplib.ServerSession]*publication
}

// publication is one publisher.
type publication struct {
	session Session
	inputs  []input
}

var errRefused = errors.New("refused")

// OnAnnounce implements gortsplib.ServerHandlerOnAnnounce: the key is what the path ends
// in.
func (r *reception) OnAnnounce(ctx *gortsplib.ServerHandlerOnAnnounceCtx) (*base.Response, error) {
	refusal := &base.Response{StatusCode: base.StatusUnauthorized}
	r.mu.Lock()
	full := len(r.open) >= maxPublishers || r.open[ctx.Session] != nil
	r.mu.Unlock()
	key := ctx.Path[strings.LastIndexByte(ctx.Path, '/')+1:]
	if full || key == "" {
		return refusal, errRefused
	}
	session, err := r.server.Publisher.Publish(key, ctx.Conn.NetConn().RemoteAddr().String())
	if err != nil {
		return refusal, errRefused // why is nobody's business who has not the key
	}
	found, err := inputs(ctx.Description, session)
	if err != nil {
		session.Close(err)
		return &base.Response{StatusCode: base.StatusUnsupportedMediaType}, err
	}
	r.mu.Lock()
	r.open[ctx.Session] = &publication{session, found}
	r.mu.Unlock()
	accept(ctx.Conn.NetConn())
	go func() { // when somebody else has taken over, or the daemon ends
		<-session.Done()
		ctx.Session.Close()
	}()
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnSetup implements gortsplib.ServerHandlerOnSetup: publishers only.
func (r *reception) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if r.publication(ctx.Session) == nil {
		return &base.Response{StatusCode: base.StatusNotImplemented}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, nil, nil
}

// OnRecord implements gortsplib.ServerHandlerOnRecord.
func (r *reception) OnRecord(ctx *gortsplib.ServerHandlerOnRecordCtx) (*base.Response, error) {
	p := r.publication(ctx.Session)
	if p == nil {
		return &base.Response{StatusCode: base.StatusBadRequest}, errRefused
	}
	for _, in := range p.inputs {
		ctx.Session.OnPacketRTP(in.media, in.format, func(pkt *rtp.Packet) {
			ticks, ok := ctx.Session.PacketPTS(in.media, pkt)
			if !ok {
				return
			}
			if err := in.take(pkt, duration(ticks, in.format.ClockRate())); err != nil {
				go ctx.Session.Close() // from within it would wait for itself
			}
		})
	}
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnSessionClose implements gortsplib.ServerHandlerOnSessionClose.
func (r *reception) OnSessionClose(ctx *gortsplib.ServerHandlerOnSessionCloseCtx) {
	r.mu.Lock()
	p := r.open[ctx.Session]
	delete(r.open, ctx.Session)
	r.mu.Unlock()
	if p != nil {
		p.session.Close(ctx.Error)
	}
}

func (r *reception) publication(s *gortsplib.ServerSession) *publication {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s == nil {
		return nil
	}
	return r.open[s]
}

var (
	_ gortsplib.ServerHandlerOnAnnounce     = (*reception)(nil)
	_ gortsplib.ServerHandlerOnSetup        = (*reception)(nil)
	_ gortsplib.ServerHandlerOnRecord       = (*reception)(nil)
	_ gortsplib.ServerHandlerOnSessionClose = (*reception)(nil)
)
