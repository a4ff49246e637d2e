package tracker

import (
	"net"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
)

// Two real WebRTC peers that know nothing but the tracker's address find each other
// and speak over a data channel.
func TestTwoPionPeersFindEachOther(t *testing.T) {
	w := start(t, nil)
	first, second := newPionPeer(w), newPionPeer(w)
	require.Equal(t, "hello from "+second.viewer.id, first.hears())
	require.Equal(t, "hello from "+first.viewer.id, second.hears())

	first.viewer.say(message{"type": "report", "connected": []string{second.viewer.id}})
	require.Eventually(t, func() bool { return w.tracker.Stats("demo").Connections == 1 }, patience, time.Millisecond)
}

// pionPeer does what the tracker tells it, as a viewer does.
type pionPeer struct {
	t      *testing.T
	viewer *client
	pc     *webrtc.PeerConnection
	heard  chan string
	early  []webrtc.ICECandidateInit // candidates that came before the description
}

func newPionPeer(w *world) *pionPeer {
	w.t.Helper()
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	require.NoError(w.t, err)
	p := &pionPeer{t: w.t, viewer: w.viewer(), pc: pc, heard: make(chan string, 1)}
	w.t.Cleanup(func() {
		_ = p.viewer.ws.CloseNow()
		_ = pc.GracefulClose()
	})
	negotiated, id := true, uint16(0)
	channel, err := pc.CreateDataChannel("liverelay", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id})
	require.NoError(w.t, err)
	channel.OnOpen(func() { _ = channel.SendText("hello from " + p.viewer.id) })
	channel.OnMessage(func(m webrtc.DataChannelMessage) { p.heard <- string(m.Data) })
	go p.obey()
	return p
}

// obey deals with the tracker's messages until the connection ends.
func (p *pionPeer) obey() {
	for m := range p.viewer.seen {
		if err := p.do(m); err != nil {
			p.t.Errorf("%v: %v", m["type"], err)
			return
		}
	}
}

func (p *pionPeer) do(m message) error {
	peer, _ := m["peer"].(string)
	switch m["type"] {
	case "connect":
		p.pc.OnICECandidate(func(c *webrtc.ICECandidate) {
			if c != nil {
				init := c.ToJSON()
				_ = p.viewer.tryToSay(message{
					"type": "candidate", "peer": peer, "candidate": init.Candidate,
					"sdpMid": init.SDPMid, "sdpMLineIndex": init.SDPMLineIndex,
				})
			}
		})
		if m["role"] == "offer" {
			return p.describe(peer, "offer")
		}
	case "offer", "answer":
		kind := webrtc.NewSDPType(m["type"].(string))
		if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: m["sdp"].(string)}); err != nil {
			return err
		}
		for _, c := range p.early {
			if err := p.pc.AddICECandidate(c); err != nil {
				return err
			}
		}
		if m["type"] == "offer" {
			return p.describe(peer, "answer")
		}
	case "candidate":
		mid, _ := m["sdpMid"].(string)
		c := webrtc.ICECandidateInit{Candidate: m["candidate"].(string), SDPMid: &mid}
		if p.pc.RemoteDescription() == nil {
			p.early = append(p.early, c)
			return nil
		}
		return p.pc.AddICECandidate(c)
	}
	return nil
}

// describe makes an offer or an answer and sends it.
func (p *pionPeer) describe(peer, kind string) error {
	var d webrtc.SessionDescription
	var err error
	if kind == "offer" {
		d, err = p.pc.CreateOffer(nil)
	} else {
		d, err = p.pc.CreateAnswer(nil)
	}
	if err != nil {
		return err
	}
	if err := p.viewer.tryToSay(message{"type": kind, "peer": peer, "sdp": d.SDP}); err != nil {
		return err
	}
	return p.pc.SetLocalDescription(d)
}

func (p *pionPeer) hears() string {
	p.t.Helper()
	select {
	case text := <-p.heard:
		return text
	case <-time.After(patience):
		p.t.Fatal("heard nothing")
		return ""
	}
}
