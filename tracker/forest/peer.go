package forest

import "time"

// peer is a viewer, whatever it follows.
type peer struct {
	id     Peer
	number int // order of joining
	place  int // in Forest.order
	follow []int
	nodes  []*node // one for each tree it stands in
	serial uint64  // of its last plan
	says   []Peer  // whom it said that it is connected with as it came, and they haven't yet
	plans  []*Plan // what it had when it came back, until that is dealt with

	pairs  []*pair
	degree int // pairs that a plan needs
	failed map[Peer]struct{}
	// strikes counts failures since the last success.
	strikes int
	// tokens are the introductions left, as of since.
	tokens float64
	since  time.Time

	uplink uplink
	// blamed says when it last said of another that it is silent or late.
	blamed map[*peer]time.Time
	spent  int64 // bit/s that it is planned to send
	left   bool
}

// pair is two peers that are connected, or are to be.
type pair struct {
	a, b  *peer // b joined later, and offers
	needs int   // how many links of plans run over it
	told  bool  // both were told to connect
	open  bool  // somebody reported it
	over  bool  // taken out of the plan
	dirty bool  // stands in Forest.pairs
	waits bool  // stands in Forest.idle
	since time.Time
	idle  time.Time // when the last link went
	shun  time.Time // neither feeds the other until then
	quiet time.Time // when one of them last suspected the other
}

func (p *pair) other(of *peer) *peer {
	if p.a == of {
		return p.b
	}
	return p.a
}

func (p *peer) pairWith(q *peer) *pair {
	for _, pair := range p.pairs {
		if pair.a == q || pair.b == q {
			return pair
		}
	}
	return nil
}

// mayMeet says whether the two may be connected now: they haven't failed before, and
// neither has been told of too many lately.
func (f *Forest) mayMeet(p, q *peer) bool {
	if p.pairWith(q) != nil {
		return true
	}
	if _, failed := p.failed[q.id]; failed {
		return false
	}
	return f.introducible(p) && f.introducible(q)
}

// introducible says whether p may learn of another peer now. Who reports every
// connection as failed would otherwise learn the addresses of the whole audience.
func (f *Forest) introducible(p *peer) bool {
	if gained := float64(f.now.Sub(p.since)) / float64(f.config.Refill); gained > 0 {
		p.tokens = min(p.tokens+gained, float64(f.config.Introductions))
		p.since = f.now
	}
	return p.tokens >= 1
}
