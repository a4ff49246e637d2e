package restream

import (
	"sync"

	"github.com/liverelay/liverelay/media"
)

// Bounds of what waits for a target: about 8 s at 6 Mbit/s.
const (
	maxWaiting = 6 << 20
	maxUnits   = 4096
)

// event is a track or a unit.
type event struct {
	track *media.Track
	unit  media.Unit
}

// queue holds what a target has not been sent yet. When it is full everything goes, and
// it begins again at a keyframe: half a group of pictures is of no use.
type queue struct {
	mu      sync.Mutex
	events  []event
	bytes   int
	tracks  [3]*media.Track // by kind
	waiting bool            // for a keyframe
	dropped uint64          // units
	wake    chan struct{}
	ended   bool
}

func newQueue() *queue { return &queue{waiting: true, wake: make(chan struct{}, 1)} }

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) track(t media.Track) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tracks[t.Kind] = &t
	q.events = append(q.events, event{track: &t})
	q.signal()
}

func (q *queue) unit(u media.Unit) {
	q.mu.Lock()
	defer q.mu.Unlock()
	video := q.tracks[media.Video] != nil
	if q.waiting && video && (u.Kind != media.Video || !u.Keyframe) {
		q.dropped++
		return
	}
	q.waiting = false
	if q.bytes+len(u.Data) > maxWaiting || len(q.events) >= maxUnits {
		q.clear()
		q.dropped++
		return
	}
	q.events = append(q.events, event{unit: u})
	q.bytes += len(u.Data)
	q.signal()
}

// clear drops what waits; the lock is held. Tracks are kept: whoever begins anew is told
// of them.
func (q *queue) clear() {
	for _, e := range q.events {
		if e.track == nil {
			q.dropped++
		}
	}
	q.events, q.bytes, q.waiting = nil, 0, true
	for _, t := range q.tracks {
		if t != nil {
			q.events = append(q.events, event{track: t})
		}
	}
}

// restart is for a new connection: it begins at a keyframe, with all tracks.
func (q *queue) restart() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.clear()
}

// end says that nothing follows.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.signal()
}

// take gives everything that waits.
func (q *queue) take() (all []event, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	all, q.events, q.bytes = q.events, nil, 0
	return all, q.ended
}

func (q *queue) drops() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// hasMedia tells whether there is something to send.
func (q *queue) hasMedia() (media, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.waiting && q.bytes > 0, q.ended
}
