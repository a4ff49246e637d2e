package signal

import (
	"sync"
	"time"
)

// Clock tells the server's time. The reading with the shortest way there and back
// counts, as it can be wrong by half of that at most.
type Clock struct {
	mu     sync.Mutex
	known  bool
	trip   time.Duration
	offset time.Duration // server − ours
}

// Set takes a reading: the server said server when our clock was between sent and
// received.
func (c *Clock) Set(server, sent, received time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	trip := received.Sub(sent)
	if c.known && trip > c.trip {
		return
	}
	c.known, c.trip = true, trip
	c.offset = server.Sub(sent.Add(trip / 2))
}

// read takes a pong: t is the ping's time in ms since began, now the server's clock.
func (c *Clock) read(began time.Time, t float64, now int64, received time.Time) {
	sent := began.Add(time.Duration(t * float64(time.Millisecond)))
	if sent.After(received) {
		return
	}
	c.Set(time.UnixMilli(now), sent, received)
}

// Now is the server's time for a time of ours; ours when no reading was taken.
func (c *Clock) Now(ours time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return ours.Add(c.offset)
}

// Or gives this clock when it was read, else other.
func (c *Clock) Or(other *Clock) *Clock {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known {
		return c
	}
	return other
}
