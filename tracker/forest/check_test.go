package forest

import (
	"math"
	"slices"

	"github.com/stretchr/testify/require"
)

// must is require without its reflection, which would walk through the whole graph.
func (s *swarm) must(holds bool, what string) {
	s.t.Helper()
	if !holds {
		require.FailNow(s.t, what)
	}
}

// check looks whether all holds that always has to.
func (s *swarm) check() {
	s.t.Helper()
	needs := make(map[*pair]int)
	spent := make(map[*peer]int64)
	guests, below := make(map[*node]int), make(map[*node]int)
	for _, t := range s.forest.standing() {
		s.checkClusters(t)
		for _, n := range t.nodes {
			s.checkNode(t, n, needs, spent, guests, below)
		}
		for _, n := range t.nodes {
			s.must(guests[n] == len(n.guests) && below[n] == n.below, "guests and those below")
		}
	}
	open := 0
	for _, p := range s.forest.order {
		degree := 0
		for _, k := range p.pairs {
			s.must(needs[k] == k.needs, "links of a pair")
			s.must(k.told, "told")
			_, told := s.told[pairOf(k.a.id, k.b.id)]
			s.must(told, "told of a pair")
			if k.needs > 0 {
				degree++
			}
			if k.open {
				open++
			}
		}
		s.must(degree == p.degree, "degree")
		s.must(degree <= s.forest.config.Connections, "too many connections")
		s.must(len(p.pairs) <= s.forest.config.Connections+passing+1, "too many idle connections")
		s.must(spent[p] == p.spent, "bits a second")
	}
	s.must(open == 2*s.forest.open, "open connections")
}

func (s *swarm) checkClusters(t *tree) {
	s.t.Helper()
	roots := 0
	for _, list := range [...][]*cluster{t.groups, t.leaves} {
		for i, c := range list {
			s.must(i == c.place, "place")
			s.must(!c.gone, "gone")
			s.must(len(c.members) > 0 && len(c.members) <= Stripes, "size of a cluster")
			held := make(map[*node]int)
			for _, h := range c.holder {
				s.must(slices.Contains(c.members, h), "a holder from elsewhere")
				held[h]++
			}
			for _, n := range c.members {
				s.must(c == n.cluster, "member")
				share := float64(Stripes) / float64(len(c.members))
				s.must(math.Abs(share-float64(held[n])) < 1, "unequal shares")
			}
			if c.parent == nil {
				s.must(c.depth == 0, "depth of a root")
				if !c.leaf {
					roots++
				}
				continue
			}
			s.must(c.parent.depth+1 == c.depth && c.depth <= deepest, "depth")
			s.must(slices.Contains(c.parent.kids, c), "kid")
			s.must(!c.parent.leaf, "under a leaf")
		}
	}
	s.must(roots == t.roots && roots >= min(1, len(t.groups)), "roots")
}

func (s *swarm) checkNode(t *tree, n *node, needs map[*pair]int, spent map[*peer]int64, guests, below map[*node]int) {
	s.t.Helper()
	waits := slices.Contains(t.fresh, n)
	s.must((s.forest.active && !waits) == (n.cluster != nil), "active")
	if !n.waiting() {
		plan := s.plans[n.peer.id][t.rendition]
		s.must(plan != nil && n.sources() == plan.Stripes && n.seat() == plan.Place, "told another plan")
	}
	s.must(n.used <= t.slots(n), "slots")
	if n.cluster != nil && n.cluster.leaf {
		s.must(n.used == 0, "a leaf with children")
	}
	for stripe, q := range n.parent {
		s.checkWay(n, stripe, nil)
		if q == nil {
			continue
		}
		switch {
		case n.lodges[stripe]:
			s.must(n.cluster.leaf && !q.cluster.leaf, "a guest that lends")
			guests[q]++
		case q.cluster != n.cluster:
			s.must(n.cluster.parent == q.cluster, "link to elsewhere")
			below[q]++
		}
		k := q.peer.pairWith(n.peer)
		s.must(k != nil, "no connection")
		needs[k]++
		spent[q.peer] += t.stripe
		x := n.standby(stripe)
		s.must(q != x, "standby is the parent")
		if x != nil {
			k := x.peer.pairWith(n.peer)
			s.must(k != nil && k.needs > 0, "standby without a connection")
		}
		s.checkWay(n, stripe, q)
	}
}

// checkWay follows a stripe up to the server; where somebody's parent is the one who
// failed, over its standby.
func (s *swarm) checkWay(n *node, stripe int, failed *node) {
	s.t.Helper()
	seen := make(map[*node]bool)
	for n != nil {
		s.must(!seen[n], "a circle")
		seen[n] = true
		next := n.parent[stripe]
		if failed != nil && next == failed {
			next = n.standby(stripe)
		}
		s.must(next == nil || next != failed, "standby under the failed")
		n = next
	}
}

// quiet looks at what holds when there was time to mend.
func (s *swarm) quiet() {
	s.t.Helper()
	s.check()
	require.Empty(s.t, s.forest.idle)
	for _, t := range s.forest.standing() {
		require.LessOrEqual(s.t, t.roots, t.wanted(), "seeds' clusters")
	}
}
