package peer_test

import (
	"container/heap"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/peer"
	"github.com/liverelay/liverelay/p2p/wire"
)

// swarm is a handful of cores on a virtual clock and network: 20 ms between peers, 10
// ms to the server.
type swarm struct {
	t       *testing.T
	now     int64
	queue   tasks
	count   int
	cores   map[string]*peer.Core
	fetches map[wire.PartID]int
	parts   map[string]int
	lie     string // this peer's data is wrong
	closed  map[string]uint64
	newest  uint64
	aborted map[string]bool
	dead    map[string]bool  // neither does anything nor says so
	heard   map[uint64]int64 // when a part's head came
	late    int64            // the longest that anybody waited for a part after its head
}

type task struct {
	at    int64
	order int
	run   func()
}

type tasks []task

func (q tasks) Len() int { return len(q) }
func (q tasks) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].order < q[j].order
}
func (q tasks) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *tasks) Push(x any)   { *q = append(*q, x.(task)) }
func (q *tasks) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

func (s *swarm) after(ms int64, run func()) {
	s.count++
	heap.Push(&s.queue, task{s.now + ms, s.count, run})
}

func newSwarm(t *testing.T, n int) *swarm {
	s := &swarm{
		t: t, cores: map[string]*peer.Core{}, fetches: map[wire.PartID]int{}, parts: map[string]int{},
		closed: map[string]uint64{}, aborted: map[string]bool{}, dead: map[string]bool{}, heard: map[uint64]int64{},
	}
	for i := range n {
		name := fmt.Sprintf("peer%d", i)
		s.cores[name] = peer.New(peer.Config{ID: name, Stream: "demo", Epoch: "e"})
		s.do(name, s.cores[name].Follow(0, []int{0}))
	}
	for a := range s.cores {
		for b := range s.cores {
			if a != b {
				s.do(a, s.cores[a].PeerOpen(0, b))
			}
		}
	}
	return s
}

func (s *swarm) do(name string, actions []peer.Action) {
	if s.dead[name] {
		return
	}
	for _, a := range append([]peer.Action(nil), actions...) {
		switch a.Kind {
		case peer.Send:
			s.send(name, a)
		case peer.Close:
			s.closed[a.Peer] = a.Code
			s.after(20, func() { s.do(a.Peer, s.cores[a.Peer].PeerClose(s.now, name)) })
		case peer.Fetch:
			s.fetch(name, a.Part)
		case peer.AbortFetch:
			s.aborted[fmt.Sprint(name, a.Part)] = true
		case peer.Part:
			require.Equal(s.t, pattern(a.Part, medium), a.Bytes)
			s.parts[name]++
			s.late = max(s.late, s.now-s.heard[a.Part.Number])
		case peer.Lost:
			s.t.Errorf("%s lost %v", name, a.Part)
		}
	}
}

func (s *swarm) send(from string, a peer.Action) {
	b := append([]byte(nil), a.Bytes...)
	if from == s.lie && b[0] == byte(wire.TypeData) {
		b[len(b)-1]++
	}
	s.after(20, func() { s.do(a.Peer, s.cores[a.Peer].Message(s.now, from, b)) })
}

// fetch answers when the part exists, as a held request does.
func (s *swarm) fetch(name string, id wire.PartID) {
	if s.aborted[fmt.Sprint(name, id)] {
		delete(s.aborted, fmt.Sprint(name, id))
	}
	if id.Number > s.newest {
		s.after(5, func() { s.fetch(name, id) })
		return
	}
	if s.aborted[fmt.Sprint(name, id)] {
		return
	}
	s.fetches[id]++
	s.after(10, func() { s.do(name, s.cores[name].Fetched(s.now, id, pattern(id, medium))) })
}

// run publishes parts every 250 ms and ticks every 50 ms.
func (s *swarm) run(parts int) {
	for n := range parts {
		s.after(int64(n)*250, func() {
			s.newest = uint64(n)
			s.heard[s.newest] = s.now + 5
			for name, c := range s.cores {
				s.after(5, func() {
					s.do(name, c.Heads(s.now, []media.Head{headOf(uint64(n), medium)}, ""))
					s.do(name, c.Buffer(s.now, 1000))
					s.do(name, c.Demand(s.now, id(0, uint64(n))))
				})
			}
		})
	}
	for ms := int64(0); ms < int64(parts+8)*250; ms += 50 {
		s.after(ms, func() {
			for name, c := range s.cores {
				s.do(name, c.Tick(s.now))
			}
		})
	}
	for s.queue.Len() > 0 && s.now < int64(parts+8)*250 {
		next := heap.Pop(&s.queue).(task)
		s.now = next.at
		next.run()
	}
}

// In a full mesh one peer takes each part from the server, and everybody gets it.
func TestSwarmSharesTheDuty(t *testing.T) {
	s := newSwarm(t, 5)
	s.run(40)
	for name := range s.cores {
		require.Equal(t, 40, s.parts[name], name)
	}
	total := 0
	for number := uint64(2); number < 40; number++ {
		total += s.fetches[id(0, number)]
	}
	require.Equal(t, 38, total, "one fetch for each part")
}

// ABUSE 13: a polluter is dropped by everybody whom it lied to, and all the others
// play everything.
func TestAbuse13PolluterIsDropped(t *testing.T) {
	s := newSwarm(t, 5)
	s.lie = "peer3"
	s.run(60)
	require.Contains(t, s.closed, "peer3")
	require.EqualValues(t, wire.ByeWrong, s.closed["peer3"])
	for name, c := range s.cores {
		if name != s.lie {
			require.Equal(t, 60, s.parts[name], name)
			require.EqualValues(t, 1, c.Stats().RejectedChunks, "one chunk of one neighbour, and no more")
		}
	}
}

// With every other peer dead at once, and none of them saying so, HTTP has the last
// word: each part is there within the patience and the way to the server.
func TestTheLastWordBelongsToHTTP(t *testing.T) {
	s := newSwarm(t, 5)
	s.after(5000, func() {
		for name := range s.cores {
			s.dead[name] = name != "peer0"
		}
	})
	s.run(60)
	require.Equal(t, 60, s.parts["peer0"])
	require.LessOrEqual(t, s.late, int64(1000-peer.HTTPLead+50+20), "patience, a tick, the fetch")
}
