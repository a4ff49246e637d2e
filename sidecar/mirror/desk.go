package mirror

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/liverelay/liverelay/media"
)

const (
	// origin is where on the timeline a broadcast's first rendition begins, so that
	// others may begin before it.
	origin = 10 * time.Second
	// together is how long the broadcast waits for renditions that are slow to begin.
	together = 8 * time.Second
	// believed is how far upstream's dates may be from now.
	believed = 5 * time.Minute
	// firstMSN leaves room for renditions that begin earlier.
	firstMSN = 100
	maxInits = 256
)

var (
	errTooLate = errors.New("came too late to be a rendition of the broadcast")
	errInits   = errors.New("too many init segments")
)

// opening is what a rendition brings before the broadcast begins.
type opening struct {
	first item
	// ahead is how much was listed from the first item to the live edge.
	ahead time.Duration
	came  time.Time
	info  media.Rendition
	// Of the upstream playlist; longest is that of the first items.
	target, partTarget, partHoldBack, longest time.Duration
}

// desk is where the renditions of one broadcast come together: it waits until all have
// something, begins the broadcast, and hands what follows to the sink, one at a time.
type desk struct {
	sources []source
	open    func(keys *keys) (Sink, error)
	keys    *keys

	mu       sync.Mutex
	openings []*opening
	missing  int
	deadline *time.Timer
	sink     Sink
	tracks   []*track
	inits    [][][]byte // by source and number
	begun    chan struct{}
	err      error
	last     time.Time // when media came last
}

func newDesk(sources []source, k *keys, open func(*keys) (Sink, error)) *desk {
	return &desk{
		sources: sources, open: open, keys: k, openings: make([]*opening, len(sources)), missing: len(sources),
		tracks: make([]*track, len(sources)), inits: make([][][]byte, len(sources)), begun: make(chan struct{}),
	}
}

// ready says that a rendition has its first media, and returns when the broadcast has
// begun with it, or without it.
func (d *desk) ready(ctx context.Context, i int, o opening) error {
	d.mu.Lock()
	d.openings[i] = &o
	d.missing--
	switch {
	case d.isBegun():
	case d.missing == 0:
		d.begin()
	case d.deadline == nil:
		d.deadline = time.AfterFunc(together, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			if !d.isBegun() {
				d.begin()
			}
		})
	}
	d.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-d.begun:
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil && d.tracks[i] == nil {
		return errTooLate
	}
	return d.err
}

func (d *desk) isBegun() bool {
	select {
	case <-d.begun:
		return true
	default:
		return false
	}
}

// begin opens the broadcast with the renditions that are ready; the lock is held.
func (d *desk) begin() {
	defer close(d.begun)
	if d.deadline != nil {
		d.deadline.Stop()
	}
	var leader *opening
	timing, longest := media.Timing{}, time.Duration(0)
	var renditions []media.Rendition
	for i, o := range d.openings {
		if o == nil {
			continue
		}
		if leader == nil {
			leader = o
		}
		d.tracks[i] = placed(len(renditions), o, leader)
		o.info.Index = len(renditions)
		renditions = append(renditions, o.info)
		timing.TargetDuration = max(timing.TargetDuration, o.target)
		timing.PartTarget, longest = max(timing.PartTarget, o.partTarget), max(longest, o.longest)
		timing.PartHoldBack = max(timing.PartHoldBack, o.partHoldBack, 3*o.partTarget)
	}
	timing.TargetDuration = (timing.TargetDuration + time.Second - 1).Truncate(time.Second)
	if timing.PartTarget == 0 {
		// Who comes gets as much to begin with. Players stay three segments behind live, and
		// the newest slice is most of a segment behind it.
		timing.PartHoldBack = longest * 5 / 2
	}
	for _, t := range d.tracks {
		if t != nil {
			t.partTarget, t.target = timing.PartTarget, timing.TargetDuration
		}
	}
	if d.sink, d.err = d.open(d.keys); d.err == nil {
		d.sink.Begin(renditions, timing)
	}
}

// placed puts a rendition on the timeline: where upstream's dates say, or its media
// sequence numbers, which mostly go together.
func placed(rendition int, o, leader *opening) *track {
	t := &track{rendition: rendition, start: origin, msn: firstMSN}
	ahead := leader.ahead
	switch off := int64(o.first.msn) - int64(leader.first.msn); {
	case o == leader:
	case !o.first.date.IsZero() && !leader.first.date.IsZero():
		t.start = max(0, origin+o.first.date.Sub(leader.first.date))
		fallthrough
	case off > -maxHole && off < maxHole:
		t.msn = uint64(firstMSN + off)
		if o.first.date.IsZero() || leader.first.date.IsZero() {
			t.start = max(0, origin+time.Duration(off)*leader.first.duration)
		}
	}
	edge := leader.first.date.Add(ahead)
	t.clock = wallClock{zero: leader.came.Add(-origin - ahead)}
	if off := leader.came.Sub(edge); !leader.first.date.IsZero() && !o.first.date.IsZero() && off > -2*time.Second && off < believed {
		t.clock = wallClock{zero: leader.first.date.Add(-origin), dated: true}
	}
	return t
}

// put hands an item's parts to the sink, at a pace, or nil data for a gap. init is the
// init segment that it needs.
func (d *desk) put(i int, it item, init, data []byte, lines string, came time.Time) ([]*media.Part, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	number, err := d.init(i, init)
	if err != nil {
		return nil, err
	}
	if len(data) > 0 {
		d.last = came
	}
	return d.tracks[i].parts(it, data, number, lines, came), nil
}

// give hands one part to the sink.
func (d *desk) give(p *media.Part) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sink.Part(p)
}

// init returns the number of an init segment, and tells the sink of a new one; the lock
// is held.
func (d *desk) init(i int, data []byte) (int, error) {
	all := d.inits[i]
	if len(data) == 0 {
		return max(0, len(all)-1), nil
	}
	for n := len(all) - 1; n >= 0; n-- {
		if bytes.Equal(all[n], data) {
			return n, nil
		}
	}
	if len(all) == maxInits {
		return 0, errInits
	}
	d.inits[i] = append(all, data)
	d.sink.Init(media.Init{Rendition: d.tracks[i].rendition, Number: len(all), Data: data})
	return len(all), nil
}

// end ends the broadcast, if it began.
func (d *desk) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.deadline != nil {
		d.deadline.Stop()
	}
	if d.sink != nil && d.err == nil {
		d.sink.End()
	}
	if d.err = errTooLate; !d.isBegun() {
		close(d.begun)
	}
}
