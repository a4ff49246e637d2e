package forest

import "slices"

// Leaves that find no room where they hang take single stripes from whoever has a slot
// left, anywhere in the tree. Nobody hangs on a leaf, so that makes no circle. Such guests
// make way for whatever else needs the slot or the connection.

// mayLodge says whether q may feed a leaf from elsewhere one stripe.
func (t *tree) mayLodge(q, n *node) bool {
	return q.cluster != nil && !q.cluster.leaf && q.used < t.slots(q) && t.mayLink(q, n)
}

// lodge lets a leaf take a stripe from q as its guest.
func (t *tree) lodge(n *node, s int, q *node) {
	n.lodges[s] = true
	q.guests = append(q.guests, n)
	t.link(n, s, q)
	t.forest.changed(n)
}

// oust ends what the newest guest takes from q. It finds another with the next look.
func (t *tree) oust(q *node) {
	n := q.guests[len(q.guests)-1]
	for s, parent := range n.parent {
		if parent == q && n.lodges[s] {
			t.detach(n, s)
			return
		}
	}
}

// oustAll ends what guests take from the members of a cluster, and says whether there
// were any.
func (t *tree) oustAll(c *cluster) bool {
	some := false
	for _, m := range c.members {
		for len(m.guests) > 0 {
			t.oust(m)
			some = true
		}
	}
	return some
}

// lodgeAll finds hosts for what leaves take from the server.
func (t *tree) lodgeAll() {
	left := 32 + len(t.nodes)/50
	var hosts []*node
	for _, c := range t.leaves {
		n := c.members[0]
		for s, q := range n.parent {
			if q != nil {
				continue
			}
			if left--; left < 0 {
				return
			}
			if hosts == nil {
				if hosts = t.hosts(); len(hosts) == 0 {
					return
				}
			}
			if host := t.host(n, s, hosts); host != nil {
				t.lodge(n, s, host)
			}
		}
	}
}

// hosts are those who have a slot left.
func (t *tree) hosts() (all []*node) {
	for _, c := range t.groups {
		for _, m := range c.members {
			if m.used < t.slots(m) {
				all = append(all, m)
			}
		}
	}
	return all
}

// host chooses who feeds a leaf a stripe: one that it is connected with, and then the one
// with the shortest way to the server.
func (t *tree) host(n *node, s int, hosts []*node) *node {
	var best *node
	score := 0
	start := t.forest.random.IntN(len(hosts))
	for i := range min(len(hosts), mostHosts) {
		q := hosts[(start+i)%len(hosts)]
		if !t.mayLodge(q, n) {
			continue
		}
		v := 1<<10 - 20*q.hops(s) + t.slots(q) - q.used
		if k := q.peer.pairWith(n.peer); k != nil && k.needs > 0 {
			v += 30
		}
		if v > score {
			best, score = q, v
		}
	}
	return best
}

// guestCount is how many guests a node has, each with a connection that makes way.
func (n *node) guestCount() (count int) {
	for i, g := range n.guests {
		if !slices.Contains(n.guests[:i], g) {
			count++
		}
	}
	return count
}
