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
		assert.Less(t, first.stalled, 2*time.Minute)
		rest := s.look(40_000)
		assert.Less(t, rest.stalled, 20*time.Second)
		assert.Greater(t, rest.offload, 0.8)
	}
}
