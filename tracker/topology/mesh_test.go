package topology

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNobodyIsConnectedBelowTheAudience(t *testing.T) {
	s := newSwarm(t, Config{MinAudience: 3}, 1)
	s.do(Join{"a"})
	s.do(Join{"b"})
	require.Empty(t, s.links)
	s.do(Join{"c"})
	require.Len(t, s.links, 3, "the third makes an audience, and all are introduced")
}

func TestTheNewcomerMakesTheOffers(t *testing.T) {
	m := New(Config{}, random(1))
	m.Handle(start, Join{"a"})
	require.Equal(t, []Action{
		{Kind: Connect, To: "a", About: "b", Role: Answer},
		{Kind: Connect, To: "b", About: "a", Role: Offer},
	}, m.Handle(start, Join{"b"}), "the one who waits is told first")
}

func TestANewcomerIsGivenFour(t *testing.T) {
	s := newSwarm(t, Config{}, 1)
	for i := range 40 {
		id := s.join()
		require.Len(t, s.neighbours(id), min(i, 4))
	}
}

func TestJoiningTwiceChangesNothing(t *testing.T) {
	s := newSwarm(t, Config{}, 1)
	s.do(Join{"a"})
	s.do(Join{"b"})
	require.Empty(t, s.mesh.Handle(s.now, Join{"a"}))
	require.Equal(t, 2, s.mesh.Members())
}

func TestTheFewestComeFirst(t *testing.T) {
	m := New(Config{MinAudience: 100}, random(1)) // so that nobody is connected by itself
	for _, id := range []Peer{"a", "b", "c", "d", "lonely"} {
		m.Handle(start, Join{id})
	}
	m.connect(m.members["a"], m.members["b"])
	m.connect(m.members["c"], m.members["d"])
	require.Equal(t, Peer("lonely"), m.pick(m.members["a"]).id)
}

func TestThoseWhoLostNeighboursAreGivenMore(t *testing.T) {
	s := newSwarm(t, Config{}, 1)
	for range 12 {
		s.join()
	}
	victim := s.mesh.order[5].id
	lost := s.neighbours(victim)
	s.do(Leave{victim})
	require.ElementsMatch(t, lost, s.gone, "each neighbour is told")
	for _, id := range lost {
		require.GreaterOrEqual(t, len(s.neighbours(id)), 3)
	}
}

func TestWhatNeverConnectedIsGivenUp(t *testing.T) {
	s := newSwarm(t, Config{}, 1)
	s.do(Join{"a"})
	s.do(Join{"b"})
	s.pass(29 * time.Second)
	require.Len(t, s.links, 1)
	s.pass(2 * time.Second)
	require.Empty(t, s.links, "both are told to close it")
	s.pass(time.Minute)
	require.Empty(t, s.links, "and it is not tried again")
}

func TestWhatConnectedStays(t *testing.T) {
	s := newSwarm(t, Config{}, 1)
	s.do(Join{"a"})
	s.do(Join{"b"})
	s.do(Report{Peer: "a", Connected: []Peer{"b"}})
	require.Equal(t, 1, s.mesh.Open())
	s.pass(time.Hour)
	require.Len(t, s.links, 1)
	s.do(Leave{"a"})
	require.Zero(t, s.mesh.Open())
}

func TestAReportOfStrangersIsIgnored(t *testing.T) {
	s := newSwarm(t, Config{}, 1)
	for _, id := range []Peer{"a", "b"} {
		s.do(Join{id})
	}
	before := len(s.links)
	s.do(Report{Peer: "a", Connected: []Peer{"x", "a"}, Failed: []Peer{"y", "a"}})
	s.do(Report{Peer: "x", Connected: []Peer{"a"}, Failed: []Peer{"b"}})
	require.Len(t, s.links, before)
	require.Zero(t, s.mesh.Open())
}

func TestAViewerNobodyCanReachIsNotGivenToEveryNewcomer(t *testing.T) {
	s := newSwarm(t, Config{}, 1)
	s.reachable = func(a, b Peer) bool { return a != "hermit" && b != "hermit" }
	for range 20 {
		s.settle(s.join())
	}
	s.do(Join{"hermit"})
	s.settle("hermit")
	introduced := s.introductions["hermit"]
	for range 200 {
		s.settle(s.join())
	}
	require.LessOrEqual(t, s.introductions["hermit"]-introduced, 40)
}

// Whoever calls every connection failed must not be told of the whole audience.
func TestAbuse15_AddressesLearntPerPeerAreBounded(t *testing.T) {
	s := newSwarm(t, Config{}, 1)
	for range 500 {
		s.settle(s.join())
	}
	s.reachable = func(a, b Peer) bool { return a != "harvester" && b != "harvester" }
	s.do(Join{"harvester"})
	for range 600 { // ten minutes
		s.settle("harvester")
		s.pass(time.Second)
	}
	require.LessOrEqual(t, s.introductions["harvester"], 32+60)
	require.Greater(t, s.introductions["harvester"], 32, "but it isn't given up either")
}

func TestASwarmThatFellApartIsJoinedAgain(t *testing.T) {
	for _, size := range []int{3, 5, 9} { // nine are full with eight neighbours each
		s := newSwarm(t, Config{}, 7)
		for range 2 * size {
			s.do(Join{s.name()})
		}
		m := s.mesh
		for _, p := range m.order {
			for len(p.links) > 0 {
				l := p.links[0]
				m.actions = nil
				m.apart(l)
				m.cut(l)
				s.apply(m.actions)
			}
		}
		for i, a := range m.order {
			for _, b := range m.order[i+1:] {
				if a.place%2 == b.place%2 {
					m.actions = nil
					m.connect(a, b)
					s.apply(m.actions)
				}
			}
		}
		require.Equal(t, 2, s.parts())
		for range 60 {
			s.settle("")
			s.pass(time.Second)
		}
		require.Equal(t, 1, s.parts(), "two parts of %d", size)
		s.check()
	}
}

func TestTheSameSeedMakesTheSamePlan(t *testing.T) {
	plan := func() []Action {
		m, r := New(Config{}, random(3)), random(4)
		var all []Action
		var ids []Peer
		for i := range 500 {
			if r.IntN(3) > 0 || len(ids) == 0 {
				ids = append(ids, Peer(rune('A'+i)))
				all = append(all, m.Handle(start, Join{ids[len(ids)-1]})...)
				continue
			}
			at := r.IntN(len(ids))
			all = append(all, m.Handle(start, Leave{ids[at]})...)
			ids = append(ids[:at], ids[at+1:]...)
		}
		return all
	}
	require.Equal(t, plan(), plan())
}
