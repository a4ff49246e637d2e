package ladder

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

const ms = time.Millisecond

func TestBookKeepsTimesApart(t *testing.T) {
	b := newBook(2)
	add := func(dts, pts time.Duration) (time.Duration, time.Duration) {
		d, p, err := b.add(media.Unit{DTS: dts, PTS: pts}, time.Time{})
		require.NoError(t, err)
		return d, p
	}
	base := 90 * time.Hour
	for _, c := range []struct{ dts, pts, wantDTS, wantPTS time.Duration }{
		{0, 66 * ms, 0, 66 * ms},
		{33333333, 33333333, 33 * ms, 33 * ms},
		{33333333, 33333333, 34 * ms, 34 * ms}, // the same time again
		{33400000, 133400000, 35 * ms, 133 * ms},
		{36 * ms, 66 * ms, 36 * ms, 67 * ms}, // a label that is taken
		{30 * ms, 20 * ms, 37 * ms, 37 * ms}, // backwards, and shown before it is decoded
	} {
		d, p := add(base+c.dts, base+c.pts)
		require.Equal(t, [2]time.Duration{c.wantDTS, c.wantPTS}, [2]time.Duration{d, p})
	}
	e, ok := b.answer(0, 34*ms)
	require.True(t, ok)
	require.Equal(t, base+33333333, e.pts)
	_, ok = b.answer(0, 33*ms)
	require.False(t, ok, "not behind what came already")
	_, ok = b.answer(0, 40*ms)
	require.False(t, ok, "not what nobody gave out")
	require.Len(t, b.pending, 6, "rung 1 has nothing yet")
	_, ok = b.answer(1, 67*ms)
	require.True(t, ok)
	require.Len(t, b.pending, 4)
	_, ok = b.answer(0, 133*ms)
	require.True(t, ok)
	require.Len(t, b.pending, 1)
}

func TestBookIsBounded(t *testing.T) {
	b := newBook(1)
	for i := range maxPending {
		_, _, err := b.add(media.Unit{DTS: time.Duration(i) * ms, PTS: time.Duration(i) * ms}, time.Time{})
		require.NoError(t, err)
	}
	_, _, err := b.add(media.Unit{DTS: time.Hour, PTS: time.Hour}, time.Time{})
	require.ErrorIs(t, err, errPending)
	_, _, err = newBook(1).add(media.Unit{PTS: 25 * 24 * time.Hour}, time.Time{})
	require.ErrorIs(t, err, errLabels)
}

func TestGroup(t *testing.T) {
	var g group
	unit := func(i int, key bool) media.Unit {
		return media.Unit{Keyframe: key, DTS: time.Duration(i) * time.Second / 30, Data: make([]byte, 10)}
	}
	require.False(t, g.add(unit(0, false)), "nothing to decode it with")
	require.True(t, g.add(unit(1, true)))
	require.Zero(t, g.fps())
	for i := 2; i < 15; i++ {
		require.True(t, g.add(unit(i, false)))
	}
	require.Equal(t, 30.0, g.fps())
	require.True(t, g.add(unit(15, true)))
	require.Len(t, g.units, 1)
	for i := range maxGroupUnits - 1 {
		require.True(t, g.add(unit(16+i, false)))
	}
	require.False(t, g.add(unit(5000, false)), "too many")
	require.Empty(t, g.units)
	require.False(t, g.add(unit(5001, false)))
	require.True(t, g.add(unit(5002, true)))
	require.False(t, g.add(media.Unit{Data: make([]byte, maxGroupBytes)}), "too large")
}

func TestWatch(t *testing.T) {
	now := time.Unix(1000, 0)
	w := newWatch(time.Second, 2*time.Second, 2)
	feed := func(pictures int) {
		for range pictures {
			now = now.Add(33 * ms)
			w.fed(now)
		}
	}
	stalled := func() bool { _, yes := w.stalled(now); return yes }
	feed(60)
	require.False(t, stalled(), "the start takes longer")
	feed(40)
	require.True(t, stalled())
	w.heard(0, now, now)
	w.heard(1, now, now)
	require.False(t, stalled())
	feed(3)
	now = now.Add(time.Hour)
	require.False(t, stalled(), "the input pauses with pictures under way")
	feed(40)
	w.heard(0, now, now)
	rung, yes := w.stalled(now)
	require.True(t, yes, "one rung is enough")
	require.Equal(t, 1, rung)
}

func TestWatchMindsTheLag(t *testing.T) {
	w := newWatch(time.Second, 2*time.Second, 1)
	now := time.Unix(1000, 0)
	late := func(after time.Duration) bool { return w.heard(0, now.Add(-after), now) }
	w.fed(now.Add(-10 * time.Second))
	require.False(t, late(5*time.Second), "it has a group of pictures to catch up with")
	require.False(t, late(time.Second))
	require.False(t, late(20*ms))
	require.False(t, late(1900*ms))
	require.True(t, late(2100*ms))
	w.fed(now)
	require.False(t, late(10*time.Second), "it was held back while the input paused")
}

func TestBackoff(t *testing.T) {
	b := backoff{first: 250 * ms, most: time.Second}
	for _, c := range []struct{ ran, want time.Duration }{
		{0, 250 * ms}, {time.Second, 500 * ms}, {0, time.Second}, {0, time.Second}, {lasting, 250 * ms}, {0, 500 * ms},
	} {
		require.Equal(t, c.want, b.after(c.ran))
	}
}
