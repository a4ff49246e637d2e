package forest

import (
	"slices"
	"time"
)

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
	case f.feeds(q, p) && !slices.Contains(p.accuses, q):
		p.accuses = append(p.accuses, q)
		f.accused = append(f.accused, suspicion{p, q, f.now})
	}
}

// judge acts on suspicions that had time for others to come in: silence above makes all
// below suspect their parents, and only the topmost is to blame. When most seeds are, it
// was the server that was silent.
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
	for _, s := range f.accused {
		s.by.accuses = s.by.accuses[:0]
	}
	for _, s := range waiting {
		s.by.accuses = append(s.by.accuses, s.of)
	}
	f.accused = waiting
	if len(guilty) == 0 || f.serverSilent(guilty) {
		return
	}
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

// serverSilent says whether most of those who feed others what they have from the server
// are suspected at once.
func (f *Forest) serverSilent(guilty []suspicion) bool {
	seeds, suspected := 0, 0
	for _, t := range f.standing() {
		for _, n := range t.nodes {
			if n.used == 0 || !slices.Contains(n.parent[:], nil) {
				continue
			}
			seeds++
			if slices.ContainsFunc(guilty, func(s suspicion) bool { return s.of == n.peer }) {
				suspected++
			}
		}
	}
	return suspected > 1 && 2*suspected > seeds
}

// derived says whether somebody further up is suspected for what the accuser lacks.
func (f *Forest) derived(s suspicion) bool {
	for _, n := range s.by.nodes {
		for stripe, q := range n.parent {
			if q == nil || q.peer != s.of {
				continue
			}
			for ; q.parent[stripe] != nil; q = q.parent[stripe] {
				if slices.Contains(q.peer.accuses, q.parent[stripe].peer) {
					return true
				}
			}
		}
	}
	return false
}
