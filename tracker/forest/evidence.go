package forest

import (
	"slices"
	"time"
)

const (
	// bookable is the share of an uplink, in percent, that plans may use.
	bookable = 91
	// fastestUplink bounds claims, in bit/s.
	fastestUplink = 10_000_000_000

	trial       = 15 * time.Second // what was sent so long without complaint is borne out
	growEvery   = time.Minute
	growBack    = 20 * time.Second // up to what was too much the last time, or when it is needed
	shrinkEvery = 10 * time.Second
	together    = 30 * time.Second // complaints of several within this count
	repeated    = 3                // as do as many of one within twice that, of who feeds fewChildren
	fewChildren = 3
	lastFor     = 4 * time.Second // less is a moment's trouble
	shunFor     = 30 * time.Second
	weighFor    = 500 * time.Millisecond
	// repeatWithin is how soon a suspicion has to be repeated to be acted on.
	repeatWithin = 5 * time.Second
	// blameFor is how long who finds fault with others is not to blame for what is below.
	blameFor = 6 * time.Second
	// reportTime is how long it takes until everybody has reported who was late.
	reportTime = 10 * time.Second
	// tryEvery is how often one of all is let try more than it had at first: where all
	// try at once, all are late at once, and nobody learns whose line it was.
	tryEvery = 5 * time.Second
	// general is the share of those who feed others, in percent, above which complaints
	// of them all at once mean something else than their uplinks.
	general = 20
	// weatherFor is how long trees are left alone while many are accused.
	weatherFor = 10 * time.Second
	// lateFrom is how many late chunks in a report (10 s of a stripe are some 40) count. Lost
	// packets make fewer late.
	lateFrom = 8
)

// uplink is what a peer may be planned to send: a claim, and what those it feeds say.
type uplink struct {
	claim      int64 // bit/s; −1 unknown
	trust      int64 // bit/s that evidence allows
	unit       int64 // bit/s of a stripe of what it follows
	low        int64 // least planned since checked
	checked    time.Time
	calm       time.Time // since when nobody complained, or it last grew
	shrunk     bool      // evidence spoke against it once
	worst      int64     // bit/s that were too much the last time
	failed     int       // how often the same had been too much before
	window     window
	complaints []complaint
}

type complaint struct {
	by *peer
	at time.Time
}

// begin sets what is believed without evidence.
func (u *uplink) begin(stripe int64) {
	u.unit = stripe
	first := int64(trustedSlots)
	if u.claim < 0 {
		first = unknownSlots
	}
	if !u.shrunk {
		u.trust = max(u.trust, first*stripe)
	}
}

// budget is what may be planned of an uplink, in bit/s.
func (u *uplink) budget() int64 {
	if u.claim < 0 {
		return u.trust
	}
	return min(u.trust, min(u.claim, fastestUplink)*bookable/100)
}

// learn lets trust grow where nobody complains: to twice what was borne out, or, after
// evidence spoke against a peer or where nothing was claimed, by a stripe a minute, and
// beyond what it began with only while somebody goes short: to find out how much is too
// much costs those below.
func (f *Forest) learn(p *peer, short bool) {
	u := &p.uplink
	if u.checked.IsZero() {
		u.checked, u.calm, u.low = f.now, f.now, p.spent
	}
	u.low = min(u.low, p.spent)
	if f.now.Sub(u.checked) < trial {
		return
	}
	careful := u.shrunk || u.claim < 0
	if !careful && len(u.complaints) == 0 {
		u.trust = max(u.trust, min(2*u.low, mostSlots*u.unit))
	}
	u.complaints = slices.DeleteFunc(u.complaints, func(c complaint) bool { return f.now.Sub(c.at) > 2*together })
	if careful {
		f.probe(u, short)
	}
	u.checked, u.low = f.now, p.spent
}

// probe lets trust grow by a stripe where nobody complained for a while, the longer the
// more often as much was too much before.
func (f *Forest) probe(u *uplink, short bool) {
	wait, most := growEvery, mostSlots*u.unit
	again := u.shrunk && u.trust+2*u.unit > u.worst
	switch {
	case again:
		wait <<= min(u.failed, mostFailed)
	case u.shrunk:
		wait = growBack
	}
	waits := f.now.Sub(f.tried) < tryEvery
	more := u.trust+u.unit > unknownSlots*u.unit // than it had at first
	if more && (!short || waits) {
		most = unknownSlots * u.unit
	}
	if f.now.Sub(u.calm) < wait || again && waits || u.trust >= most || !u.shrunk && u.low+2*u.unit < u.trust {
		return
	}
	if more || again {
		f.tried = f.now
	}
	u.calm = f.now
	u.trust = max(u.trust, min(u.trust+u.unit, most))
}

func (f *Forest) report(r Report) {
	p := f.peers[r.Peer]
	if p == nil {
		return
	}
	for _, id := range r.Connected {
		if k := f.told(p, id); k != nil && !k.open {
			k.open = true
			f.open++
			k.a.strikes, k.b.strikes = 0, 0
		}
	}
	for _, id := range r.Failed {
		if k := f.told(p, id); k != nil {
			f.fail(k)
			f.tell(Action{Kind: Disconnect, To: p.id, About: id})
			f.tell(Action{Kind: Disconnect, To: id, About: p.id})
		}
	}
	for _, id := range r.Suspect {
		if k := f.told(p, id); k != nil {
			f.suspect(p, k)
		}
	}
	f.hearFull(p, r.Late[p.id])
	f.hearLate(p, r.Late)
}

// told is the pair of p and another that both were told of.
func (f *Forest) told(p *peer, id Peer) *pair {
	q := f.peers[id]
	if q == nil || q == p {
		return nil
	}
	if k := p.pairWith(q); k != nil && k.told {
		return k
	}
	return nil
}

// hearLate notes who was late. Who says it of most that feed it has a slow line itself.
func (f *Forest) hearLate(p *peer, late map[Peer]int) {
	var accused []*peer
	for id, count := range late {
		if q := f.peers[id]; count >= lateFrom && q != nil && f.feeds(q, p) {
			accused = append(accused, q)
		}
	}
	feeders := f.feedersOf(p)
	if feeders >= 3 && 2*len(accused) > feeders {
		return
	}
	slices.SortFunc(accused, func(a, b *peer) int { return a.number - b.number })
	for _, q := range accused {
		f.blame(p, q)
		f.accused = append(f.accused, suspicion{by: p, of: q, at: f.now, late: true})
	}
}

func (f *Forest) feeds(q, p *peer) bool {
	for _, n := range p.nodes {
		for _, parent := range n.parent {
			if parent != nil && parent.peer == q {
				return true
			}
		}
	}
	return false
}

func (f *Forest) feedersOf(p *peer) int {
	var seen []*peer
	for _, n := range p.nodes {
		for _, parent := range n.parent {
			if parent != nil && !slices.Contains(seen, parent.peer) {
				seen = append(seen, parent.peer)
			}
		}
	}
	return len(seen)
}

// complain notes that p was ill served by q, and has q send less when a third of those it
// feeds say so, or, where these are few, one again and again: an uplink that is full
// makes most of them late, a lost packet one. Of being late, one moment alone is not enough.
func (f *Forest) complain(p, q *peer, late bool) {
	u := &q.uplink
	u.complaints = slices.DeleteFunc(u.complaints, func(c complaint) bool { return f.now.Sub(c.at) > 2*together })
	u.complaints = append(u.complaints, complaint{p, f.now})
	same := 0
	by := map[*peer]struct{}{}
	lasting := !late || f.now.Sub(u.complaints[0].at) >= lastFor
	for _, c := range u.complaints {
		if c.by == p {
			same++
		}
		if c.by == p || f.now.Sub(c.at) <= together {
			by[c.by] = struct{}{}
		}
	}
	feeds := f.fedBy(q)
	many := len(by) >= max(2, (feeds+2)/3)
	alone := same >= repeated && feeds <= fewChildren
	recently := u.shrunk && f.now.Sub(u.calm) < shrinkEvery
	if (many || alone) && lasting && !recently {
		f.shrink(q)
	}
}

// fedBy is how many q feeds.
func (f *Forest) fedBy(q *peer) (count int) {
	for _, k := range q.pairs {
		if k.needs > 0 && f.feeds(q, k.other(q)) {
			count++
		}
	}
	return count
}

// shrink books a stripe less on an uplink than it was planned to send, and an eighth of
// a fast one.
func (f *Forest) shrink(q *peer) {
	now := q.uplink.inUse(q)
	f.lower(q, min(now*7/8, now-q.uplink.unit))
}
