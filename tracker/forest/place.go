package forest

// place hangs a cluster where there is room: near the server first.
// A leaf that hangs there makes way for a group. Without room it stays at the server.
func (t *tree) place(c *cluster) {
	if !c.leaf && c.parent == nil && t.roots <= t.wanted() {
		t.settle(c)
		return
	}
	p, out := t.findParent(c)
	if p == nil {
		t.settle(c)
		return
	}
	if out != nil {
		t.lift(out)
	}
	t.hang(c, p)
	t.settle(c)
	if out != nil {
		t.place(out)
	}
}

// lift takes a cluster off its parent.
func (t *tree) lift(c *cluster) {
	for _, n := range c.members {
		for s, q := range n.parent {
			if q != nil && q.cluster != c {
				t.detach(n, s)
			}
		}
	}
	t.hang(c, nil)
}

// choice is a cluster that another might hang on.
type choice struct {
	cluster *cluster
	out     *cluster // leaf that would have to make way
	spare   int
}

// findParent looks for a cluster, other than its present parent, that c may hang on,
// and for a leaf that has to make way there.
func (t *tree) findParent(c *cluster) (p, out *cluster) {
	var best choice
	start, height := 0, c.height()
	if len(t.groups) > 0 {
		start = t.forest.random.IntN(len(t.groups))
	}
	for i := range t.groups {
		g := t.groups[(start+i)%len(t.groups)]
		if g == c || g == c.parent || g.depth+height >= deepest || !t.worthLooking(c, g, best) || g.under(c) || t.strangers(c, g) {
			continue
		}
		v := choice{cluster: g, spare: t.spare(g)}
		if v.spare < Stripes && !c.leaf {
			if v.out = g.leafKid(c); v.out != nil {
				v.spare += Stripes
			}
		}
		if v.spare > 0 && (best.cluster == nil || t.better(c, v, best)) {
			best = v
		}
	}
	return best.cluster, best.out
}

// worthLooking spares the rest for clusters that can't be better by their depth.
func (t *tree) worthLooking(c, g *cluster, best choice) bool {
	if best.cluster == nil || best.spare < Stripes {
		return true
	}
	if c.leaf {
		return g.depth >= best.cluster.depth
	}
	return g.depth <= best.cluster.depth
}

// better orders choices. Groups want to be near the server; leaves are put as low as
// groups are, where they are no later than the groups' own members, so that they are
// seldom in the way.
func (t *tree) better(c *cluster, a, b choice) bool {
	if whole := a.spare >= Stripes; whole != (b.spare >= Stripes) {
		return whole
	}
	if a.cluster.depth != b.cluster.depth {
		return (a.cluster.depth < b.cluster.depth) != c.leaf
	}
	if (a.out == nil) != (b.out == nil) {
		return a.out == nil
	}
	return a.spare > b.spare
}

// under says whether c hangs on top, at whatever distance.
func (c *cluster) under(top *cluster) bool {
	for ; c != nil; c = c.parent {
		if c == top {
			return true
		}
	}
	return false
}

// height is how many clusters hang below one another under c.
func (c *cluster) height() int {
	most := 0
	for _, kid := range c.kids {
		most = max(most, 1+kid.height())
	}
	return most
}

// strangers says whether too many of one cluster failed to reach those of the other.
func (t *tree) strangers(c, g *cluster) bool {
	failed := 0
	for _, n := range c.members {
		if len(n.peer.failed) == 0 {
			continue
		}
		for _, q := range g.members {
			if _, bad := n.peer.failed[q.peer.id]; bad {
				failed++
			}
		}
	}
	return 2*failed >= len(c.members)*len(g.members)
}

func (c *cluster) leafKid(except *cluster) *cluster {
	for _, kid := range c.kids {
		if kid.leaf && kid != except {
			return kid
		}
	}
	return nil
}

// spare is how many stripes a cluster can feed to others below it: a whole cluster or a
// leaf takes six. Some connections are kept back, for members to come and for repairs.
func (t *tree) spare(c *cluster) int {
	n := len(c.members)
	if c.leaf || n == 0 {
		return 0
	}
	each, total := (Stripes+n-1)/n, 0
	most := t.forest.config.Connections - spareConnections - (Stripes - n)
	for _, m := range c.members {
		total += max(0, min(t.freeBelow(m), (most-m.peer.degree+m.guestCount())*each))
	}
	return total
}

// strength is what the members of a cluster may send together.
func (t *tree) strength(c *cluster) int {
	if c.leaf {
		return -1
	}
	sum := 0
	for _, m := range c.members {
		sum += t.slots(m)
	}
	return sum
}

// opening is the cluster that a contributor should enter: the one nearest to the server
// that lacks members, and of these the fullest.
func (t *tree) opening(n *node) *cluster {
	var best *cluster
	for _, c := range t.groups {
		if len(c.members) >= Stripes || best != nil && (c.depth > best.depth ||
			c.depth == best.depth && len(c.members) <= len(best.members)) {
			continue
		}
		if t.fits(n, c) {
			best = c
		}
	}
	return best
}

// fits says whether a cluster stays able to feed itself with n, and whether n can be
// connected with all of it.
func (t *tree) fits(n *node, c *cluster) bool {
	slots := t.slots(n)
	for _, m := range c.members {
		if m != n && !t.couldMeet(n, m) {
			return false
		}
		slots += t.slots(m) - m.below
	}
	return slots >= Stripes*len(c.members)
}
