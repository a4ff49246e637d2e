package topology

import "time"

// lastRank is the rank of those who are chosen last.
const lastRank = 15

// member is a peer and what the plan knows of it.
type member struct {
	id     Peer
	place  int     // in Mesh.order
	links  []*link // at most Most
	failed map[Peer]struct{}
	// strikes counts failures since the last success.
	strikes int
	// tokens are the introductions left, as of since.
	tokens float64
	since  time.Time

	ranked bool // stands in Mesh.ranks
	rank   int
	slot   int
	needy  bool // stands in Mesh.needy
	left   bool
	mark   int // which part of the swarm it is in, while parts are counted
}

// link is a connection that two members were told to make.
type link struct {
	from, to *member // from makes the offer
	since    time.Time
	open     bool // somebody reported it
	cut      bool // it is over
}

func (l *link) other(p *member) *member {
	if l.from == p {
		return l.to
	}
	return l.from
}

func (p *member) linkTo(id Peer) *link {
	for _, l := range p.links {
		if l.other(p).id == id {
			return l
		}
	}
	return nil
}

func (p *member) drop(l *link) {
	for i, have := range p.links {
		if have == l {
			last := len(p.links) - 1
			p.links[i], p.links[last] = p.links[last], nil
			p.links = p.links[:last]
			return
		}
	}
}

// connect tells from and to to connect.
func (m *Mesh) connect(from, to *member) {
	l := &link{from: from, to: to, since: m.now}
	for _, p := range [...]*member{from, to} {
		p.links = append(p.links, l)
		p.tokens--
		m.rank(p)
	}
	m.asked = append(m.asked, l)
	m.tell(Action{Kind: Connect, To: to.id, About: from.id, Role: Answer})
	m.tell(Action{Kind: Connect, To: from.id, About: to.id, Role: Offer})
}

// cut takes a link out of the plan, without a word to anybody.
func (m *Mesh) cut(l *link) {
	l.cut = true
	m.split = true
	if l.open {
		m.open--
	}
	for _, p := range [...]*member{l.from, l.to} {
		p.drop(l)
		if !p.left {
			m.rank(p)
		}
	}
}

// apart tells both ends of a link to close it.
func (m *Mesh) apart(l *link) {
	m.tell(Action{Kind: Disconnect, To: l.from.id, About: l.to.id})
	m.tell(Action{Kind: Disconnect, To: l.to.id, About: l.from.id})
}

// fail cuts a link and sees to it that the pair isn't tried again.
func (m *Mesh) fail(l *link) {
	l.from.strikes++
	l.to.strikes++
	l.from.fails(l.to)
	l.to.fails(l.from)
	m.cut(l)
}

func (p *member) fails(other *member) {
	if p.failed == nil {
		p.failed = make(map[Peer]struct{})
	}
	p.failed[other.id] = struct{}{}
}

func (m *Mesh) succeeded(p *member) {
	if p.strikes > 0 {
		p.strikes = 0
		m.rank(p)
	}
}

// allowed says whether p may learn of another peer now.
func (m *Mesh) allowed(p *member) bool {
	gained := float64(m.now.Sub(p.since)) / float64(m.config.Refill)
	if gained > 0 {
		p.tokens = min(p.tokens+gained, float64(m.config.Introductions))
		p.since = m.now
	}
	return p.tokens >= 1
}
