package viewer

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/rtc"
	"github.com/liverelay/liverelay/p2p/signal"
	"github.com/liverelay/liverelay/p2p/wire"
)

// intruder is a peer that says what it likes, over real WebRTC.
type intruder struct {
	t         *testing.T
	transport *rtc.Transport
	client    *signal.Client
	opened    chan string
	byes      chan wire.Bye
	closed    chan struct{}
}

// intrude joins a world as a peer and speaks hello to whoever connects.
func intrude(t *testing.T, w *world) *intruder {
	t.Helper()
	transport, err := rtc.New(rtc.Options{Loopback: true})
	require.NoError(t, err)
	client, err := signal.Dial(t.Context(), w.URL+"/tracker", signal.Message{Stream: "demo", Epoch: epoch})
	require.NoError(t, err)
	i := &intruder{t, transport, client, make(chan string, 8), make(chan wire.Bye, 8), make(chan struct{}, 8)}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() {
		cancel()
		transport.Shutdown(nil)
	})
	w.group.Go(func() { _ = client.Run(ctx, i.told) })
	w.group.Go(func() { i.pump(ctx) })
	atLast(t, func() bool { // those who come later take from it
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.order) == 1
	}, "it is there")
	return i
}

func (i *intruder) told(m signal.Message) {
	switch m.Type {
	case "connect":
		i.transport.Connect(m.Peer, m.Role == "offer")
	case "offer", "answer", "candidate":
		i.transport.Signal(m.Peer, rtc.Signal{Type: m.Type, SDP: m.SDP, Candidate: m.Candidate, SDPMid: m.SDPMid, SDPMLineIndex: m.SDPMLineIndex})
	}
}

func (i *intruder) pump(ctx context.Context) {
	subscribed := false
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-i.transport.Events():
			switch e.Kind {
			case rtc.Signalled:
				s := e.Signal
				i.client.Say(signal.Message{Type: s.Type, Peer: e.Peer, SDP: s.SDP, Candidate: s.Candidate, SDPMid: s.SDPMid, SDPMLineIndex: s.SDPMLineIndex})
			case rtc.Opened:
				i.transport.Send(e.Peer, wire.Hello{Version: 1, Stream: "demo", Epoch: epoch}.Append(nil))
			case rtc.Closed:
				i.closed <- struct{}{}
			case rtc.Received:
				m, _ := wire.Decode(e.Bytes)
				switch m := m.(type) {
				case wire.Subscribe: // it has the hello, which data would overtake
					if !subscribed {
						i.opened <- e.Peer
					}
					subscribed = true
				case wire.Bye:
					i.byes <- m
				}
			}
		}
	}
}

// says sends a message to the one viewer there is, and gives the bye that follows.
func (i *intruder) says(b []byte) wire.Bye {
	i.t.Helper()
	select {
	case peer := <-i.opened:
		require.True(i.t, i.transport.Send(peer, b))
	case <-time.After(time.Minute):
		i.t.Fatal("nobody connected")
	}
	select {
	case bye := <-i.byes:
		<-i.closed
		return bye
	case <-time.After(time.Minute):
		i.t.Fatal("the viewer did not say bye")
		return wire.Bye{}
	}
}

// ABUSE 13 and 16: whatever a peer sends that is wrong, it is told so and closed, and
// the viewer plays on.
func TestAbuse13And16PeersThatMisbehave(t *testing.T) {
	head := wire.HeadOf(&media.Part{Number: 5, Data: []byte("forged")})
	_, stranger, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	sign := func(identity ed25519.PrivateKey, stream, epoch string) *wire.Signer {
		return wire.NewSigner(identity, stranger, stream, epoch, time.Now().Add(time.Hour))
	}
	heads := func(s *wire.Signer) []byte {
		payload, err := s.Heads([]media.Head{head})
		require.NoError(t, err)
		return wire.Signed{Type: wire.TypeHeads, Payload: payload}.Append(nil)
	}
	manifest := func(s *wire.Signer) []byte {
		payload, err := s.Manifest(media.Manifest{Serial: 1 << 40, Issued: time.Now()})
		require.NoError(t, err)
		return wire.Signed{Type: wire.TypeManifest, Payload: payload}.Append(nil)
	}
	tests := []struct {
		name string
		say  func(w *world) []byte
		code uint64
	}{
		{"heads with a bad signature", func(*world) []byte { return heads(sign(stranger, "demo", epoch)) }, wire.ByeWrong},
		{"heads of an older broadcast", func(w *world) []byte { return heads(sign(w.identity, "demo", "older")) }, wire.ByeWrong},
		{"a manifest of another identity", func(*world) []byte { return manifest(sign(stranger, "demo", epoch)) }, wire.ByeWrong},
		{"a manifest of another stream", func(w *world) []byte { return manifest(sign(w.identity, "other", epoch)) }, wire.ByeWrong},
		{"heads cut off", func(*world) []byte { return []byte{3, 9, 1} }, wire.ByeMalformed},
		{"a message cut off", func(*world) []byte { return []byte{5, 1} }, wire.ByeMalformed},
		{"an empty message", func(*world) []byte { return []byte{} }, wire.ByeMalformed},
		{"an unknown message", func(*world) []byte { return []byte{200, 1, 2} }, wire.ByeMalformed},
		{"a second hello", func(*world) []byte { return wire.Hello{Version: 1, Stream: "demo", Epoch: epoch}.Append(nil) }, wire.ByeMalformed},
		{"a chunk that is too long", func(*world) []byte { return append([]byte{6, 0, 1, 0}, make([]byte, 20_000)...) }, wire.ByeMalformed},
		{"bytes for a part that was never announced", func(*world) []byte {
			return wire.Data{PartID: wire.PartID{Number: 1 << 50}, Bytes: []byte{1}}.Append(nil)
		}, wire.ByeUnasked},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			i := intrude(t, w)
			st, leave := w.viewer(t)
			playsOn(t, st, time.Millisecond) // before a first head, nobody knows what was announced
			require.Equal(t, test.code, i.says(test.say(w)).Code)
			atLast(t, func() bool {
				w.mu.Lock()
				defer w.mu.Unlock()
				return len(w.failed) == 1
			}, "the tracker hears of it")
			playsOn(t, st, moreThanAhead)
			if r := leave(); test.code != wire.ByeMalformed {
				require.Positive(t, r.rejected)
			}
		})
	}
}

// ABUSE 16: a message above 64 KiB ends the connection before it is even read whole.
func TestAbuse16OversizedMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := intrude(t, w)
	_, leave := w.viewer(t)
	defer leave()
	peer := <-i.opened
	i.transport.Send(peer, bytes.Repeat([]byte{6}, 200_000))
	select {
	case <-i.closed:
	case <-time.After(time.Minute):
		t.Fatal("the connection lives")
	}
}
