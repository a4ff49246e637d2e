package forest

import (
	"slices"
	"time"
)

// awaitFor is how long after its beginning the plan waits for those whom others that came
// back are connected with: a viewer tries to reach the tracker every 6 s at least.
const awaitFor = 8 * time.Second

// awaits says whether some of those are still to come with whom others who came back are
// connected: these go on as they do meanwhile, as a tracker planned it that is no more. For
// all says whether most of those who are there wait so: then nobody is planned. Nobody
// lacks anything: who is new is served by the server.
func (f *Forest) awaits() (some, forAll bool) {
	if f.now.Sub(f.began) >= awaitFor {
		return false, false
	}
	back := 0
	for _, p := range f.order {
		if p.plans == nil {
			continue
		}
		back++
		some = some || slices.ContainsFunc(p.says, func(id Peer) bool { return f.peers[id] == nil })
	}
	return some, some && 2*back >= len(f.order)
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
		if n.waiting() {
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
	if !t.forest.active {
		t.settleClaims(back)
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
	var names []uint64
	mates := make(map[uint64][]*node)
	for _, n := range back {
		s, ok := parseSeat(n.claim.Place)
		if !ok {
			continue
		}
		if s.leaf || !t.contributes(n) {
			raised = append(raised, t.rebuildAs(s.cluster, true, []*node{n}))
			continue
		}
		if c := t.former(n, s.cluster); c != nil {
			if len(c.members) < Stripes && t.fits(n, c) {
				t.enter(n, c)
			}
			continue
		}
		if mates[s.cluster] == nil {
			names = append(names, s.cluster)
		}
		mates[s.cluster] = append(mates[s.cluster], n)
	}
	for _, name := range names {
		for _, members := range t.familiar(mates[name]) {
			raised = append(raised, t.rebuildAs(name, false, members))
		}
	}
	return raised
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
