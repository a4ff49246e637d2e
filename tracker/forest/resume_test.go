package forest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// restart gives the audience another tracker, which knows nothing; cut takes all from the
// one that there is. Those of whom stays doesn't say so are gone when it is back.
func (s *swarm) restart(cut bool, stays func(Peer) bool) (back []Join) {
	all := slices.Clone(s.forest.order)
	for _, p := range all {
		if stays(p.id) {
			back = append(back, s.remembers(p, stays))
		}
	}
	if cut {
		for _, p := range all { // nobody hears what is said of it
			s.forest.Handle(s.now, Leave{p.id})
		}
	} else {
		config := s.forest.config
		config.Start += 1_000_000
		renditions, part := s.forest.ladder, s.forest.part
		s.forest = New(config, seeded(77))
		s.do(Ladder{Renditions: renditions, Part: part})
	}
	for pair := range s.told {
		if !stays(pair[0]) || !stays(pair[1]) {
			delete(s.told, pair)
		}
	}
	s.connects, s.reconnects, s.planned = 0, 0, 0
	return back
}

// remembers is what a viewer says when it comes back.
func (s *swarm) remembers(p *peer, stays func(Peer) bool) Join {
	j := Join{Peer: p.id, Follow: slices.Clone(p.follow), Upload: p.uplink.claim}
	for _, k := range p.pairs {
		if other := k.other(p).id; k.open && stays(other) {
			j.Connected = append(j.Connected, other)
		}
	}
	for r, plan := range s.plans[p.id] {
		had := *plan
		had.Serial = 0
		s.plans[p.id][r] = &had
		j.Plans = append(j.Plans, &had)
	}
	return j
}

// comeBack lets them come in any order within some seconds.
func (s *swarm) comeBack(back []Join, within time.Duration) {
	s.random.Shuffle(len(back), func(i, j int) { back[i], back[j] = back[j], back[i] })
	at := make([]time.Time, len(back))
	for i := range at {
		at[i] = s.now.Add(time.Duration(s.random.Int64N(int64(within))))
	}
	slices.SortFunc(at, time.Time.Compare)
	for i, j := range back {
		s.beats(at[i])
		s.do(j)
		if i%10 == 0 {
			s.check()
		}
	}
	s.beats(s.now.Add(12 * time.Second))
	s.check()
}

// beats lets time go by in beats of the tracker.
func (s *swarm) beats(until time.Time) {
	for s.now.Before(until) {
		s.now = s.now.Add(250 * time.Millisecond)
		s.do(Tick{})
		s.settle()
	}
}

func everybody(Peer) bool { return true }

// tenth says of all but every tenth.
func tenth(s *swarm) func(Peer) bool {
	gone := map[Peer]bool{}
	for _, p := range s.forest.order {
		gone[p.id] = s.random.IntN(10) == 0
	}
	return func(id Peer) bool { return !gone[id] }
}

func TestWhoComesBackGoesOn(t *testing.T) {
	for _, size := range []int{2, 7, 50, 300, 1000} {
		for _, cut := range []bool{false, true} {
			t.Run(fmt.Sprint(size, " cut ", cut), func(t *testing.T) {
				s := issue(t, size, 1+size/300)
				before, hops := s.share(), s.hops()
				s.comeBack(s.restart(cut, everybody), 6*time.Second)
				t.Logf("%d connections made, %d plans told", s.connects, s.planned)
				require.Zero(t, s.connects)
				require.Zero(t, s.reconnects)
				require.LessOrEqual(t, s.planned, size/50)
				require.Equal(t, before, s.share())
				s.pass(time.Minute)
				s.quiet()
				require.LessOrEqual(t, s.connects, size/20, "what there is stays")
				require.LessOrEqual(t, s.hops(), hops+1)
			})
		}
	}
}

func TestMostComeBack(t *testing.T) {
	for _, size := range []int{50, 1000} {
		s := issue(t, size, 1)
		stays := tenth(s)
		s.comeBack(s.restart(false, stays), 6*time.Second)
		left := size - s.forest.Members()
		t.Logf("%d of %d gone: %d connections made, %d plans told", left, size, s.connects, s.planned)
		require.Zero(t, s.reconnects)
		// The same as if they had left one by one.
		require.LessOrEqual(t, s.connects, 11*left)
		require.LessOrEqual(t, s.planned, 17*left)
		s.pass(time.Minute)
		s.quiet()
		require.LessOrEqual(t, s.share(), 0.04)
	}
}

// A tenth lies about all that it says, and names whom it never met.
func TestLiarsComeBack(t *testing.T) {
	for _, size := range []int{50, 1000} {
		s := issue(t, size, 1)
		back := s.restart(false, everybody)
		for i := range back {
			if i%10 == 0 {
				s.lie(&back[i], back)
			}
		}
		for _, j := range back { // whoever says the same of each other is connected
			for _, id := range j.Connected {
				if i := slices.IndexFunc(back, func(o Join) bool { return o.Peer == id }); slices.Contains(back[i].Connected, j.Peer) {
					s.told[pairOf(j.Peer, id)] = s.now
				}
			}
		}
		told := len(s.told)
		s.comeBack(back, 6*time.Second)
		t.Logf("%d of %d lie: %d connections made of %d, %d plans told", size/10, size, s.connects, told, s.planned)
		// What others had with them, and what they are given: somewhat more than one who is replaced.
		require.LessOrEqual(t, s.connects, 16*size/10)
		s.pass(time.Minute)
		s.quiet()
		require.LessOrEqual(t, s.share(), 0.04)
	}
}

// Many who are connected with each other claim the places of others: those have them all
// the same.
func TestPlacesAreTheirsWhoKnowEachOther(t *testing.T) {
	s := issue(t, 50, 1)
	back := s.restart(false, everybody)
	place := ""
	for _, j := range back {
		if len(j.Plans) > 0 && parsed(j.Plans[0].Place).holds != 0 {
			place = j.Plans[0].Place
		}
	}
	var gang []Peer
	for i := range 12 {
		gang = append(gang, Peer(fmt.Sprint("gang", i)))
	}
	for i, id := range gang {
		lie := &Plan{Renditions: []int{0, 1}, Place: place}
		for _, other := range gang[:i] {
			s.opens(id, other)
		}
		s.plans[id] = map[int]*Plan{0: lie}
		s.do(Join{Peer: id, Follow: []int{0, 1}, Upload: uplinks(0), Connected: gang, Plans: []*Plan{lie}})
	}
	s.comeBack(back, 6*time.Second)
	for _, j := range back {
		n := s.forest.peers[j.Peer].nodes[0]
		require.Equal(t, parsed(j.Plans[0].Place).cluster, n.cluster.name, "who claimed it with mates has it")
	}
	s.pass(time.Minute)
	s.quiet()
}

func parsed(place string) seat {
	s, _ := parseSeat(place)
	return s
}

// lie makes a claim of what isn't so.
func (s *swarm) lie(j *Join, all []Join) {
	anybody := func() Join { return all[s.random.IntN(len(all))] }
	for _, id := range j.Connected { // it closed what it had
		delete(s.told, pairOf(j.Peer, id))
	}
	j.Connected = nil
	for range 10 {
		j.Connected = append(j.Connected, anybody().Peer)
	}
	lie := &Plan{Renditions: j.Plans[0].Renditions, Place: anybody().Plans[0].Place}
	for i := range lie.Stripes {
		lie.Stripes[i].Parent = j.Connected[s.random.IntN(10)]
	}
	s.plans[j.Peer][0] = lie
	j.Plans = []*Plan{lie}
}

// Nobody is introduced to anybody by what a third one says, and what only one end says
// of a connection is no connection.
func TestClaimsOfOneEndAreNone(t *testing.T) {
	s := newSwarm(t, Config{MinAudience: 9}, 1, 1)
	s.do(Join{Peer: "a", Follow: []int{0, 1}, Upload: -1, Connected: []Peer{"b", "c", "a"}})
	s.do(Join{Peer: "b", Follow: []int{0, 1}, Upload: -1, Connected: []Peer{"c"}})
	s.do(Join{Peer: "c", Follow: []int{0, 1}, Upload: -1})
	s.do(Report{Peer: "c", Connected: []Peer{"b", "d"}})
	require.Zero(t, s.forest.Open())
	s.told[pairOf("a", "d")] = s.now
	s.do(Join{Peer: "d", Follow: []int{0, 1}, Upload: -1, Connected: []Peer{"a", "b"}})
	require.Zero(t, s.forest.Open())
	s.do(Leave{"d"})
	s.do(Report{Peer: "b", Connected: []Peer{"c"}})
	s.told[pairOf("b", "e")] = s.now
	s.do(Join{Peer: "e", Follow: []int{0, 1}, Upload: -1, Connected: []Peer{"b", "f"}})
	require.Zero(t, s.forest.Open())
	s.told[pairOf("e", "f")] = s.now
	s.do(Join{Peer: "f", Follow: []int{0, 1}, Upload: -1, Connected: []Peer{"e"}})
	require.Equal(t, 1, s.forest.Open())
	s.check()
	s.do(Leave{"f"})
	require.Zero(t, s.forest.Open())
}

// A lost connection to the tracker is not always seen by both ends: who joins again while
// it is there has what it is told anew, and what it doesn't say is open has closed.
func TestWhoJoinsWhileItIsThere(t *testing.T) {
	s := issue(t, 20, 1)
	p := s.forest.order[3]
	j := s.remembers(p, everybody)
	plans := s.planned
	s.do(j)
	s.check()
	require.Equal(t, plans+1, s.planned, "its own plan, again")
	lost := j.Connected[0]
	j.Connected = j.Connected[1:]
	s.failed[pairOf(p.id, lost)] = true
	s.do(j)
	s.check()
	require.Nil(t, p.pairWith(s.forest.peers[lost]))
	s.pass(20 * time.Second)
	s.quiet()
}

// Who was away alone, while all others stayed, is another one: its line may have changed.
func TestWhoWasAwayAloneIsNew(t *testing.T) {
	s := issue(t, 50, 1)
	p := s.forest.order[12]
	j := s.remembers(p, everybody)
	s.do(Leave{p.id})
	require.False(t, s.forest.Resumes(p.id, j.Connected))
	back := s.restart(false, func(id Peer) bool { return id != p.id })
	require.True(t, s.forest.Resumes(p.id, j.Connected), "nobody is there yet")
	for _, other := range back {
		if slices.Contains(j.Connected, other.Peer) {
			other.Connected = append(other.Connected, p.id)
		}
		s.do(other)
	}
	require.True(t, s.forest.Resumes(p.id, j.Connected), "all say so")
	for _, id := range j.Connected {
		s.do(Report{Peer: id})
	}
	require.False(t, s.forest.Resumes(p.id, j.Connected), "nobody says so any more")
}

func TestNobodyWaitsForThoseWhoWereNeverThere(t *testing.T) {
	s := newSwarm(t, Config{}, 1, 1)
	for i := range 10 {
		j := Join{Peer: Peer(fmt.Sprint("p", i)), Follow: []int{0, 1}, Upload: uplinks(i)}
		if i == 0 {
			j.Connected, j.Plans = []Peer{"nobody"}, []*Plan{{Renditions: []int{0, 1}, Place: "1.1"}}
		}
		s.do(j)
	}
	s.do(Tick{})
	s.settle()
	require.InDelta(t, 0.2, s.share(), 1e-9, "one of ten keeps nobody but itself")
	s.check()
	s.beats(s.now.Add(awaitFor))
	require.InDelta(t, 0.1, s.share(), 1e-9, "and that not for long")
}

func FuzzSeat(f *testing.F) {
	f.Add("1.1")
	f.Add("zz.1rl")
	f.Add(".")
	f.Fuzz(func(t *testing.T, word string) {
		if s, ok := parseSeat(word); ok {
			require.Equal(t, word, s.String())
			require.Less(t, s.holds, uint8(1<<Stripes))
		}
	})
}

// What nobody waits for any more isn't kept, also where there are never enough viewers.
func TestWhoLeftIsForgotten(t *testing.T) {
	s := newSwarm(t, Config{MinAudience: 9}, 1, 1)
	for i := range 100 {
		id := Peer(fmt.Sprint("p", i))
		s.do(Join{Peer: id, Upload: -1, Connected: []Peer{"x"}, Plans: []*Plan{{Renditions: []int{7}}, {Renditions: []int{0}}}})
		s.beats(s.now.Add(time.Second))
		s.do(Leave{id})
	}
	s.do(Join{Peer: "last", Upload: -1, Plans: []*Plan{{Renditions: []int{7}}}})
	require.Nil(t, s.forest.peers["last"].plans)
	s.beats(s.now.Add(10 * time.Second))
	require.Empty(t, s.forest.trees[0].fresh)
}
