package rtc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/p2p/wire"
)

const (
	// openWithin is how long a connection may take to open.
	openWithin = 15 * time.Second
	// maxBuffered is how much may wait to be sent to a peer, in bytes; a peer that falls
	// further behind is closed.
	maxBuffered = 1 << 20
	// handshakeAgain is after how long a lost packet of DTLS's handshake is sent again: the
	// library's second would be most of the time in which a viewer's buffer lasts.
	// Chromium begins with 50 ms.
	handshakeAgain = 200 * time.Millisecond
	// receiveBuffer is SCTP's, in bytes.
	receiveBuffer = 512 << 10
	// leastWindow is what may be on its way in a connection whatever was lost: four packets,
	// as at its beginning (RFC 9260, section 7.2.1). With more, lines that are full stay so:
	// what is sent again takes their room.
	leastWindow = 4 * 1200
	// maxSignals bounds what waits to be dealt with of one peer's signalling.
	maxSignals = 40
	// flushWithin is how long a closing connection waits for its last message to leave.
	flushWithin = 250 * time.Millisecond
)

// Options says how a Transport connects.
type Options struct {
	// ICEServers are URLs of STUN servers, stun:host:port.
	ICEServers []string
	// Loopback also gathers 127.0.0.1, for tests and for peers on one machine.
	Loopback bool
	// Bind is an IP address of this machine; all connections then share one UDP socket
	// there, which spares many. Empty: sockets of their own on all addresses.
	Bind string
	// Uplink is what the way out is like, when Bind is given.
	Uplink Uplink
	// Ordered does without the second channel, for comparison: nothing overtakes anything.
	Ordered bool
	Log     zerolog.Logger
}

// Signal is one step of signalling: a description or a candidate.
type Signal struct {
	// Type is offer, answer or candidate.
	Type          string
	SDP           string
	Candidate     string
	SDPMid        *string
	SDPMLineIndex *uint16
}

// EventKind says what an Event is.
type EventKind uint8

// What a transport reports.
const (
	// Opened: the connection to Peer is open. Before it nothing else but Signalled comes.
	Opened EventKind = iota + 1
	// Received: Bytes are one message, which the receiver may keep.
	Received
	// Closed: the connection is over. Failed tells that it never opened.
	Closed
	// Signalled: Signal is to be passed on to Peer.
	Signalled
)

// Event is something that happened on a connection.
type Event struct {
	Kind   EventKind
	Peer   string
	Bytes  []byte
	Failed bool
	Signal Signal
}

// Transport holds the connections of one viewer. Its methods may be called from any
// goroutine, and do not block.
type Transport struct {
	options     Options
	api         *webrtc.API
	certificate webrtc.Certificate
	uplink      *uplink // nil without Bind
	mux         ice.UDPMux
	events      chan Event
	done        chan struct{}
	group       sync.WaitGroup

	mu     sync.Mutex
	conns  map[string]*conn
	closed bool
}

// New makes a transport without connections.
func New(options Options) (*Transport, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make DTLS key: %w", err)
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, fmt.Errorf("make DTLS certificate: %w", err)
	}
	t := &Transport{
		options: options, certificate: *certificate,
		events: make(chan Event, 1024), done: make(chan struct{}), conns: map[string]*conn{},
	}
	if options.Bind != "" {
		socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(options.Bind)})
		if err != nil {
			return nil, fmt.Errorf("open UDP socket: %w", err)
		}
		t.uplink = newUplink(socket, options.Uplink)
		t.mux = webrtc.NewICEUDPMux(silence().NewLogger("mux"), t.uplink)
	}
	t.api = newAPI(options, t.mux)
	return t, nil
}

// silence keeps pion's own lines, which would name the addresses of peers.
func silence() *logging.DefaultLoggerFactory {
	return &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled}
}

func newAPI(options Options, mux ice.UDPMux) *webrtc.API {
	e := webrtc.SettingEngine{LoggerFactory: silence()}
	if mux != nil {
		e.SetICEUDPMux(mux)
	}
	e.DetachDataChannels()
	e.SetIncludeLoopbackCandidate(options.Loopback)
	// Addresses of other peers' local networks are not resolved; connections to
	// browsers that hide theirs come about by our candidates.
	e.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	e.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	e.SetICETimeouts(4*time.Second, 8*time.Second, 2*time.Second)
	e.SetDTLSRetransmissionInterval(handshakeAgain)
	e.SetSCTPMaxReceiveBufferSize(receiveBuffer)
	e.SetSCTPMaxMessageSize(wire.MaxMessage)
	// A stripe is a thin stream: after a loss the window that congestion control leaves
	// it, of one packet, is less than it needs while the line's queue makes round trips
	// long. What is sent altogether is bounded by the plan.
	e.SetSCTPRTOMax(2 * time.Second)
	e.SetSCTPMinCwnd(leastWindow)
	e.SetSCTPFastRtxWnd(leastWindow)
	e.EnableSCTPZeroChecksum(true)
	// No interceptors and codecs: there is no media but in data channels.
	return webrtc.NewAPI(webrtc.WithSettingEngine(e))
}

// Events is where what happens is reported. It has to be read: when it is full,
// receiving stops until it is not. It is never closed.
func (t *Transport) Events() <-chan Event { return t.events }

// Connect begins a connection; with offer this side makes the offer, else it waits
// for one. It takes the place of a connection to the same peer, of whose end nothing is
// reported then.
func (t *Transport) Connect(peer string, offer bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	if old := t.conns[peer]; old != nil {
		old.replaced = true
		old.stop(nil)
	}
	c := newConn(t, peer, offer)
	t.conns[peer] = c
	t.group.Go(c.run)
}

// Signal hands over what the peer signalled. What is too much, or of a peer that is
// not connected to, is dropped.
func (t *Transport) Signal(peer string, s Signal) {
	if c := t.conn(peer); c != nil {
		select {
		case c.signals <- s:
		default:
		}
	}
}

// Send sends one message. It reports false when the channel is not open, or was
// closed because the peer fell behind. The bytes are not to be changed afterwards.
func (t *Transport) Send(peer string, b []byte) bool {
	c := t.conn(peer)
	return c != nil && c.send(b)
}

// Close ends a connection after a last message, if any. Closed follows.
func (t *Transport) Close(peer string, last []byte) {
	if c := t.conn(peer); c != nil {
		c.stop(last)
	}
}

// Buffered is how much waits to be sent to a peer or to be acknowledged by it, in bytes.
func (t *Transport) Buffered(peer string) int {
	if c := t.conn(peer); c != nil {
		return c.buffered()
	}
	return 0
}

// Vanish lets nothing leave or come in any more, as if the machine had lost its power.
// It needs Bind.
func (t *Transport) Vanish() {
	if t.uplink != nil {
		t.uplink.dead.Store(true)
	}
}

// Shutdown closes all connections, with the last message if any, and returns when all
// goroutines have ended.
func (t *Transport) Shutdown(last []byte) {
	t.mu.Lock()
	if !t.closed {
		t.closed = true
		for _, c := range t.conns {
			c.stop(last)
		}
		close(t.done)
	}
	t.mu.Unlock()
	t.group.Wait()
	if t.mux != nil {
		_ = t.mux.Close()
		_ = t.uplink.Close()
	}
}

func (t *Transport) conn(peer string) *conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conns[peer]
}

// forget removes a connection that has ended, and reports false when a newer one took its
// place.
func (t *Transport) forget(c *conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.replaced {
		return false
	}
	delete(t.conns, c.peer)
	return true
}

// report delivers an event, unless the transport is shut down.
func (t *Transport) report(e Event) bool {
	select {
	case t.events <- e:
		return true
	case <-t.done:
		return false
	}
}
