package peer

import (
	"slices"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/wire"
)

// Follow: these are the renditions to follow from now on. Indices out of range are
// left out.
func (c *Core) Follow(now int64, renditions []int) []Action {
	c.begin()
	before := c.interest()
	var began []*rendition
	var ended []int
	for i := range c.renditions {
		r := &c.renditions[i]
		follow := slices.Contains(renditions, i)
		switch {
		case follow && !r.followed:
			r.seen = false
			began = append(began, r)
		case !follow && r.followed:
			ended = append(ended, i)
		}
		r.followed = follow
	}
	if bits := c.interest(); bits != before {
		for _, n := range c.neighbours {
			c.send(n, wire.Interest{Renditions: bits})
		}
	}
	for _, i := range ended {
		c.unfollow(now, i)
	}
	for _, r := range began {
		c.ahead(now, r)
	}
	return c.end(now)
}

// unfollow drops all of a rendition but its heads.
func (c *Core) unfollow(now int64, index int) {
	r := &c.renditions[index]
	r.each(func(p *part) {
		c.forget(now, p, false)
		r.ring[p.id.Number%ringSize] = nil
		if p.head != nil {
			c.make(p.id).head = p.head
		}
	})
}

// ahead sees to the parts up to the one after the newest head (rule 2).
func (c *Core) ahead(now int64, r *rendition) {
	if !r.known || !r.followed {
		return
	}
	last := r.newest + 1
	first := last
	if r.seen {
		first = max(r.seenTo+1, last-min(last, Ahead-1))
	}
	r.seen, r.seenTo = true, max(r.seenTo, last)
	for n := first; n <= last; n++ {
		c.seeTo(now, c.make(wire.PartID{Rendition: c.indexOf(r), Number: n}))
	}
}

func (c *Core) indexOf(r *rendition) int {
	for i := range c.renditions {
		if &c.renditions[i] == r {
			return i
		}
	}
	return 0
}

// Heads: verified heads have come, from the feed (peer is empty) or from a peer. The
// core keeps them.
func (c *Core) Heads(now int64, heads []media.Head, peer string) []Action {
	c.begin()
	if n := c.find(peer); n != nil && n.flooded(now) {
		c.violate(n, wire.ByeFlood, "too many messages", nil)
	}
	var came []*part
	var grown uint32
	for i := range heads {
		h := &heads[i]
		if h.Rendition < 0 || h.Rendition >= wire.MaxRenditions {
			continue
		}
		r := &c.renditions[h.Rendition]
		if !r.known || h.Number > r.newest {
			grown |= 1 << h.Rendition
			c.advance(now, h.Rendition, h.Number)
		}
		if !r.within(h.Number) {
			continue
		}
		p := c.make(wire.PartID{Rendition: h.Rendition, Number: h.Number})
		if p.head != nil {
			continue
		}
		p.head = h
		if r.followed {
			c.headCame(now, p)
			came = append(came, p)
		}
	}
	for i := range c.renditions {
		if grown>>i&1 != 0 {
			c.ahead(now, &c.renditions[i])
		}
	}
	for _, p := range came { // kept for a part that nobody here wants
		if !p.sought && !p.whole {
			c.refuse(p)
		}
	}
	return c.end(now)
}

// Fetched: a fetch has given these bytes, which the core keeps.
func (c *Core) Fetched(now int64, id wire.PartID, data []byte) []Action {
	c.begin()
	if p := c.part(id); p != nil && p.fetching {
		p.fetching = false
		switch {
		case p.head != nil:
			c.takeWhole(now, p, data)
		case len(data) == 0 || len(data) > wire.MaxPart:
			c.stats.RejectedChunks++
			c.retry(now, p)
		default:
			p.early = data
		}
	}
	return c.end(now)
}

// FetchFailed: a fetch has failed; gone means that the server has the part no more.
func (c *Core) FetchFailed(now int64, id wire.PartID, gone bool) []Action {
	c.begin()
	if p := c.part(id); p != nil && p.fetching {
		p.fetching = false
		if gone && p.head != nil {
			p.gone = true
			c.forget(now, p, false)
			c.do(Action{Kind: Lost, Part: p.id})
		} else {
			c.retry(now, p)
		}
	}
	return c.end(now)
}

// Demand: playback asks for a part now.
func (c *Core) Demand(now int64, id wire.PartID) []Action {
	c.begin()
	if id.Rendition >= 0 && id.Rendition < wire.MaxRenditions {
		c.demand(now, id)
	}
	return c.end(now)
}

func (c *Core) demand(now int64, id wire.PartID) {
	r := &c.renditions[id.Rendition]
	if !r.followed || !r.known || id.Number > r.newest+Ahead {
		return
	}
	if id.Number < r.oldest() {
		c.do(Action{Kind: Lost, Part: id})
		return
	}
	p := c.make(id)
	p.demanded = true
	switch {
	case p.whole:
		c.do(Action{Kind: Part, Part: id, Bytes: p.data})
	case p.gone:
		c.do(Action{Kind: Lost, Part: id})
	case !p.pending() && !c.covered(p, -1):
		p.sought = true
		c.fetch(p)
		c.setDue(now, p)
	}
}

// Buffer: this much media is ahead of the playhead, in milliseconds.
func (c *Core) Buffer(now, ms int64) []Action {
	c.begin()
	c.buffer = ms
	return c.end(now)
}

// Identify: the tracker has given the peer this id.
func (c *Core) Identify(now int64, id string) []Action {
	c.begin()
	c.cfg.ID = id
	return c.end(now)
}

// Accuse: the shell caught a peer at a violation, such as heads that nobody signed.
func (c *Core) Accuse(now int64, peer string, code uint64, reason string) []Action {
	c.begin()
	if n := c.find(peer); n != nil {
		c.violate(n, code, reason, nil)
	}
	return c.end(now)
}

// Tick: time has passed.
func (c *Core) Tick(now int64) []Action {
	c.begin()
	return c.end(now)
}
