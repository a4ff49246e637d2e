package topology

// tries is how often two members of two parts are drawn before the parts are left
// as they are until the next time.
const tries = 16

// heal joins the parts into which the swarm fell to its biggest one.
func (m *Mesh) heal() {
	m.split = false
	if len(m.order) < m.config.MinAudience {
		return
	}
	parts := m.parts()
	if len(parts) < 2 {
		return
	}
	main := 0
	for i, part := range parts {
		if len(part) > len(parts[main]) {
			main = i
		}
	}
	for i, part := range parts {
		if i != main && !m.bridge(part, parts[main]) {
			m.split = true // try again
		}
	}
}

// parts finds the connected parts of the swarm. A link counts from the moment it
// was asked for.
func (m *Mesh) parts() [][]*member {
	for _, p := range m.order {
		p.mark = -1
	}
	var parts [][]*member
	for _, p := range m.order {
		if p.mark < 0 {
			parts = append(parts, reach(p, len(parts)))
		}
	}
	return parts
}

func reach(p *member, mark int) []*member {
	p.mark = mark
	part := []*member{p}
	for i := 0; i < len(part); i++ {
		for _, l := range part[i].links {
			if other := l.other(part[i]); other.mark < 0 {
				other.mark = mark
				part = append(part, other)
			}
		}
	}
	return part
}

// bridge connects a member of one part with one of another: two that have room, or
// else by taking a connection of each part apart and making two across.
func (m *Mesh) bridge(part, main []*member) bool {
	for range tries {
		a, b := m.draw(part), m.draw(main)
		if m.room(a) > 0 && m.room(b) > 0 && m.fits(a, b) {
			m.connect(a, b)
			return true
		}
	}
	for range tries {
		if m.swap(m.draw(part), m.draw(main)) {
			return true
		}
	}
	return false
}

// swap makes a–b and c–d of a–c and b–d, or puts a, which has room for two, into
// the middle of b–d.
func (m *Mesh) swap(a, b *member) bool {
	if len(b.links) == 0 {
		return false
	}
	across := b.links[m.random.IntN(len(b.links))]
	d := across.other(b)
	c := a
	if m.room(a) < 2 && len(a.links) > 0 {
		own := a.links[m.random.IntN(len(a.links))]
		if c = own.other(a); !m.fits(a, b) || !m.fits(c, d) {
			return false
		}
		m.cut(own)
		m.apart(own)
	}
	if !m.fits(a, b) || !m.fits(c, d) {
		return false
	}
	m.cut(across)
	m.apart(across)
	m.connect(a, b)
	m.connect(c, d)
	return true
}

func (m *Mesh) draw(from []*member) *member { return from[m.random.IntN(len(from))] }
