package peer

import (
	"cmp"
	"maps"
	"slices"

	"github.com/liverelay/liverelay/p2p/wire"
)

// neighbour is a peer at the other end of an open channel.
type neighbour struct {
	id       string
	openedAt int64
	hello    bool
	interest uint32
	haves    [wire.MaxRenditions]haveSet
	asked    map[wire.PartID]*asked
	kept     map[wire.PartID]*chunkSet
	waiting  int // bytes of its chunks that wait for their head

	secondAt int64 // the second in which messages are counted
	messages int
}

// asked is what one neighbour was asked of one part: open, or forgiven when it comes
// although it was cancelled.
type asked struct {
	open, forgiven chunkSet
	until          int64
}

// haveSet holds the newest 64 numbers that a neighbour named of a rendition.
type haveSet struct {
	top  uint64
	mask uint64 // bit k is top − k
}

func (h *haveSet) add(n uint64) {
	switch {
	case h.mask == 0:
		h.top, h.mask = n, 1
	case n > h.top:
		h.mask = h.mask<<(n-h.top) | 1
		h.top = n
	case h.top-n < 64:
		h.mask |= 1 << (h.top - n)
	}
}

func (h *haveSet) has(n uint64) bool {
	return n <= h.top && h.top-n < 64 && h.mask&(1<<(h.top-n)) != 0
}

func (c *Core) find(id string) *neighbour {
	for _, n := range c.neighbours {
		if n.id == id {
			return n
		}
	}
	return nil
}

// PeerOpen: a data channel to a peer has opened.
func (c *Core) PeerOpen(now int64, id string) []Action {
	c.begin()
	if _, banned := c.banned[id]; banned || c.find(id) != nil {
		c.do(Action{Kind: Close, Peer: id, Code: wire.ByeLeaving, Reason: "not again"})
		return c.end(now)
	}
	n := &neighbour{id: id, openedAt: now, asked: map[wire.PartID]*asked{}, kept: map[wire.PartID]*chunkSet{}}
	c.neighbours = append(c.neighbours, n)
	c.wakeAt(now + HelloWithin)
	c.send(n, wire.Hello{Version: wire.Version, Stream: c.cfg.Stream, Epoch: c.cfg.Epoch, Agent: c.cfg.Agent})
	c.send(n, wire.Interest{Renditions: c.interest()})
	return c.end(now)
}

// PeerClose: a data channel has closed.
func (c *Core) PeerClose(now int64, id string) []Action {
	c.begin()
	if n := c.find(id); n != nil {
		c.drop(n, nil)
	}
	return c.end(now)
}

// interest is what the peer tells its neighbours to ask it for.
func (c *Core) interest() uint32 {
	var bits uint32
	for i := range c.renditions {
		if c.lends() && c.renditions[i].followed {
			bits |= 1 << i
		}
	}
	return bits
}

// violate ends a connection for good; p, if any, is the part that it concerns.
func (c *Core) violate(n *neighbour, code uint64, reason string, p *part) {
	if code == wire.ByeWrong || code == wire.ByeUnasked {
		c.stats.RejectedChunks++
	}
	if _, already := c.banned[n.id]; already {
		return
	}
	c.banned[n.id] = struct{}{}
	c.close(n, code, reason, p)
}

func (c *Core) close(n *neighbour, code uint64, reason string, p *part) {
	c.do(Action{Kind: Close, Peer: n.id, Code: code, Reason: reason})
	c.drop(n, p)
}

// drop forgets a neighbour, throws away what of it waits unchecked, and turns to
// others for what it was asked (rule 4).
func (c *Core) drop(n *neighbour, also *part) {
	at := slices.Index(c.neighbours, n)
	if at < 0 {
		return
	}
	c.neighbours = slices.Delete(c.neighbours, at, at+1)
	left := map[*part]struct{}{}
	if also != nil {
		left[also] = struct{}{}
	}
	for id, a := range n.asked {
		if p := c.part(id); p != nil && !a.open.empty(p.chunks()) {
			left[p] = struct{}{}
		}
	}
	for i := range c.renditions {
		c.renditions[i].each(func(p *part) {
			if p.dropWaiting(n) {
				left[p] = struct{}{}
			}
		})
	}
	for _, p := range sorted(left) {
		c.fail(n, p)
	}
}

func sorted(parts map[*part]struct{}) []*part {
	return slices.SortedFunc(maps.Keys(parts), func(a, b *part) int {
		return cmp.Or(cmp.Compare(a.id.Rendition, b.id.Rendition), cmp.Compare(a.id.Number, b.id.Number))
	})
}

// flooded counts a message that is no data.
func (n *neighbour) flooded(now int64) bool {
	if n.messages == 0 || now >= n.secondAt+1000 {
		n.secondAt, n.messages = now, 0
	}
	n.messages++
	return n.messages > Flood
}
