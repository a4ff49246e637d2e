package peer

import (
	"slices"

	"github.com/liverelay/liverelay/p2p/wire"
)

// allStripes names every stripe.
const allStripes = 1<<wire.Stripes - 1

// wanted reports whether a part of a followed rendition is to come to be whole.
func (c *Core) wanted(p *part) bool {
	r := &c.renditions[p.id.Rendition]
	return r.followed && !p.gone && (r.started && p.id.Number >= r.first || p.sought)
}

// setDue starts a part's patience when its head came (rule 5).
func (c *Core) setDue(now int64, p *part) {
	if p.head == nil || p.whole || p.due != never || !c.wanted(p) {
		return
	}
	ahead := int64(unknownAhead)
	if c.playhead >= 0 {
		ahead = p.head.Start.Milliseconds() - c.playhead
	}
	spread := c.spread(p.id.Rendition, p.id.Number, RescueSpread)
	patience := min(max(ahead-c.lead()-spread, PatienceMin), PatienceMax)
	p.due = now + patience
	p.askAt, p.passAt = p.due-min(AskLead, patience/2), p.due-min(PassLead, patience/4)
}

// lead is how long before playback needs it a part has to be fetched.
func (c *Core) lead() int64 {
	if c.fetchCount == 0 {
		return LeadFirst
	}
	return min(max(slices.Max(c.fetches[:])+leadMore, LeadMin), LeadMax)
}

func (c *Core) learn(took int64) {
	c.fetches[c.fetchCount%leadOf] = took
	c.fetchCount++
}

// runHoles does what has become due for the parts on their way.
func (c *Core) runHoles(now int64) {
	for i := range c.renditions {
		if r := &c.renditions[i]; r.followed && len(r.open) > 0 {
			c.runRendition(now, i)
		}
	}
}

func (c *Core) runRendition(now int64, i int) {
	r := &c.renditions[i]
	left, brings, passed := r.open[:0], c.feeding(now, i), c.livelyWants(now, i)
	for _, p := range r.open {
		if p.whole || p.gone || p.due == never {
			continue
		}
		left = append(left, p)
		if c.past(p) {
			continue
		}
		fed := brings.of(p)
		if now >= p.askAt {
			p.askAt = never
			c.ask(now, p, allStripes&^fed)
		}
		if p.fetching || now < p.passAt || p.retryAt != never && now < p.retryAt {
			continue
		}
		if r.mayFetch(now) {
			p.retryAt = never
			c.fetch(now, p, p.fetchable(now, fed, passed))
		} else if now >= p.due { // all others who could have it are asked meanwhile
			c.ask(now, p, allStripes)
		}
	}
	clear(r.open[len(left):])
	r.open = left
}

// fetchable names the stripes that may be fetched of a part by now: those that are passed
// on before the others, for where many lack the same, one fetch does for all below it.
func (p *part) fetchable(now int64, fed, passed uint8) uint8 {
	switch {
	case now >= p.due+ServerLate:
		return allStripes
	case now >= p.due:
		return allStripes &^ fed
	}
	return passed &^ fed
}

// livelyWants names the stripes of a rendition that are pushed to somebody whom they reach.
func (c *Core) livelyWants(now int64, rendition int) (stripes uint8) {
	for _, n := range c.neighbours {
		if !n.gone && !n.stuck(now) {
			stripes |= n.wants[rendition]
		}
	}
	return stripes
}

// mayFetch reports whether the server may be asked for a part: after a refusal not for a
// while, and then for one at a time until it gives something. Each rendition has its own,
// for a server that is busy goes on to serve some.
func (r *rendition) mayFetch(now int64) bool {
	return r.refusedUntil == 0 || now >= r.refusedUntil && r.underWay == 0
}

// past reports whether playback, which never asked for it, has left a part behind.
func (c *Core) past(p *part) bool {
	return c.playhead >= 0 && !p.demanded && !p.sought && p.head != nil &&
		(p.head.Start+p.head.Duration).Milliseconds() <= c.playhead
}

// fetch gets the smallest range that has all missing chunks of these stripes, unless a
// fetch of the part is under way.
func (c *Core) fetch(now int64, p *part, stripes uint8) {
	if p.fetching {
		return
	}
	first, last := -1, -1
	for i := range p.head.Chunks {
		if p.got.has(i) || stripes>>p.stripe(i)&1 == 0 {
			continue
		}
		if first < 0 {
			first = i
		}
		last = i
	}
	if first < 0 {
		return
	}
	p.fetching, p.fetchAt, p.fetchFirst, p.fetchCount = true, now, first, last-first+1
	c.renditions[p.id.Rendition].underWay++
	from, _ := wire.ChunkBounds(p.head.Length, len(p.head.Chunks), first)
	_, to := wire.ChunkBounds(p.head.Length, len(p.head.Chunks), last)
	c.do(Action{Kind: Fetch, Part: p.id, First: first, Count: p.fetchCount, From: from, To: to})
}

// ask requests the missing chunks of these stripes that nobody was asked for.
func (c *Core) ask(now int64, p *part, stripes uint8) {
	if p.head == nil {
		return
	}
	var wants map[*neighbour]wire.Bitmap
	for i := range p.head.Chunks {
		s := p.stripe(i)
		if p.got.has(i) || stripes>>s&1 == 0 || c.covered(now, p, i) {
			continue
		}
		if n := c.other(p, i); n != nil {
			if wants == nil {
				wants = map[*neighbour]wire.Bitmap{}
			}
			wants[n] = mark(wants[n], i)
		}
	}
	if wants == nil {
		return
	}
	for _, n := range c.neighbours {
		b, chosen := wants[n]
		if !chosen {
			continue
		}
		a := n.asked[p.id]
		if a == nil {
			a = &asked{}
			n.asked[p.id] = a
		}
		for i := range p.head.Chunks {
			if b.Has(i) {
				a.open.add(i)
			}
		}
		c.send(n, wire.Request{PartID: p.id, Chunks: whole(b, len(p.head.Chunks))})
	}
}

// whole gives the empty bitmap for one that names all chunks.
func whole(b wire.Bitmap, chunks int) wire.Bitmap {
	for i := range chunks {
		if !b.Has(i) {
			return b
		}
	}
	return nil
}

// other chooses whom to ask for a chunk, nil for nobody: its stripe's standby, or who has
// the highest score. Who brings the stripe brings it by itself, but for parts of before: of
// those it is the likeliest to have it, and asked first.
func (c *Core) other(p *part, chunk int) (best *neighbour) {
	st := &c.renditions[p.id.Rendition].group.stripes[p.stripe(chunk)]
	var standby *neighbour
	var high uint64
	for _, n := range c.neighbours {
		if !n.hello || n.gone || n.interest>>p.id.Rendition&1 == 0 || p.failedBy(n) {
			continue
		}
		if n == st.from {
			if p.headAt < st.since && !n.isAsked(p, chunk) {
				return n
			}
			continue
		}
		if n.id == st.standby {
			standby = n
		}
		if v := wire.Score(c.scratch, n.id, p.id); best == nil || v > high {
			best, high = n, v
		}
	}
	if standby != nil {
		return standby
	}
	return best
}

// covered reports whether a request is open for a chunk. One of who left does not count,
// nor, once the part is due, one of who brings the stripe: it says nothing where it lacks the same.
func (c *Core) covered(now int64, p *part, chunk int) bool {
	from := c.renditions[p.id.Rendition].group.stripes[p.stripe(chunk)].from
	for _, n := range c.neighbours {
		if n.isAsked(p, chunk) && !n.gone && (n != from || now < p.due) {
			return true
		}
	}
	return false
}

// isAsked reports whether a request for a chunk is open with a neighbour.
func (n *neighbour) isAsked(p *part, chunk int) bool {
	a := n.asked[p.id]
	return a != nil && a.open.has(chunk)
}

// fail notes that a neighbour will not bring what it should of a part (rule 6).
func (c *Core) fail(now int64, n *neighbour, p *part) {
	if !p.failedBy(n) {
		p.failed = append(p.failed, n)
	}
	if p.due != never {
		p.askAt = min(p.askAt, now)
	}
}

// Fetched: a fetch has given these bytes, which the core keeps.
func (c *Core) Fetched(now int64, id wire.PartID, data []byte) []Action {
	c.begin()
	if p := c.part(id); p != nil && p.fetching {
		p.fetching = false
		r := &c.renditions[id.Rendition]
		r.underWay--
		r.refusedUntil = 0
		c.learn(now - p.fetchAt)
		c.takeRange(now, p, data)
	}
	return c.end(now)
}

func (c *Core) takeRange(now int64, p *part, data []byte) {
	c0, n := p.fetchFirst, len(p.head.Chunks)
	start, _ := wire.ChunkBounds(p.head.Length, n, c0)
	_, end := wire.ChunkBounds(p.head.Length, n, c0+p.fetchCount-1)
	right := len(data) == end-start
	for i := c0; i < c0+p.fetchCount && len(data) == end-start; i++ {
		from, to := wire.ChunkBounds(p.head.Length, n, i)
		chunk := data[from-start : to-start]
		if wire.HashChunk(chunk) != p.head.Chunks[i] {
			right = false
		} else if c.keep(now, p, i, chunk, nil, nil) {
			c.stats.HTTPParts++
		}
	}
	if !right {
		c.stats.RejectedChunks++
		p.retryAt = now + Retry
	}
}

// FetchFailed: a fetch has failed; gone means that the server has the part no more,
// retryAfter, in ms, when it may be asked again.
func (c *Core) FetchFailed(now int64, id wire.PartID, gone bool, retryAfter int64) []Action {
	c.begin()
	if p := c.part(id); p != nil && p.fetching {
		p.fetching = false
		r := &c.renditions[id.Rendition]
		r.underWay--
		if gone {
			p.gone = true
			c.forget(now, p, false)
			c.do(Action{Kind: Lost, Part: p.id})
		} else {
			p.retryAt = now + Retry
			if retryAfter > 0 {
				wait := min(retryAfter, RefusedMost)
				r.refusedUntil = now + wait + c.spread(id.Rendition, id.Number, min(wait/2+1, RefusedSpread))
				p.retryAt = never
			}
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
	case !r.started: // what begins it will
	case p.head != nil && !c.wanted(p):
		p.sought = true
		p.due, p.passAt = now, now
		r.watch(p)
		if r.mayFetch(now) {
			c.fetch(now, p, allStripes)
		}
	case p.head != nil && p.due != never: // it may have been left behind
		r.watch(p)
	}
}

// Release: playback does not ask for a part any more, because it went on elsewhere.
func (c *Core) Release(now int64, id wire.PartID) []Action {
	c.begin()
	if p := c.part(id); p != nil {
		p.demanded, p.sought = false, false
	}
	return c.end(now)
}
