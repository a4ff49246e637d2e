package main

import (
	"github.com/liverelay/liverelay/config"
	"github.com/liverelay/liverelay/origin"
	"github.com/liverelay/liverelay/tracker"
	"github.com/liverelay/liverelay/tracker/admission"
)

// newTracker makes a tracker that admits whom the origin gave a token, to the
// broadcasts that are on.
func newTracker(d *daemon, catalog *origin.Catalog, office *admission.Office) *tracker.Tracker {
	return tracker.New(tracker.Config{
		Admission: office,
		Live: func(stream, epoch string) bool {
			live, phase := catalog.Current(stream)
			return phase == origin.Playable && live.Epoch == epoch
		},
		Remote:      d.origin.ClientAddress,
		Site:        d.origin.Site,
		MinAudience: func(stream string) int { return minAudience(d.config.P2POf(stream)) },
		Log:         d.log.With().Str("room", "tracker").Logger(),
	})
}

// minAudience is the least audience that the tracker connects, or -1 where viewers
// must not learn of each other.
func minAudience(p config.P2P) int {
	if p.Mode != "auto" {
		return -1
	}
	return p.MinAudience
}

// signalling is the tracker as the origin asks for it.
type signalling struct{ *tracker.Tracker }

var _ origin.Signalling = signalling{}

// Swarm implements origin.Signalling.
func (s signalling) Swarm(stream string) origin.Swarm {
	stats := s.Stats(stream)
	return origin.Swarm{Peers: stats.Viewers, PeerBytes: stats.P2PBytes}
}
