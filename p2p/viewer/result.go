package viewer

import "time"

// result is what one session saw.
type result struct {
	began       time.Time
	rendition   string        // as asked for; "" is the first
	watched     time.Duration // until it left: to close its connections takes a while
	join        time.Duration // to the first advance; 0 when it never came
	played      time.Duration
	stalls      int
	stalled     time.Duration
	latencies   []time.Duration
	arrivals    []time.Duration
	holdBack    time.Duration // in the end
	peer        string        // its last id
	httpBytes   int64
	p2pBytes    int64
	playedBytes int64
	uploaded    int64
	requests    int64
	rejected    int64
	httpParts   int64
	p2pParts    int64
	firstP2P    time.Duration // 0 when nothing came
	signalled   counts
}

// result sums up. A viewer that never started has stalled all its time.
func (v *session) result() result {
	talk := v.signalled
	if v.tracker != nil {
		talk.add(v.tracker)
	}
	r := result{
		began: v.began, rendition: v.rendition,
		watched: v.leftAt.Sub(v.began), join: v.firstAdvance, firstP2P: v.firstP2P, signalled: talk,
		httpBytes: v.client.bytes.Load() + talk.bytes, requests: v.client.requests.Load(),
	}
	if v.core != nil {
		s := v.core.Stats()
		r.p2pBytes, r.uploaded, r.rejected = s.P2PBytes, s.UploadedBytes, s.RejectedChunks
		r.httpParts, r.p2pParts = s.HTTPParts, s.P2PParts
	}
	if v.play == nil || !v.play.started {
		r.stalls, r.stalled = 1, r.watched
		return r
	}
	r.played, r.stalls, r.stalled = v.play.played, v.play.stalls, v.play.stalled
	r.latencies, r.playedBytes = v.play.latencies, v.play.playedBytes
	r.arrivals, r.holdBack, r.peer = v.play.arrivals, v.play.holdBack, v.id
	return r
}
