package peer

import "github.com/liverelay/liverelay/p2p/wire"

// runTimers does what has become due, and works out when to look again.
func (c *Core) runTimers(now int64) {
	c.wake = never
	for i := range c.renditions {
		if c.renditions[i].followed {
			c.renditions[i].each(func(p *part) { c.runPart(now, p) })
		}
	}
	c.runHaves(now)
	c.runNeighbours(now)
}

func (c *Core) runPart(now int64, p *part) {
	if p.whole || p.gone || !p.sought {
		return
	}
	if p.retryAt <= now {
		c.fetch(p)
	}
	if p.half <= now {
		p.half = never
		c.secondSource(p)
	}
	if p.due <= now {
		p.due = never
		if !p.pending() {
			c.fetch(p)
		}
	}
	c.wakeAt(min(p.retryAt, p.half, p.due))
}

// secondSource asks one more neighbour at half of the patience (rule 3).
func (c *Core) secondSource(p *part) {
	if p.pending() {
		return
	}
	chunks, none := c.missing(p, false)
	if other := c.second(p); other != nil && !none {
		c.ask(other, p, chunks)
	}
}

func (c *Core) runHaves(now int64) {
	if len(c.newHaves) == 0 {
		return
	}
	if now < c.haveAt {
		c.wakeAt(c.haveAt)
		return
	}
	for _, n := range c.neighbours {
		if n.hello {
			c.sendHaves(n, c.newHaves)
		}
	}
	c.newHaves = c.newHaves[:0]
	c.haveAt = now + HaveEvery
}

// runNeighbours closes those that never said hello, and forgets what was cancelled
// long ago.
func (c *Core) runNeighbours(now int64) {
	for i := 0; i < len(c.neighbours); i++ {
		n := c.neighbours[i]
		if !n.hello {
			if now >= n.openedAt+HelloWithin {
				c.close(n, wire.ByeIdle, "no hello", nil)
				i--
				continue
			}
			c.wakeAt(n.openedAt + HelloWithin)
		}
		for id, a := range n.asked {
			chunks := -1
			if p := c.part(id); p != nil {
				chunks = p.chunks()
			}
			if !a.open.empty(chunks) || a.until == 0 {
				continue
			}
			if a.until <= now {
				delete(n.asked, id)
			} else {
				c.wakeAt(a.until)
			}
		}
	}
}
