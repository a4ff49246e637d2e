package egress

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const rate = 500_000 // bytes a second

func start() time.Time { return time.UnixMilli(1_700_000_000_000) }

func TestClassesAreRefusedInTheirOrder(t *testing.T) {
	b, now := New(rate, start()), start()
	full := rate / 2
	for _, c := range []struct {
		level   float64 // of a full bucket
		refused []Class
	}{
		{1, nil},
		{0.74, []Class{Join}},
		{0.49, []Class{Plain, Join}},
		{0.24, []Class{Rescue, Plain, Join}},
		{-0.01, []Class{Basic, Rescue, Plain, Join}},
		{-1.01, []Class{Seed, Basic, Rescue, Plain, Join}},
	} {
		b.Sent(int(b.Level(now)-c.level*float64(full)), now)
		var refused []Class
		for one := Seed; one <= Join; one++ {
			if !b.Open(one, now) {
				refused = append(refused, one)
			}
		}
		require.Equal(t, c.refused, refused, "at %v", c.level)
	}
}

func TestWhatIsPromisedCounts(t *testing.T) {
	b, now := New(rate, start()), start()
	n := 0
	for b.Ask(Rescue, 10_000, now) {
		n++
	}
	require.Equal(t, 19, n, "three quarters of 250 kB, and the one that goes beyond")
	require.True(t, b.Ask(Basic, 10_000, now), "audio and the lowest picture have the rest")
	for range n {
		b.Done(10_000)
		b.Sent(10_000, now)
	}
	require.False(t, b.Open(Rescue, now), "what was promised has been paid")
	require.True(t, b.Open(Rescue, now.Add(200*time.Millisecond)))
}

func TestFeedsLeaveRoom(t *testing.T) {
	b, now := New(rate, start()), start()
	var full []*Feed
	for f := given(b, Join, rate/8); f != nil; f = given(b, Join, rate/8) {
		full = append(full, f)
	}
	require.Len(t, full, 6, "three quarters")
	require.Nil(t, given(b, Rescue, rate/40))
	for range 8 {
		seed, ended := b.Follow(Seed, rate/40, now)
		require.NotNil(t, seed)
		require.Empty(t, ended, "there is room up to 95 %")
	}
	seed, ended := b.Follow(Seed, rate/40, now)
	require.NotNil(t, seed)
	require.Equal(t, full[5:], ended, "the newest of the others makes room")
	seed, ended = b.Follow(Seed, rate, now)
	require.Nil(t, seed, "which could never fit")
	require.Empty(t, ended, "nobody makes room for nothing")
	b.End(full[5])
	b.End(full[0])
	require.Nil(t, given(b, Join, rate/8))
}

// given is a feed that begins where nobody has to make room for it.
func given(b *Budget, c Class, rate float64) *Feed {
	f, _ := b.Follow(c, rate, start())
	return f
}

func TestOneFeedIsAlwaysGiven(t *testing.T) {
	for _, c := range []Class{Seed, Join} {
		b := New(1000, start())
		require.NotNil(t, given(b, c, 70_000))
		require.Nil(t, given(b, c, 70_000))
		b.Sent(1<<20, start())
		require.Nil(t, b.Shed(start()), "and not ended")
	}
}

// TestShedding: feeds that need more than they said are ended, the newest first, and
// seeds last.
func TestShedding(t *testing.T) {
	b, now := New(rate, start()), start()
	first, seed, second := given(b, Join, 100), given(b, Seed, 100), given(b, Join, 100)
	other := given(b, Seed, 100)
	require.NotNil(t, first)
	require.NotNil(t, seed)
	require.Nil(t, b.Shed(now))
	var ended []*Feed
	for range 40 { // twice the rate, for 4 s
		now = now.Add(100 * time.Millisecond)
		b.Sent(rate/5+rate/10, now)
		if f := b.Shed(now); f != nil {
			ended = append(ended, f)
		}
	}
	require.Equal(t, []*Feed{second, first, other}, ended)
	require.Equal(t, Seed, other.Class())
	for range 100 {
		now = now.Add(time.Second)
		b.Sent(rate*2, now)
		require.Nil(t, b.Shed(now), "the last one is kept")
	}
}

func TestWait(t *testing.T) {
	b, now := New(rate, start()), start()
	require.Zero(t, b.Wait(Join, now))
	b.Sent(rate/2, now)
	for c, want := range map[Class]time.Duration{Seed: 0, Basic: 0, Rescue: 125 * time.Millisecond, Join: 375 * time.Millisecond} {
		require.Equal(t, want, b.Wait(c, now))
	}
	require.True(t, b.Open(Join, now.Add(375*time.Millisecond)))
}

// TestHelpLeavesRoomForTheRest: who takes what the swarm failed to bring gets twice its
// share at first and then its share, so that newcomers and seeds are served as well.
func TestHelpLeavesRoomForTheRest(t *testing.T) {
	b, now := New(rate, start()), start()
	helped, joined := 0, 0
	for range 1000 { // 10 s
		now = now.Add(10 * time.Millisecond)
		for b.Ask(Basic, 5_000, now) {
			b.Sent(5_000, now)
			b.Done(5_000)
			helped += 5_000
		}
		if now.Sub(start()) > 5*time.Second && b.Open(Join, now) {
			joined++
		}
	}
	require.InDelta(t, helpShare*rate*12, helped, 10_000)
	require.Equal(t, 500, joined)
}

// TestWhatIsSentKeepsToTheRate: whatever is asked, in any window of a second and more
// what is admitted is the rate, the bucket, and at most one answer beyond.
func TestWhatIsSentKeepsToTheRate(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		limit := int64(20_000 + random.IntN(5_000_000))
		b, now := New(limit, start()), start()
		sent, greatest := 0, 0
		for range 2000 {
			now = now.Add(time.Duration(random.IntN(20)) * time.Millisecond)
			size := random.IntN(60_000)
			greatest = max(greatest, size)
			if b.Ask(Class(random.IntN(Classes)), size, now) {
				b.Sent(size, now)
				b.Done(size)
				sent += size
			}
		}
		allowed := float64(limit)*now.Sub(start()).Seconds() + 2*b.full + float64(greatest)
		require.LessOrEqual(t, float64(sent), allowed, seed)
	}
}

// TestBetterClassesAreNeverWorseOff: at no moment is a class served while one above it
// is refused.
func TestBetterClassesAreNeverWorseOff(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	b, now := New(rate, start()), start()
	for range 20_000 {
		now = now.Add(time.Duration(random.IntN(30)) * time.Millisecond)
		b.Sent(random.IntN(30_000), now)
		served := true
		for c := Seed; c <= Join; c++ {
			open := b.Open(c, now)
			require.False(t, open && !served)
			served = open
		}
	}
}

// TestItRecovers: however deep the overload, all classes are served three seconds
// after it ended.
func TestItRecovers(t *testing.T) {
	for _, overload := range []int{2, 10, 1000} {
		b, now := New(rate, start()), start()
		for range 600 {
			now = now.Add(100 * time.Millisecond)
			b.Sent(overload*rate/10, now)
			b.Open(Join, now)
		}
		require.False(t, b.Open(Basic, now))
		require.True(t, b.Open(Join, now.Add(3*time.Second)))
	}
}

func TestRefusalsCostLittle(t *testing.T) {
	for _, clients := range []int{10, 100, 800} {
		b, now := New(rate, start()), start()
		random := rand.New(rand.NewPCG(3, uint64(clients)))
		next := make([]time.Time, clients)
		refused := 0
		for now.Before(start().Add(2 * time.Minute)) {
			now = now.Add(10 * time.Millisecond)
			b.Sent(rate, now) // there is nothing left for anybody
			for i := range next {
				if !next[i].After(now) {
					require.False(t, b.Open(Rescue, now))
					wait := b.Retry(now, random.Float64())
					require.True(t, wait >= leastRetry && wait <= leastRetry+maxRetry*time.Second)
					next[i] = now.Add(wait)
					refused += refusalCost
				}
			}
		}
		require.Less(t, float64(refused)/120, refusalShare*rate, "%d clients", clients)
	}
}
