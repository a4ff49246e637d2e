package forest

import (
	"slices"
	"time"
)

// awaitFor is how long after its beginning the plan waits for those whom others that came
// back are connected with: a viewer tries to reach the tracker every 6 s at least.
const awaitFor = 8 * time.Second

// awaits says whether nobody is moved yet: most of those who are there take their stripes
// from each other, as a tracker planned it that is no more, and some of them are still to
// come. Nobody lacks anything meanwhile: who is new is served by the server.
func (f *Forest) awaits() bool {
	if f.now.Sub(f.began) >= awaitFor {
		return false
	}
	back := 0
	missing := false
	for _, p := range f.order {
		if p.plans == nil {
			continue
		}
		back++
		missing = missing || slices.ContainsFunc(p.says, func(id Peer) bool { return f.peers[id] == nil })
	}
	return missing && 2*back >= len(f.order)
}

// waiting says whether a node came back and hasn't been looked at: it goes on as it does.
func (n *node) waiting() bool { return n.claim != nil }

// settleClaims ends the wait of all that came back, whether they have a place now or not.
func (t *tree) settleClaims(back []*node) {
	for _, n := range back {
		n.claim, n.peer.plans = nil, nil
		t.forest.changed(n)
	}
}

// returned are those who came back and haven't been looked at.
func (t *tree) returned() (back []*node) {
	for _, n := range t.fresh {
		if n.waiting() && !n.gone {
			back = append(back, n)
		}
	}
	return back
}

// resume gives those who came back the places that they had, as far as the rules of the
// tree and what others say allow. Who gets none is given one as others are.
func (t *tree) resume() {
	back := t.returned()
	if len(back) == 0 {
		return
	}
	t.believe(back)
	raised := t.reseat(back)
	for _, c := range raised {
		t.hangAsClaimed(c)
	}
	slices.SortStableFunc(raised, func(a, b *cluster) int { return a.order() - b.order() })
	for _, c := range raised {
		t.linkAsClaimed(c)
	}
	t.settleClaims(back)
	for _, c := range raised {
		if c.gone || !t.unsettled(c) {
			continue
		}
		if c.leaf && c.parent == nil {
			t.place(c)
		} else {
			t.settle(c)
		}
	}
	t.drain()
}

// believe takes as evidence of an uplink what those it feeds say that it sends: as much as
// if it had been seen to.
func (t *tree) believe(back []*node) {
	sends := make(map[*node]int64)
	for _, n := range back {
		for s := range Stripes {
			if q := t.claimed(n, s); q != nil {
				sends[q]++
			}
		}
	}
	for q, stripes := range sends {
		u := &q.peer.uplink
		if u.claim >= 0 {
			stripes *= 2
		}
		if !u.shrunk {
			u.trust = max(u.trust, min(stripes, mostSlots)*t.stripe)
		}
	}
}

// claimed is the node that n says a stripe comes from, where the two are connected.
func (t *tree) claimed(n *node, s int) *node {
	p := t.forest.peers[n.claim.Stripes[s].Parent]
	if p == nil {
		return nil
	}
	if q := t.nodeOf(p); q != nil && q != n && n.knows(q) {
		return q
	}
	return nil
}

// reseat puts those who came back into their clusters, which are made again where they
// are no more; it returns those that were, not linked to anything yet.
func (t *tree) reseat(back []*node) (raised []*cluster) {
	standing := make(map[uint64]*cluster)
	for _, c := range t.groups {
		standing[c.name] = c
	}
	var names []uint64
	mates := make(map[uint64][]*node)
	for _, n := range back {
		s, ok := parseSeat(n.claim.Place)
		switch c := standing[s.cluster]; {
		case !ok:
		case s.leaf || !t.contributes(n):
			raised = append(raised, t.rebuildAs(s.cluster, true, []*node{n}))
		case c == nil:
			if mates[s.cluster] == nil {
				names = append(names, s.cluster)
			}
			mates[s.cluster] = append(mates[s.cluster], n)
		case len(c.members) < Stripes && slices.ContainsFunc(c.members, n.knows) && t.fits(n, c):
			t.enter(n, c)
		}
	}
	for _, name := range names {
		if members := familiar(mates[name]); members != nil {
			raised = append(raised, t.rebuildAs(name, false, members))
		}
	}
	return raised
}

// familiar are those of the nodes that claim one cluster who are connected with each
// other, at most as many as a cluster has; nil where somebody is left alone who wasn't.
func familiar(nodes []*node) (members []*node) {
	count := make(map[*node]int)
	for _, n := range nodes {
		for _, m := range nodes {
			if m != n && n.knows(m) {
				count[n]++
			}
		}
	}
	slices.SortStableFunc(nodes, func(a, b *node) int { return count[b] - count[a] })
	for _, n := range nodes {
		if len(members) < Stripes && (members == nil || slices.ContainsFunc(members, n.knows)) {
			members = append(members, n)
		}
	}
	if s, _ := parseSeat(members[0].claim.Place); len(members) == 1 && s.holds != 1<<Stripes-1 {
		return nil
	}
	return members
}

// rebuildAs makes a cluster again, with the stripes held as its members say.
func (t *tree) rebuildAs(name uint64, leaf bool, members []*node) *cluster {
	c := t.found(leaf)
	c.name, c.members = name, members
	for _, n := range members {
		n.cluster, n.moved = c, t.forest.now
		seat, _ := parseSeat(n.claim.Place)
		for s := range Stripes {
			if c.holder[s] == nil && seat.holds>>s&1 != 0 {
				c.holder[s] = n
			}
		}
	}
	t.assign(c)
	return c
}
