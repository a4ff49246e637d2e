package rtmp

import (
	"io"
	"net"
	"sync"

	gortmp "github.com/yutopp/go-rtmp"
	rtmpmsg "github.com/yutopp/go-rtmp/message"
)

// window is the acknowledgement window (RTMP 1.0 §5.4.4): go-rtmp acknowledges every
// half of it.
const window = 2500000

// visit is a guarded connection with its handler, on the way to go-rtmp.
type visit struct {
	*guard
	handler *handler
}

// handover is the listener that go-rtmp accepts guarded connections from.
type handover struct {
	address net.Addr
	visits  chan visit
	closed  chan struct{}
	once    sync.Once
}

func newHandover(a net.Addr) *handover {
	return &handover{address: a, visits: make(chan visit), closed: make(chan struct{})}
}

// give waits until go-rtmp takes the connection, which it does at once.
func (h *handover) give(v visit) { h.visits <- v }

// Accept returns the next connection.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case v := <-h.visits:
		return v, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close makes Accept fail.
func (h *handover) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// Addr is the address of the real listener.
func (h *handover) Addr() net.Addr { return h.address }

// serve configures go-rtmp for a connection. Chunks of any size are plain to it, for
// the guard cuts them as the client wants.
func (r *reception) serve(conn net.Conn) (io.ReadWriteCloser, *gortmp.ConnConfig) {
	v := conn.(visit) // handover gives nothing else
	return v.guard, &gortmp.ConnConfig{
		Handler:                   v.handler,
		SkipHandshakeVerification: true, // publishers differ in what they echo
		ControlState: gortmp.StreamControlStateConfig{
			DefaultChunkSize:           maxChunk,
			MaxChunkStreams:            8,
			MaxMessageStreams:          4,
			DefaultAckWindowSize:       window,
			DefaultBandwidthWindowSize: window,
			DefaultBandwidthLimitType:  rtmpmsg.LimitTypeDynamic,
		},
	}
}
