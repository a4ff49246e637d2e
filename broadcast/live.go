package broadcast

import (
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
)

// secondTrack is how long after its first unit a broadcast takes in a track of a kind
// that it does not have yet. Later, the set of renditions is fixed.
const secondTrack = 500 * time.Millisecond

// live is a broadcast that is on. It belongs to whoever holds the channel's lock.
type live struct {
	info     Info
	log      zerolog.Logger
	clock    timeline
	advisor  advisor
	advised  map[topic]bool // what is in the log already
	bytes    uint64
	glitches [beforeTheShow + 1]int
	readers  []*queue
	tracks   [media.Audio + 1]*media.Track // what the broadcast has
	told     [media.Audio + 1]bool         // the readers know tracks' present configuration
	last     time.Time                     // arrival of the last unit

	isAway bool
	since  time.Time // when the grace period began
	reason error     // why the publisher left
}

// goLive begins a broadcast with the tracks that are known. after is closed when
// the reader of the stream's broadcast before has ended; nil if there was none.
func goLive(opener Opener, stream string, tracks []media.Track, after <-chan struct{}, now time.Time, log zerolog.Logger) *live {
	l := newLive(opener, Info{Stream: stream, Epoch: newEpoch(), Started: now}, after, log)
	for _, t := range tracks {
		l.track(t)
	}
	l.log.Info().Msg("broadcast begins")
	return l
}

func newLive(opener Opener, info Info, after <-chan struct{}, log zerolog.Logger) *live {
	l := &live{info: info, log: log.With().Str("broadcast", info.Epoch).Logger(), advised: map[topic]bool{}, last: info.Started}
	open := func() Reader { return opener.Open(info) }
	l.readers = append(l.readers, startQueue(open, after, l.log))
	return l
}

// resume opens a broadcast again that another process left, and returns when its
// reader is open. Its publisher had no way to come back before now: the grace period
// begins anew.
func resume(opener Opener, p Past, now time.Time, log zerolog.Logger) *live {
	l := newLive(opener, Info{Stream: p.Stream, Epoch: p.Epoch, Started: p.Started}, nil, log)
	for _, t := range p.Tracks {
		if t.Kind == media.Video || t.Kind == media.Audio {
			l.tracks[t.Kind] = &t
		}
	}
	l.bytes, l.last = p.Bytes, p.At
	l.clock = beginAt(max(p.Edge, 0))
	l.depart(ErrRestarted)
	l.since = now
	<-l.readers[0].opened
	l.log.Info().Dur("since", now.Sub(p.At)).Msg("broadcast resumed; its publisher is waited for")
	return l
}

func (l *live) past() Past {
	return Past{
		Stream: l.info.Stream, Epoch: l.info.Epoch, Started: l.info.Started,
		Edge: l.clock.edge, At: l.last, Tracks: l.known(), Bytes: l.bytes,
	}
}

// known lists the tracks, video first.
func (l *live) known() []media.Track {
	var tracks []media.Track
	for _, t := range l.tracks {
		if t != nil {
			tracks = append(tracks, *t)
		}
	}
	return tracks
}

// fits says whether a track can be the broadcast's: its renditions were fixed at the
// beginning.
func (l *live) fits(t media.Track) bool {
	old := l.tracks[t.Kind]
	if old == nil {
		return l.clock.edge <= secondTrack && !l.isAway
	}
	return old.Codec == t.Codec && old.SampleRate == t.SampleRate
}

func (l *live) track(t media.Track) {
	if l.told[t.Kind] && sameTrack(*l.tracks[t.Kind], t) {
		return
	}
	l.tracks[t.Kind], l.told[t.Kind] = &t, true
	l.advisor.track(t)
	l.advise()
	for _, q := range l.readers {
		q.track(t)
	}
}

// depart says that the publisher is away.
func (l *live) depart(reason error) {
	l.reason = reason
	if l.isAway {
		return
	}
	l.isAway, l.since = true, l.last
	l.log.Info().AnErr("reason", reason).Msg("the publisher is away; the broadcast waits")
	for _, q := range l.readers {
		q.presence(presence{at: l.last, away: true})
	}
}

// back lets a publisher go on, with its tracks and from u on.
func (l *live) back(tracks []media.Track, u media.Unit) {
	l.isAway, l.reason = false, nil
	l.log.Info().Dur("away", u.Arrived.Sub(l.last)).Msg("the publisher is back")
	l.clock = beginAt(l.clock.edge + max(u.Arrived.Sub(l.last), 0))
	l.advisor.pause()
	l.told = [media.Audio + 1]bool{}
	for _, q := range l.readers {
		q.presence(presence{at: u.Arrived})
	}
	for _, t := range tracks {
		l.track(t)
	}
}

// lateness is how far a unit lies behind its place, by the publisher's own clock as it
// was before it fell silent.
func (l *live) lateness(u media.Unit) time.Duration {
	return l.clock.edge + u.Arrived.Sub(l.last) - (u.DTS + l.clock.offset)
}

// unit moves a unit to the broadcast's clock and hands it out.
func (l *live) unit(u media.Unit) {
	var g glitch
	u.DTS, u.PTS, g = l.clock.place(u.Kind, u.DTS, u.PTS)
	if g != fine {
		l.glitch(g, u.Kind)
	}
	if g == beforeTheShow {
		return
	}
	l.last = u.Arrived
	l.bytes += uint64(len(u.Data))
	l.advisor.observe(u)
	if u.Keyframe && u.Kind == media.Video {
		l.advise()
	}
	for _, q := range l.readers {
		q.unit(u, l.told[media.Video])
	}
}

// glitch counts what is wrong with timestamps; only the first of its kind is worth
// a line, and the sum at the end.
func (l *live) glitch(g glitch, kind media.Kind) {
	if l.glitches[g]++; l.glitches[g] == 1 {
		l.log.Warn().Stringer("track", kind).Msg(g.String())
	}
}

// advise logs advice for the streamer, each once.
func (l *live) advise() {
	for _, w := range l.advisor.advise() {
		if !l.advised[w.topic] {
			l.advised[w.topic] = true
			l.log.Warn().Msg(w.text)
		}
	}
}

func (l *live) warnings() []string { return l.advisor.warnings() }

// flush hands on what found no room before.
func (l *live) flush() {
	for _, q := range l.readers {
		q.flush()
	}
}

func (l *live) end(reason error) {
	for _, q := range l.readers {
		q.end(reason)
	}
	e := l.log.Info().Uint64("bytes", l.bytes).AnErr("reason", reason)
	for g := clockJumped; g <= beforeTheShow; g++ {
		if n := l.glitches[g]; n > 0 {
			e = e.Int(glitchField(g), n)
		}
	}
	e.Msg("broadcast ends")
}

func glitchField(g glitch) string {
	return [...]string{clockJumped: "jumps", steppedBack: "steps_back", farComposed: "absurd", beforeTheShow: "early"}[g]
}

// done is closed when the reader has seen the end.
func (l *live) done() <-chan struct{} { return l.readers[0].done }
