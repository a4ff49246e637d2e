package peer

import (
	"errors"

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
		c.violate(n, wire.ByeMalformed, reason(err), nil)
		return
	}
	data, isData := m.(wire.Data)
	if !isData && n.flooded(now) {
		c.violate(n, wire.ByeFlood, "too many messages", nil)
		return
	}
	hello, isHello := m.(wire.Hello)
	if isHello == n.hello {
		c.violate(n, wire.ByeMalformed, "hello comes first, and once", nil)
		return
	}
	switch m := m.(type) {
	case wire.Hello:
		c.greet(n, hello)
	case wire.Have:
		for _, id := range m.Parts {
			n.haves[id.Rendition].add(id.Number)
		}
	case wire.Request:
		c.request(now, n, m)
	case wire.Data:
		c.data(now, n, data, b)
	case wire.Cancel:
		c.cancelled(n, m)
	case wire.Absent:
		c.absent(n, m)
	case wire.Bye:
		c.close(n, wire.ByeLeaving, "", nil)
	case wire.Interest:
		n.interest = m.Renditions
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

func (c *Core) greet(n *neighbour, m wire.Hello) {
	if m.Version != wire.Version || m.Stream != c.cfg.Stream || m.Epoch != c.cfg.Epoch {
		c.close(n, wire.ByeOther, "other version, stream or epoch", nil)
		return
	}
	n.hello = true
	if !c.lends() {
		return
	}
	var held []wire.PartID
	for i := range c.renditions {
		c.renditions[i].each(func(p *part) {
			if p.whole && !p.head.Gap {
				held = append(held, p.id)
			}
		})
	}
	c.sendHaves(n, held)
}

func (c *Core) sendHaves(n *neighbour, parts []wire.PartID) {
	for len(parts) > 0 {
		some := parts[:min(len(parts), wire.MaxHave)]
		c.send(n, wire.Have{Parts: some})
		parts = parts[len(some):]
	}
}

// request answers what can be answered and keeps the rest.
func (c *Core) request(now int64, n *neighbour, m wire.Request) {
	r := &c.renditions[m.Rendition]
	p := c.part(m.PartID)
	k := n.kept[m.PartID]
	switch {
	case !c.lends(), !r.followed, !r.within(m.Number), c.spent(now),
		p != nil && (p.gone || p.whole && p.head.Gap),
		m.Number <= r.newest && (p == nil || !p.sought && !p.whole),
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
			c.answer(now, n, p, i, nil)
		}
	}
	c.tidy(n, p)
}

// passOn sends a chunk to everybody whose request for it is kept (rule 7). message is
// the data message that it came in, if it did.
func (c *Core) passOn(now int64, p *part, chunk int, message []byte) {
	for _, n := range c.neighbours {
		if k := n.kept[p.id]; k != nil && k.has(chunk) {
			message = c.answer(now, n, p, chunk, message)
			c.tidy(n, p)
		}
	}
}

// answer sends one chunk, or that it is absent when the budget is spent. It gives the
// message, so that it is made once for all who get it.
func (c *Core) answer(now int64, n *neighbour, p *part, chunk int, message []byte) []byte {
	n.kept[p.id].remove(chunk)
	if c.spent(now) {
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

// absent: a neighbour will not send these chunks.
func (c *Core) absent(n *neighbour, m wire.Absent) {
	a := n.asked[m.PartID]
	if a == nil {
		return
	}
	p := c.part(m.PartID)
	chunks := -1
	if p != nil {
		chunks = p.chunks()
	}
	affected := a.open.touches(m.Chunks, chunks)
	a.open.subtract(m.Chunks)
	a.forgiven.subtract(m.Chunks)
	if a.open.empty(chunks) && a.forgiven.empty(chunks) {
		delete(n.asked, m.PartID)
	}
	if p != nil && affected {
		c.fail(n, p)
	}
}

// data takes one chunk; message is the whole message, which is passed on as it is.
func (c *Core) data(now int64, n *neighbour, m wire.Data, message []byte) {
	c.stats.P2PBytes += int64(len(m.Bytes))
	p := c.part(m.PartID)
	a := n.asked[m.PartID]
	switch {
	case a != nil && a.open.has(m.Chunk):
		a.open.remove(m.Chunk)
	case a != nil && a.forgiven.has(m.Chunk) && now < a.until:
		a.forgiven.remove(m.Chunk)
		return
	default:
		c.violate(n, wire.ByeUnasked, "bytes that nobody asked for", nil)
		return
	}
	if p == nil {
		return
	}
	w := waiting{from: n, message: message, chunk: m.Chunk, bytes: m.Bytes}
	switch {
	case p.head == nil:
		c.wait(n, p, w)
	case !c.takeChunk(now, p, w):
		c.violate(n, wire.ByeWrong, "wrong bytes", p)
	}
}

// wait keeps a chunk until its head comes.
func (c *Core) wait(n *neighbour, p *part, w waiting) {
	for _, other := range p.waiting {
		if other.chunk == w.chunk {
			return
		}
	}
	n.waiting += len(w.bytes)
	p.waiting = append(p.waiting, w)
	if n.waiting > Waiting {
		c.violate(n, wire.ByeFlood, "too much before its head", p)
	}
}
