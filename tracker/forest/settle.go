package forest

import "slices"

// later has a cluster settled before the event is done.
func (t *tree) later(c *cluster) {
	if !slices.Contains(t.todo, c) {
		t.todo = append(t.todo, c)
	}
}

// drain settles what waits for it. Settling hands work only to clusters below, so it
// ends.
func (t *tree) drain() {
	if t.held {
		return
	}
	for len(t.todo) > 0 {
		c := t.todo[0]
		t.todo = t.todo[1:]
		if c.gone || len(c.members) == 0 {
			continue
		}
		t.settle(c)
		if t.lacks(c) > 0 {
			t.elsewhere(c)
		}
	}
}

// together does what is one move in several steps. Those below are settled when it is
// done: what they lack in between is no reason to hang them elsewhere.
func (t *tree) together(move func()) {
	t.held = true
	move()
	t.held = false
	t.drain()
}

// lacks counts the stripes that members take from the server though the cluster hangs
// on another.
func (t *tree) lacks(c *cluster) int {
	if c.parent == nil {
		return 0
	}
	missing := 0
	for _, n := range c.members {
		for _, q := range n.parent {
			if q == nil {
				missing++
			}
		}
	}
	return missing
}

// elsewhere hangs a cluster on another one that has room for it, if there is any where it
// lacks less.
func (t *tree) elsewhere(c *cluster) bool {
	p, out := t.findParent(c)
	if p == nil || out != nil || t.spare(p) < Stripes {
		return false
	}
	from, lacked := c.parent, t.lacks(c)
	t.hang(c, p)
	t.settle(c)
	if t.lacks(c) < lacked {
		return true
	}
	t.hang(c, from)
	t.settle(c)
	return false
}

// settle works out who holds what in a cluster and who feeds whom, and changes as
// little as it can.
func (t *tree) settle(c *cluster) { t.arrange(c, false) }

// arrange is settle; to improve means to take each stripe from its holder in the
// cluster above where that is possible, rather than from whom it comes now.
func (t *tree) arrange(c *cluster, improve bool) {
	t.assign(c)
	for s := range Stripes {
		t.rebuild(c, s, improve)
	}
	for _, n := range c.members {
		t.forest.changed(n)
	}
}

// rebuild works out one stripe of a cluster: the holder takes it from above and feeds
// the others; whom it can't feed takes it from another member, from above, or from the
// server.
func (t *tree) rebuild(c *cluster, s int, improve bool) {
	var old [Stripes]*node
	for i, n := range c.members {
		old[i] = n.parent[s]
		t.detach(n, s)
	}
	h := c.holder[s]
	t.feedFromAbove(h, s, old[slices.Index(c.members, h)], improve)
	fed := append(make([]*node, 0, Stripes), h)
	var rest [Stripes]bool
	for i, n := range c.members {
		switch {
		case n == h:
		case t.mayFeed(h, n) || t.evict(h, n):
			t.attach(n, s, h)
			fed = append(fed, n)
		default:
			rest[i] = true
		}
	}
	for i, n := range c.members {
		if !rest[i] {
			continue
		}
		if q := t.mate(n, s, fed[1:], old[i]); q != nil {
			t.attach(n, s, q)
		} else {
			t.feedFromAbove(n, s, old[i], improve)
		}
		fed = append(fed, n)
	}
}

// mate chooses who of the cluster feeds n instead of the holder: the way should be
// short, then the one of before, then the one with the most room.
func (t *tree) mate(n *node, s int, fed []*node, old *node) *node {
	var best *node
	score := 0
	for _, q := range fed {
		if !t.mayFeed(q, n) {
			continue
		}
		v := 1<<20 - 1<<10*q.hops(s) + t.free(q)
		if q == old {
			v += 1 << 9
		}
		if v > score {
			best, score = q, v
		}
	}
	return best
}

// feedFromAbove lets n take a stripe from a member of the cluster above.
func (t *tree) feedFromAbove(n *node, s int, old *node, improve bool) {
	above := n.cluster.parent
	best := t.bestAbove(above, n, s, old, improve)
	if best == nil && above != nil && t.oustAll(above) {
		best = t.bestAbove(above, n, s, old, improve)
	}
	switch {
	case best != nil:
		t.attach(n, s, best)
	case old != nil && old.cluster != above && n.cluster.leaf && t.mayLodge(old, n):
		t.lodge(n, s, old)
	}
}

// bestAbove is the member of the cluster above that n takes a stripe from, if any may.
func (t *tree) bestAbove(above *cluster, n *node, s int, old *node, improve bool) *node {
	if above == nil {
		return nil
	}
	var best *node
	score := 0
	for _, q := range above.members {
		if !t.mayFeedBelow(q, n) {
			continue
		}
		v := 1<<12 - 20*q.hops(s) + t.freeBelow(q)
		if k := q.peer.pairWith(n.peer); k != nil && k.told {
			v += 500 // no connection has to be made first
		}
		switch {
		case q == above.holder[s] && improve:
			v += 4000
		case q == old:
			v += 2000
		case q == above.holder[s]:
			v += 100
		}
		if v > score {
			best, score = q, v
		}
	}
	return best
}

// assign gives each stripe a holder: as many to each member as to the others, the odd
// ones to the strong. Holders stay where they may.
func (t *tree) assign(c *cluster) {
	n := len(c.members)
	least, odd := Stripes/n, Stripes%n
	held := make(map[*node]int, n)
	for _, h := range c.holder {
		held[h]++ // nil too
	}
	byStrength := slices.Clone(c.members)
	slices.SortStableFunc(byStrength, func(a, b *node) int {
		if (held[a] > least) != (held[b] > least) {
			return held[b] - held[a]
		}
		return t.slots(b) - t.slots(a)
	})
	quota := make(map[*node]int, n)
	for i, m := range byStrength {
		quota[m] = least
		if i < odd {
			quota[m]++
		}
	}
	for s, h := range c.holder {
		if h != nil && held[h] > quota[h] {
			held[h]--
			c.holder[s] = nil
		}
	}
	for s, h := range c.holder {
		if h == nil {
			best := t.nextHolder(c, s, held, quota)
			c.holder[s] = best
			held[best]++
		}
	}
}

// nextHolder chooses among those who hold less than their share: one who can take the
// stripe over a connection that is there, and then the one with the most room.
func (t *tree) nextHolder(c *cluster, s int, held, quota map[*node]int) *node {
	var best *node
	score := 0
	for _, m := range c.members {
		if held[m] >= quota[m] {
			continue
		}
		v := 1 + t.free(m)
		if c.parent != nil {
			if q := c.parent.holder[s]; q != nil && q.peer.pairWith(m.peer) != nil {
				v += 200
			} else if t.reaches(c.parent, m) {
				v += 100
			}
		}
		if v > score {
			best, score = m, v
		}
	}
	return best
}

// reaches says whether a node is connected with somebody of a cluster who has room.
func (t *tree) reaches(above *cluster, m *node) bool {
	for _, q := range above.members {
		if q.peer.pairWith(m.peer) != nil && t.mayFeedBelow(q, m) {
			return true
		}
	}
	return false
}
