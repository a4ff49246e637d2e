package viewer

import (
	"context"
	"time"
)

// Second is what a fleet had seen by a moment: sums over all viewers, those that have
// left included, since its beginning.
type Second struct {
	// At is in seconds after the beginning; Viewers were watching then.
	At             float64 `json:"at"`
	Viewers        int     `json:"viewers"`
	PlayedSeconds  float64 `json:"playedSeconds"`
	PlayedBytes    int64   `json:"playedBytes"`
	Stalls         int64   `json:"stalls"`
	StalledSeconds float64 `json:"stalledSeconds"`
	// Feeding is how many of the viewers feed others.
	Feeding int `json:"feeding"`
}

// Visit is what one viewer saw. Times are in seconds, From and To after the fleet's
// beginning, Join and FirstP2P after From; 0 when it never came to that.
type Visit struct {
	From           float64 `json:"from"`
	To             float64 `json:"to"`
	Rendition      string  `json:"rendition,omitempty"`
	Join           float64 `json:"join"`
	FirstP2P       float64 `json:"firstP2P"`
	PlayedSeconds  float64 `json:"playedSeconds"`
	Stalls         int     `json:"stalls"`
	StalledSeconds float64 `json:"stalledSeconds"`
	HTTPBytes      int64   `json:"httpBytes"`
	P2PBytes       int64   `json:"p2pBytes"`
	UploadedBytes  int64   `json:"uploadedBytes"`
	PlayedBytes    int64   `json:"playedBytes"`
	// Peer is the id that the tracker gave it last. Latency is how far behind live it was,
	// HoldBack how far it wanted to be behind the newest head in the end, Arrival how long
	// after its end a part of the picture was there.
	Peer     string   `json:"peer,omitempty"`
	Latency  Quantile `json:"latency"`
	Arrival  Quantile `json:"arrival"`
	HoldBack float64  `json:"holdBack"`
}

// note takes down every second what was seen.
func (f *fleet) note(ctx context.Context) {
	for wait(ctx, time.Second) {
		f.mu.Lock()
		f.seconds = append(f.seconds, f.second())
		f.mu.Unlock()
	}
}

// second sums up; f.mu is held.
func (f *fleet) second() Second {
	out := Second{At: time.Since(f.began).Seconds(), Viewers: len(f.running)}
	var played, stalled time.Duration
	for _, r := range f.results {
		played, stalled = played+r.played, stalled+r.stalled
		out.PlayedBytes += r.playedBytes
		out.Stalls += int64(r.stalls)
	}
	for st := range f.running {
		played += time.Duration(st.played.Load())
		stalled += time.Duration(st.stalled.Load())
		out.PlayedBytes += st.playedBytes.Load()
		out.Stalls += st.stalls.Load()
		for s := range st.children {
			if st.children[s].Load() > 0 {
				out.Feeding++
				break
			}
		}
	}
	out.PlayedSeconds, out.StalledSeconds = played.Seconds(), stalled.Seconds()
	return out
}

// visits lists the sessions that are over; f.mu is held.
func (f *fleet) visits() []Visit {
	list := make([]Visit, 0, len(f.results))
	for _, r := range f.results {
		from := r.began.Sub(f.began)
		list = append(list, Visit{
			From: from.Seconds(), To: (from + r.watched).Seconds(), Rendition: r.rendition,
			Join: r.join.Seconds(), FirstP2P: r.firstP2P.Seconds(),
			PlayedSeconds: r.played.Seconds(), Stalls: r.stalls, StalledSeconds: r.stalled.Seconds(),
			HTTPBytes: r.httpBytes, P2PBytes: r.p2pBytes, UploadedBytes: r.uploaded, PlayedBytes: r.playedBytes,
			Peer: r.peer, Latency: quantiles(r.latencies), Arrival: quantiles(r.arrivals), HoldBack: r.holdBack.Seconds(),
		})
	}
	return list
}

// arrived notes how long after its end, on the server's clock, a part of the picture is
// there.
func (p *playback) arrived(rendition int, number uint64, server time.Time) {
	t := p.tracks[0]
	if !p.started || t.rendition != rendition || number < t.shift {
		return
	}
	if s := t.parts[number-t.shift]; s != nil && !s.there && s.length > 0 {
		p.arrivals = append(p.arrivals, server.Sub(s.program.Add(s.end-s.start)))
	}
}
