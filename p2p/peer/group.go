package peer

import (
	"cmp"
	"slices"

	"github.com/liverelay/liverelay/p2p/wire"
)

// Source says where a plan takes a stripe from; empty stands for the server.
type Source struct{ Parent, Standby string }

// PlanEvent is the tracker's plan for one rendition and what rides with it.
type PlanEvent struct {
	Serial     uint64
	Renditions []int
	Stripes    [wire.Stripes]Source
}

// group is renditions that share what brings their stripes (rule 1).
type group struct {
	renditions []int // the first one leads
	planned    bool
	serial     uint64
	stripes    [wire.Stripes]stripe
}

type stripe struct {
	parent, standby string
	from            *neighbour
	server, suspect bool
	suspectAt       int64
	accuseAt        int64 // when its parent is accused again, while it is suspect
	brought         int64
	since           int64 // the head's time of the first part that from brought
	complainAt      int64 // never, or when the parent is complained of
	subscribed      bool  // to the parent, since the plan that named it
}

func newGroup(now int64, planned bool) *group {
	g := &group{planned: planned}
	for s := range g.stripes {
		g.stripes[s] = stripe{server: true, brought: now, complainAt: never}
	}
	return g
}

func (g *group) leader() int { return g.renditions[0] }

// server names the stripes that the feed brings.
func (g *group) server() (bits uint8) {
	for s := range g.stripes {
		if g.stripes[s].server {
			bits |= 1 << s
		}
	}
	return bits
}

// seeded names the stripes that the plan gives to the server.
func (g *group) seeded() (bits uint8) {
	for s := range g.stripes {
		if g.planned && g.stripes[s].parent == "" {
			bits |= 1 << s
		}
	}
	return bits
}

// leave takes a rendition out of its group.
func (c *Core) leave(rendition int) {
	r := &c.renditions[rendition]
	if g := r.group; g != nil {
		g.renditions = slices.DeleteFunc(g.renditions, func(i int) bool { return i == rendition })
	}
	r.group = nil
}

func (c *Core) enter(rendition int, g *group) {
	c.leave(rendition)
	g.renditions = append(g.renditions, rendition)
	c.renditions[rendition].group = g
}

// regroup gives every followed rendition a group after renditions came or went.
func (c *Core) regroup(now int64) {
	for _, g := range c.groups {
		led := len(g.renditions) > 0 && c.renditions[g.leader()].followed
		for _, i := range slices.Clone(g.renditions) {
			if !c.renditions[i].followed || g.planned && !led {
				c.leave(i)
			}
		}
	}
	var loose *group
	for _, g := range c.groups {
		if !g.planned {
			loose = g
		}
	}
	for i := range c.renditions {
		if r := &c.renditions[i]; r.followed && r.group == nil {
			if loose == nil {
				loose = newGroup(now, false)
				c.groups = append(c.groups, loose)
			}
			c.enter(i, loose)
		}
	}
	if loose != nil {
		slices.Sort(loose.renditions)
	}
	c.sortGroups()
}

func (c *Core) sortGroups() {
	c.groups = slices.DeleteFunc(c.groups, func(g *group) bool { return len(g.renditions) == 0 })
	slices.SortFunc(c.groups, func(a, b *group) int { return cmp.Compare(a.leader(), b.leader()) })
	c.dirty = true
}

// Plan: the tracker says from whom to take a rendition's stripes.
func (c *Core) Plan(now int64, plan PlanEvent) []Action {
	c.begin()
	var covered []int
	for i, r := range plan.Renditions {
		if r < 0 || r >= wire.MaxRenditions || !c.renditions[r].followed || slices.Contains(covered, r) {
			if i == 0 {
				return c.end(now)
			}
			continue
		}
		covered = append(covered, r)
	}
	if len(covered) == 0 {
		return c.end(now)
	}
	g := c.renditions[covered[0]].group
	if !g.planned || g.leader() != covered[0] {
		g = newGroup(now, true)
		c.groups = append(c.groups, g)
	} else if plan.Serial <= g.serial {
		return c.end(now)
	}
	c.adopt(now, g, covered, plan)
	return c.end(now)
}

func (c *Core) adopt(now int64, g *group, covered []int, plan PlanEvent) {
	for _, r := range slices.Clone(g.renditions) {
		c.leave(r)
	}
	for _, r := range covered {
		c.enter(r, g)
		for _, n := range c.neighbours {
			n.refused[r] = 0
		}
	}
	g.serial = plan.Serial
	for s := range g.stripes {
		g.stripes[s].update(now, plan.Stripes[s])
	}
	c.regroup(now)
}

func (st *stripe) update(now int64, to Source) {
	if to.Parent != st.parent {
		st.complainAt, st.subscribed = now+OpenWithin, false
	}
	st.parent, st.standby = to.Parent, to.Standby
	switch {
	case st.parent == "":
		st.server, st.suspect, st.complainAt = true, false, never
	case st.from != nil && st.from.id == st.parent:
		st.suspect, st.complainAt = false, never
	}
}

// usable reports whether a neighbour may be subscribed to for a stripe.
func (g *group) usable(n *neighbour, s int) bool {
	if n == nil || !n.hello {
		return false
	}
	for _, r := range g.renditions {
		if n.refused[r]>>s&1 != 0 {
			return false
		}
	}
	return true
}

// wants reports whether a stripe is wanted of a neighbour (rule 2).
func (g *group) wants(n *neighbour, s int) bool {
	st := &g.stripes[s]
	wanted := n.id == st.parent || n == st.from || st.suspect && n.id == st.standby
	return wanted && g.usable(n, s)
}

// subscribeAll tells every neighbour what is wanted of it, where that has changed.
func (c *Core) subscribeAll(now int64) {
	for _, n := range c.neighbours {
		if !n.hello {
			continue
		}
		var want [wire.MaxRenditions]uint8
		for _, g := range c.groups {
			for s := range g.stripes {
				if !g.wants(n, s) {
					continue
				}
				for _, r := range g.renditions {
					want[r] |= 1 << s
				}
				if st := &g.stripes[s]; n.id == st.parent && !st.subscribed && st.complainAt != never {
					st.subscribed, st.complainAt = true, now+BringWithin
				}
			}
		}
		passed := c.passedOn(n)
		for r := range passed {
			passed[r] &= want[r]
		}
		if want != n.wanted || passed != n.told {
			c.subscribe(now, n, want, passed)
		}
	}
}

// passedOn names the stripes that neighbours other than n are pushed.
func (c *Core) passedOn(but *neighbour) (stripes [wire.MaxRenditions]uint8) {
	for _, n := range c.neighbours {
		if n == but {
			continue
		}
		for r, w := range n.wants {
			stripes[r] |= w
		}
	}
	return stripes
}

func (c *Core) subscribe(now int64, n *neighbour, want, passed [wire.MaxRenditions]uint8) {
	m := wire.Subscribe{}
	for r := range want {
		for s := range wire.Stripes {
			if n.wanted[r]>>s&1 != 0 && want[r]>>s&1 == 0 {
				n.until[r][s] = now + Forgive
			}
		}
		if want[r] == 0 {
			continue
		}
		if len(m.Wishes) == wire.MaxWishes {
			want[r], passed[r] = 0, 0
			continue
		}
		m.Wishes = append(m.Wishes, wire.Wish{Rendition: r, Stripes: want[r], Feeds: passed[r]})
	}
	n.wanted, n.told = want, passed
	c.send(n, m)
}

// confirm takes note that a subscription brought a chunk of a stripe of this part (rule 2).
func (c *Core) confirm(now int64, n *neighbour, p *part, s int) {
	g := c.renditions[p.id.Rendition].group
	st := &g.stripes[s]
	before := st.from
	switch {
	case n.id == st.parent:
		if st.from != n || st.suspect {
			c.dirty = true
		}
		st.from, st.server, st.suspect, st.complainAt = n, false, false, never
	case st.from == nil, st.suspect && st.from != n:
		st.from = n
		c.dirty = true
		if st.parent != "" {
			st.server = false
		}
	case st.from == n && st.parent != "":
		st.server = false
	}
	if st.from == n && before != n {
		st.since = p.headAt
		c.askBefore(now, g, s)
	}
}

// askBefore asks who brings a stripe now for what is missing of it from before.
func (c *Core) askBefore(now int64, g *group, s int) {
	for _, i := range sortedInts(g.renditions) {
		brings := c.feeding(now, i)
		c.latest(&c.renditions[i], HoleBack, func(p *part) {
			if p.headAt < g.stripes[s].since && !c.past(p) {
				c.ask(now, p, 1<<s&^brings.of(p))
			}
		})
	}
}
