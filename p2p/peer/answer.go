package peer

import (
	"errors"
	"math/bits"

	"github.com/liverelay/liverelay/p2p/wire"
)

// Message: a message of any type but manifest and heads has come. The core keeps b.
func (c *Core) Message(now int64, peer string, b []byte) []Action {
	c.begin()
	if n := c.find(peer); n != nil {
		c.message(now, n, b)
	}
	return c.end(now)
}

func (c *Core) message(now int64, n *neighbour, b []byte) {
	m, err := wire.Decode(b)
	if err != nil {
		c.violate(now, n, wire.ByeMalformed, reason(err))
		return
	}
	data, isData := m.(wire.Data)
	if !isData && n.flooded(now) {
		c.violate(now, n, wire.ByeFlood, "too many messages")
		return
	}
	hello, isHello := m.(wire.Hello)
	if isHello == n.hello {
		c.violate(now, n, wire.ByeMalformed, "hello comes first, and once")
		return
	}
	switch m := m.(type) {
	case wire.Hello:
		c.greet(now, n, hello)
	case wire.Request:
		c.request(now, n, m)
	case wire.Data:
		c.data(now, n, data, b)
	case wire.Cancel:
		c.cancelled(n, m)
	case wire.Absent:
		c.absent(now, n, m)
	case wire.Bye:
		c.close(now, n, wire.ByeLeaving, "")
	case wire.Interest:
		n.interest = m.Renditions
	case wire.Subscribe:
		c.subscribed(n, m)
	case wire.Refuse:
		c.refused(now, n, m)
	}
}

// reason is the innermost text of a decoder's error.
func reason(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil || errors.Is(inner, wire.ErrMalformed) && errors.Unwrap(inner) == nil {
			return "malformed message"
		}
		err = inner
	}
}

func (c *Core) greet(now int64, n *neighbour, m wire.Hello) {
	if m.Version != wire.Version || m.Stream != c.cfg.Stream || m.Epoch != c.cfg.Epoch {
		c.close(now, n, wire.ByeOther, "other version, stream or epoch")
		return
	}
	n.hello, c.dirty = true, true
}

// request answers what can be answered and keeps the rest.
func (c *Core) request(now int64, n *neighbour, m wire.Request) {
	r := &c.renditions[m.Rendition]
	p := c.part(m.PartID)
	k := n.kept[m.PartID]
	switch {
	case !c.lends(), !r.followed, !r.within(m.Number), c.holdsBack(now, n),
		c.pressed(now) > PullPressed, p != nil && (p.gone || p.whole && p.head.Gap),
		m.Number <= r.newest && (p == nil || !c.wanted(p) && !p.whole),
		k == nil && len(n.kept) >= Kept && (p == nil || !p.whole):
		c.send(n, wire.Absent(m))
		return
	}
	if k == nil {
		k = &chunkSet{}
		n.kept[m.PartID] = k
	}
	k.merge(m.Chunks)
	if p == nil {
		p = c.make(m.PartID)
	}
	if p.head == nil {
		return
	}
	for i := range p.head.Chunks {
		if p.got.has(i) && k.has(i) {
			k.remove(i)
			c.answer(now, n, p, i, nil)
		}
	}
	c.tidy(n, p)
}

// holdsBack reports whether nothing is to be sent to a neighbour just now.
func (c *Core) holdsBack(now int64, n *neighbour) bool {
	return c.spent(now) || n.stuck(now) || n.pressure > 0 && c.pressed(now) > Pressured
}

// passOn sends a chunk to everybody but from who is subscribed for its stripe or whose
// request for it is kept (rule 7). message is the data message that it came in, if it
// did. What went on before the rendition was left isn't pushed again: those who have it
// would take that for abuse.
func (c *Core) passOn(now int64, p *part, chunk int, message []byte, from *neighbour) {
	s, again := p.stripe(chunk), p.passed.has(chunk)
	p.passed.add(chunk)
	for _, first := range [...]bool{true, false} {
		for _, n := range c.neighbours {
			if n == from || first != (n.feeds[p.id.Rendition]>>s&1 != 0) {
				continue
			}
			k := n.kept[p.id]
			kept := k != nil && k.has(chunk)
			if !kept && (again || n.wants[p.id.Rendition]>>s&1 == 0) {
				continue
			}
			message = c.answer(now, n, p, chunk, message)
			if kept {
				k.remove(chunk)
				c.tidy(n, p)
			}
		}
	}
}

// answer sends one chunk, or that it is absent when that can't be. It gives the
// message, so that it is made once for all who get it.
func (c *Core) answer(now int64, n *neighbour, p *part, chunk int, message []byte) []byte {
	if c.holdsBack(now, n) {
		if n.wants[p.id.Rendition]>>p.stripe(chunk)&1 != 0 && !n.stuck(now) {
			c.unsent++
		}
		c.send(n, wire.Absent{PartID: p.id, Chunks: wire.BitmapOf(chunk)})
		return message
	}
	from, to := wire.ChunkBounds(p.head.Length, len(p.head.Chunks), chunk)
	if message == nil {
		m := wire.Data{PartID: p.id, Chunk: chunk, Bytes: p.data[from:to]}
		message = m.Append(make([]byte, 0, to-from+16))
	}
	c.pay(to - from)
	c.do(Action{Kind: Send, Peer: n.id, Bytes: message})
	return message
}

// subscribed: a neighbour says what it wants to be pushed.
func (c *Core) subscribed(n *neighbour, m wire.Subscribe) {
	n.wants, n.feeds = [wire.MaxRenditions]uint8{}, [wire.MaxRenditions]uint8{}
	c.dirty = true // whoever brings these is told that they are passed on
	count := c.stripes(n)
	for _, w := range m.Wishes {
		count += bits.OnesCount8(w.Stripes)
		if !c.lends() || !c.renditions[w.Rendition].followed || count > ChildStripes {
			count -= bits.OnesCount8(w.Stripes)
			c.send(n, wire.Refuse{Rendition: w.Rendition, Stripes: w.Stripes})
			continue
		}
		n.wants[w.Rendition], n.feeds[w.Rendition] = w.Stripes, w.Feeds
	}
}

// tidy forgets a kept request that is answered.
func (c *Core) tidy(n *neighbour, p *part) {
	if k := n.kept[p.id]; k != nil && k.empty(p.chunks()) {
		delete(n.kept, p.id)
	}
}

// refuse answers all kept requests for a part with absent.
func (c *Core) refuse(p *part) {
	for _, n := range c.neighbours {
		if k := n.kept[p.id]; k != nil {
			delete(n.kept, p.id)
			c.send(n, wire.Absent{PartID: p.id, Chunks: k.bitmap(p.chunks())})
		}
	}
}

func (c *Core) cancelled(n *neighbour, m wire.Cancel) {
	k := n.kept[m.PartID]
	if k == nil {
		return
	}
	k.subtract(m.Chunks)
	chunks := -1
	if p := c.part(m.PartID); p != nil {
		chunks = p.chunks()
	}
	if k.empty(chunks) {
		delete(n.kept, m.PartID)
	}
}

// absent: a neighbour will not send these chunks, whether they were asked of it or a
// subscription would have brought them.
func (c *Core) absent(now int64, n *neighbour, m wire.Absent) {
	p := c.part(m.PartID)
	chunks := -1
	if p != nil {
		chunks = p.chunks()
	}
	asked, pushes := false, n.wanted[m.Rendition] != 0
	if a := n.asked[m.PartID]; a != nil {
		asked = a.open.touches(m.Chunks, chunks)
		a.open.subtract(m.Chunks)
		a.forgiven.subtract(m.Chunks)
		if a.open.empty(chunks) && a.forgiven.empty(chunks) {
			delete(n.asked, m.PartID)
		}
	}
	if pushes && !asked {
		n.late++
	}
	if p != nil && p.head != nil && !p.whole && (asked || pushes) {
		c.fail(now, n, p)
	}
}

// data takes one chunk; message is the whole message, which is passed on as it is.
func (c *Core) data(now int64, n *neighbour, m wire.Data, message []byte) {
	c.stats.P2PBytes += int64(len(m.Bytes))
	r, p, a := &c.renditions[m.Rendition], c.part(m.PartID), n.asked[m.PartID]
	w := waiting{from: n, message: message, chunk: m.Chunk, bytes: m.Bytes}
	switch {
	case a != nil && a.open.has(m.Chunk):
		a.open.remove(m.Chunk)
	case a != nil && a.forgiven.has(m.Chunk) && now < a.until:
		a.forgiven.remove(m.Chunk)
		return
	case !r.known && n.pushes(now, m, p):
		return
	case !n.pushes(now, m, p), r.within(m.Number) && c.make(m.PartID).pushedTwice(n, m.Chunk):
		c.violate(now, n, wire.ByeUnasked, "bytes that nobody asked for")
		return
	case !r.within(m.Number):
		c.strayed(now, n, m)
		return
	default:
		w.pushed = true
		p = c.part(m.PartID)
	}
	switch {
	case p == nil || !r.followed:
	case p.head == nil:
		c.wait(now, n, p, w)
	case !c.takeChunk(now, p, w):
		c.violate(now, n, wire.ByeWrong, "wrong bytes")
	}
}

// strayed drops what was pushed of a part outside the store. Numbers leap when a broadcast
// is resumed, and the heads that would say so may be on their way by somebody else; not by
// more than Leap, nor for more than Stray bytes.
func (c *Core) strayed(now int64, n *neighbour, m wire.Data) {
	newest := c.renditions[m.Rendition].newest
	n.stray += len(m.Bytes)
	if n.stray > Stray || m.Number > newest+Leap || m.Number+Leap < newest {
		c.violate(now, n, wire.ByeUnasked, "bytes outside the store")
	}
}

// pushes reports whether a subscription lets a neighbour send this chunk.
func (n *neighbour) pushes(now int64, m wire.Data, p *part) bool {
	if p != nil && p.head != nil && len(p.head.Chunks) > 0 {
		return n.mayPush(now, m.Rendition, p.stripe(m.Chunk))
	}
	return n.mayPush(now, m.Rendition, m.Chunk%wire.Stripes) ||
		m.Chunk == 0 && n.mayPush(now, m.Rendition, wire.Turn(m.Number))
}

// wait keeps a chunk until its head comes.
func (c *Core) wait(now int64, n *neighbour, p *part, w waiting) {
	for _, other := range p.waiting {
		if other.chunk == w.chunk && other.from == n {
			return
		}
	}
	n.waiting += len(w.bytes)
	p.waiting = append(p.waiting, w)
	if n.waiting > Waiting {
		c.violate(now, n, wire.ByeFlood, "too much before its head")
	}
}
