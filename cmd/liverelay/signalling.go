package main

import (
	"github.com/liverelay/liverelay/config"
	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/origin"
	"github.com/liverelay/liverelay/tracker"
	"github.com/liverelay/liverelay/tracker/admission"
	"github.com/liverelay/liverelay/tracker/forest"
)

// newTracker makes a tracker that admits whom the origin gave a token, to the
// broadcasts that are on.
func newTracker(d *daemon, catalog *origin.Catalog, office *admission.Office) *tracker.Tracker {
	return tracker.New(tracker.Config{
		Admission: office,
		Live: func(stream, epoch string) bool {
			live, phase := catalog.Current(stream)
			return phase.Runs() && live.Epoch == epoch
		},
		Ladder:      func(stream, epoch string) forest.Ladder { return ladderOf(catalog, stream, epoch) },
		Remote:      d.origin.ClientAddress,
		Site:        d.origin.Site,
		MinAudience: func(stream string) int { return minAudience(d.config.P2POf(stream)) },
		Log:         d.log.With().Str("room", "tracker").Logger(),
	})
}

// ladderOf is what the tracker has to know of a broadcast's renditions.
func ladderOf(catalog *origin.Catalog, stream, epoch string) forest.Ladder {
	live, phase := catalog.Current(stream)
	if !phase.Runs() || live.Epoch != epoch {
		return forest.Ladder{}
	}
	all, timing, _, _ := live.Media.Live()
	rates := live.Rates()
	list := make([]forest.Rendition, len(all))
	for i, r := range all {
		list[i] = forest.Rendition{Rate: int64(rates[i]), Audio: r.Kind == media.Audio}
	}
	return forest.Ladder{Renditions: list, Part: timing.PartTarget}
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
