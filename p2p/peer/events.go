package peer

import (
	"math/bits"
	"slices"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/wire"
)

// Follow: these are the renditions to follow from now on. Indices out of range are
// left out.
func (c *Core) Follow(now int64, renditions []int) []Action {
	c.begin()
	before := c.interest()
	if len(c.groups) == 0 {
		c.feed.headAt = now
	}
	var ended []int
	for i := range c.renditions {
		r := &c.renditions[i]
		follow := slices.Contains(renditions, i)
		if follow && !r.followed {
			r.started = false
		}
		if !follow && r.followed {
			ended = append(ended, i)
		}
		r.followed = follow
	}
	if bits := c.interest(); bits != before {
		for _, n := range c.neighbours {
			c.send(n, wire.Interest{Renditions: bits})
		}
	}
	c.regroup(now)
	for _, i := range ended {
		c.unfollow(now, i)
	}
	c.runFeed(now, true)
	return c.end(now)
}

// unfollow drops all of a rendition but its heads.
func (c *Core) unfollow(now int64, index int) {
	r := &c.renditions[index]
	for _, n := range c.neighbours {
		if n.wants[index] != 0 {
			c.send(n, wire.Refuse{Rendition: index, Stripes: n.wants[index]})
			n.wants[index], n.feeds[index] = 0, 0
			c.dirty = true
		}
	}
	r.each(func(p *part) {
		c.forget(now, p, false)
		r.ring[p.id.Number%ringSize] = nil
		if p.head != nil {
			again := c.make(p.id)
			again.head, again.headAt = p.head, p.headAt
			again.left, again.passed = len(p.head.Chunks), p.passed
		}
	})
	r.open = nil
}

// Heads: verified heads have come, from the feed (peer is empty) or from a peer, in
// the batch with this payload. The core keeps both.
func (c *Core) Heads(now int64, heads []media.Head, payload []byte, peer string) []Action {
	c.begin()
	from := c.find(peer)
	switch {
	case from == nil:
	case from.flooded(now):
		c.violate(now, from, wire.ByeFlood, "too many messages")
	case !from.hello:
		c.violate(now, from, wire.ByeMalformed, "hello comes first, and once")
	}
	var came []*part
	fresh := false
	for i := range heads {
		if p, isNew := c.head(now, &heads[i], peer == ""); isNew {
			fresh = true
			if c.renditions[heads[i].Rendition].followed {
				c.feed.headAt = now
				came = append(came, p)
			}
		}
	}
	c.countBack(heads, from)
	if fresh && len(payload) > 0 {
		c.passHeads(heads, payload, from)
	}
	for _, p := range came {
		c.headCame(now, p)
	}
	for _, p := range came { // kept for a part that nobody here wants
		if !p.whole && !c.wanted(p) {
			c.refuse(p)
		}
	}
	return c.end(now)
}

// head keeps one head; isNew says that it was not known, and is within the store.
func (c *Core) head(now int64, h *media.Head, fed bool) (p *part, isNew bool) {
	if h.Rendition < 0 || h.Rendition >= wire.MaxRenditions {
		return nil, false
	}
	r := &c.renditions[h.Rendition]
	c.advance(now, h.Rendition, h.Number)
	if fed && r.followed {
		c.start(now, r, h.Number)
	}
	if !r.within(h.Number) {
		return nil, false
	}
	if p = c.make(wire.PartID{Rendition: h.Rendition, Number: h.Number}); p.head != nil {
		return p, false
	}
	p.head, p.headAt, p.left = h, now, len(h.Chunks)
	return p, true
}

// countBack counts batches of peers after heads were silent (rule 3).
func (c *Core) countBack(heads []media.Head, from *neighbour) {
	f := &c.feed
	if f.healthy || from == nil {
		return
	}
	for i := range heads {
		if h := &heads[i]; h.Rendition < wire.MaxRenditions {
			if r := &c.renditions[h.Rendition]; r.followed && r.recent(h.Number) {
				f.back++
				f.healthy = f.back >= HeadsBack
				return
			}
		}
	}
}

// passHeads sends a batch on to those who are subscribed for one of its heads.
func (c *Core) passHeads(heads []media.Head, payload []byte, from *neighbour) {
	var message []byte
	for _, n := range c.neighbours {
		if n == from || !n.wantsHeads(heads) {
			continue
		}
		if message == nil {
			message = wire.Signed{Type: wire.TypeHeads, Payload: payload}.Append(make([]byte, 0, len(payload)+1))
		}
		c.do(Action{Kind: Send, Peer: n.id, Bytes: message})
	}
}

func (n *neighbour) wantsHeads(heads []media.Head) bool {
	for i := range heads {
		h := &heads[i]
		s := h.Number % wire.Stripes
		if h.Rendition < wire.MaxRenditions && n.wants[h.Rendition]&(1<<s|1<<((s+wire.Stripes/2)%wire.Stripes)) != 0 {
			return true
		}
	}
	return false
}

// Playhead: this is where playback is on the broadcast's timeline, in milliseconds;
// −1 before it began.
func (c *Core) Playhead(now, ms int64) []Action {
	c.begin()
	c.playhead = ms
	return c.end(now)
}

// Pressure: so many bytes wait in the channel to a peer.
func (c *Core) Pressure(now int64, peer string, bytes int) []Action {
	c.begin()
	if n := c.find(peer); n != nil {
		if bytes < n.pressure || n.pressure == 0 {
			n.drainedAt = now
		}
		n.pressure = bytes
	}
	return c.end(now)
}

// Identify: the tracker has given the peer this id. What it said of others before holds
// no more.
func (c *Core) Identify(now int64, id string) []Action {
	c.begin()
	for _, n := range c.neighbours {
		n.gone = false
		if c.cfg.ID != "" && c.cfg.ID != id {
			n.old, n.idleAt = true, now
		}
	}
	c.cfg.ID = id
	for _, g := range c.groups {
		g.serial = 0
	}
	return c.end(now)
}

// Accuse: the shell caught a peer at a violation, such as heads that nobody signed.
func (c *Core) Accuse(now int64, peer string, code uint64, reason string) []Action {
	c.begin()
	if n := c.find(peer); n != nil {
		c.violate(now, n, code, reason)
	}
	return c.end(now)
}

// Tick: time has passed.
func (c *Core) Tick(now int64) []Action {
	c.begin()
	c.runHoles(now)
	c.runStripes(now)
	ceased := c.runHeads(now)
	if turn := now / LateEvery; turn > c.lateTurn {
		c.lateTurn = turn
		for _, n := range c.neighbours {
			if n.late > 0 {
				c.do(Action{Kind: Late, Peer: n.id, Late: n.late})
				n.late = 0
			}
		}
		if c.unsent > 0 {
			c.do(Action{Kind: Late, Peer: c.cfg.ID, Late: c.unsent})
		}
		c.unsent = 0
	}
	c.runNeighbours(now)
	if c.dirty {
		c.dirty = false
		c.subscribeAll(now)
	}
	c.runFeed(now, ceased)
	return c.end(now)
}

// runNeighbours closes those that never said hello or are of no use any more, and
// forgets what was cancelled long ago.
func (c *Core) runNeighbours(now int64) {
	for _, n := range slices.Clone(c.neighbours) {
		if !n.hello && now >= n.openedAt+HelloWithin {
			c.close(now, n, wire.ByeIdle, "no hello")
			continue
		}
		if n.lost(now) {
			c.close(now, n, wire.ByeIdle, "nothing gets through")
			continue
		}
		if n.old {
			if n.inUse() {
				n.idleAt = now
			} else if now >= n.idleAt+Idle {
				c.close(now, n, wire.ByeIdle, "not needed any more")
				continue
			}
		}
		for id, a := range n.asked {
			chunks := -1
			if p := c.part(id); p != nil {
				chunks = p.chunks()
			}
			if a.until != 0 && a.until <= now && a.open.empty(chunks) {
				delete(n.asked, id)
			}
		}
	}
}

// stripes counts all that neighbours but one want.
func (c *Core) stripes(but *neighbour) (count int) {
	for _, n := range c.neighbours {
		for _, w := range n.wants {
			if n != but {
				count += bits.OnesCount8(w)
			}
		}
	}
	return count
}

// Children says how many neighbours are subscribed to each stripe.
func (c *Core) Children() (count [wire.Stripes]int) {
	for _, n := range c.neighbours {
		var stripes uint8
		for _, w := range n.wants {
			stripes |= w
		}
		for s := range count {
			count[s] += int(stripes >> s & 1)
		}
	}
	return count
}
