package forest

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Forest is the plan of one swarm: a tree of clusters for each rendition that is
// followed. It isn't safe for concurrent use.
type Forest struct {
	config Config
	random *rand.Rand
	peers  map[Peer]*peer
	order  []*peer // the same, to walk through
	joined int     // peers that ever joined
	ladder []Rendition
	part   time.Duration
	trees  []*tree // by rendition; nil while nobody followed it
	active bool    // the audience is big enough

	asked    []*pair // connections that were asked for, oldest first
	idle     []*pair // connections that no plan needs
	open     int     // connections that were reported
	accused  []suspicion
	lately   []suspicion // who was found fault with
	clusters int         // clusters that ever were

	mended time.Time // when the trees were last looked over
	tried  time.Time // when somebody was last let send more than at first
	// weathered is when many began to be accused.
	weathered time.Time

	left   []time.Time // when the last ones left
	shaken time.Time   // until when hardly anybody is moved for the trees' shape alone

	began time.Time // when the first one came, or the renditions were known

	now     time.Time // of the event at hand
	actions []Action  // of the event at hand
	pairs   []*pair   // whose need changed with the event at hand
	dirty   []*node   // whose plan may have changed with the event at hand
}

// New makes the plan of an empty swarm. With an equally seeded random source the same
// events lead to the same actions.
func New(config Config, random *rand.Rand) *Forest {
	return &Forest{config: config.withDefaults(), random: random, peers: make(map[Peer]*peer)}
}

// Handle takes one event and returns what is to be told, in order. The slice is valid
// until the next call.
func (f *Forest) Handle(now time.Time, e Event) []Action {
	f.now, f.actions = now, f.actions[:0]
	switch e := e.(type) {
	case Ladder:
		f.setLadder(e)
	case Join:
		f.join(e)
	case Follow:
		if p := f.peers[e.Peer]; p != nil {
			f.follow(p, e.Renditions)
		}
	case Leave:
		f.leave(e.Peer)
	case Report:
		f.doubt(e)
		f.report(e)
	case Tick:
		f.tick()
	}
	f.settlePairs()
	f.sendPlans()
	return f.actions
}

// Members is the number of peers there are.
func (f *Forest) Members() int { return len(f.order) }

// Open is the number of connections that were reported as open.
func (f *Forest) Open() int { return f.open }

func (f *Forest) tell(a Action) { f.actions = append(f.actions, a) }

func (f *Forest) setLadder(l Ladder) {
	if len(f.ladder) > 0 {
		f.reprice(l.Renditions)
		return // the renditions are fixed for a broadcast
	}
	if len(l.Renditions) == 0 {
		return
	}
	f.ladder, f.began = slices.Clone(l.Renditions), f.now
	if f.part = l.Part; f.part <= 0 {
		f.part = usualPart
	}
	f.trees = make([]*tree, len(f.ladder))
	for _, p := range f.order {
		f.follow(p, p.follow)
	}
}

func (f *Forest) join(e Join) {
	if p := f.peers[e.Peer]; p != nil {
		f.again(p, e)
		return
	}
	if len(f.order) == 0 {
		f.began = f.now
	}
	p := &peer{
		id: e.Peer, number: f.joined, place: len(f.order), since: f.now,
		tokens: float64(f.config.Introductions), uplink: uplink{claim: e.Upload}, plans: e.Plans,
	}
	f.joined++
	f.peers[p.id] = p
	f.order = append(f.order, p)
	f.hear(p, e.Connected)
	f.follow(p, e.Follow)
	f.wake()
}

// wake begins to connect viewers when there are enough, and stops when half of those
// are left.
func (f *Forest) wake() {
	enough := len(f.order) >= f.config.MinAudience
	few := len(f.order) < max(2, (f.config.MinAudience+1)/2)
	switch {
	case !f.active && enough:
		f.active = true // the next tick gives everybody a place
		for _, t := range f.standing() {
			t.fresh = slices.Clone(t.nodes)
		}
	case f.active && few:
		f.active = false
		for _, t := range f.standing() {
			for _, n := range slices.Clone(t.nodes) {
				t.remove(n)
				f.changed(n)
			}
		}
	}
}

func (f *Forest) standing() []*tree {
	var all []*tree
	for _, t := range f.trees {
		if t != nil {
			all = append(all, t)
		}
	}
	return all
}

func (f *Forest) leave(id Peer) {
	p := f.peers[id]
	if p == nil {
		return
	}
	p.left = true
	f.shake()
	for _, n := range slices.Clone(p.nodes) {
		n.tree.forget(n)
	}
	for _, k := range slices.Clone(p.pairs) {
		other := k.other(p)
		f.forgetPair(k)
		if k.told {
			f.tell(Action{Kind: Gone, To: other.id, About: id})
		}
	}
	delete(f.peers, id)
	last := f.order[len(f.order)-1]
	f.order[p.place], last.place = last, p.place
	f.order = f.order[:len(f.order)-1]
	for failed := range p.failed {
		if other := f.peers[failed]; other != nil {
			delete(other.failed, id)
		}
	}
	f.wake()
}

// shake notes that one left, for the case that many do at once.
func (f *Forest) shake() {
	f.left = append(f.left, f.now)
	f.left = slices.DeleteFunc(f.left, func(at time.Time) bool { return f.now.Sub(at) > lossWithin })
	if len(f.left) >= leastLoss && lossShare*len(f.left) >= len(f.order) {
		f.shaken = f.now.Add(shakenFor)
		for _, t := range f.standing() {
			t.shaped = f.now.Add(shakenAtFirst - shapeEvery)
		}
	}
}

func (f *Forest) tick() {
	awaits, forAll := f.awaits()
	if awaits { // what isn't needed yet may be
		for _, k := range f.idle {
			k.idle = f.now
		}
	}
	f.expirePairs()
	f.judge()
	mend := f.now.Sub(f.mended) >= mendEvery
	if mend {
		f.mended = f.now
		short := slices.ContainsFunc(f.standing(), (*tree).short)
		for _, p := range f.order {
			f.learn(p, short)
		}
	}
	if forAll {
		return
	}
	for _, t := range f.standing() {
		if !awaits {
			t.resume()
		}
		if !f.active {
			t.fresh = slices.DeleteFunc(t.fresh, func(n *node) bool { return !n.waiting() }) // wake knows them all
			continue
		}
		t.insertAll()
		if mend {
			t.mend()
		}
	}
}
