package topology

import (
	"math/rand/v2"
	"time"
)

// Config holds the numbers of the plan. The zero value stands for the defaults.
type Config struct {
	Give          int           // neighbours for a newcomer; 4
	Most          int           // neighbours of anybody; 8
	Least         int           // below this a member is given more; 3
	MinAudience   int           // no connections while fewer are there; 2
	Patience      time.Duration // a connection nobody reported after this has failed; 30 s
	Introductions int           // neighbours that a member may be given at once; 32
	Refill        time.Duration // and one more after each of these; 10 s
	Heal          time.Duration // how often a fallen-apart swarm is joined again; 5 s
}

func (c Config) withDefaults() Config {
	c.Give = orDefault(c.Give, 4)
	c.Most = orDefault(c.Most, 8)
	c.Least = orDefault(c.Least, 3)
	c.MinAudience = max(c.MinAudience, 2)
	c.Patience = orDefault(c.Patience, 30*time.Second)
	c.Introductions = orDefault(c.Introductions, 32)
	c.Refill = orDefault(c.Refill, 10*time.Second)
	c.Heal = orDefault(c.Heal, 5*time.Second)
	return c
}

func orDefault[T ~int | ~int64](value, otherwise T) T {
	if value > 0 {
		return value
	}
	return otherwise
}

// Mesh is the plan of one swarm. It isn't safe for concurrent use.
type Mesh struct {
	config  Config
	random  *rand.Rand
	members map[Peer]*member
	order   []*member   // the same, to pick from at random and to walk through
	ranks   [][]*member // members with room, by rank: what pick looks through
	asked   []*link     // connections that nobody reported yet, oldest first
	needy   []*member   // members that may have fewer than Least
	open    int         // connections that were reported
	split   bool        // something went since the parts were last counted
	healed  time.Time   // when that was
	now     time.Time   // of the event at hand
	actions []Action    // of the event at hand
}

// New makes the plan of an empty swarm.
func New(config Config, random *rand.Rand) *Mesh {
	return &Mesh{
		config:  config.withDefaults(),
		random:  random,
		members: make(map[Peer]*member),
		ranks:   make([][]*member, lastRank+1),
	}
}

// Handle takes one event and returns what is to be told, in order. The slice is
// valid until the next call.
func (m *Mesh) Handle(now time.Time, e Event) []Action {
	m.now, m.actions = now, m.actions[:0]
	switch e := e.(type) {
	case Join:
		m.join(e.Peer)
	case Leave:
		m.leave(e.Peer)
	case Report:
		m.report(e)
	case Tick:
		m.tick()
	}
	return m.actions
}

// Members is the number of peers there are.
func (m *Mesh) Members() int { return len(m.order) }

// Open is the number of connections that were reported as open.
func (m *Mesh) Open() int { return m.open }

func (m *Mesh) join(id Peer) {
	if m.members[id] != nil {
		return
	}
	p := &member{id: id, place: len(m.order), tokens: float64(m.config.Introductions), since: m.now}
	m.members[id] = p
	m.order = append(m.order, p)
	m.rank(p)
	switch {
	case len(m.order) < m.config.MinAudience:
	case len(m.order) == m.config.MinAudience:
		for i := range m.order {
			m.fill(m.order[len(m.order)-1-i]) // the newest offers
		}
	default:
		m.fill(p)
	}
}

func (m *Mesh) leave(id Peer) {
	p := m.members[id]
	if p == nil {
		return
	}
	m.forget(p)
	left := p.links
	p.links = nil
	for _, l := range left {
		other := l.other(p)
		m.cut(l)
		m.tell(Action{Kind: Gone, To: other.id, About: id})
	}
	for _, l := range left {
		m.top(l.other(p))
	}
}

// forget takes p out of everything but its neighbours' links.
func (m *Mesh) forget(p *member) {
	m.unrank(p)
	p.left = true
	delete(m.members, p.id)
	last := m.order[len(m.order)-1]
	m.order[p.place], last.place = last, p.place
	m.order = m.order[:len(m.order)-1]
	for id := range p.failed {
		if other := m.members[id]; other != nil {
			delete(other.failed, p.id)
		}
	}
}

func (m *Mesh) report(r Report) {
	p := m.members[r.Peer]
	if p == nil {
		return
	}
	for _, id := range r.Connected {
		if l := p.linkTo(id); l != nil && !l.open {
			l.open = true
			m.open++
			m.succeeded(l.from)
			m.succeeded(l.to)
		}
	}
	for _, id := range r.Failed {
		if l := p.linkTo(id); l != nil {
			m.fail(l)
			m.tell(Action{Kind: Disconnect, To: id, About: p.id})
			m.top(m.members[id])
		}
	}
	m.top(p)
}

func (m *Mesh) tick() {
	m.expire()
	needy := m.needy
	m.needy = nil
	for _, p := range needy {
		p.needy = false
		m.top(p)
	}
	if m.split && m.now.Sub(m.healed) >= m.config.Heal {
		m.healed = m.now
		m.heal()
	}
}

// expire gives up the connections that nobody reported in time.
func (m *Mesh) expire() {
	for len(m.asked) > 0 {
		l := m.asked[0]
		if !l.open && !l.cut {
			if m.now.Sub(l.since) < m.config.Patience {
				return
			}
			m.fail(l)
			m.apart(l)
			m.top(l.from)
			m.top(l.to)
		}
		m.asked[0] = nil
		m.asked = m.asked[1:]
	}
}

// top gives p more neighbours when it has too few, or remembers that it needs them.
func (m *Mesh) top(p *member) {
	if p.left || len(p.links) >= m.config.Least || len(m.order) < m.config.MinAudience {
		return
	}
	m.fill(p)
	m.need(p)
}

// need has p looked at again with the next tick when it is still short.
func (m *Mesh) need(p *member) {
	if len(p.links) < m.config.Least && !p.needy {
		p.needy = true
		m.needy = append(m.needy, p)
	}
}

// fill gives p neighbours until it has Give, as far as there are any.
func (m *Mesh) fill(p *member) {
	for len(p.links) < m.config.Give && m.allowed(p) {
		other := m.pick(p)
		if other == nil {
			break
		}
		m.connect(p, other)
	}
	if len(p.links) == 0 {
		m.split = true
	}
	m.need(p)
}

func (m *Mesh) tell(a Action) { m.actions = append(m.actions, a) }
