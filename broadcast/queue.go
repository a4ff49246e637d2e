package broadcast

import (
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
)

const (
	maxUnits = 1024     // some 10 s of 60 pictures and 47 audio frames a second
	maxBytes = 32 << 20 // 10 s of 25 Mbit/s
	// spare keeps room for tracks behind a full set of units.
	spare = 8
)

// gate decides what a queue takes. It is a plain state machine: when the queue is
// full it drops everything up to a keyframe that finds the queue half empty, so that
// what comes out can always be decoded.
type gate struct {
	dropping bool
	dropped  int // since dropping began
}

// admit says whether the unit goes in. video says that the broadcast has pictures,
// units and bytes are what is in the queue already.
func (g *gate) admit(u media.Unit, video bool, units int, bytes int64) bool {
	if units >= maxUnits || bytes+int64(len(u.Data)) > maxBytes {
		g.dropping = true
	}
	if !g.dropping {
		return true
	}
	entry := !video || u.Kind == media.Video && u.Keyframe
	if entry && units <= maxUnits/2 && bytes <= maxBytes/2 {
		g.dropping = false
		return true
	}
	g.dropped++
	return false
}

// presence says that the publisher is away or back.
type presence struct {
	at   time.Time
	away bool
}

// item is a track, a unit or news of the publisher on its way to a reader.
type item struct {
	track    *media.Track
	presence *presence
	unit     media.Unit
}

func (i item) give(r Reader) {
	switch {
	case i.track != nil:
		r.Track(*i.track)
	case i.presence == nil:
		r.Unit(i.unit)
	case i.presence.away:
		r.Away(i.presence.at)
	default:
		r.Back(i.presence.at)
	}
}

// queue takes a broadcast's tracks and units to one reader, in a goroutine of its
// own. Its methods are called by one goroutine at a time and never block.
type queue struct {
	log     zerolog.Logger
	items   chan item
	bytes   atomic.Int64
	gate    gate
	news    []presence                    // what found no room: away, back or both
	pending [media.Audio + 1]*media.Track // tracks that found no room
	reason  error                         // set before items is closed
	opened  chan struct{}                 // closed when the reader is there
	done    chan struct{}                 // closed when the reader has ended
}

// startQueue opens a reader once after has been closed (nil: at once), and feeds it.
func startQueue(open func() Reader, after <-chan struct{}, log zerolog.Logger) *queue {
	q := &queue{
		log: log, items: make(chan item, maxUnits+spare),
		opened: make(chan struct{}), done: make(chan struct{}),
	}
	go q.run(open, after)
	return q
}

func (q *queue) run(open func() Reader, after <-chan struct{}) {
	defer close(q.done)
	if after != nil {
		<-after
	}
	reader := open()
	close(q.opened)
	for i := range q.items {
		i.give(reader)
		q.bytes.Add(-int64(len(i.unit.Data)))
	}
	reader.End(q.reason)
}

// track passes a track on, or keeps it until there is room for the next unit.
func (q *queue) track(t media.Track) {
	q.pending[t.Kind] = &t
	q.flush()
}

// presence passes on that the publisher went or came, or keeps it until there is
// room: of many such news the last two say it all.
func (q *queue) presence(p presence) {
	if len(q.news) == 2 {
		q.news = q.news[:1] // away and back, and away again
	} else {
		q.news = append(q.news, p)
	}
	q.flush()
}

// flush sends what is pending: news of the publisher, then tracks, unless units are
// being dropped: then tracks belong behind the gap.
func (q *queue) flush() {
	for len(q.news) > 0 {
		first := q.news[0]
		select {
		case q.items <- item{presence: &first}:
			q.news = q.news[1:]
		default:
			return
		}
	}
	for k, t := range q.pending {
		if t == nil || q.gate.dropping {
			continue
		}
		select {
		case q.items <- item{track: t}:
			q.pending[k] = nil
		default:
			return
		}
	}
}

// unit passes a unit on or drops it.
func (q *queue) unit(u media.Unit, video bool) {
	was := q.gate.dropping
	if !q.gate.admit(u, video, len(q.items), q.bytes.Load()) {
		if !was {
			q.log.Warn().Msg("a reader is too slow; dropping up to a keyframe")
		}
		return
	}
	if was {
		q.log.Warn().Int("units", q.gate.dropped).Msg("the reader is back; units were dropped")
		q.gate.dropped = 0
	}
	q.flush()
	q.bytes.Add(int64(len(u.Data)))
	q.items <- item{unit: u} // has room: admit left spare places, what is flushed are 4 at most
}

// end lets the reader finish what is queued and ends it.
func (q *queue) end(reason error) {
	q.reason = reason
	close(q.items)
}
