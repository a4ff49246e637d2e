package forest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestChurnKeepsThePlanWhole(t *testing.T) {
	for _, size := range []int{1, 2, 3, 4, 5, 6, 7, 8, 12, 20, 50, 100, 300} {
		for _, bad := range []uint32{0, 10} {
			t.Run(fmt.Sprintf("%d/%d%%", size, bad), func(t *testing.T) { churn(t, size, bad, 1) })
		}
	}
	for _, videos := range []int{2, 3} {
		t.Run(fmt.Sprintf("60 on %d renditions", videos), func(t *testing.T) { churn(t, 60, 5, videos) })
	}
}

// churn fills a swarm, replaces it, and looks at it after every event.
func churn(t *testing.T, size int, bad uint32, videos int) {
	s := newSwarm(t, Config{}, videos, uint64(size))
	s.unreachable = unlucky(bad)
	for i := range size {
		s.join(s.anyUplink(i), s.random.IntN(videos))
		if size <= 50 || i%10 == 0 { // a check costs as much as many events
			s.check()
		}
	}
	for i := range size {
		s.do(Leave{s.anybody()})
		if size > 50 && i%10 != 0 {
			continue
		}
		s.check()
		s.settle()
		s.join(s.anyUplink(i), s.random.IntN(videos))
		s.check()
		if videos > 1 {
			s.do(Follow{s.anybody(), []int{s.random.IntN(videos), videos}})
			s.check()
			s.settle()
		}
		if s.random.IntN(3) == 0 {
			s.pass(time.Second)
			s.check()
		}
	}
	s.pass(3 * time.Minute)
	s.check()
}

func (s *swarm) anyUplink(i int) int64 {
	switch s.random.IntN(6) {
	case 0:
		return 0
	case 1:
		return -1
	case 2:
		return int64(s.random.IntN(4 * bitrate))
	default:
		return uplinks(i)
	}
}

// A state machine that is driven by foreign reports must survive any order of them.
func FuzzForest(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8, 3, 0x12, 1, 2, 6, 9, 4, 0x13, 5, 0x31, 2, 0x24})
	f.Add([]byte{0, 1, 0, 17, 0, 34, 0, 51, 4, 0x12, 4, 0x13, 6, 200, 5, 0x12, 5, 0x32, 7, 0x12, 7, 0x32})
	f.Add([]byte{8, 0x12, 8, 0x21, 8, 0x13, 8, 0x31, 8, 0x23, 6, 200, 0, 4, 8, 0x12, 6, 80, 1, 2, 8, 0x32})
	f.Fuzz(func(t *testing.T, program []byte) {
		s := newSwarm(t, Config{}, 2, 1)
		used := map[Peer]bool{}
		for ; len(program) >= 2; program = program[2:] {
			op, arg := program[0]%9, program[1]
			a, b := Peer(fmt.Sprint(arg>>4)), Peer(fmt.Sprint(arg&15))
			switch op {
			case 0:
				if !used[b] { // ids are never used twice
					used[b] = true
					s.do(Join{Peer: b, Follow: []int{int(arg>>4) % 4, 2}, Upload: int64(arg>>5)*bitrate/2 - 1})
				}
			case 1:
				s.do(Leave{b})
			case 2:
				s.do(Follow{b, []int{int(a[0]) % 4, 2, int(a[0]) % 3}})
			case 3:
				s.opens(a, b)
				s.do(Report{Peer: a, Connected: []Peer{b}})
			case 4:
				s.do(Report{Peer: a, Failed: []Peer{b}})
			case 5:
				s.do(Report{Peer: a, Suspect: []Peer{b}})
			case 6:
				s.pass(time.Duration(arg) * time.Second / 8)
			case 7:
				s.do(Report{Peer: a, Late: map[Peer]int{b: 3}})
			case 8:
				used[b] = true
				s.claim(a, b, arg)
			}
			s.check()
		}
	})
}

// claim has b come back, or again, which says that all of its stripes come from a.
func (s *swarm) claim(a, b Peer, arg byte) {
	plan := &Plan{Renditions: []int{int(arg>>6) % 2, 2}}
	for i := range plan.Stripes {
		plan.Stripes[i] = Source{Parent: a, Standby: b}
	}
	plan.Place = seat{cluster: uint64(arg >> 5), holds: arg % (1 << Stripes), leaf: arg&1 != 0}.String()
	s.opens(a, b)
	if s.forest.peers[b] == nil {
		s.plans[b] = map[int]*Plan{plan.Renditions[0]: plan}
	}
	s.do(Join{Peer: b, Follow: plan.Renditions, Upload: int64(arg>>5) * bitrate / 2, Connected: []Peer{a}, Plans: []*Plan{plan}})
}

// opens has two be connected, as somebody says they are.
func (s *swarm) opens(a, b Peer) {
	if !s.failed[pairOf(a, b)] {
		s.told[pairOf(a, b)] = s.now
	}
}

func BenchmarkReplaceOne(b *testing.B) {
	for _, size := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			f, r, now := crowd(size), seeded(2), time.Unix(1_800_000_000, 0).Add(time.Hour)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				f.Handle(now, Leave{f.order[r.IntN(size)].id})
				f.Handle(now, Join{Peer: Peer(fmt.Sprint("q", i)), Follow: []int{0, 1}, Upload: uplinks(i)})
				f.Handle(now, Tick{}) // gives it a place; every tenth looks over the trees, too
				if i%10 == 9 {
					now = now.Add(time.Second)
				}
			}
		})
	}
}

func BenchmarkTick(b *testing.B) {
	f, now := crowd(10000), time.Unix(1_800_000_000, 0).Add(time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Second)
		f.Handle(now, Tick{})
	}
}

func crowd(size int) *Forest {
	f, now := New(Config{Patience: 1000 * time.Hour}, seeded(1)), time.Unix(1_800_000_000, 0)
	f.Handle(now, ladder(1))
	for i := range size {
		f.Handle(now, Join{Peer: Peer(fmt.Sprint("p", i)), Follow: []int{0, 1}, Upload: uplinks(i)})
		if i%100 == 0 {
			now = now.Add(time.Second)
			f.Handle(now, Tick{})
		}
	}
	for range 60 {
		now = now.Add(time.Second)
		f.Handle(now, Tick{})
	}
	return f
}

// The figures of docs/decisions/trees.md.
func TestTheTreeIsShallow(t *testing.T) {
	for _, c := range []struct {
		size, hops int
		server     float64 // at most
	}{{7, 3, 0.2}, {50, 4, 0.03}, {1000, 6, 0.01}, {10000, 7, 0.005}} {
		t.Run(fmt.Sprint(c.size), func(t *testing.T) {
			f := crowd(c.size)
			s := &swarm{t: t, forest: f}
			hops, groups, used := map[int]int{}, map[int]int{}, 0
			for _, n := range f.Picture() {
				hops[n.Hops]++
				used = max(used, n.Connections)
			}
			for _, g := range f.trees[0].groups {
				groups[g.depth]++
			}
			t.Logf("viewers by hops: %v; clusters by depth: %v; server's share %.4f; most connections %d", hops, groups, s.share(), used)
			require.LessOrEqual(t, s.hops(), c.hops)
			require.LessOrEqual(t, s.share(), c.server)
		})
	}
}
