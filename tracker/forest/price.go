package forest

import "time"

// stale is by how much, in percent, the price of a stripe has to be wrong to be corrected:
// each correction moves viewers.
const stale = 4

// price is what one stripe, with the audio that rides along, takes of an uplink in bit/s,
// at least 1.
func (t *tree) price() int64 {
	rate := t.forest.ladder[t.rendition].Rate
	for _, r := range t.riding {
		rate += t.forest.ladder[r].Rate
	}
	return max(1, onTheWire(rate, t.forest.part)/Stripes)
}

// onTheWire is what so much media takes of a line, in bit/s, cut into parts of this length.
func onTheWire(rate int64, part time.Duration) int64 {
	return rate*(100+headers)/100 + perPart*int64(time.Second)/int64(part)
}

// reprice takes rates that are known better now: what encoders announce, and what a
// broadcast's first pictures let expect, is wrong by a fifth and more.
func (f *Forest) reprice(renditions []Rendition) {
	if len(renditions) != len(f.ladder) {
		return
	}
	for i, r := range renditions {
		if r.Rate > 0 {
			f.ladder[i].Rate = r.Rate
		}
	}
	for _, t := range f.standing() {
		if now := t.price(); 100*max(now-t.stripe, t.stripe-now) > stale*t.stripe {
			t.reprice(now)
		}
	}
}

// reprice has a stripe cost something else. What a peer was seen to bear was so many
// stripes, whatever they were thought to cost; only what it claims is in bit/s.
func (t *tree) reprice(now int64) {
	was := t.stripe
	t.stripe = now
	for _, n := range t.nodes {
		if u := &n.peer.uplink; u.unit == was {
			for _, bits := range [...]*int64{&u.trust, &u.low, &u.worst} {
				*bits = *bits * now / was
			}
			u.unit = now
		}
		n.peer.spent += int64(n.used) * (now - was)
	}
	for _, n := range t.nodes {
		t.fit(n)
	}
}

// fit has a node send no more than it may.
func (t *tree) fit(n *node) {
	switch {
	case n.cluster == nil:
	case !n.cluster.leaf && !t.contributes(n):
		t.reinsert(n)
	case n.used > t.slots(n):
		t.trim(n)
	}
}
