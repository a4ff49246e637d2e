package egress

import (
	"math"
	"time"
)

const (
	// refusalCost is what a refusal takes on the wire, in bytes, with TLS.
	refusalCost = 400
	// refusalShare is the share of the rate that refusals may take.
	refusalShare = 0.1
	// Who is refused is sent away for leastRetry and a random share of minRetry, or, where
	// many are refused, of up to maxRetry seconds. Little, for after a loss the bucket is
	// empty for some tenths of a second.
	leastRetry         = 250 * time.Millisecond
	minRetry, maxRetry = 1.0, 16.0
	// memory is how long refusals are remembered: the longest time away, so that the
	// pace does not fall while those who were sent away are away.
	memory = maxRetry * time.Second
)

// pace is how many are refused: a count that decays.
type pace struct {
	weight float64
	at     time.Time
}

func (p *pace) count(now time.Time) {
	p.decay(now)
	p.weight++
}

func (p *pace) decay(now time.Time) {
	if passed := now.Sub(p.at); passed > 0 {
		p.weight *= math.Exp(-passed.Seconds() / memory.Seconds())
		p.at = now
	}
}

// retry spreads those who are refused: the more they are, the longer.
func (p *pace) retry(now time.Time, rate, random float64) time.Duration {
	p.decay(now)
	use := p.weight / memory.Seconds() * refusalCost / (refusalShare * rate) // 1: all that they may
	away := min(max(use*maxRetry, minRetry), maxRetry)
	return leastRetry + time.Duration(away*random*float64(time.Second))
}
