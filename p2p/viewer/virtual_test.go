package viewer

import (
	"container/heap"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/origin/egress"
	"github.com/liverelay/liverelay/p2p/peer"
	"github.com/liverelay/liverelay/p2p/wire"
	"github.com/liverelay/liverelay/tracker/forest"
)

const (
	partTime = 250 // ms
	oneWay   = 20  // ms
	bitrate  = 564_000
	// meanPart is what a part takes on average, in bytes.
	meanPart = bitrate / 8 * partTime / 1000
)

func partID(number uint64) wire.PartID { return wire.PartID{Number: number} }

// virtual is many viewers, a forest and a server on a virtual clock and network: 20 ms
// one way, uplinks that queue, and packets that come a while later when they were lost.
type virtual struct {
	t       *testing.T
	now     int64 // ms
	queue   tasks
	count   int
	random  *rand.Rand
	plan    *forest.Forest
	members map[string]*member
	names   []string
	parts   [][]byte
	heads   []media.Head
	loss    float64        // of packets between viewers
	ordered bool           // nothing between viewers overtakes anything
	budget  *egress.Budget // nil without a limit
	seen    seen
	holds   map[string]float64 // what share of their claims some uplinks hold
}

// seen is what is counted over all members; origin is in bytes.
type seen struct{ origin, fetches, refused, shed, suspects, late, unsent, plans int }

// member is one viewer: its core, its uplink, and its playback.
type member struct {
	name    string
	core    *peer.Core
	play    *playback
	rate    int64 // bytes a second
	free    int64 // when its uplink is, in µs
	last    map[string]int64
	out     map[string]int // bytes on their way
	feed    *running
	dead    bool
	fetches map[wire.PartID]*bool
	late    map[forest.Peer]int // to be told with its next report
}

// lateEvery is how often a viewer reports who was late, in ms; sooner when it suspects
// somebody.
const lateEvery = 10_000

// running is a feed that is given.
type running struct {
	over  bool
	given *egress.Feed
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

func (s *virtual) after(ms int64, run func()) {
	s.count++
	heap.Push(&s.queue, task{s.now + ms, s.count, run})
}

func (s *virtual) clock() time.Time { return time.UnixMilli(s.now) }

// newVirtual makes a world whose server may send limit bit/s; 0 for all that it can.
func newVirtual(t *testing.T, limit int64) *virtual {
	s := &virtual{t: t, loss: 0.01, members: map[string]*member{}, random: rand.New(rand.NewPCG(1, 2))}
	s.plan = forest.New(forest.Config{}, s.random)
	s.tell(forest.Ladder{Renditions: []forest.Rendition{{Rate: bitrate}}})
	if limit > 0 {
		s.budget = egress.New(limit/8, s.clock())
	}
	return s
}

func (s *virtual) tell(e forest.Event) {
	for _, a := range s.plan.Handle(s.clock(), e) {
		to := s.members[string(a.To)]
		if to == nil || to.dead {
			continue
		}
		s.sent(150)
		switch a.Kind {
		case forest.Connect:
			if a.Role == forest.Offer {
				s.sent(4 * 500)
				s.after(500, func() { s.connect(to, s.members[string(a.About)]) })
			}
		case forest.Gone:
			s.after(oneWay, func() { s.do(to, to.core.Gone(s.now, string(a.About))) })
		case forest.Disconnect:
			s.after(oneWay, func() { s.do(to, to.core.PeerClose(s.now, string(a.About))) })
		case forest.NewPlan:
			s.seen.plans++
			p := peer.PlanEvent{Serial: a.Plan.Serial, Renditions: a.Plan.Renditions}
			for i, v := range a.Plan.Stripes {
				p.Stripes[i] = peer.Source{Parent: string(v.Parent), Standby: string(v.Standby)}
			}
			s.after(oneWay, func() { s.do(to, to.core.Plan(s.now, p)) })
		}
	}
}

// report tells the forest something, a way later.
func (s *virtual) report(r forest.Report) { s.after(oneWay, func() { s.tell(r) }) }

func (s *virtual) connect(a, b *member) {
	if a == nil || b == nil || a.dead || b.dead {
		return
	}
	for _, v := range [][2]*member{{a, b}, {b, a}} {
		s.do(v[0], v[0].core.PeerOpen(s.now, v[1].name))
		s.report(forest.Report{Peer: forest.Peer(v[0].name), Connected: []forest.Peer{forest.Peer(v[1].name)}})
	}
}

// join adds a viewer whose uplink has this rate in bit/s, 0 for one that lends nothing.
func (s *virtual) join(name string, uplink int64) {
	if ok, retry := s.admits(egress.Join, 2048); !ok {
		s.after(retry, func() { s.join(name, uplink) })
		return
	}
	s.sent(2048)
	upload := int64(0)
	if uplink == 0 {
		upload = -1
	}
	timing := media.Timing{PartTarget: partTime * time.Millisecond, PartHoldBack: 3 * partTime * time.Millisecond, TargetDuration: 2 * time.Second}
	m := &member{
		name: name, rate: s.rateOf(name, uplink), last: map[string]int64{}, out: map[string]int{}, fetches: map[wire.PartID]*bool{},
		core: peer.New(peer.Config{ID: name, Stream: "demo", Epoch: "e", Upload: upload}),
		play: newPlayback(timing, 0),
	}
	s.members[name] = m
	s.names = append(s.names, name)
	s.do(m, m.core.Follow(s.now, []int{0}))
	s.after(oneWay, func() { s.tell(forest.Join{Peer: forest.Peer(name), Follow: []int{0}, Upload: uplink}) })
	s.after(s.random.Int64N(50), func() { s.tick(m) })
	s.after(s.random.Int64N(lateEvery), func() { s.beat(m) })
}

// rateOf is what an uplink of such a claim holds, in bytes a second.
func (s *virtual) rateOf(name string, claim int64) int64 {
	if share, less := s.holds[name]; less {
		claim = int64(share * float64(claim))
	}
	return claim / 8
}

// beat has a viewer report now and then. Viewers do so at times of their own, so that one
// is heard of being late before, or after, those above it are.
func (s *virtual) beat(m *member) {
	if m.dead {
		return
	}
	s.news(m, nil)
	s.after(lateEvery, func() { s.beat(m) })
}

// news tells the tracker what a viewer has found since it last did.
func (s *virtual) news(m *member, suspect []forest.Peer) {
	s.report(forest.Report{Peer: forest.Peer(m.name), Suspect: suspect, Late: m.late})
	m.late = nil
}

func (s *virtual) tick(m *member) {
	if m.dead {
		return
	}
	m.play.advance(s.clock(), s.clock())
	for _, id := range m.play.released {
		s.do(m, m.core.Release(s.now, id))
	}
	m.play.released = nil
	s.do(m, m.core.Playhead(s.now, m.play.playhead()))
	for _, other := range s.names {
		if bytes, known := m.out[other]; known {
			s.do(m, m.core.Pressure(s.now, other, bytes))
		}
	}
	s.do(m, m.core.Tick(s.now))
	s.after(50, func() { s.tick(m) })
}

// vanish takes viewers away as a power cut does: the tracker sees it at once, their
// peers when nothing has come for a while.
func (s *virtual) vanish(gone []*member) {
	for _, m := range gone {
		m.dead = true
		s.endFeed(m)
	}
	for _, m := range gone {
		for _, name := range s.names {
			if other := s.members[name]; !other.dead {
				s.after(8000, func() { s.do(other, other.core.PeerClose(s.now, m.name)) })
			}
		}
		s.after(oneWay, func() { s.tell(forest.Leave{Peer: forest.Peer(m.name)}) })
	}
}

// interior are those who feed others.
func (s *virtual) interior() (all []*member) {
	for _, name := range s.names {
		if m := s.members[name]; !m.dead && slices.Max(sliceOf(m.core.Children())) > 0 {
			all = append(all, m)
		}
	}
	return all
}

func sliceOf(a [wire.Stripes]int) []int { return a[:] }

func (s *virtual) do(m *member, actions []peer.Action) {
	if m.dead {
		return
	}
	for _, a := range slices.Clone(actions) {
		switch a.Kind {
		case peer.Send:
			s.send(m, a)
		case peer.Close:
			other := s.members[a.Peer]
			s.after(oneWay, func() { s.do(other, other.core.PeerClose(s.now, m.name)) })
		case peer.Feed:
			s.feed(m, a)
		case peer.Fetch:
			m.play.rescue()
			s.fetch(m, a)
		case peer.AbortFetch:
			if aborted := m.fetches[a.Part]; aborted != nil {
				*aborted = true
			}
		case peer.Part:
			m.play.part(a.Part.Rendition, a.Part.Number, false)
		case peer.Lost:
			m.play.part(a.Part.Rendition, a.Part.Number, true)
		case peer.Suspect:
			s.seen.suspects++
			s.news(m, []forest.Peer{forest.Peer(a.Peer)})
		case peer.Late:
			if a.Peer == m.name {
				s.seen.unsent += a.Late
			} else {
				s.seen.late += a.Late
			}
			if m.late == nil {
				m.late = map[forest.Peer]int{}
			}
			m.late[forest.Peer(a.Peer)] += a.Late
		}
	}
}

// send queues a message at the uplink; SCTP, DTLS, UDP and IP add a tenth.
func (s *virtual) send(m *member, a peer.Action) {
	to := s.members[a.Peer]
	size := int64(len(a.Bytes))*108/100 + 93
	if m.rate > 0 {
		m.free = max(m.free, s.now*1000) + size*1_000_000/m.rate
	}
	at := max(m.free/1000, s.now) + oneWay
	for left := size; left > 0; left -= 1200 {
		for again := int64(300); s.random.Float64() < s.loss; again = 1000 { // a second time by a timer alone
			at += again
		}
	}
	if s.ordered || wire.Type(a.Bytes[0]).InOrder() {
		at = max(at, m.last[a.Peer])
		m.last[a.Peer] = at
	}
	b := append([]byte(nil), a.Bytes...)
	m.out[a.Peer] += len(b)
	s.after(at-s.now, func() {
		if to.dead { // nobody acknowledges it
			return
		}
		m.out[a.Peer] -= len(b)
		if m.dead {
			return
		}
		if b[0] == byte(wire.TypeHeads) {
			s.headsCame(to, s.parse(b[1:]), b[1:], m.name)
			return
		}
		s.do(to, to.core.Message(s.now, m.name, b))
	})
}

func (s *virtual) headsCame(m *member, heads []media.Head, payload []byte, from string) {
	s.do(m, m.core.Heads(s.now, heads, payload, from))
	for i := range heads {
		if m.play.head(&heads[i]) {
			s.do(m, m.core.Demand(s.now, partID(heads[i].Number)))
		}
	}
}

func (s *virtual) parse(payload []byte) []media.Head {
	_, at := binary.Uvarint(payload)
	heads, err := wire.DecodeBatch(payload[at : len(payload)-64])
	require.NoError(s.t, err)
	return heads
}

// run publishes parts, beats, and runs the clock.
func (s *virtual) run(until int64) {
	for at := s.now + partTime; at <= until; at += partTime {
		s.after(at-s.now, s.publish)
		s.after(at-s.now, func() { s.tell(forest.Tick{}) })
	}
	for s.queue.Len() > 0 && s.queue[0].at <= until {
		next := heap.Pop(&s.queue).(task)
		s.now = next.at
		next.run()
	}
	s.now = until
}

// sums is what was seen since the last time by those who live.
type sums struct {
	offload         float64
	played, stalled time.Duration
	stalls, started int
}

func (s *virtual) sums() (sum sums) {
	bytes := int64(0)
	for _, m := range s.members {
		p := m.play
		if !m.dead {
			sum.played += p.played
			sum.stalled += p.stalled
			sum.stalls += p.stalls
			if p.started {
				sum.started++
			}
		}
		bytes += p.playedBytes
		p.played, p.stalled, p.stalls, p.playedBytes = 0, 0, 0, 0
	}
	sum.offload = 1 - float64(s.seen.origin)/float64(max(bytes, 1))
	return sum
}
