package broadcast

import (
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
)

// live is a broadcast that is on. It belongs to whoever holds the session's lock.
type live struct {
	info     Info
	log      zerolog.Logger
	clock    timeline
	advisor  advisor
	advised  [topics]bool // what is in the log already
	bytes    uint64
	video    bool
	glitches [beforeTheShow + 1]int
	readers  []*queue
}

// goLive begins a broadcast with the tracks that are known. after is closed when
// the reader of the stream's broadcast before has ended; nil if there was none.
func goLive(opener Opener, stream string, tracks []media.Track, after <-chan struct{}, now time.Time, log zerolog.Logger) *live {
	info := Info{Stream: stream, Epoch: newEpoch(), Started: now}
	l := &live{info: info, log: log.With().Str("broadcast", info.Epoch).Logger()}
	open := func() Reader { return opener.Open(info) }
	l.readers = append(l.readers, startQueue(open, after, l.log))
	for _, t := range tracks {
		l.track(t)
	}
	l.log.Info().Msg("broadcast begins")
	return l
}

func (l *live) track(t media.Track) {
	l.video = l.video || t.Kind == media.Video
	for _, q := range l.readers {
		q.track(t)
	}
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
	l.bytes += uint64(len(u.Data))
	l.advisor.observe(u)
	if u.Keyframe && u.Kind == media.Video {
		l.advise()
	}
	for _, q := range l.readers {
		q.unit(u, l.video)
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
