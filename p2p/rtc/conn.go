package rtc

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// conn is one connection. Its run goroutine deals with signalling and the life of the
// connection; others read the channels once they are open.
type conn struct {
	transport *Transport
	peer      string
	offer     bool
	signals   chan Signal
	out       chan Signal // our candidates and descriptions, on their way to events
	opened    chan opening
	over      context.Context
	end       context.CancelFunc
	reader    sync.WaitGroup

	mu      sync.Mutex
	lanes   [lanes]lane
	last    []byte
	stopped bool

	replaced bool // by a newer one; the transport's lock guards it
}

func newConn(t *Transport, peer string, offer bool) *conn {
	over, end := context.WithCancel(context.Background())
	return &conn{
		transport: t, peer: peer, offer: offer,
		signals: make(chan Signal, maxSignals), out: make(chan Signal, maxSignals),
		opened: make(chan opening, lanes), over: over, end: end,
	}
}

// stop ends the connection; the first call's last message counts.
func (c *conn) stop(last []byte) {
	c.mu.Lock()
	if !c.stopped {
		c.stopped, c.last = true, last
	}
	c.mu.Unlock()
	c.end()
}

func (c *conn) run() {
	failed := true
	pc, err := c.establish()
	if err == nil {
		failed = c.live(pc)
		c.end()
		c.hangUp()
		_ = pc.GracefulClose() // wakes the reader
		c.reader.Wait()
	} else {
		c.end()
		c.transport.options.Log.Debug().Err(err).Str("peer", c.peer).Msg("Peer connection failed")
	}
	if c.transport.forget(c) {
		c.transport.report(Event{Kind: Closed, Peer: c.peer, Failed: failed})
	}
}

// establish makes the peer connection and its channels, and the offer if it is ours.
func (c *conn) establish() (*webrtc.PeerConnection, error) {
	pc, err := c.transport.api.NewPeerConnection(webrtc.Configuration{
		ICEServers:   iceServers(c.transport.options.ICEServers),
		Certificates: []webrtc.Certificate{c.transport.certificate},
	})
	if err != nil {
		return nil, fmt.Errorf("make peer connection: %w", err)
	}
	if err := c.prepare(pc); err != nil {
		_ = pc.GracefulClose()
		return nil, err
	}
	return pc, nil
}

func iceServers(urls []string) []webrtc.ICEServer {
	if len(urls) == 0 {
		return nil
	}
	return []webrtc.ICEServer{{URLs: urls}}
}

func (c *conn) prepare(pc *webrtc.PeerConnection) error {
	if err := c.makeLanes(pc); err != nil {
		return err
	}
	pc.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate == nil {
			return
		}
		j := candidate.ToJSON()
		c.tell(Signal{Type: "candidate", Candidate: j.Candidate, SDPMid: j.SDPMid, SDPMLineIndex: j.SDPMLineIndex})
	})
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateFailed || s == webrtc.PeerConnectionStateClosed {
			c.end()
		}
	})
	if !c.offer {
		return nil
	}
	description, err := pc.CreateOffer(nil)
	if err != nil {
		return fmt.Errorf("make offer: %w", err)
	}
	return c.describe(pc, description)
}

// describe takes our own description and passes it on; it goes out before any
// candidate, which are only gathered from then on.
func (c *conn) describe(pc *webrtc.PeerConnection, d webrtc.SessionDescription) error {
	c.tell(Signal{Type: d.Type.String(), SDP: d.SDP})
	if err := pc.SetLocalDescription(d); err != nil {
		return fmt.Errorf("set local description: %w", err)
	}
	return nil
}

func (c *conn) tell(s Signal) {
	select {
	case c.out <- s:
	default: // more candidates than anybody needs
	}
}

// live deals with signalling until the connection is over. It reports whether the
// connection never opened.
func (c *conn) live(pc *webrtc.PeerConnection) (failed bool) {
	failed = true
	limit := time.NewTimer(openWithin)
	defer limit.Stop()
	var early []Signal
	for {
		select {
		case <-c.over.Done():
			return failed
		case <-limit.C:
			if failed {
				return true
			}
		case s := <-c.out:
			if !c.transport.report(Event{Kind: Signalled, Peer: c.peer, Signal: s}) {
				return failed
			}
		case s := <-c.signals:
			var err error
			if early, err = c.take(pc, s, early); err != nil {
				// The error's text may hold an address, and is not for the log.
				c.transport.options.Log.Debug().Str("peer", c.peer).Str("type", s.Type).Msg("Bad signalling")
				return failed
			}
		case o := <-c.opened:
			if o.index == inOrder {
				failed = false
			}
			if !c.ready(o) {
				return failed
			}
		}
	}
}

// take deals with one step of the other side's signalling. Candidates that come before
// the description wait in early.
func (c *conn) take(pc *webrtc.PeerConnection, s Signal, early []Signal) ([]Signal, error) {
	if s.Type == "candidate" {
		if pc.RemoteDescription() == nil {
			return append(early, s), nil
		}
		return early, addCandidate(pc, s)
	}
	if pc.RemoteDescription() != nil || (s.Type == "answer") != c.offer {
		return early, nil
	}
	kind := webrtc.NewSDPType(s.Type)
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: s.SDP}); err != nil {
		return early, fmt.Errorf("set remote description: %w", err)
	}
	if !c.offer {
		answer, err := pc.CreateAnswer(nil)
		if err != nil {
			return early, fmt.Errorf("make answer: %w", err)
		}
		if err := c.describe(pc, answer); err != nil {
			return early, err
		}
	}
	for _, s := range early {
		if err := addCandidate(pc, s); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func addCandidate(pc *webrtc.PeerConnection, s Signal) error {
	err := pc.AddICECandidate(webrtc.ICECandidateInit{
		Candidate: s.Candidate, SDPMid: s.SDPMid, SDPMLineIndex: s.SDPMLineIndex,
	})
	if err != nil {
		return fmt.Errorf("add candidate: %w", err)
	}
	return nil
}
