package forest

// Node is a viewer's place in a tree, as it may be shown: ids that are made up for each
// connection, and no addresses.
type Node struct {
	Peer        Peer          `json:"peer"`
	Rendition   int           `json:"rendition"`
	Cluster     int           `json:"cluster"` // 0 before it has a place
	Leaf        bool          `json:"leaf"`    // lends nothing
	Depth       int           `json:"depth"`   // clusters between its own and the server
	Hops        int           `json:"hops"`    // of the stripe that comes the longest way; 1 from the server
	Holds       []int         `json:"holds"`   // stripes that it feeds to its cluster
	Parents     [Stripes]Peer `json:"parents"` // by stripe; empty for the server
	Standbys    [Stripes]Peer `json:"standbys"`
	Slots       int           `json:"slots"` // stripes that it may send
	Used        int           `json:"used"`  // stripes that it is planned to send
	Connections int           `json:"connections"`
}

// Picture is the plan as it stands, by rendition and then by the order of joining as far
// as nobody left.
func (f *Forest) Picture() []Node {
	all := make([]Node, 0, len(f.order))
	for _, t := range f.standing() {
		for _, n := range t.nodes {
			all = append(all, n.picture())
		}
	}
	return all
}

func (n *node) picture() Node {
	v := Node{
		Peer: n.peer.id, Rendition: n.tree.rendition, Leaf: true, Hops: 1,
		Holds: []int{}, Used: n.used, Connections: n.peer.degree,
	}
	if n.cluster == nil {
		return v
	}
	v.Cluster, v.Leaf, v.Depth, v.Slots = n.cluster.number, n.cluster.leaf, n.cluster.depth, n.tree.slots(n)
	for s, q := range n.parent {
		if !n.cluster.leaf && n.cluster.holder[s] == n {
			v.Holds = append(v.Holds, s)
		}
		if q == nil {
			continue
		}
		v.Parents[s] = q.peer.id
		if x := n.standby(s); x != nil {
			v.Standbys[s] = x.peer.id
		}
		v.Hops = max(v.Hops, n.hops(s))
	}
	return v
}

// hops is how many sends a stripe takes to come here.
func (n *node) hops(s int) int {
	hops := 1
	for n = n.parent[s]; n != nil; n = n.parent[s] {
		hops++
	}
	return hops
}
