package viewer

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/liverelay/liverelay/p2p/peer"
	"github.com/liverelay/liverelay/p2p/rtc"
	"github.com/liverelay/liverelay/p2p/signal"
	"github.com/liverelay/liverelay/p2p/wire"
)

// startSwarm connects to the tracker, unless there is none or no peers are wanted.
func (v *session) startSwarm(ctx context.Context) error {
	if v.noPeers || v.in.P2P.Mode == "none" || v.in.Tracker == "" {
		return nil
	}
	options := rtc.Options{Loopback: v.loopback, Uplink: v.uplink, Ordered: v.ordered, Log: v.log}
	if v.loopback || v.uplink != (rtc.Uplink{}) {
		options.Bind = v.ownAddress()
	}
	if !v.loopback { // on one machine nobody needs to be told an address
		for _, s := range v.in.ICEServers {
			options.ICEServers = append(options.ICEServers, s.URLs...)
		}
	}
	transport, err := rtc.New(options)
	if err != nil {
		return err
	}
	v.transport = transport
	v.group.Go(func() { v.track(ctx) })
	return nil
}

// ownAddress is the address by which this machine is reached from the server: one
// socket there does for all peers.
func (v *session) ownAddress() string {
	if v.loopback {
		return "127.0.0.1"
	}
	probe, err := net.Dial("udp", net.JoinHostPort(v.watch.Hostname(), "9")) // sends nothing
	if err != nil {
		return ""
	}
	defer func() { _ = probe.Close() }()
	host, _, err := net.SplitHostPort(probe.LocalAddr().String())
	if err != nil {
		return ""
	}
	return host
}

func (v *session) trackerEvent(ctx context.Context, e trackerEvent) {
	switch {
	case e.join != nil:
		e.join <- v.joinMessage()
	case e.over:
		v.signalled.add(e.client)
		v.tracker = nil
	case e.message == nil:
		v.tracker = e.client
	default:
		v.trackerMessage(ctx, e)
	}
}

func (v *session) trackerMessage(ctx context.Context, e trackerEvent) {
	m := e.message
	switch m.Type {
	case "welcome":
		v.id, v.secret = m.Peer, m.Secret
		v.do(ctx, v.core.Identify(v.now(), m.Peer))
	case "plan":
		plan := peer.PlanEvent{Serial: m.Serial, Renditions: m.Renditions}
		for s, source := range m.Stripes {
			if s < len(plan.Stripes) {
				plan.Stripes[s] = peer.Source(source)
			}
		}
		if len(m.Renditions) > 0 && slices.Contains(v.following, m.Renditions[0]) {
			v.plans[m.Renditions[0]] = signal.Plan{Renditions: m.Renditions, Stripes: m.Stripes, Place: m.Place}
		}
		v.log.Debug().Uint64("serial", m.Serial).Interface("stripes", m.Stripes).Int64("at", v.now()).Msg("Plan")
		v.do(ctx, v.core.Plan(v.now(), plan))
	case "connect":
		delete(v.parted, m.Peer)
		v.left(ctx, m.Peer) // a connection that the other end has no more
		v.log.Debug().Str("peer", m.Peer).Str("role", m.Role).Int64("at", v.now()).Msg("Connect")
		v.transport.Connect(m.Peer, m.Role == "offer")
	case "gone":
		v.do(ctx, v.core.Gone(v.now(), m.Peer))
	case "disconnect":
		v.news.forget(m.Peer)
		v.parted[m.Peer] = struct{}{}
		v.disconnect(m.Peer, wire.ByeTold, "the tracker says so")
		v.do(ctx, v.core.PeerClose(v.now(), m.Peer))
	case "offer", "answer", "candidate":
		v.transport.Signal(m.Peer, rtc.Signal{
			Type: m.Type, SDP: m.SDP, Candidate: m.Candidate, SDPMid: m.SDPMid, SDPMLineIndex: m.SDPMLineIndex,
		})
	}
	// The clock of this connection was read as often as the ones before, or more.
	v.clock = e.client.Clock().Or(v.clock)
}

// disconnect says bye and closes.
func (v *session) disconnect(peer string, code uint64, reason string) {
	v.log.Debug().Str("peer", peer).Uint64("code", code).Str("reason", reason).Msg("Peer closed")
	v.transport.Close(peer, wire.Bye{Code: code, Reason: reason}.Append(nil))
}

func (v *session) peerEvent(ctx context.Context, e rtc.Event) {
	switch e.Kind {
	case rtc.Opened:
		v.connected[e.Peer] = struct{}{}
		v.log.Debug().Str("peer", e.Peer).Int64("at", v.now()).Msg("Peer opened")
		v.do(ctx, v.core.PeerOpen(v.now(), e.Peer))
		v.news.urgent = true
	case rtc.Closed:
		v.left(ctx, e.Peer)
		v.gone(e.Peer)
	case rtc.Signalled:
		v.say(signal.Message{
			Type: e.Signal.Type, Peer: e.Peer, SDP: e.Signal.SDP, Candidate: e.Signal.Candidate,
			SDPMid: e.Signal.SDPMid, SDPMLineIndex: e.Signal.SDPMLineIndex,
		})
	case rtc.Received:
		v.received(ctx, e)
		v.advance(ctx)
	}
}

// left takes a connection out of all books.
func (v *session) left(ctx context.Context, peer string) {
	delete(v.connected, peer)
	delete(v.pressed, peer)
	v.do(ctx, v.core.PeerClose(v.now(), peer))
}

// gone tells the tracker of a connection that failed or closed, so that the place is
// given to another, unless the tracker itself ended it.
func (v *session) gone(peer string) {
	if _, told := v.parted[peer]; told {
		delete(v.parted, peer)
		return
	}
	v.news.fail(peer)
}

// received takes a message of a peer. Manifests and heads are verified here, the rest
// is the core's.
func (v *session) received(ctx context.Context, e rtc.Event) {
	if len(e.Bytes) == 0 || e.Bytes[0] != byte(wire.TypeManifest) && e.Bytes[0] != byte(wire.TypeHeads) {
		if v.firstP2P == 0 && len(e.Bytes) > 0 && e.Bytes[0] == byte(wire.TypeData) {
			v.firstP2P = time.Since(v.began)
		}
		v.do(ctx, v.core.Message(v.now(), e.Peer, e.Bytes))
		return
	}
	payload := e.Bytes[1:]
	if e.Bytes[0] == byte(wire.TypeHeads) {
		heads, err := v.verifier.Heads(payload)
		if err != nil {
			v.accuse(ctx, e.Peer, err)
			return
		}
		v.heads(ctx, heads, payload, e.Peer)
		return
	}
	_, err := v.verifier.Manifest(payload, v.clock.Now(time.Now()))
	if err != nil && !errors.Is(err, wire.ErrStale) {
		v.accuse(ctx, e.Peer, err)
		return
	}
	v.do(ctx, v.core.Heads(v.now(), nil, nil, e.Peer)) // it counts as a message
}

func (v *session) accuse(ctx context.Context, peer string, err error) {
	code := uint64(wire.ByeWrong)
	if errors.Is(err, wire.ErrMalformed) {
		code = wire.ByeMalformed
	}
	v.do(ctx, v.core.Accuse(v.now(), peer, code, "what nobody signed"))
}

// say speaks to the tracker, if it is there.
func (v *session) say(m signal.Message) {
	if v.tracker != nil {
		v.tracker.Say(m)
	}
}
