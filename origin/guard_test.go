package origin

import (
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// limited is a daemon with a limit of 8 Mbit/s, whose clock stands still.
func limited(t *testing.T) (*daemon, *guard) {
	t.Helper()
	d := newDaemon(t, func(s *Server) { s.MaxEgress = 8_000_000 })
	return d, d.running.guard
}

// leave spends all but a share of what the budget holds when it is full.
func (g *guard) leave(share float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	g.budget.Sent(int(g.budget.Level(now)-share*500_000), now)
}

func TestScarcityRefusesByClass(t *testing.T) {
	d, g := limited(t)
	plain := []string{"User-Agent", "plain player"}
	require.Equal(t, http.StatusOK, d.get(base+"240p/index.m3u8", plain...).StatusCode)
	for _, c := range []struct {
		share float64
		path  string
		agent []string
		want  int
	}{
		{1, "/live/demo", nil, 200},
		{0.3, "/live/demo", nil, 503}, // 0.75 is further away than it waits
		{0.3, "/live/demo/join", nil, 503},
		{0.3, "/live/demo/index.m3u8", nil, 503},
		{0.6, base + "240p/index.m3u8", plain, 200},
		{0.6, base + "240p/p1.m4s", plain, 200},
		{0.05, base + "240p/index.m3u8", plain, 503},
		{0.05, base + "240p/p1.m4s", plain, 503},
		{0.05, base + "240p/s0.m4s", nil, 503},
		{0.05, base + "240p/p1.m4s", nil, 200}, // the lowest picture, for the swarm
		{0.05, base + "audio/p1.m4s", nil, 200},
		{0.05, base + "240p/init0.mp4", nil, 200},
		{-0.7, base + "audio/p1.m4s", nil, 503},
		{-0.7, base + "240p/p4.m4s", nil, 503}, // at once, though the part is not there yet
		{-0.7, "/healthz", nil, 200},
		{-0.7, "/player.js", nil, 200}, // whose page has been admitted
	} {
		g.leave(c.share)
		a := d.get(c.path, c.agent...)
		require.Equal(t, c.want, a.StatusCode, "%v of %s", c.share, c.path)
	}
}

func TestRefusalsSayWhen(t *testing.T) {
	d, g := limited(t)
	g.leave(-0.8)
	a := d.get(base + "240p/p1.m4s")
	require.Equal(t, http.StatusServiceUnavailable, a.StatusCode)
	seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
	require.NoError(t, err)
	require.True(t, seconds >= 1 && seconds <= 16)
	ms, err := strconv.Atoi(a.Header.Get("Retry-After-Ms"))
	require.NoError(t, err)
	require.True(t, ms > 0 && ms <= seconds*1000 && ms > (seconds-1)*1000)
	require.Equal(t, "Retry-After, Retry-After-Ms", a.Header.Get("Access-Control-Expose-Headers"))
	require.Equal(t, cacheNever, a.Header.Get("Cache-Control"))
	require.Less(t, len(a.body), 40)
	require.Equal(t, http.StatusServiceUnavailable, d.get(base+"240p/index.m3u8").StatusCode)
	require.Contains(t, d.metricsText(), `liverelay_egress_refused_requests_total{class="basic"} 1`)
	require.Contains(t, d.metricsText(), `liverelay_egress_refused_requests_total{class="plain"} 1`)
	require.Contains(t, d.metricsText(), `liverelay_egress_refused_requests_total{class="seed"} 0`)
	d.clock.move(3 * time.Second)
	require.Equal(t, http.StatusOK, d.get("/live/demo/join").StatusCode, "it recovers by itself")
}

// TestAllBytesAreCounted: what goes out over connections is paid for, to the byte.
func TestAllBytesAreCounted(t *testing.T) {
	d, g := limited(t)
	for _, path := range []string{"/live/demo", "/player.js", base + "240p/p1.m4s", "/nothing"} {
		d.get(path)
	}
	d.client.CloseIdleConnections()
	require.Eventually(t, func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		spent := 500_000 - int64(g.budget.Level(g.now()))
		return spent > 2000 && spent == d.running.metrics.traffic.sent.Load()
	}, 5*time.Second, time.Millisecond)
}

func TestFeedsThatNeedTooMuchAreEnded(t *testing.T) {
	d, g := limited(t)
	seed := d.open(t.Context(), http.MethodGet, base+"feed?stripes=0")
	full := d.open(t.Context(), http.MethodGet, base+"feed?stripes=all")
	require.Equal(t, http.StatusOK, full.StatusCode)
	<-d.heads.asked
	<-d.heads.asked
	g.spent(1_600_000) // in debt by more than a second
	body, err := io.ReadAll(full.Body)
	require.NoError(t, err, "the answer ends well")
	require.Equal(t, "manifest|", string(body))
	require.NoError(t, full.Body.Close())
	require.Contains(t, d.metricsText(), `liverelay_egress_ended_feeds_total{class="join"} 1`)
	d.heads.frames <- "heads|"
	got := make([]byte, len("manifest|heads|"))
	_, err = io.ReadFull(seed.Body, got)
	require.NoError(t, err, "the seed goes on")
	refused := d.get(base + "feed?stripes=0")
	require.Equal(t, http.StatusServiceUnavailable, refused.StatusCode)
	require.Empty(t, refused.Header.Get("X-Accel-Buffering"))
	require.NoError(t, seed.Body.Close())
}

func TestWithoutALimitNothingIsRefused(t *testing.T) {
	d := newDaemon(t)
	require.NotContains(t, d.metricsText(), "liverelay_egress")
	require.Equal(t, http.StatusOK, d.get(base+"240p/p1.m4s").StatusCode)
}

// TestAMomentOfScarcityIsWaitedFor: who would be served in a fifth of a second is.
func TestAMomentOfScarcityIsWaitedFor(t *testing.T) {
	g := newGuard(8_000_000, time.Now)
	g.leave(0.6)
	began := time.Now()
	done, ok := g.admit(t.Context(), 4, 0)
	require.True(t, ok)
	done()
	require.Greater(t, time.Since(began), 50*time.Millisecond)
}
