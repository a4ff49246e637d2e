package forest

import (
	"slices"
	"strconv"
	"strings"
)

// What viewers say when they join again is claims. They are honoured only as far as the
// plan could have been made that way by its own rules, and a connection counts as open
// only when both of its ends say so: nobody learns of anybody by what a third one claims.

// seat is where a node stands: its cluster, and the stripes that it holds there. A viewer
// is given it with its plan, as a word that means nothing to it, and gives it back when it
// joins again.
type seat struct {
	cluster uint64 // the cluster's name
	holds   uint8  // bit s for stripe s
	leaf    bool
}

// leafMark ends the word of a leaf.
const leafMark = "l"

func (s seat) String() string {
	word := strconv.FormatUint(s.cluster, 36) + "." + strconv.FormatUint(uint64(s.holds), 36)
	if s.leaf {
		word += leafMark
	}
	return word
}

// parseSeat reads what String wrote.
func parseSeat(word string) (s seat, ok bool) {
	cluster, rest, found := strings.Cut(word, ".")
	rest, s.leaf = strings.CutSuffix(rest, leafMark)
	name, err := strconv.ParseUint(cluster, 36, 64)
	if !found || err != nil {
		return seat{}, false
	}
	holds, err := strconv.ParseUint(rest, 36, 8)
	if err != nil || holds >= 1<<Stripes {
		return seat{}, false
	}
	s.cluster, s.holds = name, uint8(holds)
	return s, s.String() == word
}

// seat is where a node stands now, as a word; empty before it has a place.
func (n *node) seat() string {
	c := n.cluster
	if c == nil {
		return ""
	}
	s := seat{cluster: c.name, leaf: c.leaf}
	for i, h := range c.holder {
		if h == n && !c.leaf {
			s.holds |= 1 << i
		}
	}
	return s.String()
}

// claimOf is what a peer said of its plan for a rendition.
func (p *peer) claimOf(rendition int) *Plan {
	for _, plan := range p.plans {
		if len(plan.Renditions) > 0 && plan.Renditions[0] == rendition {
			return plan
		}
	}
	return nil
}

// hear notes which connections a peer that comes back says are open. Where the other end
// came back as well and says the same, the pair is known: a tracker told them that is no more.
func (f *Forest) hear(p *peer, open []Peer) {
	p.says = slices.Clone(open)
	for _, id := range open {
		if q := f.peers[id]; q != nil && q != p && slices.Contains(q.says, p.id) {
			f.acquaint(p, q)
		}
	}
}

// doubt takes back what a peer said it was connected with and reports no more.
func (f *Forest) doubt(r Report) {
	if p := f.peers[r.Peer]; p != nil && len(p.says) > 0 {
		p.says = slices.DeleteFunc(p.says, func(id Peer) bool { return !slices.Contains(r.Connected, id) })
	}
}

// Resumes says whether a peer that isn't there takes up what it had, when it comes with
// these connections. Where most of those are with peers that have been there all the while,
// it was its own line that broke: its connections may be dead, and others feed those
// that it fed. Then it had better be new.
func (f *Forest) Resumes(id Peer, connected []Peer) bool {
	stayed := 0
	for _, other := range connected {
		q := f.peers[other]
		if q == nil {
			continue
		}
		if slices.Contains(q.says, id) {
			return true
		}
		stayed++
	}
	return 2*stayed <= len(connected)
}

// acquaint takes note of a connection that is there already. It is closed like any other
// when no plan needs it for a while.
func (f *Forest) acquaint(p, q *peer) {
	most := f.config.Connections + passing
	if _, failed := p.failed[q.id]; failed || p.pairWith(q) != nil || max(len(p.pairs), len(q.pairs)) >= most {
		return
	}
	if p.number > q.number {
		p, q = q, p
	}
	k := &pair{a: p, b: q, told: true, open: true, since: f.now, idle: f.now}
	k.estrange()
	p.pairs, q.pairs = append(p.pairs, k), append(q.pairs, k)
	f.open++
	f.touch(k)
}

// estrange forgets that two said they are connected: it is known, or they were told to part.
func (k *pair) estrange() {
	for _, p := range [...]*peer{k.a, k.b} {
		other := k.other(p).id
		p.says = slices.DeleteFunc(p.says, func(id Peer) bool { return id == other })
	}
}

// knows says whether two nodes' peers have an open connection.
func (n *node) knows(q *node) bool {
	k := n.peer.pairWith(q.peer)
	return k != nil && k.open
}

// again deals with a peer that joins while it is still there: its connection to the
// tracker was lost, and the end of that not yet seen. It is told its plans anew, for the
// last ones may not have come, and what it doesn't say is open has closed.
func (f *Forest) again(p *peer, e Join) {
	for _, k := range slices.Clone(p.pairs) {
		if other := k.other(p); k.open && !slices.Contains(e.Connected, other.id) {
			f.fail(k)
			f.tell(Action{Kind: Disconnect, To: p.id, About: other.id})
			f.tell(Action{Kind: Disconnect, To: other.id, About: p.id})
		}
	}
	f.hear(p, e.Connected)
	f.follow(p, e.Follow)
	for _, n := range p.nodes {
		n.sent = nil
		f.changed(n)
	}
}
