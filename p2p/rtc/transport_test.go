package rtc_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/p2p/rtc"
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

func (e *end) pump(other *end, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case event := <-e.Events():
			switch event.Kind {
			case rtc.Signalled:
				other.Signal(e.name, event.Signal)
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

// pair connects two transports.
func pair(t *testing.T, options rtc.Options) (a, b *end) {
	t.Helper()
	a, b = newEnd(t, "a", options), newEnd(t, "b", options)
	done := make(chan struct{})
	go a.pump(b, done)
	go b.pump(a, done)
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

func TestOrderIsKeptWithDelayAndLoss(t *testing.T) {
	a, b := pair(t, rtc.Options{Bind: "127.0.0.1", Uplink: rtc.Uplink{Delay: 5 * time.Millisecond, Loss: 0.05, Rate: 20_000_000}})
	for i := range 100 {
		require.True(t, a.Send("b", []byte{byte(i)}))
	}
	for i := range 100 {
		require.Equal(t, []byte{byte(i)}, receive(t, b))
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
	go a.pump(b, done)
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
	go a.pump(b, done)
	defer func() {
		a.Shutdown(nil)
		b.Shutdown(nil)
		close(done)
	}()
	a.Connect("b", false)
	a.Signal("b", rtc.Signal{Type: "offer", SDP: "no SDP at all"})
	require.True(t, <-a.closed, "it never opened")
}
