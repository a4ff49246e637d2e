package forest

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// issue is the audience of the issue's table: every fifth lends nothing, the others
// twice the bitrate.
func issue(t *testing.T, size, videos int) *swarm {
	s := newSwarm(t, Config{}, videos, 1)
	for i := range size {
		s.join(uplinks(i), s.random.IntN(videos))
	}
	s.pass(90 * time.Second)
	s.quiet()
	return s
}

func TestSmallAudiences(t *testing.T) {
	for size := 1; size <= 12; size++ {
		s := newSwarm(t, Config{}, 1, uint64(size))
		for range size {
			s.join(-1, 0)
			s.check()
		}
		require.InDelta(t, 1/float64(size), s.share(), 1e-9, "%d viewers take one copy from the server", size)
		require.LessOrEqual(t, s.hops(), 3)
		if size == 1 {
			require.Empty(t, s.told)
		}
	}
}

func TestNobodyIsConnectedBelowTheLeastAudience(t *testing.T) {
	s := newSwarm(t, Config{MinAudience: 5}, 1, 1)
	for range 4 {
		s.join(-1, 0)
		s.pass(time.Second)
	}
	require.Empty(t, s.told)
	require.Len(t, s.plans, 4)
	s.join(-1, 0)
	require.Len(t, s.told, 10)
	require.InDelta(t, 0.2, s.share(), 1e-9)
	for range 3 {
		s.do(Leave{s.anybody()})
		s.check()
	}
	s.pass(10 * time.Second)
	require.Empty(t, s.told, "two are too few")
	require.Equal(t, 1.0, s.share())
}

func TestWhoFollowsNothingKnownHasNoPlan(t *testing.T) {
	s := newSwarm(t, Config{}, 1, 1)
	s.do(Join{Peer: "a", Follow: []int{7, -1}, Upload: -1})
	s.do(Join{Peer: "b", Follow: []int{}, Upload: -1})
	s.do(Join{Peer: "d", Upload: -1}) // says nothing
	require.Equal(t, []int{0, 1}, s.plans["d"][0].Renditions)
	s.do(Join{Peer: "c", Follow: []int{1}, Upload: -1}) // audio alone
	s.join(-1, 0)
	require.Nil(t, s.plans["a"])
	require.Nil(t, s.plans["b"])
	require.Equal(t, []int{1}, s.plans["c"][1].Renditions)
	s.do(Follow{"a", []int{1}})
	require.NotNil(t, s.plans["a"][1])
	s.check()
	s.do(Follow{"a", nil})
	s.check()
	s.do(Follow{"nobody", []int{0}})
	s.do(Leave{"nobody"})
	s.do(Report{Peer: "nobody"})
	s.do(Join{Peer: "a"})
	s.check()
}

func TestTheLadderMayComeLate(t *testing.T) {
	f := New(Config{}, seeded(1))
	now := time.Unix(1_800_000_000, 0)
	require.Empty(t, f.Handle(now, Join{Peer: "a", Follow: []int{0, 1}, Upload: -1}))
	require.Empty(t, f.Handle(now, Join{Peer: "b", Follow: []int{0, 1}, Upload: -1}))
	require.Empty(t, f.ladder)
	kinds := map[Kind]int{}
	for _, a := range append(slices.Clone(f.Handle(now, ladder(1))), f.Handle(now, Tick{})...) {
		kinds[a.Kind]++
	}
	require.Equal(t, map[Kind]int{Connect: 2, NewPlan: 4}, kinds)
}

func TestFiftyViewersOfWhomEveryFifthLendsNothing(t *testing.T) {
	s := issue(t, 50, 1)
	require.InDelta(t, 0.02, s.share(), 1e-9, "one copy of the stream")
	require.LessOrEqual(t, s.hops(), 4)
	t.Logf("%d connections made, %d plans told, hops at most %d", s.connects, s.planned, s.hops())
	before, plans := s.connects, s.planned
	s.pass(5 * time.Minute)
	require.Equal(t, plans, s.planned, "a plan that is good stays")
	const turns = 500
	for i := range turns {
		s.do(Leave{s.anybody()})
		s.settle()
		s.check()
		s.join(uplinks(i), 0)
		s.pass(6 * time.Second) // 20 % a minute
		s.check()
	}
	t.Logf("for each that was replaced: %.1f connections made, %.1f plans told",
		float64(s.connects-before)/turns, float64(s.planned-plans)/turns)
	require.LessOrEqual(t, float64(s.connects-before)/turns, 25.0)
	s.pass(60 * time.Second)
	s.quiet()
	require.LessOrEqual(t, s.share(), 0.04)
}

// Uplinks of twice the media leave eight stripes each when headers are counted: two
// more than a viewer takes itself.
func TestUplinksOfTwiceTheMedia(t *testing.T) {
	s := newSwarm(t, Config{}, 1, 1)
	for i := range 50 {
		upload := int64(2 * (videoRate + audioRate))
		if i%5 == 4 {
			upload = 0
		}
		s.do(Join{Peer: Peer(fmt.Sprint("n", i)), Follow: []int{0, 1}, Upload: upload})
	}
	s.do(Tick{})
	s.settle()
	s.pass(time.Minute)
	s.check()
	require.InDelta(t, 0.02, s.share(), 1e-9, "one copy of the stream")
	require.LessOrEqual(t, s.hops(), 6)
	require.LessOrEqual(t, s.planned, 2*50+10, "who joins together is planned together")
}

func TestThreeRenditions(t *testing.T) {
	s := issue(t, 50, 3)
	require.InDelta(t, 3.0/50, s.share(), 1e-9, "one copy of each")
}

func TestAllHoldersOfAStripeLeaveAtOnce(t *testing.T) {
	s := issue(t, 50, 1)
	var holders []Peer
	for _, c := range s.forest.trees[0].groups {
		holders = append(holders, c.holder[3].peer.id)
	}
	s.killAndCheck(holders, "all holders of one stripe")
}

func TestHalfOfTheInteriorLeavesAtOnce(t *testing.T) {
	s := issue(t, 50, 1)
	var half []Peer
	i := 0
	for _, n := range s.forest.Picture() {
		if n.Used == 0 {
			continue
		}
		if i++; i%2 == 0 {
			half = append(half, n.Peer)
		}
	}
	s.killAndCheck(half, "half of the interior")
}

// killAndCheck looks at what the server is asked for right away, while connections that
// are new are being made, and when it is over.
func (s *swarm) killAndCheck(gone []Peer, what string) {
	s.t.Helper()
	fresh := map[[2]Peer]bool{}
	for _, id := range gone {
		for _, a := range s.forest.Handle(s.now, Leave{id}) {
			if a.Kind == Connect {
				fresh[pairOf(a.To, a.About)] = true
			}
			s.apply(a)
		}
		delete(s.plans, id)
		s.check()
	}
	waits := 0
	for _, n := range s.forest.trees[0].nodes {
		for _, q := range n.parent {
			if q == nil || fresh[pairOf(q.peer.id, n.peer.id)] {
				waits++
			}
		}
	}
	left := s.forest.Members()
	s.t.Logf("%s, %d of %d: %d of %d stripes come from the server or over connections to be made",
		what, len(gone), len(gone)+left, waits, left*Stripes)
	s.settle()
	s.check()
	s.pass(10 * time.Second)
	require.LessOrEqual(s.t, s.share(), 2/float64(left))
	s.pass(60 * time.Second)
	s.quiet()
	require.InDelta(s.t, 1/float64(left), s.share(), 1e-9)
}

func TestConnectionsNobodyReportsAreGivenUp(t *testing.T) {
	s := newSwarm(t, Config{}, 1, 1)
	s.do(Join{Peer: "a", Follow: []int{0, 1}, Upload: -1})
	s.do(Join{Peer: "b", Follow: []int{0, 1}, Upload: -1})
	s.do(Tick{})
	require.Len(t, s.told, 1)
	for range 31 {
		s.now = s.now.Add(time.Second)
		s.do(Tick{})
	}
	require.Empty(t, s.told)
}

func TestAConnectionOutlivesThePlanThatNeededIt(t *testing.T) {
	s := newSwarm(t, Config{}, 2, 1)
	a, b := s.join(-1, 0), s.join(-1, 0)
	s.do(Follow{b, []int{1, 2}})
	s.check()
	require.Contains(t, s.told, pairOf(a, b))
	s.pass(2 * time.Second)
	s.do(Follow{b, []int{0, 2}}) // back in time: nothing to be told
	s.do(Tick{})
	s.pass(10 * time.Second)
	require.Contains(t, s.told, pairOf(a, b))
	s.do(Follow{b, []int{1, 2}})
	s.pass(4 * time.Second)
	require.Empty(t, s.told)
	require.Equal(t, 1, s.connects)
}

func TestClaimsAreBelievedUpToABound(t *testing.T) {
	s := newSwarm(t, Config{}, 1, 1)
	for range 30 {
		s.join(1_000_000*bitrate, 0)
	}
	s.check()
	for _, n := range s.forest.Picture() {
		require.LessOrEqual(t, n.Slots, trustedSlots)
	}
	s.pass(5 * time.Minute)
	for _, n := range s.forest.Picture() {
		require.LessOrEqual(t, n.Slots, mostSlots)
		require.LessOrEqual(t, n.Slots, max(trustedSlots, 2*10))
	}
}

func TestAStrongViewerComesUpAndALeafMakesWay(t *testing.T) {
	s := newSwarm(t, Config{}, 1, 1)
	for i := range 6 {
		s.join([]int64{2 * bitrate, 0}[i%2], 0) // three of each
	}
	for range 60 {
		s.join(6*bitrate/5, 0) // six slots: one for other clusters
	}
	s.pass(2 * time.Minute)
	strong := s.join(20*bitrate, 0)
	s.pass(3 * time.Minute)
	s.check()
	for _, n := range s.forest.Picture() {
		if n.Peer == strong {
			require.LessOrEqual(t, n.Depth, 1)
		}
		if n.Leaf {
			require.Positive(t, n.Depth)
		}
	}
	t.Logf("weak uplinks: %.3f from the server, hops at most %d", s.share(), s.hops())
	require.LessOrEqual(t, s.share(), 3.1/67)
}

func TestTheSameEventsLeadToTheSameActions(t *testing.T) {
	run := func() (log []Action) {
		f, now := New(Config{}, seeded(7)), time.Unix(1_800_000_000, 0)
		f.Handle(now, ladder(1))
		for i := range 200 {
			now = now.Add(time.Second)
			log = append(log, f.Handle(now, Join{Peer: Peer(fmt.Sprint(i)), Follow: []int{0, 1}, Upload: uplinks(i)})...)
			if i%3 == 0 {
				log = append(log, f.Handle(now, Leave{Peer(fmt.Sprint(i / 3))})...)
			}
			log = append(log, f.Handle(now, Tick{})...)
		}
		return log
	}
	require.Equal(t, run(), run())
}

// What one that comes or goes costs the others, where the audience is big.
func TestMovesAreFew(t *testing.T) {
	const size, turns = 1000, 300
	s := newSwarm(t, Config{}, 1, 1)
	for i := range size {
		s.join(uplinks(i), 0)
		if i%50 == 0 {
			s.pass(time.Second)
		}
	}
	t.Logf("growing: %.1f connections and %.1f plans for each that came", float64(s.connects)/size, float64(s.planned)/size)
	require.LessOrEqual(t, float64(s.planned)/size, 10.0)
	s.pass(2 * time.Minute)
	s.quiet()
	connects, planned := s.connects, s.planned
	for i := range turns {
		s.do(Leave{s.anybody()})
		s.settle()
		s.join(uplinks(i), 0)
		if i%3 == 2 {
			s.pass(time.Second) // 18 % a minute
		}
	}
	t.Logf("churn: %.1f connections and %.1f plans for each that was replaced",
		float64(s.connects-connects)/turns, float64(s.planned-planned)/turns)
	require.LessOrEqual(t, float64(s.planned-planned)/turns, 40.0)
	t.Logf("server's share meanwhile %.4f", s.share())
	require.LessOrEqual(t, s.share(), 0.01)
}

// The audience of DESIGN's simulation: lognormal uplinks, a quarter lends nothing, a
// tenth of all pairs can't connect.
func TestUnequalUplinks(t *testing.T) {
	for _, c := range []struct{ mean, most float64 }{{2, 0.01}, {1.5, 0.03}, {1, 0.25}} {
		t.Run(fmt.Sprint(c.mean), func(t *testing.T) {
			const size, sigma = 300, 0.6
			s := newSwarm(t, Config{}, 1, 1)
			s.unreachable = unlucky(10)
			slots := 0.0
			for i := range size {
				// A quarter lends nothing, so that the others lend 4/3 of the mean.
				up := c.mean * 4 / 3 * math.Exp(s.random.NormFloat64()*sigma-sigma*sigma/2)
				if i%4 == 3 {
					up = 0
				}
				slots += math.Floor(up * Stripes * bookable / 100)
				s.join(int64(up*bitrate), 0)
				if i%10 == 0 {
					s.pass(time.Second)
				}
			}
			s.pass(5 * time.Minute)
			s.check()
			bound := max(1.0/size, 1-slots/(size*Stripes))
			t.Logf("uplinks of %.1f on average: %.3f from the server, bound %.3f; hops at most %d", c.mean, s.share(), bound, s.hops())
			require.LessOrEqual(t, s.share(), c.most)
		})
	}
}
