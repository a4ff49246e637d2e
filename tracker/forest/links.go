package forest

// cutOff ends all links of a node, to above and below.
func (t *tree) cutOff(n *node) {
	for s := range Stripes {
		t.detach(n, s)
	}
	for _, m := range n.cluster.members {
		t.detachFrom(m, n)
	}
	for _, kid := range n.cluster.kids {
		for _, m := range kid.members {
			if t.detachFrom(m, n) {
				t.later(kid)
			}
		}
	}
}

func (t *tree) detachFrom(n, parent *node) bool {
	some := false
	for s, q := range n.parent {
		if q == parent {
			t.detach(n, s)
			some = true
		}
	}
	return some
}

// attach lets n take a stripe from q.
func (t *tree) attach(n *node, s int, q *node) {
	n.parent[s] = q
	q.used++
	if q.cluster != n.cluster {
		q.below++
	}
	q.peer.spent += t.stripe
	t.forest.need(n.peer, q.peer)
}

// detach ends what attach began. Both have to be in the clusters of then.
func (t *tree) detach(n *node, s int) {
	q := n.parent[s]
	if q == nil {
		return
	}
	n.parent[s] = nil
	q.used--
	if q.cluster != n.cluster {
		q.below--
	}
	q.peer.spent -= t.stripe
	t.forest.release(n.peer, q.peer)
	t.forest.changed(n)
}
