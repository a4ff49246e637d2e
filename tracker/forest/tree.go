package forest

import (
	"math"
	"slices"
	"time"
)

// tree is the plan of one rendition: clusters that hang on clusters.
type tree struct {
	forest    *Forest
	rendition int
	riding    []int // audio renditions that ride with it
	stripe    int64 // bit/s of one stripe, at least 1
	nodes     []*node
	fresh     []*node    // wait for a place
	groups    []*cluster // of contributors
	leaves    []*cluster // of one each, that lends nothing
	roots     int        // groups without a parent
	todo      []*cluster // to be settled
	held      bool       // it waits until a move is done
	shaped    time.Time  // when nodes were last moved for its shape
}

// node is a peer in a tree.
type node struct {
	peer    *peer
	tree    *tree
	place   int // in tree.nodes
	cluster *cluster
	parent  [Stripes]*node // nil stands for the server
	used    int            // stripes it sends, each to one
	below   int            // of these, to members of clusters that hang on its own
	guests  []*node        // leaves from elsewhere that it feeds, once for each stripe
	lodges  [Stripes]bool  // whether a parent has it as a guest
	moved   time.Time      // when it came to its cluster
	dirty   bool           // stands in Forest.dirty
	sent    *Plan          // the last plan
	claim   *Plan          // the one that it came back with, until that is dealt with
	gone    bool
}

// cluster is up to six peers that feed each other.
type cluster struct {
	number  int
	name    uint64 // the same for the trackers to come
	leaf    bool
	place   int // in tree.groups or tree.leaves
	members []*node
	holder  [Stripes]*node // takes the stripe from above and feeds it to the others
	parent  *cluster       // nil stands for the server
	kids    []*cluster
	depth   int
	combed  time.Time // when those that hang on it were last sorted
	raised  time.Time // when it was last tried nearer to the server
	gone    bool
}

func newTree(f *Forest, rendition int) *tree {
	t := &tree{forest: f, rendition: rendition}
	if !f.ladder[rendition].Audio {
		for i, r := range f.ladder {
			if r.Audio {
				t.riding = append(t.riding, i)
			}
		}
	}
	t.stripe = t.price()
	return t
}

func (t *tree) nodeOf(p *peer) *node {
	for _, n := range p.nodes {
		if n.tree == t {
			return n
		}
	}
	return nil
}

// admit makes a peer known to the tree, without a place in it.
func (t *tree) admit(p *peer) *node {
	n := &node{peer: p, tree: t, place: len(t.nodes)}
	t.nodes = append(t.nodes, n)
	p.nodes = append(p.nodes, n)
	p.uplink.begin(t.stripe)
	t.fresh = append(t.fresh, n)
	if n.claim = p.claimOf(t.rendition); n.claim != nil {
		n.sent = n.claim
	}
	t.forest.changed(n)
	return n
}

// forget takes a node out for good.
func (t *tree) forget(n *node) {
	n.gone, n.claim = true, nil
	t.remove(n)
	last := t.nodes[len(t.nodes)-1]
	t.nodes[n.place], last.place = last, n.place
	t.nodes = t.nodes[:len(t.nodes)-1]
	i := slices.Index(n.peer.nodes, n)
	n.peer.nodes = slices.Delete(n.peer.nodes, i, i+1)
}

// insert gives a node a place: contributors in the cluster that lacks members and is
// nearest to the server, or in a new one; who lends nothing hangs on a cluster alone.
func (t *tree) insert(n *node) {
	if n.cluster != nil {
		return
	}
	n.moved = t.forest.now
	if t.contributes(n) {
		if c := t.opening(n); c != nil {
			t.enter(n, c)
			return
		}
	}
	c := t.found(!t.contributes(n))
	c.members = append(c.members, n)
	n.cluster = c
	t.place(c)
	t.drain()
}

// insertAll gives a place to all that are without one and don't wait for others, in one go,
// so that who joins together is planned together: contributors before those who hang on
// them, strong before weak.
func (t *tree) insertAll() {
	if len(t.fresh) == 0 {
		return
	}
	var fresh, waiting []*node
	for _, n := range t.fresh {
		switch {
		case n.gone || n.cluster != nil:
		case n.waiting():
			waiting = append(waiting, n)
		default:
			fresh = append(fresh, n)
		}
	}
	t.fresh = waiting
	slices.SortStableFunc(fresh, func(a, b *node) int { return t.slots(b) - t.slots(a) })
	for _, n := range fresh {
		t.insert(n)
	}
	if 4*len(fresh) >= len(t.nodes) { // most of it is new: nobody is disturbed
		t.combAll(len(t.groups))
	}
}

// enter makes a node a member of a cluster that is there.
func (t *tree) enter(n *node, c *cluster) {
	n.cluster, n.moved = c, t.forest.now
	c.members = append(c.members, n)
	t.settle(c)
	t.drain()
}

// remove takes a node out of its cluster. What it fed is fed by others at once.
func (t *tree) remove(n *node) {
	c := n.cluster
	if c == nil {
		return
	}
	t.cutOff(n)
	i := slices.Index(c.members, n)
	c.members = slices.Delete(c.members, i, i+1)
	n.cluster = nil
	for s, h := range c.holder {
		if h == n {
			c.holder[s] = nil
		}
	}
	if len(c.members) == 0 {
		t.dissolve(c)
	} else {
		t.settle(c)
	}
	t.drain()
}

func (t *tree) found(leaf bool) *cluster {
	t.forest.clusters++
	c := &cluster{number: t.forest.clusters, leaf: leaf}
	c.name = t.forest.config.Start + uint64(c.number)
	list := t.listOf(c)
	c.place = len(*list)
	*list = append(*list, c)
	if !leaf {
		t.roots++
	}
	return c
}

func (t *tree) dissolve(c *cluster) {
	t.hang(c, nil)
	c.gone = true
	list := t.listOf(c)
	last := (*list)[len(*list)-1]
	(*list)[c.place], last.place = last, c.place
	*list = (*list)[:len(*list)-1]
	if !c.leaf {
		t.roots--
	}
	kids := c.kids
	c.kids = nil
	slices.SortStableFunc(kids, func(a, b *cluster) int { return t.strength(b) - t.strength(a) })
	for _, kid := range kids {
		kid.parent = nil
		kid.sink()
		if !kid.leaf {
			t.roots++
		}
	}
	for _, kid := range kids {
		t.place(kid)
	}
}

func (t *tree) listOf(c *cluster) *[]*cluster {
	if c.leaf {
		return &t.leaves
	}
	return &t.groups
}

// hang makes p the parent of c; links are not touched.
func (t *tree) hang(c, p *cluster) {
	if c.parent == p {
		return
	}
	if c.parent != nil {
		i := slices.Index(c.parent.kids, c)
		c.parent.kids = slices.Delete(c.parent.kids, i, i+1)
	}
	if !c.leaf {
		switch {
		case c.parent == nil:
			t.roots--
		case p == nil:
			t.roots++
		}
	}
	c.parent = p
	if p != nil {
		p.kids = append(p.kids, c)
	}
	c.sink()
}

// sink works out the depth of c and of all below it.
func (c *cluster) sink() {
	c.depth = 0
	if c.parent != nil {
		c.depth = c.parent.depth + 1
	}
	for _, kid := range c.kids {
		kid.sink()
	}
}

// wanted is the number of clusters that take the stripes from the server.
func (t *tree) wanted() int {
	return max(1, int(math.Ceil(t.forest.config.SeedShare*float64(len(t.nodes)))))
}
