package forest

import (
	"slices"
	"time"
)

// suspicion is a peer that says that another feeds it nothing, or late.
type suspicion struct {
	by, of *peer
	at     time.Time
	late   bool
}

// suspect notes that p gets nothing over a connection. One that never opened has failed.
// Once is no more than a hint: a long keyframe and a lost packet do as much.
func (f *Forest) suspect(p *peer, k *pair) {
	q := k.other(p)
	switch {
	case !k.open:
		f.fail(k)
		f.tell(Action{Kind: Disconnect, To: p.id, About: q.id})
		f.tell(Action{Kind: Disconnect, To: q.id, About: p.id})
	case f.feeds(q, p):
		again := f.now.Sub(k.quiet) <= repeatWithin
		k.quiet = f.now
		f.blame(p, q)
		if again {
			f.accused = append(f.accused, suspicion{by: p, of: q, at: f.now})
		}
	}
}

// blame notes that p finds fault with q, for those below to be believed less.
func (f *Forest) blame(p, q *peer) {
	if p.blamed == nil {
		p.blamed = make(map[*peer]time.Time)
	}
	for other, at := range p.blamed {
		if f.now.Sub(at) > blameFor+2*reportTime {
			delete(p.blamed, other)
		}
	}
	p.blamed[q] = f.now
}

// judge acts on suspicions that had time for others to come in: silence above makes all
// below suspect their parents, and only the topmost is to blame. When most seeds are, it
// was the server that was silent.
func (f *Forest) judge() {
	var guilty, heard, waiting []suspicion
	for _, s := range f.accused {
		switch {
		case s.by.left || s.of.left:
		case f.now.Sub(s.at) < weighFor, s.late && f.now.Sub(s.at) < reportTime:
			waiting = append(waiting, s)
		default:
			heard = append(heard, s)
			if !f.derived(s) {
				guilty = append(guilty, s)
			}
		}
	}
	f.accused = waiting
	f.remember(heard)
	if len(guilty) == 0 || f.serverSilent(guilty) {
		return
	}
	weather := f.weather()
	if weather && f.manyAccuse() && f.waitFor() {
		return
	}
	for _, s := range guilty {
		if k := s.by.pairWith(s.of); k != nil && !s.late {
			k.shun = f.now.Add(shunFor)
			f.unlink(s.by, s.of)
			f.resettle(s.by)
		}
		if !weather {
			f.complain(s.by, s.of, s.late)
		}
	}
}

// remember keeps who was found fault with lately.
func (f *Forest) remember(heard []suspicion) {
	f.lately = slices.DeleteFunc(f.lately, func(s suspicion) bool { return f.now.Sub(s.at) > blameFor })
	for _, s := range heard {
		s.at = f.now
		f.lately = append(f.lately, s)
	}
}

// waitFor says whether trees are still left alone while weather lasts: for a while, and
// then not for as long, for what lasts may be trees that need to be mended.
func (f *Forest) waitFor() bool {
	if f.now.Sub(f.weathered) >= 2*weatherFor {
		f.weathered = f.now
	}
	return f.now.Sub(f.weathered) < weatherFor
}

// weather says whether so many were found fault with lately that the cause is none of
// theirs: the server, the network between all of them, or the source.
func (f *Forest) weather() bool {
	feeding, seen := 0, map[*peer]struct{}{}
	for _, p := range f.order {
		if p.spent > 0 {
			feeding++
		}
	}
	for _, s := range f.lately {
		seen[s.of] = struct{}{}
	}
	return len(seen) > 2 && 100*len(seen) > general*feeding
}

// manyAccuse says whether a fair share of all find fault: a few alone can't have the trees
// left alone.
func (f *Forest) manyAccuse() bool {
	by := map[*peer]struct{}{}
	for _, s := range f.lately {
		by[s.by] = struct{}{}
	}
	return len(by) > 2 && 100*len(by) > general*len(f.order)/2
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
	window := blameFor
	if s.late {
		window = 2 * reportTime
	}
	for _, n := range s.by.nodes {
		for stripe, q := range n.parent {
			if q == nil || q.peer != s.of {
				continue
			}
			for ; q.parent[stripe] != nil; q = q.parent[stripe] {
				if at, blames := q.peer.blamed[q.parent[stripe].peer]; blames && f.now.Sub(at) <= window {
					return true
				}
			}
		}
	}
	return false
}
