package forest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Expected of a broadcast's first pictures was a fifth too little; what is measured
// later is told again.
func TestAPriceThatWasTooLowIsCorrected(t *testing.T) {
	s := newSwarm(t, Config{}, 1, 1)
	truth := s.forest.ladder
	s.do(Ladder{Renditions: []Rendition{{Rate: videoRate * 8 / 10}, {Rate: audioRate * 8 / 10, Audio: true}}})
	for i := range 50 {
		s.join(min(uplinks(i), 2*(videoRate+audioRate)), 0)
	}
	s.pass(20 * time.Second)
	require.Positive(t, overbooked(s), "else there is nothing to correct")

	s.do(Ladder{Renditions: []Rendition{{Rate: videoRate}, {Rate: audioRate, Audio: true}}})
	s.check()
	require.Equal(t, truth, s.forest.ladder)
	require.Zero(t, overbooked(s))
	s.pass(30 * time.Second)
	require.Zero(t, overbooked(s))
	require.Less(t, s.share(), 0.05)
}

func TestSmallChangesOfARateMoveNobody(t *testing.T) {
	s := issue(t, 50, 1)
	before := s.planned
	s.do(Ladder{Renditions: []Rendition{{Rate: videoRate * 103 / 100}, {Rate: audioRate, Audio: true}}})
	s.do(Ladder{Renditions: []Rendition{{}, {Audio: true}}})
	s.do(Ladder{Renditions: []Rendition{{Rate: 1}}})
	require.Equal(t, before, s.planned)
}

// overbooked counts peers that are planned to send more than plans may use of what they
// claim to have.
func overbooked(s *swarm) int {
	stripe := int64(bitrate / Stripes)
	count := 0
	for _, n := range s.forest.trees[0].nodes {
		if n.used > 0 && 100*int64(n.used)*stripe > bookable*n.peer.uplink.claim {
			count++
		}
	}
	return count
}
