package main

import (
	"github.com/liverelay/liverelay/origin"
	"github.com/liverelay/liverelay/tracker"
)

// painter is the tracker as the origin asks it who feeds whom.
type painter struct{ tracker *tracker.Tracker }

var _ origin.Painter = painter{}

// Picture implements origin.Painter.
func (p painter) Picture(stream string) []origin.Peer {
	nodes := p.tracker.Picture(stream)
	peers := make([]origin.Peer, len(nodes))
	for i, n := range nodes {
		peers[i] = origin.Peer{
			ID: string(n.Peer), Rendition: n.Rendition, Cluster: n.Cluster, Leaf: n.Leaf, Depth: n.Depth, Hops: n.Hops,
			Holds: n.Holds, Slots: n.Slots, Used: n.Used, Connections: n.Connections,
		}
		for s := range n.Parents {
			peers[i].Parents[s], peers[i].Standbys[s] = string(n.Parents[s]), string(n.Standbys[s])
		}
	}
	return peers
}
