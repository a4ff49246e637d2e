package forest

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	videoRate = 500_000
	audioRate = 64_000
	// bitrate is what a viewer takes, with headers: uplinks are multiples of it.
	bitrate = (videoRate+audioRate)*(100+headers)/100 + 4*perPart
)

// swarm is an audience that does what it is told, and looks at the plan all the while.
type swarm struct {
	t      *testing.T
	forest *Forest
	random *rand.Rand
	now    time.Time
	told   map[[2]Peer]time.Time // connections, since when
	plans  map[Peer]map[int]*Plan
	failed map[[2]Peer]bool
	next   int
	// unreachable says which pairs can't connect.
	unreachable func(a, b Peer) bool
	connects    int
	reconnects  int // of those who are connected: twice for each pair
	planned     int // plans that were told
	introduced  map[Peer]int
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func ladder(videos int) Ladder {
	l := Ladder{}
	for i := range videos {
		l.Renditions = append(l.Renditions, Rendition{Rate: videoRate >> i})
	}
	l.Renditions = append(l.Renditions, Rendition{Rate: audioRate, Audio: true})
	return l
}

func newSwarm(t *testing.T, config Config, videos int, seed uint64) *swarm {
	s := &swarm{
		t: t, forest: New(config, seeded(seed)), random: seeded(seed + 1000),
		now:         time.Unix(1_800_000_000, 0),
		told:        make(map[[2]Peer]time.Time),
		plans:       make(map[Peer]map[int]*Plan),
		failed:      make(map[[2]Peer]bool),
		introduced:  make(map[Peer]int),
		unreachable: func(Peer, Peer) bool { return false },
	}
	s.do(ladder(videos))
	return s
}

func pairOf(a, b Peer) [2]Peer {
	if b < a {
		a, b = b, a
	}
	return [2]Peer{a, b}
}

// do hands one event in and does what comes out.
func (s *swarm) do(e Event) {
	for _, a := range s.forest.Handle(s.now, e) {
		s.apply(a)
	}
	if l, ok := e.(Leave); ok {
		delete(s.plans, l.Peer)
	}
}

func (s *swarm) apply(a Action) {
	k := pairOf(a.To, a.About)
	switch a.Kind {
	case Connect:
		require.False(s.t, s.failed[k], "%v failed before", k)
		if at, told := s.told[k]; !told {
			s.connects++
		} else if at.Before(s.now) {
			s.reconnects++
		}
		s.told[k] = s.now
		s.introduced[a.To]++
	case Disconnect, Gone:
		delete(s.told, k)
	case NewPlan:
		s.planned++
		s.take(a)
	}
}

func (s *swarm) take(a Action) {
	mine := s.plans[a.To]
	if mine == nil {
		mine = make(map[int]*Plan)
		s.plans[a.To] = mine
	}
	for _, p := range mine {
		require.Greater(s.t, a.Plan.Serial, p.Serial)
	}
	mine[a.Plan.Renditions[0]] = a.Plan
}

// join lets one come who lends so much and follows a video rendition with its audio.
func (s *swarm) join(upload int64, video int) Peer {
	id := Peer(fmt.Sprint("p", s.next))
	s.next++
	s.do(Join{Peer: id, Follow: []int{video, len(s.forest.ladder) - 1}, Upload: upload})
	s.do(Tick{})
	s.settle()
	return id
}

// settle reports all connections that were asked for.
func (s *swarm) settle() {
	for range 40 {
		open := append([]*pair(nil), s.forest.asked...)
		busy := false
		for _, k := range open {
			if k.open || k.over {
				continue
			}
			busy = true
			r := Report{Peer: k.b.id}
			if s.unreachable(k.a.id, k.b.id) {
				s.failed[pairOf(k.a.id, k.b.id)] = true
				r.Failed = []Peer{k.a.id}
			} else {
				r.Connected = []Peer{k.a.id}
			}
			s.do(r)
		}
		if !busy {
			return
		}
	}
}

func (s *swarm) pass(d time.Duration) {
	for end := s.now.Add(d); s.now.Before(end); {
		s.now = s.now.Add(time.Second)
		s.do(Tick{})
		s.settle()
	}
}

func (s *swarm) anybody() Peer {
	return s.forest.order[s.random.IntN(len(s.forest.order))].id
}

// unlucky says of a share of all pairs that they can't connect, always of the same.
func unlucky(percent uint32) func(a, b Peer) bool {
	return func(a, b Peer) bool {
		h := fnv.New32a()
		p := pairOf(a, b)
		fmt.Fprint(h, p[0], "-", p[1])
		return h.Sum32()%100 < percent
	}
}

// uplinks is the distribution of the issue: every fifth lends nothing.
func uplinks(i int) int64 {
	if i%5 == 4 {
		return 0
	}
	return 2 * bitrate
}

// share is how much of what is played comes from the server, as planned.
func (s *swarm) share() float64 {
	server, all := 0, 0
	for _, t := range s.forest.standing() {
		for _, n := range t.nodes {
			for _, q := range n.parent {
				all++
				if q == nil {
					server++
				}
			}
		}
	}
	return float64(server) / float64(all)
}

func (s *swarm) hops() (most int) {
	for _, n := range s.forest.Picture() {
		most = max(most, n.Hops)
	}
	return most
}
