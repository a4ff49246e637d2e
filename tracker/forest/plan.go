package forest

import "slices"

// changed has a node's plan looked at when the event is done.
func (f *Forest) changed(n *node) {
	if !n.dirty && !n.gone {
		n.dirty = true
		f.dirty = append(f.dirty, n)
	}
}

// sendPlans tells those whose plan is another than the one they have.
func (f *Forest) sendPlans() {
	for _, n := range f.dirty {
		n.dirty = false
		if n.gone || n.waiting() {
			continue
		}
		plan := &Plan{Serial: n.peer.serial + 1, Renditions: n.renditions(), Stripes: n.sources(), Place: n.seat()}
		if n.sent.same(plan) {
			continue
		}
		n.peer.serial++
		n.sent = plan
		f.tell(Action{Kind: NewPlan, To: n.peer.id, Plan: n.sent})
	}
	f.dirty = f.dirty[:0]
}

// same says whether two plans differ in nothing but their serial.
func (p *Plan) same(as *Plan) bool {
	return p != nil && p.Stripes == as.Stripes && p.Place == as.Place && slices.Equal(p.Renditions, as.Renditions)
}

// renditions is what a node's plan covers: the tree's rendition and the audio that the
// peer follows with it.
func (n *node) renditions() []int {
	all := []int{n.tree.rendition}
	for _, audio := range n.tree.riding {
		if n.peer.follows(audio) {
			all = append(all, audio)
		}
	}
	return all
}

func (n *node) sources() (all [Stripes]Source) {
	for s, q := range n.parent {
		if q == nil {
			continue
		}
		all[s].Parent = q.peer.id
		if standby := n.standby(s); standby != nil {
			all[s].Standby = standby.peer.id
		}
	}
	return all
}

// standby is who feeds a node when the parent of a stripe is silent; nil stands for the
// server. It is always somebody that the node takes another stripe from.
//
// What comes from above has a standby in another member of the cluster above, which
// gets the stripe from its own standby when it came from the same parent. What comes
// from the own cluster has one in the cluster above, too, which can't be under the
// failed one. At the server there is no cluster above: there one member is the warm
// standby of the seed, with the server for its own, and the standby of all others.
func (n *node) standby(s int) *node {
	q := n.parent[s]
	if above := n.cluster.parent; above != nil {
		return n.feeder(above, q)
	}
	if warm := n.cluster.warm(s); warm != n && warm != q && n.takesFrom(warm) {
		return warm
	}
	return nil
}

// feeder is somebody of a cluster, but not one, who feeds n: the one it had for this
// before where possible is not worth a memory, so the first.
func (n *node) feeder(above *cluster, not *node) *node {
	for _, x := range n.parent {
		if x != nil && x != not && x.cluster == above {
			return x
		}
	}
	return nil
}

func (n *node) takesFrom(q *node) bool {
	for _, x := range n.parent {
		if x != nil && x == q {
			return true
		}
	}
	return false
}

// warm is the member that stands by for the holder of a stripe: the next one after it
// that the holder feeds.
func (c *cluster) warm(s int) *node {
	h := c.holder[s]
	for i := 1; i < Stripes; i++ {
		if m := c.holder[(s+i)%Stripes]; m != h && m.parent[s] == h {
			return m
		}
	}
	return nil
}
