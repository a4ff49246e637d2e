package peer_test

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/peer"
	"github.com/liverelay/liverelay/p2p/wire"
	"github.com/liverelay/liverelay/tracker/forest"
)

// partBytes is the size of a part: 250 ms at 564 kbit/s on average, with a keyframe every
// two seconds that makes its part three times as long.
func partBytes(number uint64) int {
	const mean = 17_600
	if number%8 == 0 {
		return 3 * mean
	}
	return mean * 5 / 7
}

// swarm is many cores and a forest on a virtual clock and network: 20 ms one way,
// uplinks that queue, and packets that come a while later when they were lost.
type swarm struct {
	t       *testing.T
	now     int64
	queue   tasks
	count   int
	random  *rand.Rand
	plan    *forest.Forest
	peers   map[string]*member
	names   []string
	heads   []media.Head
	origin  int64
	fetches int
	suspect int
	late    int
	plans   int
	hold    int64
}

// member is one viewer: its core, its uplink, and its playback.
type member struct {
	name    string
	core    *peer.Core
	rate    int64 // bytes a second
	free    int64 // when its uplink is, in µs
	last    map[string]int64
	out     map[string]int // bytes on their way
	feed    int
	whole   map[uint64]bool
	pos     int64 // playhead in ms, −1 before it began
	hold    int64 // how far behind the edge it wants to play, in ms
	rescues int   // since the last moved the hold-back
	movedAt int64
	stalls  int64 // ms
	played  int64
	dead    bool
	aborted map[wire.PartID]int
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

func newSwarm(t *testing.T) *swarm {
	s := &swarm{t: t, peers: map[string]*member{}, random: rand.New(rand.NewPCG(1, 2)), hold: 1000}
	s.plan = forest.New(forest.Config{}, s.random)
	s.tell(forest.Ladder{Renditions: []forest.Rendition{{Rate: 564_000}}})
	return s
}

func (s *swarm) tell(e forest.Event) {
	for _, a := range s.plan.Handle(time.UnixMilli(s.now), e) {
		to := s.peers[string(a.To)]
		if to == nil || to.dead {
			continue
		}
		switch a.Kind {
		case forest.Connect:
			if a.Role == forest.Offer {
				s.after(250, func() { s.connect(to, s.peers[string(a.About)]) })
			}
		case forest.Disconnect:
			s.after(20, func() { s.do(to, to.core.PeerClose(s.now, string(a.About))) })
		case forest.NewPlan:
			s.plans++
			p := peer.PlanEvent{Serial: a.Plan.Serial, Renditions: a.Plan.Renditions}
			for i, v := range a.Plan.Stripes {
				p.Stripes[i] = peer.Source{Parent: string(v.Parent), Standby: string(v.Standby)}
			}
			s.after(20, func() { s.do(to, to.core.Plan(s.now, p)) })
		}
	}
}

func (s *swarm) connect(a, b *member) {
	if a == nil || b == nil || a.dead || b.dead {
		return
	}
	for _, v := range [][2]*member{{a, b}, {b, a}} {
		s.do(v[0], v[0].core.PeerOpen(s.now, v[1].name))
		s.after(20, func() {
			s.tell(forest.Report{Peer: forest.Peer(v[0].name), Connected: []forest.Peer{forest.Peer(v[1].name)}})
		})
	}
}

// join adds a viewer whose uplink has this rate in bit/s, 0 for one that lends nothing.
func (s *swarm) join(name string, uplink int64) {
	upload := int64(0)
	if uplink == 0 {
		upload = -1
	}
	m := &member{
		name: name, hold: s.hold, rate: uplink / 8, last: map[string]int64{}, out: map[string]int{}, whole: map[uint64]bool{}, pos: -1, aborted: map[wire.PartID]int{},
		core: peer.New(peer.Config{ID: name, Stream: "demo", Epoch: "e", Upload: upload}),
	}
	s.peers[name] = m
	s.names = append(s.names, name)
	s.do(m, m.core.Follow(s.now, []int{0}))
	claim := int64(-1)
	if uplink == 0 {
		claim = 0
	}
	s.after(20, func() { s.tell(forest.Join{Peer: forest.Peer(name), Follow: []int{0}, Upload: claim}) })
	var tick func()
	tick = func() {
		if !m.dead {
			s.play(m)
			for _, other := range s.names {
				if bytes, known := m.out[other]; known {
					s.do(m, m.core.Pressure(s.now, other, bytes))
				}
			}
			s.do(m, m.core.Tick(s.now))
			s.after(50, tick)
		}
	}
	s.after(s.random.Int64N(50), tick)
}

// play moves the playhead by 50 ms, when there is something to play; playback is 1.5 s
// behind the edge.
func (s *swarm) play(m *member) {
	edge := int64(len(s.heads)) * 250
	switch {
	case m.pos < 0:
		if edge > m.hold+500 && m.whole[uint64(edge-m.hold-500)/250] && m.whole[uint64(edge-m.hold-250)/250] {
			m.pos = edge - s.hold
		}
	case m.whole[uint64(m.pos)/250]:
		step := int64(50)
		if edge-m.pos < m.hold-150 {
			step -= 5
		}
		m.pos += step
		m.played += step
	default:
		m.stalls += 50
	}
	s.do(m, m.core.Playhead(s.now, m.pos))
	if m.rescues > 0 && s.now >= m.movedAt+1000 {
		m.hold, m.movedAt = max(m.hold, min(m.hold+250, 1850)), s.now
		m.rescues = 0
	}
}

func (s *swarm) do(m *member, actions []peer.Action) {
	if m.dead {
		return
	}
	for _, a := range append([]peer.Action(nil), actions...) {
		switch a.Kind {
		case peer.Send:
			s.send(m, a)
		case peer.Close:
			s.after(20, func() { s.do(s.peers[a.Peer], s.peers[a.Peer].core.PeerClose(s.now, m.name)) })
		case peer.Feed:
			s.feed(m, a)
		case peer.Fetch:
			s.fetch(m, a)
		case peer.AbortFetch:
			m.aborted[a.Part]++
		case peer.Part:
			m.whole[a.Part.Number] = true
		case peer.Suspect:
			s.suspect++
			s.after(20, func() {
				s.tell(forest.Report{Peer: forest.Peer(m.name), Suspect: []forest.Peer{forest.Peer(a.Peer)}})
			})
		case peer.Late:
			s.late += a.Late
			s.after(20, func() {
				s.tell(forest.Report{Peer: forest.Peer(m.name), Late: map[forest.Peer]int{forest.Peer(a.Peer): a.Late}})
			})
		}
	}
}

// send queues a message at the uplink; SCTP, DTLS, UDP and IP add a tenth.
func (s *swarm) send(m *member, a peer.Action) {
	to := s.peers[a.Peer]
	size := int64(len(a.Bytes))*108/100 + 93
	if m.rate > 0 {
		m.free = max(m.free, s.now*1000) + size*1_000_000/m.rate
	}
	at := max(m.free/1000, s.now) + 20
	for left := size; left > 0; left -= 1200 {
		if s.random.Float64() < 0.01 {
			at += 300
		}
	}
	at = max(at, m.last[a.Peer])
	m.last[a.Peer] = at
	b := append([]byte(nil), a.Bytes...)
	m.out[a.Peer] += len(b)
	s.after(at-s.now, func() {
		m.out[a.Peer] -= len(b)
		if to.dead || m.dead && at > s.now {
			return
		}
		if b[0] == byte(wire.TypeHeads) {
			heads := s.parse(b[1:])
			s.do(to, to.core.Heads(s.now, heads, b[1:], m.name))
			return
		}
		s.do(to, to.core.Message(s.now, m.name, b))
	})
}

func (s *swarm) parse(payload []byte) []media.Head {
	n := len(payload) - 64
	at := 1
	for payload[at-1] >= 0x80 {
		at++
	}
	heads, err := wire.DecodeBatch(payload[at:n])
	require.NoError(s.t, err)
	return heads
}

// feed gives what there is and what comes, until another one is wanted.
func (s *swarm) feed(m *member, a peer.Action) {
	m.feed++
	if len(a.Want) == 0 {
		return
	}
	turn, want := m.feed, a.Want[0]
	from := uint64(max(want.From, 0))
	if want.From < 0 {
		from = uint64(max(len(s.heads)-4, 0))
	}
	s.origin += 300
	var next func()
	next = func() {
		if m.dead || m.feed != turn {
			return
		}
		for ; from < uint64(len(s.heads)); from++ {
			s.give(m, from, want.Stripes)
		}
		s.after(10, next)
	}
	s.after(40, next)
}

func (s *swarm) give(m *member, number uint64, stripes uint8) {
	h := s.heads[number]
	payload := batch(s.t, []media.Head{h})
	s.origin += int64(len(payload))
	s.do(m, m.core.Heads(s.now, []media.Head{h}, payload, ""))
	data := pattern(id(0, number), partBytes(number))
	for i := range h.Chunks {
		if stripes>>wire.Stripe(number, i, len(h.Chunks))&1 != 0 {
			from, to := wire.ChunkBounds(len(data), len(h.Chunks), i)
			s.origin += int64(to - from)
			s.do(m, m.core.FeedData(s.now, id(0, number), i, data[from:to]))
		}
	}
}

func (s *swarm) fetch(m *member, a peer.Action) {
	s.fetches++
	m.rescues++
	s.origin += 300 + int64(a.To-a.From)
	s.after(60, func() {
		if m.aborted[a.Part] > 0 {
			m.aborted[a.Part]--
			return
		}
		s.do(m, m.core.Fetched(s.now, a.Part, pattern(a.Part, partBytes(a.Part.Number))[a.From:a.To]))
	})
}

// run publishes parts every 250 ms and runs the clock.
func (s *swarm) run(until int64) {
	for at := s.now + 250; at <= until; at += 250 {
		s.after(at-s.now, func() {
			number := uint64(len(s.heads))
			s.heads = append(s.heads, headOf(number, partBytes(number)))
		})
	}
	for at := s.now + 250; at <= until; at += 250 {
		s.after(at-s.now, func() { s.tell(forest.Tick{}) })
	}
	for s.queue.Len() > 0 && s.queue[0].at <= until {
		next := heap.Pop(&s.queue).(task)
		s.now = next.at
		next.run()
	}
	s.now = until
}

// sums gives the offload since the last time, and who stood how long.
func (s *swarm) sums() (offload float64, stalled int64) {
	played := int64(0)
	for _, m := range s.peers {
		played += m.played
		stalled += m.stalls
		m.played, m.stalls = 0, 0
	}
	offload = 1 - float64(s.origin)/(float64(played)/250*17_600)
	s.origin = 0
	return offload, stalled
}

// watch lets fifty viewers join, every fifth of them without an uplink, and gives what
// was seen in the half minute after the first.
func watch(t *testing.T, uplink int64) (offload float64, stalled int64) {
	s := newSwarm(t)
	s.run(5000)
	for i := range 50 {
		rate := uplink
		if i%5 == 4 {
			rate = 0
		}
		s.after(int64(i)*50, func() { s.join(fmt.Sprintf("peer%d", i), rate) })
	}
	for range 4 {
		before := *s
		s.run(s.now + 10_000)
		offload, stalled = s.sums()
		t.Logf("%d s: offload %.3f, stalled %d ms, fetches %d, suspects %d, late %d, plans %d", s.now/1000, offload, stalled,
			s.fetches-before.fetches, s.suspect-before.suspect, s.late-before.late, s.plans-before.plans)
	}
	return offload, stalled
}

// Fifty viewers with room in their uplinks: all but what the seeds take is carried by
// them. The bound is 0.98, less the heads of the seeds.
func TestSwarmOfFifty(t *testing.T) {
	for _, uplink := range []int64{1_128_000, 1_600_000, 5_000_000} {
		offload, stalled := watch(t, uplink)
		assert.Greater(t, offload, 0.96)
		assert.Zero(t, stalled)
	}
}
