package forest

import (
	"slices"
	"time"
)

const (
	// settled is how long a node stays in its place before it may be moved again.
	settled = 10 * time.Second
	// combEvery is how long a cluster is left alone after it was combed.
	combEvery = 20 * time.Second
	// raiseEvery is how often a cluster is tried nearer to the server.
	raiseEvery = 10 * time.Second
	// strongerBy is how many slots more make two nodes change places.
	strongerBy = 3
)

// mend is continuous re-planning. What costs the server something is mended as fast as
// it goes; what only makes the tree shallower, a few moves at a time, and for a while after
// a loss hardly.
func (t *tree) mend() {
	t.reclass()
	t.balanceRoots()
	t.placeStrays()
	t.straighten()
	t.lodgeAll()
	if !t.mayShape() {
		return
	}
	t.combAll(1 + len(t.nodes)/200)
	for range 1 + len(t.nodes)/100 {
		if !t.fillHole() {
			break
		}
	}
	for range 1 + len(t.nodes)/500 {
		if !t.raise() {
			break
		}
	}
	t.exchange()
	t.drain()
}

// mayShape says whether nodes may be moved for the tree's shape. After a loss of many
// uplinks are full, and each move takes half a second's media from some who have none
// to spare.
func (t *tree) mayShape() bool {
	if t.forest.now.Before(t.forest.shaken) && t.forest.now.Sub(t.shaped) < shapeEvery {
		return false
	}
	t.shaped = t.forest.now
	return true
}

// reinsert gives a node another place.
func (t *tree) reinsert(n *node) {
	t.together(func() {
		t.remove(n)
		t.insert(n)
	})
}

// reclass makes leaves of those who can't lend any more, and the other way round, and
// finds another cluster for who can't reach two of his own.
func (t *tree) reclass() {
	for _, n := range slices.Clone(t.nodes) {
		if n.cluster == nil {
			continue
		}
		able := t.contributes(n)
		switch {
		case !n.cluster.leaf && !able:
			t.reinsert(n)
		case t.forest.now.Sub(n.moved) < settled:
		case n.cluster.leaf && able && t.slots(n) > leastSlots:
			t.reinsert(n)
		case !n.cluster.leaf && len(n.peer.failed) > 1 && n.strangersAtHome() > 1:
			t.reinsert(n)
		}
	}
}

func (n *node) strangersAtHome() int {
	failed := 0
	for _, m := range n.cluster.members {
		if _, bad := n.peer.failed[m.peer.id]; bad {
			failed++
		}
	}
	return failed
}

// balanceRoots sees to it that as many clusters as wanted hang on the server: the
// strongest, as far as they aren't needed there for want of room elsewhere.
func (t *tree) balanceRoots() {
	for t.roots > t.wanted() {
		weakest := t.extreme(func(c *cluster) int {
			if c.parent != nil {
				return -1
			}
			return 1<<20 - t.strength(c) - 64*len(c.members)
		})
		p, out := t.findParent(weakest)
		if p == nil || out == nil && t.spare(p) < Stripes {
			return
		}
		t.place(weakest)
	}
	for t.roots < min(t.wanted(), len(t.groups)) {
		c := t.extreme(func(c *cluster) int {
			if c.parent == nil {
				return -1
			}
			return 1<<20 - 1<<12*c.depth + t.strength(c)
		})
		t.lift(c)
		t.settle(c)
		t.drain()
	}
}

// extreme is the group with the greatest value of those that have one (not negative).
func (t *tree) extreme(value func(*cluster) int) *cluster {
	var best *cluster
	most := -1
	for _, c := range t.groups {
		if v := value(c); v > most {
			best, most = c, v
		}
	}
	return best
}

// placeStrays finds a parent for leaves at the server.
func (t *tree) placeStrays() {
	if len(t.groups) == 0 {
		return
	}
	left := 16 + len(t.nodes)/20
	for _, c := range slices.Clone(t.leaves) {
		if c.parent != nil || c.gone {
			continue
		}
		if left--; left < 0 {
			return
		}
		t.place(c)
	}
	t.drain()
}

// straighten looks for clusters that take a stripe from the server, or from somebody
// who doesn't hold it, though they needn't.
func (t *tree) straighten() {
	left := 2 + len(t.nodes)/100
	for _, list := range [...][]*cluster{t.groups, t.leaves} {
		for _, c := range slices.Clone(list) {
			if c.gone {
				continue
			}
			lacking := t.lacks(c) > 0
			if lacking && t.elsewhere(c) {
				continue
			}
			if left > 0 && (lacking || t.crooked(c)) {
				left--
				t.arrange(c, true)
			}
		}
	}
	t.drain()
}

// crooked says whether a member takes a stripe from another than its holder, in the
// cluster or above, who could feed it.
func (t *tree) crooked(c *cluster) bool {
	for _, n := range c.members {
		for s, q := range n.parent {
			if own := c.holder[s]; n != own && q != own && t.mayFeed(own, n) {
				return true
			}
			if q == nil || c.parent == nil {
				continue
			}
			h := c.parent.holder[s]
			if q.cluster == c.parent && q != h && t.mayFeedBelow(h, n) {
				return true
			}
		}
	}
	return false
}

// comb works out anew what all that hang on a cluster take from it, where somebody takes
// a stripe by a detour for want of room with its holder. Everybody takes each stripe once,
// so without what grew there by and by all find room with the holders.
func (t *tree) comb(c *cluster) {
	tangled := false
	for _, kid := range c.kids {
		tangled = tangled || kid.detours() > 0
	}
	if !tangled || t.forest.now.Sub(c.combed) < combEvery {
		return
	}
	c.combed = t.forest.now
	for _, kid := range c.kids {
		for _, n := range kid.members {
			for s, q := range n.parent {
				if q != nil && q.cluster == c {
					t.detach(n, s)
				}
			}
		}
	}
	for _, kid := range slices.Clone(c.kids) {
		t.arrange(kid, true)
	}
	t.drain()
}

// detours counts the stripes that come from the cluster above, but not from the holder.
func (c *cluster) detours() (count int) {
	for _, n := range c.members {
		for s, q := range n.parent {
			if q != nil && q.cluster == c.parent && q != c.parent.holder[s] {
				count++
			}
		}
	}
	return count
}

// combAll combs some clusters, from the top.
func (t *tree) combAll(left int) {
	groups := slices.Clone(t.groups)
	slices.SortStableFunc(groups, func(a, b *cluster) int { return a.depth - b.depth })
	for _, c := range groups {
		if left == 0 {
			return
		}
		if before := c.combed; !c.gone {
			if t.comb(c); c.combed != before {
				left--
			}
		}
	}
}

// fillHole moves a member of the cluster furthest from the server, and of these the
// smallest, into the one nearest to it that lacks members. Clusters that lost members
// merge by and by, and strong ones come up.
func (t *tree) fillHole() bool {
	from := t.extreme(func(c *cluster) int { return 1<<10*c.depth + Stripes - len(c.members) })
	if from == nil {
		return false
	}
	to := t.extreme(func(c *cluster) int {
		lower := from.depth > c.depth || from.depth == c.depth && len(from.members) <= len(c.members)
		if c == from || len(c.members) >= Stripes || !lower || t.volunteer(from, c) == nil {
			return -1
		}
		return 1<<20 - 1<<10*c.depth + len(c.members)
	})
	if to == nil {
		return false
	}
	n := t.volunteer(from, to)
	t.together(func() {
		t.remove(n)
		t.enterOr(n, to)
	})
	return true
}

// volunteer is the strongest of a cluster who fits into another.
func (t *tree) volunteer(from, to *cluster) *node {
	var best *node
	for _, n := range from.members {
		if t.forest.now.Sub(n.moved) < settled/2 || !t.fits(n, to) {
			continue
		}
		if best == nil || t.slots(n) > t.slots(best) {
			best = n
		}
	}
	return best
}

// raise hangs the cluster furthest from the server nearer to it, where there is room or
// a leaf makes way. Where it would take more from the server there, it stays.
func (t *tree) raise() bool {
	c := t.extreme(func(c *cluster) int {
		if t.forest.now.Sub(c.raised) < raiseEvery {
			return -1
		}
		return c.depth - 2
	})
	if c == nil {
		return false
	}
	c.raised = t.forest.now
	from, lacked := c.parent, t.lacks(c)
	p, out := t.findParent(c)
	if p == nil || p.depth+1 >= c.depth || out == nil && t.spare(p) < Stripes {
		return true
	}
	t.place(c)
	if t.lacks(c) > lacked && !from.gone {
		t.hang(c, from)
		t.settle(c)
	}
	return true
}

// exchange lets a strong node and a weak one nearer to the server change places.
func (t *tree) exchange() {
	weak := t.extremeNode(func(n *node) int { return 16*(mostSlots-t.slots(n)) + deepest - n.cluster.depth }, -1)
	if weak == nil {
		return
	}
	strong := t.extremeNode(t.slots, weak.cluster.depth)
	if strong == nil || t.slots(strong) < t.slots(weak)+strongerBy {
		return
	}
	high, low := weak.cluster, strong.cluster
	t.together(func() {
		t.remove(weak)
		t.remove(strong)
		t.enterOr(strong, high)
		t.enterOr(weak, low)
	})
}

// enterOr makes a node a member of a cluster, or gives it another place where it doesn't
// fit there any more.
func (t *tree) enterOr(n *node, c *cluster) {
	if c.gone || len(c.members) >= Stripes || !t.fits(n, c) {
		t.insert(n)
		return
	}
	t.enter(n, c)
}

// extremeNode is the contributor below a depth with the greatest value, of those that
// weren't moved lately and aren't alone. Those that nobody is below don't count as weak.
func (t *tree) extremeNode(value func(*node) int, below int) *node {
	var best *node
	most := -1
	for _, c := range t.groups {
		if c.depth <= below || len(c.members) < 2 || below < 0 && len(c.kids) == 0 {
			continue
		}
		for _, n := range c.members {
			if v := value(n); v > most && t.forest.now.Sub(n.moved) >= settled {
				best, most = n, v
			}
		}
	}
	return best
}
