package forest

import "slices"

// acquaintances are the nodes that a node is connected with.
func (t *tree) acquaintances(n *node) (known []*node) {
	for _, k := range n.peer.pairs {
		if m := t.nodeOf(k.other(n.peer)); k.open && m != nil {
			known = append(known, m)
		}
	}
	return known
}

// former is the cluster of a name that is there, with a member that n is connected with.
func (t *tree) former(n *node, name uint64) *cluster {
	for _, m := range t.acquaintances(n) {
		if c := m.cluster; c != nil && !c.leaf && c.name == name {
			return c
		}
	}
	return nil
}

// familiar divides the nodes that claim one cluster by who is connected with whom, the
// best connected first, into as many as a cluster has at most: who claims the cluster of
// others is in nobody's way. Who is left alone and wasn't is in none.
func (t *tree) familiar(nodes []*node) (groups [][]*node) {
	among := make(map[*node][]*node, len(nodes)) // those to be divided, and whom of them they know
	for _, n := range nodes {
		among[n] = nil
	}
	for _, n := range nodes {
		for _, m := range t.acquaintances(n) {
			if _, claims := among[m]; claims {
				among[n] = append(among[n], m)
			}
		}
	}
	best := func(a, b *node) int { return len(among[b]) - len(among[a]) }
	slices.SortStableFunc(nodes, best)
	for _, n := range nodes {
		slices.SortStableFunc(among[n], best)
	}
	taken := make(map[*node]bool, len(nodes))
	for _, n := range nodes {
		if taken[n] {
			continue
		}
		members := gather(n, among, taken)
		if s, _ := parseSeat(n.claim.Place); len(members) > 1 || s.holds == 1<<Stripes-1 {
			groups = append(groups, members)
		}
	}
	return groups
}

// gather takes n and those whom it knows, and then those whom they know, as many as a
// cluster has at most.
func gather(n *node, known map[*node][]*node, taken map[*node]bool) []*node {
	members := []*node{n}
	taken[n] = true
	for i := 0; i < len(members); i++ {
		for _, m := range known[members[i]] {
			if len(members) == Stripes {
				return members
			}
			if !taken[m] {
				taken[m] = true
				members = append(members, m)
			}
		}
	}
	return members
}
