package peer

import (
	"slices"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/wire"
)

// ringSize holds Store parts behind the newest head and Ahead before it.
const ringSize = 128

// rendition is what a core knows of one rendition.
type rendition struct {
	followed bool
	group    *group // nil unless followed
	known    bool   // a head was seen
	newest   uint64 // number of the newest head
	started  bool   // a feed brought something since following
	first    uint64 // the first of that: what comes before is not wanted
	open     []*part
	// refusedUntil is until when the server wants no more fetches, 0 when it gave something
	// since; underWay counts those under way.
	refusedUntil int64
	underWay     int
	ring         [ringSize]*part
}

// part is one part, from the first that is heard of it until it leaves the store.
type part struct {
	id     wire.PartID
	head   *media.Head
	headAt int64

	whole bool
	data  []byte // of head.Length when chunks have come
	got   chunkSet
	left  int // chunks missing

	passed chunkSet // sent on, also before the rendition was left for a while

	demanded, sought bool
	gone             bool
	due, askAt       int64 // never, or the moments of rule 5
	passAt           int64 // from when on what is passed on is fetched

	fetching               bool
	fetchAt                int64
	fetchFirst, fetchCount int
	retryAt                int64 // never, or when to fetch again

	failed  []*neighbour
	waiting []waiting
	pushed  []pushed
}

// waiting is a chunk that came before its head.
type waiting struct {
	from    *neighbour
	message []byte // the data message as it came
	chunk   int
	bytes   []byte
	pushed  bool // by a subscription
}

// pushed is what one neighbour's subscription brought of a part.
type pushed struct {
	by     *neighbour
	chunks chunkSet
}

// chunks is the number of chunks, −1 when it is unknown.
func (p *part) chunks() int {
	if p.head == nil {
		return -1
	}
	return len(p.head.Chunks)
}

// stripe is the stripe of a chunk of a part with a head.
func (p *part) stripe(chunk int) int { return wire.Stripe(p.id.Number, chunk, len(p.head.Chunks)) }

func (p *part) failedBy(n *neighbour) bool { return slices.Contains(p.failed, n) }

// pushedTwice notes a chunk that a subscription brought, and reports whether it had
// brought it before.
func (p *part) pushedTwice(n *neighbour, chunk int) bool {
	i := slices.IndexFunc(p.pushed, func(v pushed) bool { return v.by == n })
	if i < 0 {
		i = len(p.pushed)
		p.pushed = append(p.pushed, pushed{by: n})
	}
	before := p.pushed[i].chunks.has(chunk)
	p.pushed[i].chunks.add(chunk)
	return before
}

func (p *part) dropWaiting(n *neighbour) {
	kept := p.waiting[:0]
	for _, w := range p.waiting {
		if w.from != n {
			kept = append(kept, w)
		}
	}
	clear(p.waiting[len(kept):])
	p.waiting = kept
}

// oldest is the least number in the store.
func (r *rendition) oldest() uint64 {
	if r.newest < Store {
		return 0
	}
	return r.newest - Store + 1
}

func (r *rendition) within(number uint64) bool {
	return r.known && number >= r.oldest() && number <= r.newest+Ahead
}

// recent reports whether a chunk of this part says something of the present.
func (r *rendition) recent(number uint64) bool { return r.known && number+Recent >= r.newest }

// watch has the timers look at a part, in the order of numbers.
func (r *rendition) watch(p *part) {
	at, found := slices.BinarySearchFunc(r.open, p.id.Number, func(a *part, n uint64) int {
		if a.id.Number < n {
			return -1
		}
		if a.id.Number > n {
			return 1
		}
		return 0
	})
	if !found {
		r.open = slices.Insert(r.open, at, p)
	}
}

// each visits the parts by number.
func (r *rendition) each(visit func(*part)) {
	if !r.known {
		return
	}
	for n := r.oldest(); n <= r.newest+Ahead; n++ {
		if p := r.ring[n%ringSize]; p != nil && p.id.Number == n {
			visit(p)
		}
	}
}

// headOf gives a part whose head is known, or nil.
func (r *rendition) headOf(number uint64) *part {
	if p := r.ring[number%ringSize]; p != nil && p.id.Number == number && p.head != nil {
		return p
	}
	return nil
}

// part gives a part that is known, or nil.
func (c *Core) part(id wire.PartID) *part {
	r := &c.renditions[id.Rendition]
	p := r.ring[id.Number%ringSize]
	if p == nil || p.id != id || !r.within(id.Number) {
		return nil
	}
	return p
}

// make gives a part, which must be within the store.
func (c *Core) make(id wire.PartID) *part {
	if p := c.part(id); p != nil {
		return p
	}
	p := &part{id: id, retryAt: never, due: never, askAt: never, passAt: never}
	c.renditions[id.Rendition].ring[id.Number%ringSize] = p
	return p
}

// advance makes number the newest head and forgets what leaves the store (rule 9).
func (c *Core) advance(now int64, index int, number uint64) {
	r := &c.renditions[index]
	if !r.known {
		r.known, r.newest = true, number
		return
	}
	if number <= r.newest {
		return
	}
	from, to := r.oldest(), r.newest+Ahead
	for n := from; n <= to && n+Store <= number; n++ {
		if p := r.ring[n%ringSize]; p != nil && p.id.Number == n {
			c.forget(now, p, true)
			r.ring[n%ringSize] = nil
		}
	}
	r.newest = number
}

// forget ends all that is under way for a part.
func (c *Core) forget(now int64, p *part, sayLost bool) {
	c.settle(now, p)
	c.refuse(p)
	if sayLost && p.demanded && !p.whole && !p.gone {
		c.do(Action{Kind: Lost, Part: p.id})
	}
	for _, w := range p.waiting {
		w.from.waiting -= len(w.bytes)
	}
	p.waiting = nil
}

// settle aborts a part's fetch and cancels the requests for it.
func (c *Core) settle(now int64, p *part) {
	if p.fetching {
		p.fetching = false
		c.renditions[p.id.Rendition].underWay--
		c.do(Action{Kind: AbortFetch, Part: p.id})
	}
	p.retryAt, p.due, p.askAt, p.passAt = never, never, never, never
	for _, n := range c.neighbours {
		a := n.asked[p.id]
		if a == nil {
			continue
		}
		if !a.open.empty(p.chunks()) {
			c.send(n, wire.Cancel{PartID: p.id, Chunks: a.open.bitmap(p.chunks())})
			a.forgive(now, p.chunks())
		} else if a.until <= now {
			delete(n.asked, p.id)
		}
	}
}

// forgive moves what is open to what may still come.
func (a *asked) forgive(now int64, chunks int) {
	if chunks < 0 || a.forgiven.empty(chunks) {
		a.forgiven = a.open
	} else {
		a.forgiven.merge(a.open.bitmap(chunks))
	}
	a.open = chunkSet{}
	a.until = now + Forgive
}

// start notes that from this part on a rendition comes (rule 3). What playback asked for
// of the time before is looked for among peers first.
func (c *Core) start(now int64, r *rendition, number uint64) {
	if r.started {
		return
	}
	r.started, r.first = true, number
	r.each(func(p *part) {
		if p.demanded && p.id.Number < number && p.head != nil && !p.whole && !p.gone {
			p.sought, p.askAt, p.passAt, p.due = true, now, now+AskLead, now+AskLead
		}
		c.setDue(now, p)
		if p.due != never {
			r.watch(p)
		}
	})
}

// startByPeers starts renditions that the server's feed did not, once peers have brought
// all their stripes.
func (c *Core) startByPeers(now int64, g *group) {
	for s := range g.stripes {
		if g.stripes[s].from == nil {
			return
		}
	}
	for _, i := range g.renditions {
		if r := &c.renditions[i]; r.known {
			c.start(now, r, r.newest+1)
		}
	}
}

// headCame deals with a head of a followed rendition: what waited for it is checked.
func (c *Core) headCame(now int64, p *part) {
	if p.head.Gap {
		c.gap(now, p)
		return
	}
	p.left = len(p.head.Chunks)
	if c.setDue(now, p); p.due != never {
		c.renditions[p.id.Rendition].watch(p)
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
		c.violate(now, n, wire.ByeWrong, "wrong bytes")
	}
}

// gap makes a part whole that has no media (rule 10).
func (c *Core) gap(now int64, p *part) {
	for _, n := range c.neighbours {
		delete(n.kept, p.id)
	}
	for _, w := range p.waiting {
		w.from.waiting -= len(w.bytes)
	}
	p.waiting = nil
	p.whole = true
	c.settle(now, p)
	c.do(Action{Kind: Part, Part: p.id})
}

// takeChunk checks a neighbour's chunk, takes note of what it says of the neighbour,
// passes it on and keeps it. It reports whether the chunk is right.
func (c *Core) takeChunk(now int64, p *part, w waiting) bool {
	if p.gone || p.head.Gap {
		return true
	}
	if !fits(p.head, w.chunk, w.bytes) {
		return false
	}
	r := &c.renditions[p.id.Rendition]
	if w.pushed && r.group != nil {
		if now-p.headAt > LateAfter {
			w.from.late++
		}
		s := p.stripe(w.chunk)
		r.group.stripes[s].brought = now
		if r.recent(p.id.Number) {
			if w.from.wanted[p.id.Rendition]>>s&1 != 0 {
				c.confirm(now, w.from, p, s)
				if !r.started {
					c.startByPeers(now, r.group)
				}
			}
		}
	}
	if c.keep(now, p, w.chunk, w.bytes, w.message, w.from) {
		c.stats.P2PParts++
	}
	return true
}

// keep takes a right chunk, unless it is held, and passes it on to all but from; it
// reports whether the part became whole by it.
func (c *Core) keep(now int64, p *part, chunk int, b, message []byte, from *neighbour) bool {
	if p.whole || p.got.has(chunk) {
		return false
	}
	if p.data == nil {
		p.data = make([]byte, p.head.Length)
		p.left = len(p.head.Chunks)
	}
	start, _ := wire.ChunkBounds(p.head.Length, len(p.head.Chunks), chunk)
	copy(p.data[start:], b)
	p.got.add(chunk)
	p.left--
	c.passOn(now, p, chunk, message, from)
	if p.left > 0 {
		return false
	}
	p.whole = true
	c.settle(now, p)
	c.do(Action{Kind: Part, Part: p.id, Bytes: p.data})
	return true
}

func fits(h *media.Head, chunk int, b []byte) bool {
	if chunk >= len(h.Chunks) {
		return false
	}
	from, to := wire.ChunkBounds(h.Length, len(h.Chunks), chunk)
	return len(b) == to-from && wire.HashChunk(b) == h.Chunks[chunk]
}
