package forest

import "time"

// suspicion is a peer that says it is fed nothing.
type suspicion struct {
	by, of *peer
	at     time.Time
}

// suspect notes that p gets nothing over a connection. One that never opened has failed.
func (f *Forest) suspect(p *peer, k *pair) {
	q := k.other(p)
	switch {
	case !k.open:
		f.fail(k)
		f.tell(Action{Kind: Disconnect, To: p.id, About: q.id})
		f.tell(Action{Kind: Disconnect, To: q.id, About: p.id})
	case f.feeds(q, p) && !f.accuses(p, q):
		f.accused = append(f.accused, suspicion{p, q, f.now})
	}
}

func (f *Forest) accuses(p, q *peer) bool {
	for _, s := range f.accused {
		if s.by == p && s.of == q {
			return true
		}
	}
	return false
}

// judge acts on suspicions that had time for others to come in: silence above makes all
// below suspect their parents, and only the topmost is to blame.
func (f *Forest) judge() {
	var guilty, waiting []suspicion
	for _, s := range f.accused {
		switch {
		case s.by.left || s.of.left:
		case f.now.Sub(s.at) < weighFor:
			waiting = append(waiting, s)
		case !f.derived(s):
			guilty = append(guilty, s)
		}
	}
	f.accused = waiting
	for _, s := range guilty {
		k := s.by.pairWith(s.of)
		if k == nil {
			continue
		}
		k.shun = f.now.Add(shunFor)
		f.unlink(s.by, s.of)
		f.resettle(s.by)
		f.complain(s.by, s.of)
	}
}

// derived says whether somebody further up is suspected for what the accuser lacks.
func (f *Forest) derived(s suspicion) bool {
	for _, n := range s.by.nodes {
		for stripe, q := range n.parent {
			if q == nil || q.peer != s.of {
				continue
			}
			for ; q.parent[stripe] != nil; q = q.parent[stripe] {
				if f.accuses(q.peer, q.parent[stripe].peer) {
					return true
				}
			}
		}
	}
	return false
}
