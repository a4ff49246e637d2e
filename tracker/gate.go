package tracker

import (
	"errors"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

var (
	errFull    = errors.New("too many connections")
	errClosing = errors.New("closing")
)

// forgetAfter is how long an address without connections is remembered, for its
// arrivals to be counted.
const forgetAfter = time.Minute

// gate counts the connections there are, in all and by address. Its lock is held for
// a few instructions only: it is asked before there is anything to own.
type gate struct {
	limits Limits

	mu        sync.Mutex
	closed    bool
	total     int
	addresses map[netip.Addr]*visitor
	inside    sync.WaitGroup
}

// visitor is an address and what it does.
type visitor struct {
	connections int
	seen        time.Time
	arrivals    *rate.Limiter
	messages    *rate.Limiter // safe for concurrent use
}

func newGate(l Limits) *gate {
	return &gate{limits: l, addresses: make(map[netip.Addr]*visitor)}
}

// enter lets one more connection of an address in, or says why not. Who was let in
// has to leave.
func (g *gate) enter(a netip.Addr, now time.Time) (v *visitor, leave func(), err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, nil, errClosing
	}
	v = g.visitor(network(a), now)
	if !v.arrivals.AllowN(now, 1) || v.connections >= g.limits.ConnectionsPerAddress || g.total >= g.limits.Connections {
		return nil, nil, errFull
	}
	v.connections++
	g.total++
	g.inside.Add(1)
	return v, func() { g.leave(v) }, nil
}

func (g *gate) leave(v *visitor) {
	g.mu.Lock()
	v.connections--
	g.total--
	g.mu.Unlock()
	g.inside.Done()
}

func (g *gate) visitor(a netip.Addr, now time.Time) *visitor {
	v := g.addresses[a]
	if v == nil {
		v = &visitor{
			arrivals: g.limits.ArrivalsPerAddress.limiter(),
			messages: g.limits.MessagesPerAddress.limiter(),
		}
		g.addresses[a] = v
	}
	v.seen = now
	return v
}

// sweep forgets addresses that are gone.
func (g *gate) sweep(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for a, v := range g.addresses {
		if v.connections == 0 && now.Sub(v.seen) > forgetAfter {
			delete(g.addresses, a)
		}
	}
}

// close lets nobody in any more and waits until all have left.
func (g *gate) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.inside.Wait()
}

// network is what counts as one address: who has an IPv6 address has 2^64 of them.
func network(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if !a.Is6() {
		return a
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}

func (r Rate) limiter() *rate.Limiter { return rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst) }
