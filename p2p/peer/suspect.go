package peer

import (
	"slices"

	"github.com/liverelay/liverelay/p2p/wire"
)

// backOf is how many parts before the newest a suspicion concerns.
const backOf = 3

// runStripes does what has become due for the stripes of all groups (rule 4).
func (c *Core) runStripes(now int64) {
	for _, g := range c.groups {
		var suspects uint8
		for s := range g.stripes {
			if c.runStripe(now, g, s) {
				suspects |= 1 << s
			}
		}
		c.askLatest(now, g, suspects)
	}
}

// runStripe reports whether the stripe became suspect.
func (c *Core) runStripe(now int64, g *group, s int) (became bool) {
	st := &g.stripes[s]
	if !st.server && (!st.suspect || st.brought > st.suspectAt) && c.overdue(now, g, s) {
		culprit := st.from
		if culprit == nil {
			culprit = c.find(st.parent)
		}
		if culprit != nil {
			c.do(Action{Kind: Suspect, Peer: culprit.id})
		}
		became = c.suspect(now, g, s)
		st.accuseAt = now + SuspectAgain
	}
	if st.suspect && now >= st.accuseAt {
		st.accuseAt = never
		if c.find(st.parent) != nil {
			st.accuseAt = now + SuspectAgain
			c.do(Action{Kind: Suspect, Peer: st.parent})
		}
	}
	if st.suspect && !st.server && st.brought <= st.suspectAt {
		wait := c.spread(g.leader(), 0, Spread)
		if g.usable(c.find(st.standby), s) {
			wait += StandbyWait
		}
		st.server = now >= st.suspectAt+wait
	}
	if now >= st.complainAt {
		st.complainAt = never
		if st.from == nil || st.from.id != st.parent {
			c.do(Action{Kind: Suspect, Peer: st.parent})
		}
	}
	return became
}

// suspect turns to a stripe's standby.
func (c *Core) suspect(now int64, g *group, s int) bool {
	st := &g.stripes[s]
	st.suspect, st.suspectAt, st.accuseAt = true, now, never
	c.dirty = true
	return true
}

// askLatest asks for what is missing of stripes that became suspect.
func (c *Core) askLatest(now int64, g *group, stripes uint8) {
	if stripes == 0 {
		return
	}
	for _, i := range sortedInts(g.renditions) {
		c.latest(&c.renditions[i], backOf, func(p *part) { c.ask(now, p, stripes) })
	}
}

func sortedInts(list []int) []int {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

// latest visits the parts with a head, from so many before the newest on, that are not whole.
func (c *Core) latest(r *rendition, back uint64, visit func(*part)) {
	if !r.known || !r.started {
		return
	}
	for n := max(r.first, r.newest-min(r.newest, back)); n <= r.newest; n++ {
		if p := r.headOf(n); p != nil && !p.whole && !p.gone {
			visit(p)
		}
	}
}

// overdue reports whether a stripe's silence is more than a long keyframe and a lost packet
// explain, or where the tracker says that who brings it left, more than a part's time.
func (c *Core) overdue(now int64, g *group, s int) bool {
	d, least, since := c.renditions[g.leader()].usual(), 2, int64(Suspicious)
	silence := since + 2*d
	if from := g.stripes[s].from; from != nil && from.gone {
		least, since, silence = 1, SuspectGone, d+SuspectGone
	}
	if now-g.stripes[s].brought < silence {
		return false
	}
	for _, i := range g.renditions {
		missing, overdue := 0, false
		c.latest(&c.renditions[i], backOf, func(p *part) {
			if p.lacks(1 << s) {
				missing++
				overdue = overdue || now-p.headAt >= since
			}
		})
		if overdue && missing >= least {
			return true
		}
	}
	return false
}

// abandon ends what a neighbour brings of these stripes, when it closed or refused.
func (c *Core) abandon(now int64, n *neighbour, g *group, stripes uint8, refused bool) {
	var suspects uint8
	for s := range g.stripes {
		st := &g.stripes[s]
		if stripes>>s&1 == 0 || st.from != n && (!refused || st.parent != n.id) {
			continue
		}
		if st.from == n {
			st.from = nil
		}
		if !st.server && c.suspect(now, g, s) {
			suspects |= 1 << s
		}
	}
	c.askLatest(now, g, suspects)
}

// refused: a neighbour will not push these stripes.
func (c *Core) refused(now int64, n *neighbour, m wire.Refuse) {
	r := m.Rendition
	for s := range wire.Stripes {
		if (n.wanted[r]&m.Stripes)>>s&1 != 0 {
			n.until[r][s] = now + Forgive
		}
	}
	n.wanted[r] &^= m.Stripes
	n.refused[r] |= m.Stripes
	c.dirty = true
	if g := c.renditions[r].group; g != nil {
		c.abandon(now, n, g, m.Stripes, true)
	}
}
