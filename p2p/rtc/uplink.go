package rtc

import (
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// maxQueue is how long a packet may wait for an uplink that is too slow before the next
// ones are dropped, as a home router does.
const maxQueue = time.Second

// Uplink says what a way out into the world is like.
type Uplink struct {
	// Rate is how fast packets leave, in bit/s with UDP's and IP's headers; 0 is unlimited.
	Rate int64
	// Delay is added to every packet; Loss is the share of packets that is dropped.
	Delay time.Duration
	Loss  float64
}

// headers is what IP and UDP add to a packet, in bytes.
const headers = 28

// uplink is a socket whose packets leave as an Uplink says.
type uplink struct {
	net.PacketConn
	way    Uplink
	queue  chan packet
	done   chan struct{}
	group  sync.WaitGroup
	closed sync.Once
	dead   atomic.Bool // nothing leaves or comes in any more

	mu   sync.Mutex
	free time.Time // when the last packet has left
	pool sync.Pool
}

type packet struct {
	due  time.Time
	data *[]byte
	to   net.Addr
}

func newUplink(socket net.PacketConn, way Uplink) *uplink {
	u := &uplink{PacketConn: socket, way: way, queue: make(chan packet, 4096), done: make(chan struct{})}
	u.pool.New = func() any { b := make([]byte, 0, 1600); return &b }
	if way.Rate > 0 || way.Delay > 0 {
		u.group.Go(u.run)
	}
	return u
}

// WriteTo sends, queues or drops a packet.
func (u *uplink) WriteTo(b []byte, to net.Addr) (int, error) {
	if u.dead.Load() || u.way.Loss > 0 && rand.Float64() < u.way.Loss {
		return len(b), nil
	}
	if u.way.Rate <= 0 && u.way.Delay <= 0 {
		return u.PacketConn.WriteTo(b, to)
	}
	due, ok := u.book(len(b) + headers)
	if !ok {
		return len(b), nil
	}
	data := u.pool.Get().(*[]byte)
	*data = append((*data)[:0], b...)
	select {
	case u.queue <- packet{due.Add(u.way.Delay), data, to}:
	default:
	}
	return len(b), nil
}

// book finds when a packet has left; it reports false when the queue is full.
func (u *uplink) book(bytes int) (time.Time, bool) {
	now := time.Now()
	if u.way.Rate <= 0 {
		return now, true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.free.Before(now) {
		u.free = now
	}
	if u.free.Sub(now) > maxQueue {
		return now, false
	}
	u.free = u.free.Add(time.Duration(int64(bytes) * 8 * int64(time.Second) / u.way.Rate))
	return u.free, true
}

func (u *uplink) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-u.done:
			return
		case p := <-u.queue:
			if wait := time.Until(p.due); wait > time.Millisecond {
				timer.Reset(wait)
				select {
				case <-u.done:
					return
				case <-timer.C:
				}
			}
			if !u.dead.Load() {
				_, _ = u.PacketConn.WriteTo(*p.data, p.to)
			}
			u.pool.Put(p.data)
		}
	}
}

// Close ends the socket and what waits for it.
func (u *uplink) Close() error {
	err := net.ErrClosed
	u.closed.Do(func() {
		close(u.done)
		err = u.PacketConn.Close()
	})
	u.group.Wait()
	return err
}
