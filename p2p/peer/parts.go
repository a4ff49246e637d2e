package peer

import (
	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/wire"
)

// ringSize holds Store parts behind the newest head and Ahead before it.
const ringSize = 128

// rendition is what a core knows of one rendition.
type rendition struct {
	followed bool
	known    bool   // a head was seen
	newest   uint64 // number of the newest head
	seen     bool   // a part was seen to since following
	seenTo   uint64 // the newest of these
	ring     [ringSize]*part
}

// part is one part, from the first that is heard of it until it leaves the store.
type part struct {
	id   wire.PartID
	head *media.Head

	whole bool
	data  []byte // of head.Length when chunks have come, or the whole part
	got   chunkSet
	left  int // chunks missing

	sought    bool // seen to, or demanded: it is on its way until it is whole
	demanded  bool
	gone      bool
	fetching  bool
	retryAt   int64 // never, or when to fetch again
	half, due int64 // never, or the moments of rule 3
	failed    map[*neighbour]struct{}
	early     []byte // fetched before the head came
	waiting   []waiting
}

// waiting is a chunk that came before its head.
type waiting struct {
	from    *neighbour
	message []byte // the data message as it came
	chunk   int
	bytes   []byte
}

// chunks is the number of chunks, −1 when it is unknown.
func (p *part) chunks() int {
	if p.head == nil {
		return -1
	}
	return len(p.head.Chunks)
}

// pending reports whether the server is asked, will be after a failure, or has
// answered already and only the head is missing.
func (p *part) pending() bool { return p.fetching || p.retryAt != never || p.early != nil }

func (p *part) dropWaiting(n *neighbour) bool {
	kept := p.waiting[:0]
	for _, w := range p.waiting {
		if w.from != n {
			kept = append(kept, w)
		}
	}
	dropped := len(kept) < len(p.waiting)
	clear(p.waiting[len(kept):])
	p.waiting = kept
	return dropped
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
	p := &part{id: id, retryAt: never, half: never, due: never}
	c.renditions[id.Rendition].ring[id.Number%ringSize] = p
	return p
}

// advance makes number the newest head and forgets what leaves the store (rule 8).
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
	before := r.newest
	for n := from; n <= to && n+Store <= number; n++ {
		if p := r.ring[n%ringSize]; p != nil && p.id.Number == n {
			c.forget(now, p, true)
			r.ring[n%ringSize] = nil
		}
	}
	r.newest = max(number, before)
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
		c.do(Action{Kind: AbortFetch, Part: p.id})
	}
	p.retryAt = never
	for _, n := range c.neighbours {
		a := n.asked[p.id]
		if a == nil {
			continue
		}
		if !a.open.empty(p.chunks()) {
			c.send(n, wire.Cancel{PartID: p.id, Chunks: a.open.bitmap(p.chunks())})
			a.forgive(now, p.chunks())
			c.wakeAt(a.until)
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
