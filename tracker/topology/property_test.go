package topology

import (
	"fmt"
	"hash/fnv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// unlucky lets a tenth of all pairs never reach each other, always the same ones.
func unlucky(a, b Peer) bool {
	h := fnv.New32a()
	p := pairOf(a, b)
	fmt.Fprint(h, p[0], p[1])
	return h.Sum32()%10 != 0
}

func TestChurnKeepsTheSwarmTogether(t *testing.T) {
	for _, size := range []int{2, 3, 5, 10, 30, 100, 300, 1000} {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%d/%d", size, seed), func(t *testing.T) {
				churn(t, size, seed)
			})
		}
	}
}

// churn fills a swarm, replaces it twice over, and looks at it all the while.
func churn(t *testing.T, size int, seed uint64) {
	s := newSwarm(t, Config{}, seed)
	s.reachable = unlucky
	r := random(seed + 100)
	for range size {
		s.settle(s.join())
	}
	s.check()
	for range 2 * size {
		s.do(Leave{s.mesh.order[r.IntN(len(s.mesh.order))].id})
		s.settle(s.join())
		if r.IntN(4) == 0 {
			s.pass(time.Second)
			s.settle("")
		}
	}
	s.check()
	// Time for refills, and for parts to be joined. A pair of which neither half is
	// reachable to the other can't be together.
	for range 120 {
		s.pass(time.Second)
		s.settle("")
	}
	s.check()
	if size >= 10 {
		require.Equal(t, 1, s.parts())
		for id := range s.there {
			require.GreaterOrEqual(t, len(s.side[id]), 3)
		}
	}
}

func TestHalfOfAllLeaveAtOnce(t *testing.T) {
	s := newSwarm(t, Config{}, 1)
	s.reachable = unlucky
	for range 1000 {
		s.settle(s.join())
	}
	r := random(2)
	for range 500 {
		s.do(Leave{s.mesh.order[r.IntN(len(s.mesh.order))].id})
	}
	s.settle("")
	s.pass(30 * time.Second)
	s.settle("")
	s.check()
	require.Equal(t, 1, s.parts())
}

// A state machine that is driven by foreign reports must survive any order of them.
func FuzzMesh(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 0, 3, 1, 2, 2, 0x12, 3, 0x13, 4, 40})
	f.Add([]byte{0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 3, 0x12, 3, 0x12, 1, 1, 4, 255, 4, 255})
	f.Fuzz(func(t *testing.T, program []byte) {
		s := newSwarm(t, Config{MinAudience: 3}, 1)
		used := map[Peer]bool{}
		for len(program) >= 2 {
			op, arg := program[0]%5, program[1]
			program = program[2:]
			a, b := Peer(fmt.Sprint(arg>>4)), Peer(fmt.Sprint(arg&15))
			switch op {
			case 0:
				if !used[b] { // ids are never used twice
					used[b] = true
					s.do(Join{b})
				}
			case 1:
				s.do(Leave{b})
			case 2:
				s.do(Report{Peer: a, Connected: []Peer{b}})
			case 3:
				if s.side[a][b] {
					s.failed[pairOf(a, b)] = true
					s.unlink(a, b)
				}
				s.do(Report{Peer: a, Failed: []Peer{b}})
			case 4:
				s.pass(time.Duration(arg) * time.Second / 8)
			}
			s.check()
		}
	})
}

func BenchmarkReplaceOne(b *testing.B) {
	for _, size := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			m, r := New(Config{}, random(1)), random(2)
			ids := make([]Peer, size)
			for i := range ids {
				ids[i] = Peer(fmt.Sprintf("p%d", i))
				m.Handle(start, Join{ids[i]})
			}
			b.ReportAllocs()
			for i := range b.N {
				at := r.IntN(size)
				m.Handle(start, Leave{ids[at]})
				ids[at] = Peer(fmt.Sprintf("q%d", i))
				m.Handle(start, Join{ids[at]})
			}
		})
	}
}

// A tick after something went counts the parts of the whole swarm, every 5 s at most.
func BenchmarkHeal(b *testing.B) {
	m := New(Config{}, random(1))
	for i := range 10000 {
		m.Handle(start, Join{Peer(fmt.Sprint(i))})
	}
	b.ReportAllocs()
	for b.Loop() {
		m.heal()
	}
}
