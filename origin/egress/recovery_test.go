package egress

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// crowd plays what DESIGN calls the danger of a finite origin, with this package as
// its guard: viewers of 564 kbit/s whose swarm loses half of its interior peers at
// once. Every orphan asks for a feed of the stripes it lost and, until it has one,
// for their chunks; the swarm makes new trees within repaired.
type crowd struct {
	b       *Budget
	random  *rand.Rand
	now     time.Time
	viewers []*orphan
	missed  map[int]int // chunks that came from nowhere, by second
}

type orphan struct {
	lost   int // stripes
	until  time.Time
	feed   *Feed
	asks   time.Time // not before
	fetch  time.Time // not before
	misses int
}

const (
	bitrate  = 70_500 // bytes a second
	partTime = 250 * time.Millisecond
)

// step is one part: what is due to each viewer comes by feed, by fetch, or not.
func (c *crowd) step() {
	c.now = c.now.Add(partTime)
	for _, i := range c.random.Perm(len(c.viewers)) {
		c.viewers[i].part(c)
	}
	if f := c.b.Shed(c.now); f != nil {
		for _, v := range c.viewers {
			if v.feed == f {
				v.feed = nil
			}
		}
	}
}

func (v *orphan) part(c *crowd) {
	if v.lost == 0 || !v.until.After(c.now) {
		if v.feed != nil {
			c.b.End(v.feed)
		}
		v.lost, v.feed = 0, nil
		return
	}
	bytes := bitrate / 4 * v.lost / 6
	if v.feed == nil && !v.asks.After(c.now) {
		class := Rescue
		if v.lost > 3 {
			class = Join
		}
		if v.feed, _ = c.b.Follow(class, float64(bytes*4), c.now); v.feed == nil {
			v.asks = c.later()
		}
	}
	switch {
	case v.feed != nil:
		c.b.Sent(bytes, c.now)
	case !v.fetch.After(c.now) && c.b.Ask(Rescue, bytes, c.now):
		c.b.Sent(bytes, c.now)
		c.b.Done(bytes)
	default:
		if !v.fetch.After(c.now) {
			v.fetch = c.later()
		}
		v.misses++
		c.missed[int(c.now.Sub(start())/time.Second)]++
	}
}

// later is when somebody who is refused comes again.
func (c *crowd) later() time.Time {
	c.b.Sent(refusalCost, c.now)
	wait := c.b.Retry(c.now, c.random.Float64())
	return c.now.Add(wait + time.Duration(c.random.Int64N(int64(min(wait/2, time.Second)))))
}

// TestHalfOfTheInteriorGone: 25 of 50 viewers are left, with an egress of 8 times the
// bitrate. While the trees are mended few parts are missed, afterwards none, and
// what was sent kept to the limit.
func TestHalfOfTheInteriorGone(t *testing.T) {
	for seed := range uint64(50) {
		c := &crowd{b: New(8*bitrate, start()), random: rand.New(rand.NewPCG(seed, 2)), now: start(), missed: map[int]int{}}
		for range 25 {
			repaired := time.Duration(2000+c.random.IntN(3000)) * time.Millisecond
			c.viewers = append(c.viewers, &orphan{lost: c.random.IntN(4), until: start().Add(repaired)})
		}
		for range 240 {
			c.step()
		}
		total := 0
		for second, n := range c.missed {
			require.Less(t, second, 6, "nothing is missed once the trees are mended")
			total += n
		}
		require.LessOrEqual(t, total, 25*240/100, "1 %% of all parts in that minute, seed %d", seed)
		require.True(t, c.b.Open(Join, c.now))
	}
}

// TestFairness: of many who want the same and can't all have it, none is left out
// for ever: in five minutes each gets something, and nobody a multiple of the mean.
func TestFairness(t *testing.T) {
	c := &crowd{b: New(4*bitrate, start()), random: rand.New(rand.NewPCG(5, 5)), now: start(), missed: map[int]int{}}
	const viewers, parts = 40, 1200
	for range viewers {
		c.viewers = append(c.viewers, &orphan{lost: 3, asks: start().Add(time.Hour), until: start().Add(time.Hour)})
	}
	for range parts {
		c.step()
	}
	sum, squares := 0.0, 0.0
	for _, v := range c.viewers {
		had := float64(parts - v.misses)
		require.Positive(t, had)
		sum, squares = sum+had, squares+had*had
	}
	require.Greater(t, sum*sum/viewers/squares, 0.8, "Jain's index")
	require.Greater(t, sum*bitrate/8, 0.9*helpShare*4*bitrate*float64(parts)/4, "and what there is for them is used")
}
