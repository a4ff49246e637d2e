package rtc_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/p2p/rtc"
	"github.com/liverelay/liverelay/p2p/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// end is one side of a pair; its signals go straight to the other.
type end struct {
	*rtc.Transport
	name   string
	opened chan struct{}
	closed chan bool
	got    chan []byte
}

func newEnd(t *testing.T, name string, options rtc.Options) *end {
	t.Helper()
	options.Loopback = true
	transport, err := rtc.New(options)
	require.NoError(t, err)
	return &end{transport, name, make(chan struct{}), make(chan bool, 1), make(chan []byte, 4096)}
}

// pump deals with what a transport reports; signal passes on what is for the other side.
func (e *end) pump(signal func(rtc.Signal), done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case event := <-e.Events():
			switch event.Kind {
			case rtc.Signalled:
				signal(event.Signal)
			case rtc.Opened:
				close(e.opened)
			case rtc.Closed:
				e.closed <- event.Failed
			case rtc.Received:
				e.got <- event.Bytes
			}
		}
	}
}

// to passes signals on to another transport.
func (e *end) to(other *end) func(rtc.Signal) {
	return func(s rtc.Signal) { other.Signal(e.name, s) }
}

// pair connects two transports.
func pair(t *testing.T, options rtc.Options) (a, b *end) {
	t.Helper()
	a, b = newEnd(t, "a", options), newEnd(t, "b", options)
	done := make(chan struct{})
	go a.pump(a.to(b), done)
	go b.pump(b.to(a), done)
	t.Cleanup(func() {
		a.Shutdown(nil)
		b.Shutdown(nil)
		close(done)
	})
	b.Connect("a", false)
	a.Connect("b", true)
	for _, e := range []*end{a, b} {
		select {
		case <-e.opened:
		case <-time.After(10 * time.Second):
			t.Fatal("the channel did not open")
		}
	}
	return a, b
}

func receive(t *testing.T, e *end) []byte {
	t.Helper()
	select {
	case b := <-e.got:
		return b
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came")
		return nil
	}
}

func TestMessagesBothWays(t *testing.T) {
	a, b := pair(t, rtc.Options{})
	require.True(t, a.Send("b", []byte("hello")))
	require.Equal(t, []byte("hello"), receive(t, b))
	big := bytes.Repeat([]byte{7}, 65536)
	require.True(t, b.Send("a", big))
	require.Equal(t, big, receive(t, a))
	require.False(t, a.Send("nobody", []byte("hello")))
}

// lossy is a way on which much is lost.
func lossy(ordered bool) rtc.Options {
	way := rtc.Uplink{Delay: 5 * time.Millisecond, Loss: 0.05, Rate: 20_000_000}
	return rtc.Options{Bind: "127.0.0.1", Uplink: way, Ordered: ordered}
}

// exchange sends messages of all types in turn, and gives those that came: what goes by
// the ordered channel, and what may overtake.
func exchange(t *testing.T, a, b *end) (ordered, others []byte) {
	t.Helper()
	types := []wire.Type{wire.TypeSubscribe, wire.TypeHeads, wire.TypeRequest, wire.TypeData, wire.TypeCancel, wire.TypeAbsent}
	for i := range 50 * len(types) {
		message := make([]byte, 1000)
		message[0], message[1], message[2] = byte(types[i%len(types)]), byte(i/256), byte(i)
		require.True(t, a.Send("b", message))
	}
	for range 50 * len(types) {
		m := receive(t, b)
		if wire.Type(m[0]).InOrder() {
			ordered = append(ordered, m[1:3]...)
		} else {
			others = append(others, m[1:3]...)
		}
	}
	return ordered, others
}

func inOrder(pairs []byte) bool {
	last := -1
	for i := 0; i < len(pairs); i += 2 {
		n := int(pairs[i])<<8 | int(pairs[i+1])
		if n <= last {
			return false
		}
		last = n
	}
	return true
}

// All comes, in spite of loss: what takes back or replaces in order, and the rest as it
// comes, once the second channel is open.
func TestMediaOvertakes(t *testing.T) {
	a, b := pair(t, lossy(false))
	deadline := time.Now().Add(20 * time.Second)
	for overtaken := false; !overtaken; {
		require.True(t, time.Now().Before(deadline), "of 150 packets some are lost")
		ordered, others := exchange(t, a, b)
		require.Len(t, ordered, 2*150)
		require.True(t, inOrder(ordered))
		require.Len(t, others, 2*150)
		overtaken = !inOrder(others)
	}
}

func TestOrderIsKeptWithDelayAndLoss(t *testing.T) {
	a, b := pair(t, lossy(true))
	for range 2 {
		ordered, others := exchange(t, a, b)
		require.True(t, inOrder(ordered))
		require.True(t, inOrder(others))
	}
}

func TestCloseSendsTheLastMessage(t *testing.T) {
	a, b := pair(t, rtc.Options{})
	a.Close("b", []byte("bye"))
	require.Equal(t, []byte("bye"), receive(t, b))
	require.False(t, <-a.closed, "it had opened")
	require.False(t, <-b.closed)
	require.False(t, a.Send("b", []byte("more")))
}

// A peer that does not read is closed when too much waits for it.
func TestSlowPeerIsClosed(t *testing.T) {
	a, b := newEnd(t, "a", rtc.Options{}), newEnd(t, "b", rtc.Options{})
	done := make(chan struct{})
	go a.pump(a.to(b), done)
	stop := make(chan struct{})
	go func() { // b signals, and never takes a message
		for {
			select {
			case <-stop:
				return
			case e := <-b.Events():
				if e.Kind == rtc.Signalled {
					a.Signal("b", e.Signal)
				} else if e.Kind == rtc.Received {
					<-stop
					return
				}
			}
		}
	}()
	defer func() {
		close(stop)
		a.Shutdown(nil)
		b.Shutdown(nil)
		close(done)
	}()
	b.Connect("a", false)
	a.Connect("b", true)
	<-a.opened
	message := make([]byte, 60_000)
	require.Eventually(t, func() bool {
		for range 10 {
			if !a.Send("b", message) {
				return true
			}
		}
		return false
	}, 20*time.Second, 10*time.Millisecond)
	require.False(t, <-a.closed)
}

func TestBadSignallingEndsTheConnection(t *testing.T) {
	a := newEnd(t, "a", rtc.Options{})
	done := make(chan struct{})
	b := newEnd(t, "b", rtc.Options{})
	go a.pump(a.to(b), done)
	defer func() {
		a.Shutdown(nil)
		b.Shutdown(nil)
		close(done)
	}()
	a.Connect("b", false)
	a.Signal("b", rtc.Signal{Type: "offer", SDP: "no SDP at all"})
	require.True(t, <-a.closed, "it never opened")
}

// A peer that knows of one channel alone gets all by it.
func TestPeerWithOneChannel(t *testing.T) {
	a := newEnd(t, "a", rtc.Options{})
	other, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	require.NoError(t, err)
	negotiated, id := true, uint16(0)
	channel, err := other.CreateDataChannel("liverelay", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id})
	require.NoError(t, err)
	got, open, done := make(chan []byte, 4), make(chan struct{}), make(chan struct{})
	channel.OnOpen(func() { close(open) })
	channel.OnMessage(func(m webrtc.DataChannelMessage) { got <- m.Data })
	offer, err := other.CreateOffer(nil)
	require.NoError(t, err)
	gathered := webrtc.GatheringCompletePromise(other)
	require.NoError(t, other.SetLocalDescription(offer))
	<-gathered
	a.Connect("b", false)
	go a.pump(toBare(other), done)
	defer func() {
		a.Shutdown(nil)
		require.NoError(t, other.GracefulClose())
		close(done)
	}()
	a.Signal("b", rtc.Signal{Type: "offer", SDP: other.LocalDescription().SDP})
	<-a.opened
	for _, kind := range []wire.Type{wire.TypeHello, wire.TypeHeads, wire.TypeData} {
		require.True(t, a.Send("b", []byte{byte(kind)}))
		require.Equal(t, []byte{byte(kind)}, <-got)
	}
	<-open
	require.NoError(t, channel.Send([]byte{byte(wire.TypeData)}))
	require.Equal(t, []byte{byte(wire.TypeData)}, receive(t, a))
	a.Close("b", []byte("bye"))
	require.Equal(t, []byte("bye"), <-got)
	require.False(t, <-a.closed)
}

// toBare passes signals on to a connection that is not ours.
func toBare(other *webrtc.PeerConnection) func(rtc.Signal) {
	return func(s rtc.Signal) {
		if s.Type == "answer" {
			_ = other.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: s.SDP})
			return
		}
		_ = other.AddICECandidate(webrtc.ICECandidateInit{Candidate: s.Candidate, SDPMid: s.SDPMid, SDPMLineIndex: s.SDPMLineIndex})
	}
}
