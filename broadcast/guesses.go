package broadcast

import (
	"net"
	"net/netip"
	"time"
)

const (
	freeGuesses    = 3               // wrong keys that cost nothing but the answer
	firstBackOff   = 2 * time.Second // after the next one; doubled by each that follows
	longestBackOff = time.Minute
	forgetAfter    = 10 * time.Minute // without another wrong key
	maxGuessers    = 4096
)

// guesses counts the wrong keys of each address and says who has to wait. A right
// key does not clear the count, for a guesser may own a stream. It is bounded: when
// it is full, one of those that were heard of least recently is forgotten.
type guesses struct {
	by map[string]guesser
}

type guesser struct {
	count int
	last  time.Time
	until time.Time
}

// blocked says whether the address has to wait still. A blocked address is told
// nothing about the key it offers, be it right or wrong.
func (g *guesses) blocked(address string, now time.Time) bool {
	return now.Before(g.by[address].until)
}

// wrong notes a wrong key.
func (g *guesses) wrong(address string, now time.Time) {
	if g.by == nil {
		g.by = make(map[string]guesser)
	}
	e, known := g.by[address]
	if now.Sub(e.last) > forgetAfter {
		e = guesser{}
	}
	e.count++
	e.last = now
	if over := e.count - freeGuesses; over > 0 {
		wait := longestBackOff
		if over < 6 {
			wait = min(wait, firstBackOff<<(over-1))
		}
		e.until = now.Add(wait)
	}
	if !known && len(g.by) >= maxGuessers {
		g.makeRoom()
	}
	g.by[address] = e
}

// makeRoom drops the oldest of a few entries, picked at random, so that a flood of
// addresses costs little time.
func (g *guesses) makeRoom() {
	var oldest string
	var when time.Time
	n := 0
	for a, e := range g.by {
		if n == 0 || e.last.Before(when) {
			oldest, when = a, e.last
		}
		if n++; n == 16 {
			break
		}
	}
	delete(g.by, oldest)
}

// addressOf cuts the port off and an IPv6 address to its /64, the smallest network
// that a household or a guesser gets.
func addressOf(remote string) string {
	host := remote
	if h, _, err := net.SplitHostPort(remote); err == nil {
		host = h
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a.String()
	}
	return p.String()
}
