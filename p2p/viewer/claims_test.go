package viewer

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// boast has so many of the first forty uplinks of a crowd hold no more than this share of
// what they claim.
func (s *virtual) boast(count int, share float64) {
	s.holds = map[string]float64{}
	for _, i := range s.random.Perm(40)[:count] {
		s.holds[fmt.Sprintf("peer%d", i/4*5+i%4)] = share
	}
}

// slots are those that the plan books, of uplinks that hold less than they claim and of
// the others.
func (s *virtual) slots() (boasted, honest int) {
	for _, n := range s.plan.Picture() {
		if _, less := s.holds[string(n.Peer)]; less {
			boasted += n.Slots
		} else {
			honest += n.Slots
		}
	}
	return boasted, honest
}

// Uplinks that hold 65 % of what they claim are found out, and hardly anybody is taken for
// one who isn't, even where much is lost. Eight slots are what twice the bitrate is booked for.
func TestSwarmFindsOutWhoClaimsTooMuch(t *testing.T) {
	for _, one := range []struct {
		name             string
		boasters         int
		loss             float64
		offload, fetches float64 // these a viewer and minute
	}{
		{"three of forty", 3, 0.01, 0.94, 40},
		{"ten of forty", 10, 0.01, 0.92, 50},
		{"nobody, and 3 % are lost", 0, 0.03, 0.95, 25},
	} {
		t.Run(one.name, func(t *testing.T) {
			// One run is no measure: of sixteen, three boasters kept 16 to 23 of their 24 slots.
			const runs = 4
			var offload, fetches, boasted, honest float64
			for seed := range uint64(runs) {
				s := newVirtual(t, 0)
				s.random = rand.New(rand.NewPCG(seed, 2))
				s.loss = one.loss
				s.boast(one.boasters, 0.65)
				s.run(5000)
				s.crowd(50, 2500, 2*bitrate)
				s.run(60_000)
				s.sums()
				offload += s.look(60_000).offload / runs
				fetches += float64(s.seen.fetches) / 50 / runs
				theirs, others := s.slots()
				boasted, honest = boasted+float64(theirs)/runs, honest+float64(others)/runs
			}
			t.Logf("slots of those who claim too much %.1f, of others %.1f", boasted, honest)
			assert.LessOrEqual(t, boasted, float64(one.boasters)*7)
			assert.GreaterOrEqual(t, honest, float64(40-one.boasters)*8*0.97)
			t.Logf("offload %.3f, %.1f fetches a viewer and minute", offload, fetches)
			assert.Greater(t, offload, one.offload)
			assert.Less(t, fetches, one.fetches)
		})
	}
}
