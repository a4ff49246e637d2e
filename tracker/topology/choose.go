package topology

// looks is how many members are looked at before nobody is chosen. It bounds what
// one event costs where thousands are out of the question for the moment.
const looks = 128

// rank files p under what speaks against choosing it: its neighbours, and its
// failures since the last success. Who has no room is in no file.
func (m *Mesh) rank(p *member) {
	m.unrank(p)
	if len(p.links) >= m.config.Most {
		return
	}
	p.ranked = true
	p.rank = min(len(p.links)+p.strikes, lastRank)
	p.slot = len(m.ranks[p.rank])
	m.ranks[p.rank] = append(m.ranks[p.rank], p)
}

func (m *Mesh) unrank(p *member) {
	if !p.ranked {
		return
	}
	file := m.ranks[p.rank]
	last := file[len(file)-1]
	file[p.slot], last.slot = last, p.slot
	file[len(file)-1] = nil
	m.ranks[p.rank] = file[:len(file)-1]
	p.ranked = false
}

// pick chooses a neighbour for p: one of those with the lowest rank, at random.
func (m *Mesh) pick(p *member) *member {
	left := looks
	for _, file := range m.ranks {
		if len(file) == 0 {
			continue
		}
		start := m.random.IntN(len(file))
		for i := range file {
			if left--; left < 0 {
				return nil
			}
			if other := file[(start+i)%len(file)]; m.fits(p, other) {
				return other
			}
		}
	}
	return nil
}

// fits says whether a and b may be connected now, room aside.
func (m *Mesh) fits(a, b *member) bool {
	if a == b || a.linkTo(b.id) != nil || !m.allowed(a) || !m.allowed(b) {
		return false
	}
	_, failed := a.failed[b.id]
	return !failed
}

func (m *Mesh) room(p *member) int { return m.config.Most - len(p.links) }
