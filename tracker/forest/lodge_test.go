package forest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Fifty who watch three renditions of which each costs something else, with uplinks of
// twice what they watch: in the least one there are fewer slots than stripes are wanted,
// and all of them are used.
func TestThreeRenditionsUseEverySlot(t *testing.T) {
	for seed := range uint64(8) {
		s := spread(t, seed)
		s.pass(20 * time.Second)
		s.check()
		require.Equal(t, s.leastFromServer(), s.fromServer())
		require.LessOrEqual(t, s.hops(), 4)
	}
}

// spread has fifty viewers join within 3 s who watch three renditions in turn.
func spread(t *testing.T, seed uint64) *swarm {
	s := newSwarm(t, Config{}, 0, seed)
	s.forest = New(Config{}, seeded(seed))
	l := Ladder{Renditions: []Rendition{{Rate: 500_000}, {Rate: 300_000}, {Rate: 150_000}, {Rate: audioRate, Audio: true}}}
	s.do(l)
	for i := range 50 {
		up := 2 * (l.Renditions[i%3].Rate + audioRate)
		if i%5 == 4 {
			up = 0
		}
		s.do(Join{Peer: Peer(fmt.Sprint("n", i)), Follow: []int{i % 3, 3}, Upload: up})
		if i%5 == 4 {
			s.now = s.now.Add(250 * time.Millisecond)
			s.do(Tick{})
			s.settle()
		}
	}
	return s
}

// fromServer is how many stripes come from the server.
func (s *swarm) fromServer() (count int) {
	for _, n := range s.forest.Picture() {
		for _, parent := range n.Parents {
			if parent == "" {
				count++
			}
		}
	}
	return count
}

// leastFromServer is how many have to: each stripe of a rendition once, and what there are
// no slots for.
func (s *swarm) leastFromServer() (least int) {
	for _, t := range s.forest.standing() {
		slots := 0
		for _, n := range t.nodes {
			if t.contributes(n) {
				slots += t.slots(n)
			}
		}
		least += max(Stripes, Stripes*len(t.nodes)-slots)
	}
	return least
}
