package forest

// slots is how many stripes a node may send in this tree.
func (t *tree) slots(n *node) int {
	elsewhere := n.peer.spent - int64(n.used)*t.stripe
	return int(min(max((n.peer.uplink.budget()-elsewhere)/t.stripe, 0), mostSlots))
}

// free is how many more it may send, where guests make room.
func (t *tree) free(n *node) int { return max(0, t.slots(n)-n.used+len(n.guests)) }

// freeBelow is how many more it may send to other clusters: what its own cluster needs,
// or will with another member, is kept back.
func (t *tree) freeBelow(n *node) int {
	keep := Stripes - 1
	switch len(n.cluster.members) {
	case 1:
		keep = 3
	case 2:
		keep = 4
	}
	slots := t.slots(n)
	return max(0, min(slots-n.used+len(n.guests), slots-keep-n.below))
}

// short says whether somebody takes from the server, for want of slots elsewhere, what
// is meant to come from others.
func (t *tree) short() bool {
	if t.roots > t.wanted() {
		return true
	}
	for _, list := range [...][]*cluster{t.groups, t.leaves} {
		for _, c := range list {
			if c.leaf && c.parent == nil || t.lacks(c) > 0 {
				return true
			}
		}
	}
	return false
}

// contributes says whether a node may have children at all: it lends enough, it can be
// reached, and it has all that its children would want.
func (t *tree) contributes(n *node) bool {
	if n.peer.strikes >= 3 || t.slots(n) < leastSlots {
		return false
	}
	for _, audio := range t.riding {
		if !n.peer.follows(audio) {
			return false
		}
	}
	return true
}

func (p *peer) follows(rendition int) bool {
	if p.follow == nil { // the first video rendition and all audio
		return true
	}
	for _, r := range p.follow {
		if r == rendition {
			return true
		}
	}
	return false
}

// mayFeed says whether q may feed n one stripe more, as a member of its cluster.
func (t *tree) mayFeed(q, n *node) bool { return t.free(q) > 0 && t.mayLink(q, n) }

// mayFeedBelow says the same for n in another cluster.
func (t *tree) mayFeedBelow(q, n *node) bool { return t.freeBelow(q) > 0 && t.mayLink(q, n) }

// mayLink says whether there is, or may be, a connection over which q feeds n.
func (t *tree) mayLink(q, n *node) bool {
	if q == n {
		return false
	}
	k := q.peer.pairWith(n.peer)
	if k != nil && t.forest.now.Before(k.shun) {
		return false
	}
	if k != nil && k.needs > 0 {
		return true
	}
	most := t.forest.config.Connections
	if q.peer.degree >= most || n.peer.degree >= most {
		return false
	}
	return k != nil || t.forest.mayMeet(q.peer, n.peer)
}

// evict takes children of other clusters away from two members of a cluster until one
// can feed the other, and says whether that succeeded. The children find others.
func (t *tree) evict(h, n *node) bool {
	if !t.couldMeet(h, n) {
		return false
	}
	most := t.forest.config.Connections
	for t.free(h) < 1 {
		if !t.dropChild(h) {
			return false
		}
	}
	for _, m := range [...]*node{h, n} {
		k := h.peer.pairWith(n.peer)
		for (k == nil || k.needs == 0) && m.peer.degree >= most {
			if !t.dropChild(m) {
				return false
			}
		}
	}
	return t.mayFeed(h, n)
}

func (t *tree) couldMeet(h, n *node) bool {
	k := h.peer.pairWith(n.peer)
	if k != nil {
		return !t.forest.now.Before(k.shun)
	}
	return t.forest.mayMeet(h.peer, n.peer)
}

// dropChild ends all that one member of a cluster below takes from m, and has that
// cluster settled anew. Guests go first, then leaves.
func (t *tree) dropChild(m *node) bool {
	if len(m.guests) > 0 {
		t.oust(m)
		return true
	}
	for _, leaf := range [...]bool{true, false} {
		for _, kid := range m.cluster.kids {
			if kid.leaf != leaf {
				continue
			}
			for _, n := range kid.members {
				if t.detachFrom(n, m) {
					t.later(kid)
					return true
				}
			}
		}
	}
	return false
}

// trim takes children from a node that sends more than it may.
func (t *tree) trim(n *node) {
	for n.used > t.slots(n) && t.dropChild(n) {
	}
	if n.used > t.slots(n) {
		t.settle(n.cluster)
	}
	t.drain()
}
