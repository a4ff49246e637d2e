package forest

// hangAsClaimed hangs a cluster on the one that most of its stripes are said to come from.
func (t *tree) hangAsClaimed(c *cluster) {
	var best *cluster
	votes := make(map[*cluster]int)
	for _, n := range c.members {
		for s := range Stripes {
			q := t.claimed(n, s)
			if q == nil || q.cluster == nil || q.cluster == c || q.cluster.leaf {
				continue
			}
			votes[q.cluster]++
			if best == nil || votes[q.cluster] > votes[best] {
				best = q.cluster
			}
		}
	}
	if best != nil && !best.under(c) && best.depth+c.height() < deepest {
		t.hang(c, best)
	}
}

// linkAsClaimed lets members take their stripes from whom they say they do, the holders
// first.
func (t *tree) linkAsClaimed(c *cluster) {
	for _, holders := range [...]bool{true, false} {
		for _, n := range c.members {
			for s := range Stripes {
				if q := t.claimed(n, s); q != nil && (c.holder[s] == n) == holders {
					t.linkIfAllowed(n, s, q)
				}
			}
		}
	}
}

func (t *tree) linkIfAllowed(n *node, s int, q *node) {
	c := n.cluster
	switch {
	case q.cluster == nil:
	case q.cluster == c:
		if c.holder[s] != n && t.mayFeed(q, n) && !q.takes(s, n) {
			t.attach(n, s, q)
		}
	case q.cluster == c.parent:
		if t.mayFeedBelow(q, n) {
			t.attach(n, s, q)
		}
	case c.leaf && t.mayLodge(q, n):
		t.lodge(n, s, q)
	}
}

// order has clusters come before those that hang on them, and leaves last.
func (c *cluster) order() int {
	if c.leaf {
		return c.depth + deepest + 1
	}
	return c.depth
}

// takes says whether a stripe comes to n by way of q.
func (n *node) takes(s int, q *node) bool {
	for ; n != nil; n = n.parent[s] {
		if n == q {
			return true
		}
	}
	return false
}

// unsettled says whether somebody in a cluster lacks a stripe that needn't come from the
// server.
func (t *tree) unsettled(c *cluster) bool {
	for _, n := range c.members {
		for s, q := range n.parent {
			if q == nil && (c.parent != nil || c.leaf || c.holder[s] != n) {
				return true
			}
		}
	}
	return false
}
