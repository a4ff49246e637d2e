package viewer

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"
)

// joinGap is the time between two joins when FleetConfig.JoinOver is 0.
const joinGap = 50 * time.Millisecond

// RunFleet starts cfg.N viewers against a liverelay and reports what they saw. It
// ends after cfg.Duration, or earlier with ctx; the report then covers what was. An
// error means that nothing could be measured.
func RunFleet(ctx context.Context, cfg FleetConfig) (Report, error) {
	watch, err := url.Parse(cfg.URL)
	if err != nil {
		return Report{}, fmt.Errorf("watch address: %w", err)
	}
	if watch.Scheme != "http" && watch.Scheme != "https" || watch.Host == "" {
		return Report{}, fmt.Errorf("watch address %q: not of the form https://host/live/name", cfg.URL)
	}
	if cfg.N < 1 || cfg.Duration <= 0 {
		return Report{}, errors.New("a fleet needs viewers and a duration")
	}
	if cfg.Kill != "" && cfg.Kill != "stripe" && cfg.Kill != "half" {
		return Report{}, fmt.Errorf("kill %q: not stripe or half", cfg.Kill)
	}
	over := cfg.JoinOver
	if over == 0 {
		over = joinGap * time.Duration(cfg.N-1)
	}
	f := &fleet{
		cfg: cfg, watch: watch, log: cfg.Log, began: time.Now(), gate: newGate(), running: map[*standing]struct{}{},
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.Duration)
	defer cancel()
	leave := make(chan struct{})
	var group sync.WaitGroup
	for i := range cfg.N {
		wait := over * time.Duration(i) / time.Duration(cfg.N)
		group.Go(func() { f.seat(ctx, wait, leave) })
	}
	if cfg.Kill != "" {
		group.Go(func() { f.kill(ctx) })
	}
	if cfg.CutTracker > 0 {
		group.Go(func() { f.cut(ctx) })
	}
	if cfg.ChurnPerMinute > 0 {
		group.Go(func() { cfg.churn(ctx, leave) })
	}
	if cfg.Detail {
		group.Go(func() { f.note(ctx) })
	}
	group.Wait()
	return f.report(time.Since(f.began))
}
