package viewer

import (
	"slices"
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/wire"
)

const (
	// stallAfter is how long a playhead may stand before it counts as a stall.
	stallAfter = 100 * time.Millisecond
	// Who stood for stoodLong, and is leftBehind more than the hold-back from live, goes
	// on there when there is something to play, and who is farBehind in any case: what is
	// looked for meanwhile is what all others want as well. That is a stall.
	stoodLong, leftBehind = 500 * time.Millisecond, 500 * time.Millisecond
	farBehind             = 2 * time.Second
	// sampleEvery is how often latency is sampled.
	sampleEvery = 250 * time.Millisecond
)

// playback is a player without a screen: a playhead that runs in real time over the
// parts of all tracks that are there. It is pure: the times are given to it.
type playback struct {
	distance
	partTarget time.Duration
	stride     time.Duration // by which the edge moves, where that is much
	behind     time.Duration // the edge, when it last moved, less the playhead
	tracks     []*track

	started  bool
	ended    bool          // no more will come: standing is no stall
	pos      time.Duration // the playhead, on the broadcast's timeline
	last     time.Time     // when the playhead was moved
	standing time.Duration // how long it has stood, while playing
	sampled  time.Time

	played      time.Duration
	playedBytes int64
	stalls      int
	stalled     time.Duration
	latencies   []time.Duration
	arrivals    []time.Duration // of parts of the picture, after their end happened
	released    []wire.PartID   // left out without being there
}

func newPlayback(timing media.Timing, renditions ...int) *playback {
	p := &playback{distance: newDistance(timing), partTarget: timing.PartTarget}
	if p.partTarget == 0 {
		p.stride = timing.TargetDuration
	}
	for _, r := range renditions {
		p.tracks = append(p.tracks, &track{rendition: r, parts: map[uint64]*slot{}})
	}
	return p
}

func (p *playback) track(rendition int) *track {
	for _, t := range p.tracks {
		if t.rendition == rendition {
			return t
		}
	}
	return nil
}

// head takes a head of the feed. It reports whether playback will want the part.
func (p *playback) head(h *media.Head) bool {
	t := p.track(h.Rendition)
	if t == nil {
		return false
	}
	if !t.known || !p.started && h.Number > t.last+1 { // one between them did not come
		t.begin(h)
	}
	t.last = max(t.last, h.Number)
	if t.msn+1 < h.MSN && h.Start > t.edge {
		t.leap(h)
	}
	t.msn = max(t.msn, h.MSN)
	number := h.Number - t.shift
	if h.Number < t.shift || number < t.next || t.parts[number] != nil {
		return false
	}
	end := h.Start + h.Duration
	ends := p.partTarget > 0 || h.SegmentEnd
	t.parts[number] = &slot{start: h.Start, end: end, program: h.ProgramTime, length: h.Length, ends: ends}
	if ends {
		t.edge = max(t.edge, end)
		p.behind = p.edge() - p.pos
	}
	return true
}

// part says that a part is there, or lost.
func (p *playback) part(rendition int, number uint64, lost bool) {
	t := p.track(rendition)
	if t == nil || number < t.shift || t.parts[number-t.shift] == nil {
		return
	}
	s := t.parts[number-t.shift]
	s.there, s.lost = true, s.lost || lost
	if p.started {
		p.came(s.start - p.pos)
	}
	t.fill()
}

// filled is where the media of all tracks ends.
func (p *playback) filled() time.Duration {
	least := time.Duration(1<<63 - 1)
	for _, t := range p.tracks {
		if !t.known {
			return 0
		}
		least = min(least, t.filled)
	}
	return least
}

// playhead is where playback is, in ms; −1 before it began.
func (p *playback) playhead() int64 {
	if !p.started {
		return -1
	}
	return p.pos.Milliseconds()
}

// edge is where the newest heads of all tracks end.
func (p *playback) edge() time.Duration {
	least := time.Duration(1<<63 - 1)
	for _, t := range p.tracks {
		least = min(least, t.edge)
	}
	return least
}

// missing names the part that ends what is there, and whether its head is known.
func (p *playback) missing() (rendition int, number uint64, headKnown bool) {
	for _, t := range p.tracks {
		if t.filled <= p.filled() {
			return t.rendition, t.next + t.shift, t.parts[t.next] != nil
		}
	}
	return 0, 0, false
}

// buffer is how much media is ahead of the playhead.
func (p *playback) buffer() time.Duration {
	if !p.started {
		return 0
	}
	return max(p.filled()-p.pos, 0)
}

// advance moves the playhead to now. server is now on the server's clock.
func (p *playback) advance(now, server time.Time) {
	if !p.started {
		p.start(now)
		return
	}
	elapsed := now.Sub(p.last)
	p.last = now
	if elapsed <= 0 {
		return
	}
	pace := p.pace(elapsed, p.behind, p.filled()-p.pos)
	moved := min(pace, max(p.filled()-p.pos, 0))
	p.pos += moved
	p.played += min(moved, elapsed)
	if !p.ended {
		p.stand(elapsed - time.Duration(float64(elapsed)*float64(moved)/float64(pace)))
	}
	p.giveUp()
	p.adapt(now, p.standing)
	p.leave()
	if now.Sub(p.sampled) >= sampleEvery && moved > 0 {
		p.sample(now, server)
	}
}

// giveUp jumps to live when playback has stood for a while and is far behind: what it
// stands before is of no use to anybody by now.
func (p *playback) giveUp() {
	live := p.edge() - p.holdBack
	stood, far := p.standing >= stoodLong, live-p.pos >= farBehind+p.stride
	if p.ended || live-p.pos < leftBehind+p.stride || !stood && !far {
		return
	}
	there := !slices.ContainsFunc(p.tracks, func(t *track) bool { return !t.has(live) })
	if !there && (!stood || !far) {
		return
	}
	p.pos = live
	p.stalls++
	for _, t := range p.tracks {
		p.released = append(p.released, t.skipTo(p.pos)...)
	}
}

// start begins to play when two parts' worth is there behind the hold-back.
func (p *playback) start(now time.Time) {
	start, edge := time.Duration(0), time.Duration(1<<63-1)
	for _, t := range p.tracks {
		if !t.known {
			return
		}
		start, edge = max(start, t.start), min(edge, t.edge)
	}
	start = max(start, edge-p.holdBack)
	if p.filled() < start+2*p.partTarget || p.filled() <= start {
		return
	}
	p.started, p.pos, p.last = true, start, now
	p.begin(now)
	p.behind = edge - start
	for _, t := range p.tracks { // what lies before the playhead was not played
		for s := t.parts[t.behind]; s != nil && s.there && s.end <= start; s = t.parts[t.behind] {
			delete(t.parts, t.behind)
			t.behind++
		}
	}
}

// stand counts time without advance: as a stall once it is more than stallAfter.
func (p *playback) stand(stood time.Duration) {
	if stood <= 0 {
		p.standing = 0
		return
	}
	before := p.standing
	p.standing += stood
	switch {
	case before > stallAfter:
		p.stalled += stood
	case p.standing > stallAfter:
		p.stalls++
		p.stalled += p.standing
	}
}

// leave counts the parts that were played, and steps over those that are lost.
func (p *playback) leave() {
	for _, t := range p.tracks {
		for s := t.parts[t.behind]; s != nil && s.there; s = t.parts[t.behind] {
			if s.lost && s.start <= p.pos && p.pos < s.end {
				p.stalls++
				p.stalled += s.end - p.pos
				p.pos = s.end
			}
			if s.end > p.pos {
				break
			}
			if !s.lost {
				p.playedBytes += int64(s.length)
			}
			delete(t.parts, t.behind)
			t.behind++
		}
	}
}

// sample takes the latency at the playhead of the first track.
func (p *playback) sample(now, server time.Time) {
	t := p.tracks[0]
	s := t.parts[t.behind]
	if s == nil || s.program.IsZero() || p.pos < s.start {
		return
	}
	p.sampled = now
	p.latencies = append(p.latencies, server.Sub(s.program.Add(p.pos-s.start)))
}
