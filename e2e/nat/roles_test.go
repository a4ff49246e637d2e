package nat

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/pion/webrtc/v4"

	"github.com/liverelay/liverelay/tracker"
	"github.com/liverelay/liverelay/tracker/forest"
	"github.com/liverelay/liverelay/tracker/stun"
)

const (
	host     = "203.0.113.1"
	epoch    = "aaaaaaaaaaaaaaaa"
	stunPort = ":3478"
	httpPort = ":8080"
)

// everybody is admitted: the test is about addresses.
type everybody struct{}

func (everybody) Check(string, string, string, time.Time) error { return nil }

// untilInputEnds is a context that ends when the test closes this program's input.
func untilInputEnds() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return ctx
}

// server is our tracker and our STUN server on the outside.
func server() error {
	ctx := untilInputEnds()
	conn, err := stun.Listen(host + stunPort)
	if err != nil {
		return err
	}
	introductions := tracker.New(tracker.Config{
		Admission: everybody{},
		Live:      func(string, string) bool { return true },
		Ladder: func(string, string) forest.Ladder {
			return forest.Ladder{Renditions: []forest.Rendition{{Rate: 500_000}}}
		},
	})
	listener, err := net.Listen("tcp", host+httpPort)
	if err != nil {
		return err
	}
	web := &http.Server{Handler: introductions, ReadHeaderTimeout: time.Second}
	var running sync.WaitGroup
	running.Go(func() { _ = stun.Serve(ctx, conn, stun.Config{}) })
	running.Go(func() { _ = introductions.Run(ctx) })
	running.Go(func() { _ = web.Serve(listener) })
	say("ready")
	<-ctx.Done()
	err = web.Close()
	running.Wait()
	return err
}

// message is any message of the tracker's protocol.
type message struct {
	Type   string `json:"type"`
	Stream string `json:"stream,omitempty"`
	Epoch  string `json:"epoch,omitempty"`
	Follow []int  `json:"follow,omitempty"`
	Peer   string `json:"peer,omitempty"`
	Role   string `json:"role,omitempty"`
	SDP    string `json:"sdp,omitempty"`
	webrtc.ICECandidateInit
}

// caller is a viewer in a home.
type caller struct {
	ctx   context.Context
	ws    *websocket.Conn
	pc    *webrtc.PeerConnection
	early []webrtc.ICECandidateInit // candidates that came before the description
}

// viewer joins, obeys the tracker, greets whoever it is connected with, and says what
// it learns.
func viewer() error {
	ctx := untilInputEnds()
	ws, _, err := websocket.Dial(ctx, "ws://"+host+httpPort+"/tracker", &websocket.DialOptions{
		Subprotocols: []string{tracker.Subprotocol},
	})
	if err != nil {
		return err
	}
	defer func() { _ = ws.CloseNow() }()
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{
		ICEServers: []webrtc.ICEServer{{URLs: []string{"stun:" + host + stunPort}}},
	})
	if err != nil {
		return err
	}
	defer pc.Close()
	negotiated, id := true, uint16(0)
	channel, err := pc.CreateDataChannel("liverelay", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id})
	if err != nil {
		return err
	}
	channel.OnOpen(func() { _ = channel.SendText("hello") })
	channel.OnMessage(func(m webrtc.DataChannelMessage) { say("heard", string(m.Data)) })

	c := &caller{ctx: ctx, ws: ws, pc: pc}
	if err := wsjson.Write(ctx, ws, message{Type: "join", Stream: "demo", Epoch: epoch, Follow: []int{0}}); err != nil {
		return err
	}
	return c.obey()
}

func (c *caller) obey() error {
	for c.ctx.Err() == nil {
		var m message
		err := wsjson.Read(c.ctx, c.ws, &m)
		if err == nil {
			err = c.do(m)
		}
		if err != nil && c.ctx.Err() == nil {
			return err
		}
	}
	return nil
}

func (c *caller) do(m message) error {
	switch m.Type {
	case "welcome":
		say("joined")
	case "error":
		return errors.New("the tracker is not content")
	case "connect":
		c.pc.OnICECandidate(func(found *webrtc.ICECandidate) { c.found(m.Peer, found) })
		if m.Role == "offer" {
			return c.describe(m.Peer, webrtc.SDPTypeOffer)
		}
	case "offer", "answer":
		kind := webrtc.NewSDPType(m.Type)
		if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: m.SDP}); err != nil {
			return err
		}
		for _, candidate := range c.early {
			if err := c.pc.AddICECandidate(candidate); err != nil {
				return err
			}
		}
		if kind == webrtc.SDPTypeOffer {
			return c.describe(m.Peer, webrtc.SDPTypeAnswer)
		}
	case "candidate":
		if c.pc.RemoteDescription() == nil {
			c.early = append(c.early, m.ICECandidateInit)
			return nil
		}
		return c.pc.AddICECandidate(m.ICECandidateInit)
	}
	return nil
}

// found passes a candidate on; the outside address is what the test is about.
func (c *caller) found(peer string, candidate *webrtc.ICECandidate) {
	if candidate == nil {
		return
	}
	if candidate.Typ == webrtc.ICECandidateTypeSrflx {
		say("srflx", candidate.Address)
	}
	_ = wsjson.Write(c.ctx, c.ws, message{Type: "candidate", Peer: peer, ICECandidateInit: candidate.ToJSON()})
}

func (c *caller) describe(peer string, kind webrtc.SDPType) error {
	description, err := c.pc.CreateOffer(nil)
	if kind == webrtc.SDPTypeAnswer {
		description, err = c.pc.CreateAnswer(nil)
	}
	if err != nil {
		return err
	}
	if err := wsjson.Write(c.ctx, c.ws, message{Type: kind.String(), Peer: peer, SDP: description.SDP}); err != nil {
		return err
	}
	return c.pc.SetLocalDescription(description)
}
