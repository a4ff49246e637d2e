package forest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPairsThatCannotConnectAreWorkedAround(t *testing.T) {
	for _, percent := range []uint32{10, 25, 50} {
		t.Run(fmt.Sprint(percent), func(t *testing.T) {
			s := newSwarm(t, Config{}, 1, 1)
			s.unreachable = unlucky(percent)
			for i := range 60 {
				s.join(uplinks(i), 0)
				s.check()
				s.pass(time.Second)
			}
			s.pass(5 * time.Minute)
			s.check()
			t.Logf("%d %% of pairs: %.3f from the server", percent, s.share())
			require.LessOrEqual(t, s.share(), map[uint32]float64{10: 0.06, 25: 0.15, 50: 0.5}[percent])
		})
	}
}

func TestWhoCanConnectToNobodyIsServedByTheServer(t *testing.T) {
	s := newSwarm(t, Config{}, 1, 1)
	s.unreachable = func(a, b Peer) bool { return a == "p3" || b == "p3" }
	for i := range 30 {
		s.join(uplinks(i), 0)
		s.pass(time.Second)
		s.check()
	}
	s.pass(3 * time.Minute)
	s.check()
	for _, source := range s.plans["p3"][0].Stripes {
		require.Empty(t, source.Parent)
	}
	require.LessOrEqual(t, s.share(), 2.0/30+0.01)
	require.LessOrEqual(t, len(s.forest.peers["p3"].failed), 32+20, "it isn't told of everybody")
}

func TestWhoIsLateForManyLosesRank(t *testing.T) {
	s := issue(t, 50, 1)
	tree := s.forest.trees[0]
	bad := tree.groups[0].members[0]
	slots := tree.slots(bad)
	late := func(by []Peer, chunks int) {
		for _, id := range by {
			s.do(Report{Peer: id, Late: map[Peer]int{bad.peer.id: chunks}})
		}
	}
	children := s.childrenOf(bad)
	third := (len(children) + 2) / 3
	require.Greater(t, third, 2)
	late(children[:third-1], 8)
	late(children, lateFrom-1)
	s.do(Report{Peer: "p49", Late: map[Peer]int{"p49": 8, "stranger": 9}})
	s.pass(12 * time.Second)
	late(children[:1], 8)
	s.pass(12 * time.Second)
	late(children[:1], 8)
	s.pass(12 * time.Second)
	require.Equal(t, slots, tree.slots(bad), "a few are not enough, nor are a few chunks, nor one again and again")
	s.pass(time.Minute)
	late(children[:third], lateFrom)
	s.pass(12 * time.Second)
	require.Equal(t, slots, tree.slots(bad), "nor is a moment")
	late(children[third:third+1], lateFrom)
	s.pass(9 * time.Second)
	require.Equal(t, slots, tree.slots(bad), "not all had the time to report")
	s.pass(3 * time.Second)
	s.check()
	require.Less(t, tree.slots(bad), slots)
	for range 10 { // again and again
		s.pass(11 * time.Second)
		late(s.childrenOf(bad), 9)
		s.pass(5 * time.Second)
		late(s.childrenOf(bad), 9)
		s.check()
	}
	s.pass(12 * time.Second)
	lowest := tree.slots(bad)
	require.LessOrEqual(t, lowest, slots/2)
	s.pass(5 * time.Minute)
	s.check()
	require.Greater(t, tree.slots(bad), lowest, "and gets another chance")
}

// A child hears of being late before the one above it has reported the same.
func TestWhoIsLateBecauseOfAnotherIsNotToBlame(t *testing.T) {
	s := issue(t, 50, 1)
	tree := s.forest.trees[0]
	var top, below *node // who feeds, in one stripe, somebody who feeds many
	for _, n := range tree.nodes {
		for stripe, q := range n.parent {
			if q != nil && n.cluster.holder[stripe] == n && len(s.childrenOf(n)) > len(s.childrenOf(below)) {
				top, below = q, n
			}
		}
	}
	slots := tree.slots(below)
	for range 2 {
		for stripe, q := range below.parent {
			if q != top {
				continue
			}
			for _, n := range tree.nodes {
				if n.parent[stripe] == below {
					s.do(Report{Peer: n.peer.id, Late: map[Peer]int{below.peer.id: 9}})
				}
			}
		}
		s.pass(6 * time.Second)
		s.do(Report{Peer: below.peer.id, Late: map[Peer]int{top.peer.id: 9}})
		s.pass(6 * time.Second)
	}
	s.pass(12 * time.Second)
	require.Equal(t, slots, tree.slots(below))
}

func (s *swarm) childrenOf(parent *node) (all []Peer) {
	if parent == nil {
		return nil
	}
	for _, n := range parent.tree.nodes {
		if slices.Contains(n.parent[:], parent) {
			all = append(all, n.peer.id)
		}
	}
	return all
}

func TestWhoFindsAllLateHasASlowLine(t *testing.T) {
	s := issue(t, 50, 1)
	n := s.forest.trees[0].groups[0].members[0]
	late := map[Peer]int{}
	for _, q := range n.parent {
		if q != nil {
			late[q.peer.id] = lateFrom
		}
	}
	before := s.planned
	for range 5 {
		s.do(Report{Peer: n.peer.id, Late: late})
	}
	require.Equal(t, before, s.planned)
}

// A peer that fell silent with its connections open is suspected by all below it; only
// those it feeds itself are to be moved.
func TestASilentPeerIsLeftByItsChildrenAlone(t *testing.T) {
	s := issue(t, 50, 1)
	tree := s.forest.trees[0]
	top := tree.groups[0]
	for top.parent != nil {
		top = top.parent
	}
	silent := top.holder[2]
	parents := map[*node]*node{}
	var blamed []Report
	for _, n := range tree.nodes {
		if q := n.parent[2]; q != nil {
			parents[n] = q
			blamed = append(blamed, Report{Peer: n.peer.id, Suspect: []Peer{q.peer.id}})
		}
	}
	for range 2 { // once may be a long keyframe
		before := s.planned
		for _, r := range blamed {
			s.do(r)
		}
		require.Equal(t, before, s.planned)
		s.pass(2 * time.Second)
	}
	s.check()
	for n, q := range parents {
		if q == silent {
			require.NotEqual(t, silent, n.parent[2])
		}
	}
	require.Less(t, tree.slots(silent), 10, "its children's word counts as evidence")
}

func TestASilentServerIsNobodysFault(t *testing.T) {
	s := issue(t, 50, 1)
	before := s.planned
	for range 3 {
		for _, n := range s.forest.trees[0].nodes {
			var all []Peer
			for _, q := range n.parent {
				if q != nil {
					all = append(all, q.peer.id)
				}
			}
			s.do(Report{Peer: n.peer.id, Suspect: all})
		}
		s.pass(2 * time.Second)
	}
	s.pass(10 * time.Second)
	s.check()
	require.Equal(t, before, s.planned)
	require.Empty(t, s.forest.accused)
}

func TestASuspectThatNeverOpenedHasFailed(t *testing.T) {
	s := newSwarm(t, Config{}, 1, 1)
	s.do(Join{Peer: "a", Follow: []int{0, 1}, Upload: -1})
	s.do(Join{Peer: "b", Follow: []int{0, 1}, Upload: -1})
	s.do(Tick{})
	s.do(Report{Peer: "b", Suspect: []Peer{"a"}})
	require.Empty(t, s.told)
	s.pass(5 * time.Minute)
	require.Empty(t, s.told)
}

// When a fifth of all are late at once it is the machine, the source or the net between
// all of them: nobody's uplink is thought less of.
func TestBadWeatherIsNobodysFault(t *testing.T) {
	s := issue(t, 50, 1)
	tree := s.forest.trees[0]
	before := 0
	for _, n := range tree.nodes {
		before += tree.slots(n)
	}
	for range 4 {
		for _, n := range tree.nodes {
			late := map[Peer]int{}
			for _, q := range [...]*node{n.parent[0], n.parent[3]} {
				if q != nil {
					late[q.peer.id] = 9
				}
			}
			s.do(Report{Peer: n.peer.id, Late: late})
		}
		s.pass(5 * time.Second)
	}
	after := 0
	for _, n := range tree.nodes {
		after += tree.slots(n)
	}
	require.Equal(t, before, after)
}
