package viewer

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// crowd lets viewers join over some time, every fifth of them without an uplink.
func (s *virtual) crowd(n int, over, uplink int64) {
	for i := range n {
		rate := uplink
		if i%5 == 4 {
			rate = 0
		}
		s.after(int64(i)*over/int64(n), func() { s.join(fmt.Sprintf("peer%d", i), rate) })
	}
}

// look runs for a while and gives what was seen in it.
func (s *virtual) look(ms int64) sums {
	s.seen = seen{}
	s.run(s.now + ms)
	sum := s.sums()
	s.t.Logf("%d s: offload %.3f, %d play, stalled %v in %d, origin %d kbit/s, %+v", s.now/1000, sum.offload, sum.started,
		sum.stalled.Round(time.Millisecond), sum.stalls, int64(s.seen.origin)*8/ms, s.seen)
	return sum
}

// Fifty viewers with room in their uplinks: all but what the seeds take is carried by
// them. The bound is 0.98, less the heads of the seeds.
func TestSwarmOfFifty(t *testing.T) {
	for _, uplink := range []int64{1_128_000, 1_600_000, 5_000_000} {
		s := newVirtual(t, 0)
		s.run(5000)
		s.crowd(50, 2500, uplink)
		var last sums
		for range 4 {
			last = s.look(10_000)
		}
		assert.Greater(t, last.offload, 0.96)
		assert.Zero(t, last.stalled)
	}
}

// What viewers ask the server for once they have joined is what was lost on the way to
// them, and what uplinks that are full had too late: a piece of a part in a request.
func TestSwarmAsksTheServerForLittle(t *testing.T) {
	for _, one := range []struct {
		loss   float64
		uplink int64
		most   float64
	}{{0, 2 * bitrate, 0.5}, {0.01, 2 * bitrate, 2.5}, {0.01, 3 * bitrate, 1.5}} {
		s := newVirtual(t, 0)
		s.loss = one.loss
		s.run(5000)
		s.crowd(50, 2500, one.uplink)
		s.run(20_000)
		s.sums()
		s.look(120_000)
		each := float64(s.seen.fetches) / 2 / 50
		t.Logf("%.2f loss, uplinks of %.0f times the bitrate: %.2f a viewer and minute", one.loss, float64(one.uplink)/bitrate, each)
		assert.Less(t, each, one.most)
	}
}

// What is lost holds up a chunk, and not all that comes after it in the same connection:
// hardly anybody finds a parent silent because of it.
func TestSwarmWhereMediaOvertakes(t *testing.T) {
	suspects := func(ordered bool) int {
		s := newVirtual(t, 0)
		s.loss, s.ordered = 0.03, ordered
		s.run(5000)
		s.crowd(50, 2500, 3*bitrate)
		s.run(20_000)
		s.sums()
		assert.Zero(t, s.look(30_000).stalled)
		return s.seen.suspects
	}
	inOrder, overtaking := suspects(true), suspects(false)
	assert.Less(t, 4*overtaking, inOrder, "%d in order, %d where media may overtake", inOrder, overtaking)
}

// A server may send eight times the bitrate. Fifty join within ten seconds, and then half
// of those who feed others are gone at once: everybody plays again soon.
func TestSwarmLosesHalf(t *testing.T) {
	for seed := range uint64(4) {
		s := newVirtual(t, 8*bitrate)
		s.random = rand.New(rand.NewPCG(seed, 2))
		s.run(5000)
		s.crowd(50, 10_000, 2*bitrate)
		joined := s.look(35_000)
		assert.Equal(t, 50, joined.started)
		assert.Less(t, joined.stalled, time.Minute)
		interior := s.interior()
		s.random.Shuffle(len(interior), func(i, j int) { interior[i], interior[j] = interior[j], interior[i] })
		s.vanish(interior[:len(interior)/2])
		first := s.look(20_000)
		assert.Less(t, first.stalled, 45*time.Second)
		rest := s.look(40_000)
		assert.Less(t, rest.stalled, 5*time.Second)
		// The uplinks of those who are left hold 160 stripes of 180: the bound is 0.89.
		assert.Greater(t, rest.offload, 0.78)
	}
}
