package peer

import (
	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/wire"
)

// seeTo sets a part on its way: over HTTP when the duty is this peer's, else by a
// request to the one who has it (rules 1 and 2).
func (c *Core) seeTo(now int64, p *part) {
	if p.sought || p.whole || p.gone {
		return
	}
	p.sought = true
	c.byDuty(p)
	c.setDue(now, p)
}

func (c *Core) byDuty(p *part) {
	if owner := c.duty(p); owner != nil {
		c.ask(owner, p, nil)
		return
	}
	c.fetch(p)
}

// duty gives the neighbour that takes a part from the server, nil for this peer.
func (c *Core) duty(p *part) *neighbour {
	owner := c.best(p, func(n *neighbour) bool { return true })
	if owner == nil || !c.lends() {
		return owner
	}
	if c.score(c.cfg.ID, p) > c.score(owner.id, p) {
		return nil
	}
	return owner
}

// best gives the neighbour with the highest score among those that follow the
// rendition, lend upload, have not failed the part, and please choose.
func (c *Core) best(p *part, choose func(*neighbour) bool) *neighbour {
	var best *neighbour
	var high uint64
	for _, n := range c.neighbours {
		if _, failed := p.failed[n]; failed || !n.hello || n.interest>>p.id.Rendition&1 == 0 || !choose(n) {
			continue
		}
		if s := c.score(n.id, p); best == nil || s > high {
			best, high = n, s
		}
	}
	return best
}

func (c *Core) score(id string, p *part) uint64 { return wire.Score(c.scratch, id, p.id) }

// second gives another neighbour that said have and is not asked for the part.
func (c *Core) second(p *part) *neighbour {
	return c.best(p, func(n *neighbour) bool {
		a := n.asked[p.id]
		return n.haves[p.id.Rendition].has(p.id.Number) && (a == nil || a.open.empty(p.chunks()))
	})
}

// ask requests chunks; an empty bitmap asks for all.
func (c *Core) ask(n *neighbour, p *part, chunks wire.Bitmap) {
	a := n.asked[p.id]
	if a == nil {
		a = &asked{}
		n.asked[p.id] = a
	}
	a.open.merge(chunks)
	c.send(n, wire.Request{PartID: p.id, Chunks: chunks})
}

func (c *Core) fetch(p *part) {
	p.fetching, p.retryAt = true, never
	c.do(Action{Kind: Fetch, Part: p.id})
}

func (c *Core) retry(now int64, p *part) {
	p.retryAt = now + Retry
	c.wakeAt(p.retryAt)
}

func (c *Core) patience() int64 { return min(max(c.buffer-HTTPLead, PatienceMin), PatienceMax) }

// setDue starts a part's patience; it is called at the later one of the moments that
// its head came and that the peer saw to it (rule 3).
func (c *Core) setDue(now int64, p *part) {
	if p.head == nil || p.whole || !p.sought {
		return
	}
	p.half, p.due = now+c.patience()/2, now+c.patience()
	c.wakeAt(p.half)
}

// missing names the chunks that a part lacks, but for those that open requests cover
// when uncovered is set; none reports that there is nothing to ask for.
func (c *Core) missing(p *part, uncovered bool) (chunks wire.Bitmap, none bool) {
	if p.head == nil {
		return nil, uncovered && c.covered(p, -1)
	}
	count := 0
	for i := range p.head.Chunks {
		if p.got.has(i) || uncovered && c.covered(p, i) {
			continue
		}
		chunks = mark(chunks, i)
		count++
	}
	if count == len(p.head.Chunks) {
		return nil, false
	}
	return chunks, count == 0
}

// covered reports whether a request is open for a chunk, or with −1 for any.
func (c *Core) covered(p *part, chunk int) bool {
	for _, n := range c.neighbours {
		a := n.asked[p.id]
		if a != nil && (chunk >= 0 && a.open.has(chunk) || chunk < 0 && !a.open.empty(p.chunks())) {
			return true
		}
	}
	return false
}

// fail turns to others for what a neighbour left missing of a part (rule 4).
func (c *Core) fail(n *neighbour, p *part) {
	if p.failed == nil {
		p.failed = map[*neighbour]struct{}{}
	}
	p.failed[n] = struct{}{}
	if !p.sought || p.whole || p.gone || p.pending() {
		return
	}
	chunks, none := c.missing(p, true)
	switch other := c.second(p); {
	case none:
	case other != nil:
		c.ask(other, p, chunks)
	case p.head != nil:
		c.fetch(p)
	default:
		c.byDuty(p)
	}
}

// headCame deals with a head of a followed rendition: what waited for it is checked.
func (c *Core) headCame(now int64, p *part) {
	if p.head.Gap {
		c.gap(now, p)
		return
	}
	p.left = len(p.head.Chunks)
	c.setDue(now, p)
	if early := p.early; early != nil {
		p.early = nil
		c.takeWhole(now, p, early)
	}
	waiting := p.waiting
	p.waiting = nil
	var wrong []*neighbour
	for _, w := range waiting {
		w.from.waiting -= len(w.bytes)
		if !c.takeChunk(now, p, w) {
			wrong = append(wrong, w.from)
		}
	}
	for _, n := range wrong {
		c.violate(n, wire.ByeWrong, "wrong bytes", p)
	}
}

// gap makes a part whole that has no media (rule 9).
func (c *Core) gap(now int64, p *part) {
	for _, n := range c.neighbours {
		delete(n.kept, p.id)
	}
	for _, w := range p.waiting {
		w.from.waiting -= len(w.bytes)
	}
	p.waiting, p.early = nil, nil
	p.whole = true
	c.settle(now, p)
	c.do(Action{Kind: Part, Part: p.id})
}

// takeChunk checks a chunk, passes it on and keeps it. It reports whether the chunk is
// right, or was not needed any more.
func (c *Core) takeChunk(now int64, p *part, w waiting) bool {
	if p.whole || p.gone || w.chunk < len(p.head.Chunks) && p.got.has(w.chunk) {
		return true
	}
	if !fits(p.head, w.chunk, w.bytes) {
		return false
	}
	if p.data == nil {
		p.data = make([]byte, p.head.Length)
	}
	from, _ := wire.ChunkBounds(p.head.Length, len(p.head.Chunks), w.chunk)
	copy(p.data[from:], w.bytes)
	p.got.add(w.chunk)
	p.left--
	c.passOn(now, p, w.chunk, w.message)
	if p.left == 0 {
		c.stats.P2PParts++
		c.complete(now, p)
	}
	return true
}

func fits(h *media.Head, chunk int, b []byte) bool {
	if chunk >= len(h.Chunks) {
		return false
	}
	from, to := wire.ChunkBounds(h.Length, len(h.Chunks), chunk)
	return len(b) == to-from && wire.HashChunk(b) == h.Chunks[chunk]
}

// takeWhole checks a part that came over HTTP (rule 6).
func (c *Core) takeWhole(now int64, p *part, data []byte) {
	if !wire.Verify(p.head, data) {
		c.stats.RejectedChunks++
		c.retry(now, p)
		return
	}
	p.data = data
	c.stats.HTTPParts++
	for i := range p.head.Chunks {
		if !p.got.has(i) {
			p.got.add(i)
			c.passOn(now, p, i, nil)
		}
	}
	p.left = 0
	c.complete(now, p)
}

func (c *Core) complete(now int64, p *part) {
	p.whole = true
	p.half, p.due = never, never
	c.settle(now, p)
	c.do(Action{Kind: Part, Part: p.id, Bytes: p.data})
	if c.lends() {
		c.newHaves = append(c.newHaves, p.id)
		c.wakeAt(c.haveAt)
	}
}
