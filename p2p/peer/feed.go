package peer

import (
	"github.com/liverelay/liverelay/p2p/wire"
)

// wish is what a feed is wanted for.
type wish struct {
	on         bool
	seed       bool // the plan gives all of these stripes to the server
	renditions uint32
	stripes    [wire.MaxRenditions]uint8
}

// beyond reports whether there is a rendition or a stripe in w that other has not.
func (w *wish) beyond(other *wish) bool {
	if !w.on {
		return false
	}
	if !other.on || w.renditions&^other.renditions != 0 {
		return true
	}
	for i := range w.stripes {
		if w.stripes[i]&^other.stripes[i] != 0 {
			return true
		}
	}
	return false
}

// feed is what the core knows of its feed (rule 3).
type feed struct {
	asked, wished wish
	from          [wire.MaxRenditions]int64 // the first part of what was asked for
	wishedAt      int64                     // when the wish last changed
	unlikeAt      int64                     // since when it is another than what was asked, or never
	again         int64                     // nothing is asked before
	modest        int64                     // until then only what the plan gives to the server
	healthy       bool                      // heads come by the swarm
	headAt        int64                     // the last new head of a followed rendition
	back          int                       // batches of peers since heads were silent
}

func (c *Core) wish(now int64) wish {
	w := wish{on: !c.feed.healthy && len(c.groups) > 0, seed: true}
	for _, g := range c.groups {
		bits, planned := g.server(), g.seeded()
		if now < c.feed.modest {
			bits &= planned
		}
		w.seed = w.seed && bits&^planned == 0
		w.on = w.on || bits != 0
		for _, r := range g.renditions {
			w.renditions |= 1 << r
			w.stripes[r] = bits
		}
	}
	if !w.on {
		return wish{}
	}
	return w
}

// runFeed asks for another feed when that is due; at once says that it need not wait.
func (c *Core) runFeed(now int64, atOnce bool) {
	f, w := &c.feed, c.wish(now)
	if w != f.wished {
		f.wished, f.wishedAt = w, now
	}
	if w == f.asked {
		f.unlikeAt = never
		return
	}
	if f.unlikeAt == never {
		f.unlikeAt = now
	}
	due := f.wishedAt + FeedShrink
	if w.beyond(&f.asked) {
		due = f.unlikeAt + FeedGrow
	}
	if now < f.again || now < due && !atOnce {
		return
	}
	f.asked, f.unlikeAt = w, never
	a := Action{Kind: Feed, Seed: w.on && w.seed}
	for r := range c.renditions {
		if w.renditions>>r&1 != 0 {
			f.from[r] = c.feedFrom(&c.renditions[r], w.stripes[r])
			a.Want = append(a.Want, Want{r, w.stripes[r], f.from[r]})
		}
	}
	c.do(a)
}

// reach is what a feed brings of a rendition: stripes, from a part on, by what it was asked
// for, and by what it is about to be asked for.
type reach struct {
	asked, wished         uint8
	askedFrom, wishedFrom int64
}

// of names the stripes that the feed brings of a part.
func (f reach) of(p *part) (stripes uint8) {
	if int64(p.id.Number) >= f.askedFrom {
		stripes = f.asked
	}
	if int64(p.id.Number) >= f.wishedFrom {
		stripes |= f.wished
	}
	return stripes
}

// feeding says what the feed brings of a rendition, or is about to. A stripe can be the
// server's without: where it refused a feed, and of parts before the feed, nothing brings it.
func (c *Core) feeding(now int64, rendition int) reach {
	f, r := &c.feed, &c.renditions[rendition]
	brings := reach{asked: f.asked.stripes[rendition], askedFrom: f.from[rendition]}
	if brings.askedFrom < 0 && r.started { // live began with that
		brings.askedFrom = int64(r.first)
	}
	if wished := f.wished.stripes[rendition]; now >= f.again && wished != brings.asked {
		brings.wished, brings.wishedFrom = wished, c.feedFrom(r, wished)
	}
	return brings
}

// feedFrom is the first part that a feed is to bring.
func (c *Core) feedFrom(r *rendition, stripes uint8) int64 {
	if !r.started || !r.known {
		return -1
	}
	n := max(r.first, r.newest-min(r.newest, FeedBack))
	if hole, is := c.headHole(r); is {
		n = min(n, hole)
	}
	for ; n <= r.newest; n++ {
		p := r.headOf(n)
		if p == nil {
			break
		}
		if !p.whole && !p.gone && p.lacks(stripes) && !c.past(p) {
			break
		}
	}
	return int64(n)
}

// lacks reports whether a chunk of these stripes is missing of a part.
func (p *part) lacks(stripes uint8) bool {
	for i := range p.head.Chunks {
		if !p.got.has(i) && stripes>>p.stripe(i)&1 != 0 {
			return true
		}
	}
	return false
}

// FeedLost: the feed failed or ended; retryAfter is in ms.
func (c *Core) FeedLost(now, retryAfter int64) []Action {
	c.begin()
	f, modest := &c.feed, retryAfter > 0 && c.feed.asked.on && !c.feed.asked.seed
	f.asked = wish{}
	wait := max(Retry, retryAfter)
	if len(c.groups) > 0 {
		wait += c.spread(c.groups[0].leader(), 1, Spread)
	}
	if modest {
		f.modest = now + wait
	} else {
		f.again = now + wait
	}
	return c.end(now)
}

// FeedData: a chunk came in the feed. The core keeps it.
func (c *Core) FeedData(now int64, id wire.PartID, chunk int, b []byte) []Action {
	c.begin()
	r := &c.renditions[id.Rendition]
	if p := c.part(id); p != nil && p.head != nil && r.followed {
		c.start(now, r, id.Number)
		if fits(p.head, chunk, b) {
			c.fed(now, r, p, chunk, b)
		} else {
			c.stats.RejectedChunks++
		}
	}
	return c.end(now)
}

func (c *Core) fed(now int64, r *rendition, p *part, chunk int, b []byte) {
	if r.recent(p.id.Number) {
		st := &r.group.stripes[p.stripe(chunk)]
		st.brought = now
		if st.parent == "" && st.from != nil {
			st.from, c.dirty = nil, true
		}
	}
	if !p.gone && c.keep(now, p, chunk, b, nil, nil) {
		c.stats.HTTPParts++
	}
}

// runHeads sees to it that heads come (rule 3). It reports whether they ceased to.
func (c *Core) runHeads(now int64) (ceased bool) {
	f := &c.feed
	if f.asked.on || !f.healthy || len(c.groups) == 0 {
		return false
	}
	leader := c.groups[0].leader()
	d, spread := c.renditions[leader].usual(), c.spread(leader, 2, HeadsSpread)
	silent := now-f.headAt > 2*d+HeadsSilence+spread
	ahead, known := c.ahead()
	short := silent && (!known || ahead <= c.lead()+d+spread) || known && ahead <= c.lead()
	if !short && !c.overtaken(now, d+HeadsSilence+spread) {
		return false
	}
	f.healthy, f.back = false, 0
	for _, g := range c.groups {
		for s := range g.stripes {
			if st := &g.stripes[s]; now-st.brought >= Suspicious {
				st.server = true
			}
		}
	}
	return true
}

// headHole is the least number, of the newest HoleBack, whose head did not come although
// one before it and newer ones did, and that playback has not gone by.
func (c *Core) headHole(r *rendition) (number uint64, is bool) {
	if !r.known || !r.started || c.playhead < 0 {
		return 0, false
	}
	began := false // numbers may leap: then there is nothing before
	for n := max(r.first, r.newest-min(r.newest, HoleBack)); n < r.newest; n++ {
		if r.headOf(n) != nil {
			began = true
			continue
		}
		next := r.headOf(n + 1)
		if began && (next == nil || next.head.Start.Milliseconds() > c.playhead) {
			return n, true
		}
	}
	return 0, false
}

// overtaken reports whether a head is missing although a newer one came more than so long
// ago: those who would have brought it are gone.
func (c *Core) overtaken(now, since int64) bool {
	for _, g := range c.groups {
		for _, i := range g.renditions {
			r := &c.renditions[i]
			hole, is := c.headHole(r)
			for n := hole + 1; is && n <= r.newest; n++ {
				if p := r.headOf(n); p != nil && now-p.headAt > since {
					return true
				}
			}
		}
	}
	return false
}

// ahead is how much there is after the playhead, by the newest head of the followed
// rendition that ends first.
func (c *Core) ahead() (ms int64, known bool) {
	if c.playhead < 0 {
		return 0, false
	}
	for _, g := range c.groups {
		for _, i := range g.renditions {
			r := &c.renditions[i]
			p := r.headOf(r.newest)
			if !r.known || p == nil {
				continue
			}
			if end := (p.head.Start + p.head.Duration).Milliseconds() - c.playhead; !known || end < ms {
				ms, known = end, true
			}
		}
	}
	return ms, known
}

// usual is the duration of the newest part, in ms.
func (r *rendition) usual() int64 {
	if p := r.headOf(r.newest); r.known && p != nil {
		return p.head.Duration.Milliseconds()
	}
	return usualPart
}
