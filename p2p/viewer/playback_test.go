package viewer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

const part = 250 * time.Millisecond

// cinema moves a playback by a clock of its own; program time is the timeline's.
type cinema struct {
	*playback
	now time.Time
}

func dawn() time.Time { return time.UnixMilli(1_700_000_000_000) }

func newCinema() *cinema {
	timing := media.Timing{PartTarget: part, PartHoldBack: 3 * part}
	c := &cinema{newPlayback(timing, 0, 1), dawn()}
	c.holdBack = time.Second
	return c
}

func (c *cinema) heads(from, to uint64) {
	for n := from; n <= to; n++ {
		for r := range 2 {
			c.head(&media.Head{
				Rendition: r, Number: n, Start: time.Duration(n) * part, Duration: part,
				ProgramTime: dawn().Add(time.Duration(n) * part), Length: 1000 * (2 - r),
			})
		}
	}
}

func (c *cinema) parts(from, to uint64) {
	for n := from; n <= to; n++ {
		c.part(0, n, false)
		c.part(1, n, false)
	}
}

// more adds parts that nobody hurries for.
func (c *cinema) more(from, to uint64) {
	c.heads(from, to)
	c.parts(from, to)
	c.holdBack = c.behind
}

// run lets time pass in steps of 10 ms.
func (c *cinema) run(d time.Duration) {
	for range d / (10 * time.Millisecond) {
		c.now = c.now.Add(10 * time.Millisecond)
		c.advance(c.now, c.now)
	}
}

func TestPlaybackBeginsBehindTheEdge(t *testing.T) {
	c := newCinema()
	c.heads(0, 7) // edge at 2 s
	c.run(part)
	require.False(t, c.started)
	c.parts(0, 5) // up to 1.5 s: half a second behind the start at 1 s
	c.run(10 * time.Millisecond)
	require.True(t, c.started)
	require.Equal(t, time.Second, c.pos)
	require.Equal(t, 500*time.Millisecond, c.buffer())
	c.more(8, 9)
	c.parts(6, 7)
	c.run(time.Second)
	require.Equal(t, 2*time.Second, c.pos)
	require.Equal(t, time.Second, c.played)
	require.EqualValues(t, 4*3000, c.playedBytes, "four parts of both, not those before the start")
	require.Zero(t, c.stalls)
}

func TestPlaybackWaitsForAllTracks(t *testing.T) {
	c := newCinema()
	c.heads(0, 7)
	for n := range uint64(8) {
		c.part(0, n, false)
	}
	c.run(time.Second)
	require.False(t, c.started, "no sound")
}

func TestStallsAreMoreThanATenthOfASecond(t *testing.T) {
	tests := []struct {
		stand   time.Duration
		stalls  int
		stalled time.Duration
	}{
		{90 * time.Millisecond, 0, 0},
		{110 * time.Millisecond, 1, 110 * time.Millisecond},
		{700 * time.Millisecond, 1, 700 * time.Millisecond},
	}
	for _, test := range tests {
		c := newCinema()
		c.heads(0, 15)
		c.parts(0, 15) // starts at 3 s, media up to 4 s
		c.run(10 * time.Millisecond)
		for c.pos < 4*time.Second { // slower towards the end
			c.run(10 * time.Millisecond)
		}
		c.run(test.stand)
		require.Equal(t, 4*time.Second, c.pos)
		c.more(16, 20)
		c.run(500 * time.Millisecond)
		require.Equal(t, test.stalls, c.stalls, "%v", test.stand)
		require.InDelta(t, test.stalled, c.stalled, float64(10*time.Millisecond), "%v", test.stand)
		require.Equal(t, 4500*time.Millisecond, c.pos)
	}
}

func TestALostPartIsAJump(t *testing.T) {
	c := newCinema()
	c.heads(0, 15)
	c.parts(0, 12)
	c.part(0, 13, true)
	c.part(1, 13, false)
	c.parts(14, 15)
	c.run(10 * time.Millisecond)
	c.more(16, 17)
	c.run(750 * time.Millisecond)
	require.Equal(t, 1, c.stalls)
	require.Equal(t, part, c.stalled)
	require.Equal(t, 4*time.Second, c.pos, "a quarter of a second was skipped")
}

func TestLatencyIsTheServersClockLessProgramTime(t *testing.T) {
	c := newCinema()
	c.now = dawn().Add(4200 * time.Millisecond)
	c.heads(0, 15)
	c.parts(0, 15)
	c.run(10 * time.Millisecond)
	c.more(16, 17)
	c.run(900 * time.Millisecond)
	require.Len(t, c.latencies, 4)
	for _, l := range c.latencies {
		require.Equal(t, 1210*time.Millisecond, l)
	}
}

func TestHeadsOutOfOrderAndUnknown(t *testing.T) {
	c := newCinema()
	c.heads(5, 6)
	require.False(t, c.head(&media.Head{Rendition: 0, Number: 5}), "known")
	require.False(t, c.head(&media.Head{Rendition: 0, Number: 4}), "before the first")
	require.False(t, c.head(&media.Head{Rendition: 7, Number: 4}), "not followed")
	c.part(0, 99, false)
	c.part(7, 5, false)
}

// A server that was restarted leaves numbers and segments out: playback goes on behind
// the hole, and what it missed is a stall.
func TestPlaybackLeapsOverARestart(t *testing.T) {
	c := newCinema()
	c.heads(0, 11)
	c.parts(0, 9) // two parts never came
	c.run(2 * time.Second)
	require.True(t, c.started)
	restarted := func(n uint64) {
		for r := range 2 {
			c.head(&media.Head{
				Rendition: r, Number: n + 80, MSN: 9, Start: time.Duration(n) * part, Duration: part,
				ProgramTime: dawn().Add(time.Duration(n) * part), Length: 1000,
			})
		}
	}
	for n := uint64(20); n < 32; n++ {
		restarted(n)
		rendition, number, known := c.missing()
		require.Equal(t, []any{0, uint64(100), true}, []any{rendition, number, known})
	}
	c.parts(100, 111)
	c.run(5 * time.Second)
	require.Equal(t, 32*part, c.pos, "all that came behind the hole was played")
	require.GreaterOrEqual(t, c.stalled, 10*part)
	require.Empty(t, c.track(0).parts)
}

// TestWholeSegmentsArePlayedWhole: slices of a segment are nothing before it is whole.
func TestWholeSegmentsArePlayedWhole(t *testing.T) {
	const target = 2 * time.Second
	c := &cinema{newPlayback(media.Timing{PartHoldBack: 2 * target, TargetDuration: target}, 0), dawn()}
	slices := func(from, to uint64) {
		for n := from; n <= to; n++ {
			c.head(&media.Head{
				Number: n, Start: time.Duration(n) * target / 4, Duration: target / 4, SegmentEnd: n%4 == 3,
				ProgramTime: dawn().Add(time.Duration(n) * target / 4), Length: 100,
			})
			c.part(0, n, false)
		}
	}
	slices(0, 2)
	c.run(target)
	require.False(t, c.started, "three of four slices")
	slices(3, 3)
	c.run(10 * time.Millisecond)
	require.True(t, c.started)
	slices(4, 6)
	require.Equal(t, target, c.filled())
	for n := uint64(7); n < 40; n++ { // a slice each half second
		slices(n, n)
		c.run(target / 4)
	}
	require.Zero(t, c.stalls)
	require.InDelta(t, target.Seconds(), c.latencies[len(c.latencies)-1].Seconds(), 0.1)
}

// Who can't be helped in time goes on at the live edge, and says so.
func TestPlaybackGivesUpWhatIsLongGone(t *testing.T) {
	const part = 250 * time.Millisecond
	p := newPlayback(media.Timing{PartTarget: part, PartHoldBack: 3 * part}, 0)
	now := time.Unix(1_800_000_000, 0)
	for n := range uint64(60) {
		at := time.Duration(n) * part
		p.head(&media.Head{Number: n, Start: at, Duration: part, Length: 1000})
		if n < 8 || n > 40 {
			p.part(0, n, false)
		}
		now = now.Add(part)
		p.advance(now, now)
	}
	require.Equal(t, 6, p.stalls, "a stall, and jumps after live until something is there")
	require.InDelta(t, p.holdBack.Seconds(), (p.edge() - p.pos).Seconds(), 1)
	require.Greater(t, p.stalled, 3*time.Second)
}

// What is scarce is played slower, and costs no more than that until it is gone.
func TestPlaybackIsSlowerWhereLittleIsLeft(t *testing.T) {
	c := newCinema()
	c.heads(0, 15)
	c.parts(0, 15) // starts at 3 s, media up to 4 s
	c.run(10 * time.Millisecond)
	c.run(600 * time.Millisecond)
	require.Equal(t, 3600*time.Millisecond, c.pos)
	c.run(400 * time.Millisecond)
	require.InDelta(t, 3960*time.Millisecond, c.pos, float64(2*time.Millisecond))
	require.Zero(t, c.stalls)
}

// The distance shrinks while parts come early, stays while they come just in time, and
// grows with rescues.
func TestTheDistanceFollowsHowPartsCome(t *testing.T) {
	d := newDistance(media.Timing{PartTarget: part, PartHoldBack: 3 * part})
	require.Equal(t, firstHoldBack, d.holdBack)
	now := dawn()
	d.begin(now)
	pass := func(early time.Duration, rescued bool) {
		for range calmFor/part + 1 {
			if now = now.Add(part); rescued {
				d.rescue()
			}
			d.came(early)
			d.adapt(now, 0)
		}
	}
	pass(spare, false)
	require.Equal(t, firstHoldBack-lessHoldBack, d.holdBack)
	pass(spare-1, false)
	require.Equal(t, firstHoldBack-lessHoldBack, d.holdBack)
	pass(spare, true)
	require.Equal(t, farHoldBack, d.holdBack)
	for range 100 {
		pass(time.Second, false)
	}
	require.Equal(t, minHoldBack, d.holdBack)
}
