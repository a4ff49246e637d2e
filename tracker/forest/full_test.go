package forest

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// reportsFull has a peer say that it left out so many percent of what it was to push in the
// last ten seconds.
func (s *swarm) reportsFull(p *peer, percent int) {
	unsent := s.forest.pushes(p) * int(10*time.Second/s.forest.part) * percent / 100
	s.do(Report{Peer: p.id, Late: map[Peer]int{p.id: unsent}})
	s.pass(10 * time.Second)
}

// Who says of itself that it had to leave out a good part of what it was to push sends
// less, by as much as it says; what a keyframe and a lost packet leave out is nothing.
func TestWhoSaysThatItsUplinkIsFullIsBelieved(t *testing.T) {
	s := issue(t, 50, 1)
	tree := s.forest.trees[0]
	full := tree.groups[0].members[0]
	slots := tree.slots(full)
	for _, percent := range []int{90, 0, fullTwice + 5, 0, fullTwice - 3, fullAtOnce - 3, 0} {
		s.reportsFull(full.peer, percent) // the first says nothing of since when
		require.Equal(t, slots, tree.slots(full))
	}
	used := full.used
	s.reportsFull(full.peer, 40)
	require.Equal(t, used*8/10, tree.slots(full), "half of that at once")
	s.reportsFull(full.peer, fullTwice+5)
	require.Equal(t, used*8/10, tree.slots(full))
	s.reportsFull(full.peer, fullTwice+5)
	low := tree.slots(full)
	require.Less(t, low, used*8/10)
	s.check()
	waits := func() (wait int) {
		for tree.slots(full) <= low && wait < 100 {
			s.reportsFull(full.peer, 0)
			wait++
		}
		s.reportsFull(full.peer, fullAtOnce+5)
		return wait
	}
	first, second, third := waits(), waits(), waits()
	require.LessOrEqual(t, first, 12, "it is tried again")
	require.Greater(t, second, first, "ever more seldom, as the same is too much each time")
	require.Greater(t, third, second)
}

// The worst that peers achieve by such reports is to lend nothing, which they could have
// said when they joined.
func TestWhoLiesThatItIsFullHarmsNobodyElse(t *testing.T) {
	s := issue(t, 50, 1)
	tree := s.forest.trees[0]
	liars := map[*peer]bool{}
	for _, n := range tree.groups[0].members[:3] {
		liars[n.peer] = true
	}
	slots := map[*node]int{}
	for _, n := range tree.nodes {
		slots[n] = tree.slots(n)
	}
	for range 60 {
		for p := range liars {
			s.do(Report{Peer: p.id, Late: map[Peer]int{p.id: math.MaxInt}})
			s.do(Report{Peer: p.id, Late: map[Peer]int{p.id: math.MinInt}})
		}
		s.pass(3 * time.Second)
		s.check()
	}
	for _, n := range tree.nodes {
		if liars[n.peer] {
			require.LessOrEqual(t, tree.slots(n), leastSlots)
		} else {
			require.Equal(t, slots[n], tree.slots(n))
		}
	}
	require.LessOrEqual(t, s.share(), 2.0/50)
	for range 60 {
		for p := range liars {
			s.reportsFull(p, 0)
		}
	}
	s.check()
	for p := range liars {
		require.GreaterOrEqual(t, tree.slots(p.nodes[0]), leastSlots, "and they may come back")
	}
}
