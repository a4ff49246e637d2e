package forest

import "slices"

// cutOff ends all links of a node, to above and below.
func (t *tree) cutOff(n *node) {
	for s := range Stripes {
		t.detach(n, s)
	}
	for len(n.guests) > 0 {
		t.oust(n)
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

// attach lets n take a stripe from q, in its cluster or the one above. Guests make room.
func (t *tree) attach(n *node, s int, q *node) {
	for len(q.guests) > 0 && q.used >= t.slots(q) {
		t.oust(q)
	}
	if q.cluster != n.cluster {
		q.below++
	}
	t.link(n, s, q)
}

func (t *tree) link(n *node, s int, q *node) {
	n.parent[s] = q
	q.used++
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
	switch {
	case n.lodges[s]:
		n.lodges[s] = false
		i := slices.Index(q.guests, n)
		q.guests = slices.Delete(q.guests, i, i+1)
	case q.cluster != n.cluster:
		q.below--
	}
	q.peer.spent -= t.stripe
	t.forest.release(n.peer, q.peer)
	t.forest.changed(n)
}
