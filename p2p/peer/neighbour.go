package peer

import (
	"slices"

	"github.com/liverelay/liverelay/p2p/wire"
)

// neighbour is a peer at the other end of an open connection.
type neighbour struct {
	id        string
	openedAt  int64
	gone      bool // the tracker says that it left
	hello     bool
	interest  uint32
	asked     map[wire.PartID]*asked
	kept      map[wire.PartID]*chunkSet
	waiting   int   // bytes of its chunks that wait for their head
	stray     int   // bytes that it pushed outside the store
	pressure  int   // bytes that wait in its channels
	drainedAt int64 // when there were last fewer than before, or none
	late      int   // chunks that it brought late

	wanted  [wire.MaxRenditions]uint8               // stripes that it was last told to push
	until   [wire.MaxRenditions][wire.Stripes]int64 // it may push what it was told until then
	refused [wire.MaxRenditions]uint8
	wants   [wire.MaxRenditions]uint8 // stripes that it is to be pushed
	feeds   [wire.MaxRenditions]uint8 // those of them that it passes on
	told    [wire.MaxRenditions]uint8 // of what it was told to push, what is passed on

	old    bool  // opened under another id of ours
	idleAt int64 // since when it was of no use

	secondAt int64 // the second in which messages are counted
	messages int
}

// asked is what one neighbour was asked of one part: open, or forgiven when it comes
// although it was cancelled.
type asked struct {
	open, forgiven chunkSet
	until          int64
}

func (c *Core) find(id string) *neighbour {
	if id == "" {
		return nil
	}
	for _, n := range c.neighbours {
		if n.id == id {
			return n
		}
	}
	return nil
}

// mayPush reports whether a subscription lets it push a stripe.
func (n *neighbour) mayPush(now int64, rendition, stripe int) bool {
	return n.wanted[rendition]>>stripe&1 != 0 || now < n.until[rendition][stripe]
}

// stuck reports whether nothing leaves for a neighbour: it is gone, or its line is.
func (n *neighbour) stuck(now int64) bool {
	wait := int64(Stuck)
	if n.gone {
		wait = StuckGone
	}
	return n.pressure > 0 && now-n.drainedAt >= wait
}

// pressed is how many bytes wait in the channels from which something leaves.
func (c *Core) pressed(now int64) (sum int) {
	for _, n := range c.neighbours {
		if !n.stuck(now) {
			sum += n.pressure
		}
	}
	return sum
}

// lost reports whether it is time to give up a neighbour for which nothing leaves: what
// waits is sent again and again, and keeps others from the line.
func (n *neighbour) lost(now int64) bool {
	patience := int64(LostAfter)
	if n.gone {
		patience = LostGone
	}
	return n.pressure > 0 && now-n.drainedAt >= patience
}

// Gone: the tracker says that a peer left. Its channel may go on.
func (c *Core) Gone(now int64, id string) []Action {
	c.begin()
	if n := c.find(id); n != nil {
		n.gone = true
	}
	return c.end(now)
}

// inUse reports whether either side is subscribed to the other.
func (n *neighbour) inUse() bool {
	return n.wanted != [wire.MaxRenditions]uint8{} || n.wants != [wire.MaxRenditions]uint8{}
}

// PeerOpen: a connection to a peer has opened.
func (c *Core) PeerOpen(now int64, id string) []Action {
	c.begin()
	if _, banned := c.banned[id]; banned || id == "" || c.find(id) != nil {
		c.do(Action{Kind: Close, Peer: id, Code: wire.ByeLeaving, Reason: "not again"})
		return c.end(now)
	}
	n := &neighbour{id: id, openedAt: now, asked: map[wire.PartID]*asked{}, kept: map[wire.PartID]*chunkSet{}}
	c.neighbours = append(c.neighbours, n)
	c.send(n, wire.Hello{Version: wire.Version, Stream: c.cfg.Stream, Epoch: c.cfg.Epoch, Agent: c.cfg.Agent})
	c.send(n, wire.Interest{Renditions: c.interest()})
	return c.end(now)
}

// PeerClose: a connection has closed.
func (c *Core) PeerClose(now int64, id string) []Action {
	c.begin()
	if n := c.find(id); n != nil {
		c.drop(now, n)
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

// violate ends a connection for good.
func (c *Core) violate(now int64, n *neighbour, code uint64, reason string) {
	if code == wire.ByeWrong || code == wire.ByeUnasked {
		c.stats.RejectedChunks++
	}
	if _, already := c.banned[n.id]; already {
		return
	}
	c.banned[n.id] = struct{}{}
	c.close(now, n, code, reason)
}

func (c *Core) close(now int64, n *neighbour, code uint64, reason string) {
	c.do(Action{Kind: Close, Peer: n.id, Code: code, Reason: reason})
	c.drop(now, n)
}

// drop forgets a neighbour, throws away what of it waits unchecked, and turns to
// others for what it was to bring (rules 4 and 6).
func (c *Core) drop(now int64, n *neighbour) {
	at := slices.Index(c.neighbours, n)
	if at < 0 {
		return
	}
	c.neighbours = slices.Delete(c.neighbours, at, at+1)
	c.dirty = true
	for id, a := range n.asked {
		if p := c.part(id); p != nil && !a.open.empty(p.chunks()) {
			c.fail(now, n, p)
		}
	}
	for i := range c.renditions {
		if r := &c.renditions[i]; r.followed {
			r.each(func(p *part) { p.dropWaiting(n) })
		}
	}
	for _, g := range c.groups {
		c.abandon(now, n, g, allStripes, false)
	}
}

// flooded counts a message that is no data.
func (n *neighbour) flooded(now int64) bool {
	if n.messages == 0 || now >= n.secondAt+1000 {
		n.secondAt, n.messages = now, 0
	}
	n.messages++
	return n.messages > Flood
}
