package forest

import "slices"

// need counts one link more between p and q.
func (f *Forest) need(p, q *peer) {
	k := p.pairWith(q)
	if k == nil {
		if p.number > q.number {
			p, q = q, p
		}
		k = &pair{a: p, b: q}
		p.pairs, q.pairs = append(p.pairs, k), append(q.pairs, k)
		p.tokens--
		q.tokens--
	}
	if k.needs == 0 {
		p.degree++
		q.degree++
		f.touch(k)
	}
	k.needs++
}

// release counts one link less. What becomes of the pair is seen when the event is done.
func (f *Forest) release(p, q *peer) {
	k := p.pairWith(q)
	if k == nil {
		return
	}
	k.needs--
	if k.needs == 0 {
		p.degree--
		q.degree--
		k.idle = f.now
		f.touch(k)
	}
}

func (f *Forest) touch(k *pair) {
	if !k.dirty {
		k.dirty = true
		f.pairs = append(f.pairs, k)
	}
}

// settlePairs tells of pairs that are needed and weren't, and begins to wait with those
// that were and aren't.
func (f *Forest) settlePairs() {
	for _, k := range f.pairs {
		k.dirty = false
		switch {
		case k.over:
		case k.needs > 0 && !k.told:
			f.tellConnect(k)
		case k.needs == 0 && !k.told:
			k.a.tokens++
			k.b.tokens++
			f.forgetPair(k)
		case k.needs == 0 && !k.waits:
			k.waits = true
			f.idle = append(f.idle, k)
		}
	}
	f.pairs = f.pairs[:0]
}

func (f *Forest) tellConnect(k *pair) {
	f.makeWay(k.a)
	f.makeWay(k.b)
	k.told, k.since = true, f.now
	f.asked = append(f.asked, k)
	f.tell(Action{Kind: Connect, To: k.a.id, About: k.b.id, Role: Answer})
	f.tell(Action{Kind: Connect, To: k.b.id, About: k.a.id, Role: Offer})
}

// makeWay ends the idle connection that waits longest when p has too many.
func (f *Forest) makeWay(p *peer) {
	if len(p.pairs) <= f.config.Connections+passing {
		return
	}
	var oldest *pair
	for _, k := range p.pairs {
		if k.needs == 0 && k.told && (oldest == nil || k.idle.Before(oldest.idle)) {
			oldest = k
		}
	}
	if oldest != nil {
		f.apart(oldest)
	}
}

// apart tells both ends of a pair to close it, and forgets it.
func (f *Forest) apart(k *pair) {
	f.forgetPair(k)
	k.estrange()
	f.tell(Action{Kind: Disconnect, To: k.a.id, About: k.b.id})
	f.tell(Action{Kind: Disconnect, To: k.b.id, About: k.a.id})
}

func (f *Forest) forgetPair(k *pair) {
	k.over = true
	if k.open {
		f.open--
	}
	for _, p := range [...]*peer{k.a, k.b} {
		if i := slices.Index(p.pairs, k); i >= 0 {
			p.pairs = slices.Delete(p.pairs, i, i+1)
		}
	}
}

// expirePairs ends connections that no plan needed for a while, and gives up those
// that nobody reported.
func (f *Forest) expirePairs() {
	waiting := f.idle[:0]
	for _, k := range f.idle {
		k.waits = false
		switch {
		case k.over, k.needs > 0:
		case f.now.Sub(k.idle) >= f.config.Linger:
			f.apart(k)
		default:
			k.waits = true
			waiting = append(waiting, k)
		}
	}
	clear(f.idle[len(waiting):])
	f.idle = waiting
	for len(f.asked) > 0 {
		k := f.asked[0]
		if !k.open && !k.over {
			if f.now.Sub(k.since) < f.config.Patience {
				return
			}
			f.fail(k)
			f.tell(Action{Kind: Disconnect, To: k.a.id, About: k.b.id})
			f.tell(Action{Kind: Disconnect, To: k.b.id, About: k.a.id})
		}
		f.asked[0] = nil
		f.asked = f.asked[1:]
	}
}

// fail takes a pair out of all plans and sees to it that it isn't tried again.
func (f *Forest) fail(k *pair) {
	for _, p := range [...]*peer{k.a, k.b} {
		p.strikes++
		if p.failed == nil {
			p.failed = make(map[Peer]struct{})
		}
		p.failed[k.other(p).id] = struct{}{}
	}
	f.unlink(k.a, k.b)
	f.unlink(k.b, k.a)
	f.forgetPair(k)
	k.estrange()
	f.resettle(k.a)
	f.resettle(k.b)
}

// unlink takes away all that child takes from parent.
func (f *Forest) unlink(child, parent *peer) {
	for _, n := range child.nodes {
		for s, q := range n.parent {
			if q != nil && q.peer == parent {
				n.tree.detach(n, s)
			}
		}
	}
}

// resettle finds others for what a peer lost.
func (f *Forest) resettle(p *peer) {
	for _, n := range p.nodes {
		if n.cluster != nil {
			n.tree.settle(n.cluster)
			n.tree.drain()
		}
	}
}
