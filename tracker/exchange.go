package tracker

import "github.com/liverelay/liverelay/tracker/forest"

// exchanges holds what the pairs that were told to connect may still say to each
// other. It is as much state as the plan has connections.
type exchanges map[[2]forest.Peer]*exchange

// exchange is what one pair has said.
type exchange struct {
	offerer    forest.Peer
	offered    bool
	answered   bool
	candidates [2]int // from the offerer, from the other
}

// verdict is what becomes of a message from one viewer to another.
type verdict uint8

const (
	pass verdict = iota
	stranger
	again
	ignore
)

func between(a, b forest.Peer) [2]forest.Peer {
	if b < a {
		a, b = b, a
	}
	return [2]forest.Peer{a, b}
}

// follow keeps up with an action of the plan.
func (x exchanges) follow(a forest.Action) {
	if a.Kind == forest.NewPlan {
		return
	}
	key := between(a.To, a.About)
	if a.Kind != forest.Connect {
		delete(x, key)
		return
	}
	offerer := a.About
	if a.Role == forest.Offer {
		offerer = a.To
	}
	if x[key] == nil {
		x[key] = &exchange{offerer: offerer}
	}
}

// judge says what becomes of an offer, an answer or a candidate, and remembers it.
func (x exchanges) judge(from, to forest.Peer, kind string, maxCandidates int) verdict {
	e := x[between(from, to)]
	if e == nil || from == to {
		return stranger
	}
	offers := from == e.offerer
	switch kind {
	case "offer":
		if !offers {
			return stranger
		}
		return once(&e.offered)
	case "answer":
		if offers || !e.offered {
			return stranger
		}
		return once(&e.answered)
	default:
		side := 0
		if !offers {
			side = 1
		}
		if e.candidates[side] >= maxCandidates {
			return ignore
		}
		e.candidates[side]++
		return pass
	}
}

func once(done *bool) verdict {
	if *done {
		return again
	}
	*done = true
	return pass
}
