package viewer

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/p2p/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func run(t *testing.T, cfg FleetConfig) Report {
	t.Helper()
	r, err := RunFleet(t.Context(), cfg)
	require.NoError(t, err)
	b, _ := json.Marshal(r)
	t.Logf("%s", b)
	return r
}

// Three viewers play without a stall, and take most of it from each other.
func TestFleetShares(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := run(t, FleetConfig{URL: w.watch(), N: 3, Duration: 8 * time.Second, JoinOver: 200 * time.Millisecond})
	require.Equal(t, 3, r.Joined)
	require.Zero(t, r.Stalls)
	require.Zero(t, r.RejectedChunks)
	require.Greater(t, r.PlayedSeconds, 0.85*3*8)
	require.Greater(t, r.Offload, 0.3)
	require.Less(t, r.Latency.P95, 2.5)
	require.Less(t, r.Join.P95, 1.0)
}

func TestFleetWithoutPeers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := run(t, FleetConfig{URL: w.watch(), N: 2, Duration: 3 * time.Second, NoPeers: true})
	require.Zero(t, r.P2PBytes)
	require.Zero(t, r.Stalls)
	require.Less(t, r.Offload, 0.0, "playlists, feeds and the start come on top")
}

// Viewers come and go, every second one lends nothing, and messages take their time.
func TestFleetWithChurnDelayAndLeeches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := run(t, FleetConfig{
		URL: w.watch(), N: 4, Duration: 8 * time.Second, ChurnPerMinute: 30, Uploads: []int64{0, -1, 2_000_000, 0},
		Delay: 20 * time.Millisecond, Loss: 0.01,
	})
	require.Greater(t, r.Joined, 4, "some were replaced")
	require.Zero(t, r.Stalls)
	require.Zero(t, r.RejectedChunks)
}

// ABUSE 13: wrong bytes from the server (or a mirror) are counted, and never played.
func TestAbuse13WrongBytesFromTheServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bare = true
	w.spoil = func(rendition string, number uint64, data []byte) []byte {
		if rendition == "source" && number%5 == 0 {
			return append([]byte("no"), data[2:]...)
		}
		return data
	}
	r := run(t, FleetConfig{URL: w.watch(), N: 1, Duration: 3 * time.Second})
	require.Positive(t, r.RejectedChunks)
	require.Less(t, r.PlayedSeconds, 2.0)
}

func TestFeedThatBreaksIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	st, leave := w.viewer(t)
	playsOn(t, st, 500*time.Millisecond)
	feeds := func(cut bool) (cuts int) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.noFeed = cut
		return w.cuts
	}
	atLast(t, func() bool { return feeds(true) > 0 }, "it is cut off")
	feeds(false)
	playsOn(t, st, moreThanAhead)
	require.Zero(t, leave().rejected)
}

// Who lost the tracker keeps its peers.
func TestTrackerLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all []*standing
	for range 3 {
		st, _ := w.viewer(t)
		all = append(all, st)
	}
	// Each but the oldest is fed all stripes by older ones.
	share := func() bool {
		fed := int32(0)
		for _, st := range all {
			for s := range st.children {
				fed += st.children[s].Load()
			}
		}
		return fed >= 2*wire.Stripes
	}
	atLast(t, share, "they share")
	w.loseTracker()
	for _, st := range all {
		playsOn(t, st, moreThanAhead)
	}
	atLast(t, share, "they share as before")
}

// Whoever watches a broadcast to its end waits for the next one.
func TestBroadcastEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group.Go(func() {
		select {
		case <-w.stop:
		case <-time.After(1500 * time.Millisecond):
			w.log.End()
		}
	})
	done := make(chan error, 1)
	watch, err := url.Parse(w.watch())
	require.NoError(t, err)
	go func() {
		r, err := watchLive(t.Context(), settings{watch: watch, upload: serverUpload, loopback: true, gate: newGate()}, &standing{vanish: make(chan struct{})})
		if err == nil && (r.stalls > 0 || r.played < time.Second) {
			err = fmt.Errorf("%d stalls, %v played", r.stalls, r.played)
		}
		done <- err
	}()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("the viewer goes on")
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := RunFleet(ctx, FleetConfig{URL: "http://127.0.0.1:1/live/demo", N: 1, Duration: 200 * time.Millisecond})
	require.Error(t, err)
	for _, bad := range []FleetConfig{{URL: "demo", N: 1, Duration: 1}, {URL: "http://host/live/demo", Duration: 1}, {URL: "http://host/live/demo", N: 1}} {
		_, err := RunFleet(ctx, bad)
		require.Error(t, err)
	}
}

// What is wrong is said once, however many viewers met it.
func TestFleetWhereNothingIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := RunFleet(t.Context(), FleetConfig{URL: w.watch() + "else", N: 3, Duration: 1500 * time.Millisecond})
	require.ErrorContains(t, err, "there is no stream at")
	require.NotContains(t, err.Error(), "\n")
}

// The detail adds up to the sums, and viewers leave only when they are meant to.
func TestFleetInDetail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := run(t, FleetConfig{
		URL: w.watch(), N: 2, Duration: 6 * time.Second, JoinOver: 100 * time.Millisecond, Detail: true,
		ChurnPerMinute: 60, ChurnFrom: time.Second, ChurnUntil: 2500 * time.Millisecond,
	})
	require.Len(t, r.Visits, 3, "one has left, another came")
	require.GreaterOrEqual(t, len(r.Timeline), 4)
	var played float64
	for _, v := range r.Visits {
		played += v.PlayedSeconds
		require.Positive(t, v.Join)
		require.NotEmpty(t, v.Peer)
		require.Positive(t, v.HoldBack)
		require.Positive(t, v.Latency.P50)
		require.Greater(t, v.Latency.P50, v.Arrival.P50, "nothing is played before it is there")
		require.GreaterOrEqual(t, v.Arrival.P95, v.Arrival.P50)
	}
	require.InDelta(t, r.PlayedSeconds, played, 0.001)
	for i, s := range r.Timeline[1:] {
		require.GreaterOrEqual(t, s.PlayedSeconds, r.Timeline[i].PlayedSeconds)
		require.LessOrEqual(t, s.PlayedSeconds, r.PlayedSeconds+1e-6) // a sum in another order
	}
}
