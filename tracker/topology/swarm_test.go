package topology

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Unix(1_800_000_000, 0)

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }

// pair names two peers in either order.
type pair [2]Peer

func pairOf(a, b Peer) pair {
	if b < a {
		a, b = b, a
	}
	return pair{a, b}
}

// swarm plays the peers of a Mesh: it does what it is told and keeps its own books,
// from the actions alone.
type swarm struct {
	t             *testing.T
	mesh          *Mesh
	now           time.Time
	names         int
	there         map[Peer]bool
	links         map[pair]int // ends that were told to connect
	side          map[Peer]map[Peer]bool
	failed        map[pair]bool
	gone          []Peer // who was told that somebody left, with the last event
	introductions map[Peer]int
	reachable     func(a, b Peer) bool
	pending       []pair // connections that nobody reported yet
}

func newSwarm(t *testing.T, c Config, seed uint64) *swarm {
	return &swarm{
		t: t, mesh: New(c, random(seed)), now: start,
		there: map[Peer]bool{}, links: map[pair]int{}, side: map[Peer]map[Peer]bool{},
		failed: map[pair]bool{}, introductions: map[Peer]int{},
		reachable: func(a, b Peer) bool { return true },
	}
}

func (s *swarm) name() Peer {
	s.names++
	return Peer(fmt.Sprintf("p%05d", s.names))
}

func (s *swarm) join() Peer {
	id := s.name()
	s.do(Join{id})
	return id
}

func (s *swarm) do(e Event) {
	switch e := e.(type) {
	case Join:
		s.there[e.Peer] = true
	case Leave:
		delete(s.there, e.Peer)
	}
	s.apply(s.mesh.Handle(s.now, e))
}

func (s *swarm) apply(actions []Action) {
	s.gone = nil
	for _, a := range actions {
		s.must(s.there[a.To], "told somebody who isn't there", a)
		switch a.Kind {
		case Connect:
			s.connect(a)
		case Disconnect:
			s.unlink(a.To, a.About)
		case Gone:
			s.gone = append(s.gone, a.To)
			s.unlink(a.To, a.About)
		}
	}
}

func (s *swarm) connect(a Action) {
	p := pairOf(a.To, a.About)
	s.must(a.To != a.About, "told to connect with itself", a)
	s.must(s.there[a.About], "named somebody who isn't there", a)
	s.must(!s.failed[p], "a pair that failed was tried again", a)
	s.must(!s.side[a.To][a.About], "told twice", a)
	if s.side[a.To] == nil {
		s.side[a.To] = map[Peer]bool{}
	}
	s.side[a.To][a.About] = true
	s.introductions[a.To]++
	if s.links[p]++; s.links[p] == 2 {
		s.pending = append(s.pending, p)
	}
}

// must is what holds for every action; there are very many.
func (s *swarm) must(holds bool, otherwise string, a Action) {
	if !holds {
		s.t.Fatalf("%s: %+v", otherwise, a)
	}
}

func (s *swarm) unlink(to, about Peer) {
	delete(s.side[to], about)
	delete(s.links, pairOf(to, about))
}

func (s *swarm) neighbours(id Peer) (all []Peer) {
	for other := range s.side[id] {
		all = append(all, other)
	}
	return all
}

// settle reports how id's connections came out, until there are none to report.
func (s *swarm) settle(Peer) {
	for len(s.pending) > 0 {
		p := s.pending[0]
		s.pending = s.pending[1:]
		if s.links[p] != 2 {
			continue
		}
		if s.reachable(p[0], p[1]) {
			s.do(Report{Peer: p[0], Connected: []Peer{p[1]}})
			s.do(Report{Peer: p[1], Connected: []Peer{p[0]}})
			continue
		}
		s.failed[p] = true
		s.unlink(p[0], p[1])
		s.unlink(p[1], p[0])
		s.do(Report{Peer: p[0], Failed: []Peer{p[1]}})
		s.do(Report{Peer: p[1], Failed: []Peer{p[0]}})
	}
}

// pass lets time go by, a second at a time.
func (s *swarm) pass(d time.Duration) {
	for ; d > 0; d -= time.Second {
		s.now = s.now.Add(time.Second)
		s.do(Tick{})
	}
}

// check compares the books and the bounds.
func (s *swarm) check() {
	for id := range s.there {
		require.LessOrEqual(s.t, len(s.side[id]), 8)
		for other := range s.side[id] {
			require.True(s.t, s.side[other][id], "both ends think so")
			require.True(s.t, s.there[other])
		}
		require.Len(s.t, s.mesh.members[id].links, len(s.side[id]))
	}
	require.Equal(s.t, len(s.there), s.mesh.Members())
}

// parts counts the parts into which the swarm falls.
func (s *swarm) parts() int {
	seen, parts := map[Peer]bool{}, 0
	for id := range s.there {
		if seen[id] {
			continue
		}
		parts++
		queue := []Peer{id}
		seen[id] = true
		for len(queue) > 0 {
			for other := range s.side[queue[0]] {
				if !seen[other] {
					seen[other] = true
					queue = append(queue, other)
				}
			}
			queue = queue[1:]
		}
	}
	return parts
}
