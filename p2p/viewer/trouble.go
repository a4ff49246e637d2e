package viewer

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/liverelay/liverelay/p2p/wire"
)

func (f *fleet) enter(st *standing) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running[st] = struct{}{}
}

// wait reports false when ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// cut keeps everybody from the tracker for a while.
func (f *fleet) cut(ctx context.Context) {
	if !wait(ctx, f.cfg.CutAt) {
		return
	}
	f.gate.close()
	f.log.Info().Msg("The tracker is cut off")
	wait(ctx, f.cfg.CutTracker)
	f.gate.open()
	f.log.Info().Msg("The tracker is back")
}

// kill makes viewers vanish, and watches the others for a minute.
func (f *fleet) kill(ctx context.Context) {
	if !wait(ctx, f.cfg.KillAt) {
		return
	}
	chosen := f.choose()
	f.mu.Lock()
	f.killed = len(chosen)
	f.mu.Unlock()
	for _, st := range chosen {
		close(st.vanish)
	}
	f.log.Info().Int("viewers", len(chosen)).Msg("Viewers vanish")
	f.watchAfter(ctx)
}

// choose picks who is to vanish: all that feed one stripe, or half of all that feed
// anybody.
func (f *fleet) choose() []*standing {
	f.mu.Lock()
	defer f.mu.Unlock()
	var byStripe [wire.Stripes][]*standing
	var interior []*standing
	for st := range f.running {
		feeds := false
		for s := range st.children {
			if st.children[s].Load() > 0 {
				byStripe[s] = append(byStripe[s], st)
				feeds = true
			}
		}
		if feeds {
			interior = append(interior, st)
		}
	}
	if f.cfg.Kill == "stripe" {
		return byStripe[rand.N(wire.Stripes)]
	}
	rand.Shuffle(len(interior), func(i, j int) { interior[i], interior[j] = interior[j], interior[i] })
	return interior[:len(interior)/2]
}

// watchAfter looks every second at what comes from the daemon and who stands.
func (f *fleet) watchAfter(ctx context.Context) {
	began, out := time.Now(), &AfterKill{}
	first := f.totals()
	last := first
	for time.Since(began) < time.Minute && wait(ctx, time.Second) {
		now := f.totals()
		out.PeakHTTPBytes = max(out.PeakHTTPBytes, now.http-last.http)
		if now.stalled > last.stalled {
			out.LastStall = time.Since(began).Seconds()
		}
		last = now
	}
	out.HTTPBytes = last.http - first.http
	out.StalledSeconds = (last.stalled - first.stalled).Seconds()
	out.PlayedSeconds = (last.played - first.played).Seconds()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.after = out
}

// totals are sums over the sessions that run, and did not vanish.
type totals struct {
	http            int64
	played, stalled time.Duration
}

func (f *fleet) totals() (sum totals) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for st := range f.running {
		select {
		case <-st.vanish:
			continue
		default:
		}
		sum.http += st.http.Load()
		sum.played += time.Duration(st.played.Load())
		sum.stalled += time.Duration(st.stalled.Load())
	}
	return sum
}
