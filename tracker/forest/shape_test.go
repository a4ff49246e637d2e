package forest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Five minutes in which every other second somebody suspects one of those that feed it, as
// a lost packet makes viewers do, and now and then one is late for all it feeds: what is
// worked round then is put straight again.
func TestTreesStayAsShallowAsTheyWere(t *testing.T) {
	const seeds = 10
	before, after := 0.0, 0.0
	for seed := range uint64(seeds) {
		s := newSwarm(t, Config{}, 1, seed)
		for i := range 50 {
			s.join(uplinks(i)*9/10, 0) // nine slots
		}
		s.pass(30 * time.Second)
		before += s.meanHops() / seeds
		plans := s.planned
		for i := range 150 {
			s.accuse()
			if i%10 == 0 {
				s.findLate()
			}
			s.pass(2 * time.Second)
		}
		after += s.meanHops() / seeds
		s.check()
		t.Logf("%d plans told, slots and hops by now: %d, %.2f", s.planned-plans, s.slots(), s.meanHops())
	}
	t.Logf("a stripe's hops on average: %.2f, and %.2f five minutes later", before, after)
	require.Less(t, after, before+0.2)
}

// accuse has one suspect another that feeds it, twice, so that it counts.
func (s *swarm) accuse() {
	n := s.forest.trees[0].nodes[s.random.IntN(s.forest.Members())]
	q := n.parent[s.random.IntN(Stripes)]
	if q == nil {
		return
	}
	for range 2 {
		s.do(Report{Peer: n.peer.id, Suspect: []Peer{q.peer.id}})
	}
}

// findLate has half of those that somebody feeds report that it is late.
func (s *swarm) findLate() {
	n := s.forest.trees[0].nodes[s.random.IntN(s.forest.Members())]
	children := s.childrenOf(n)
	for i, id := range children[:(len(children)+1)/2] {
		s.do(Report{Peer: id, Late: map[Peer]int{n.peer.id: 9}})
		if i == 0 {
			s.pass(5 * time.Second)
		}
	}
}

// meanHops is the mean over all stripes of all viewers.
func (s *swarm) meanHops() float64 {
	hops, count := 0, 0
	for _, n := range s.forest.trees[0].nodes {
		for stripe := range n.parent {
			hops += n.hops(stripe)
			count++
		}
	}
	return float64(hops) / float64(count)
}

func (s *swarm) slots() (sum int) {
	for _, n := range s.forest.Picture() {
		sum += n.Slots
	}
	return sum
}
