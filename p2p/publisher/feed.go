package publisher

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/wire"
)

// ErrUnknownRendition: a feed names a rendition that the broadcast has not.
var ErrUnknownRendition = errors.New("no such rendition")

// stale is how long media may wait for a slow reader. What has waited longer is of
// no use to anybody who plays live, and is left out, so that the reader catches up.
const stale = 3 * time.Second

// maxBatch is how many entries are handed out at once.
const maxBatch = 8

// Feed gives a feed of heads alone: Serve without stripes, a frame at a time.
func (l *Log) Feed(ctx context.Context, renditions []string, from map[string]uint64, emit func(frame []byte) error) error {
	return l.Serve(ctx, renditions, from, nil, func(frames [][]byte) error {
		for _, frame := range frames {
			if err := emit(frame); err != nil {
				return err
			}
		}
		return nil
	})
}

// Serve calls emit with the frames of a feed (docs/protocol.md, section 5): the newest
// manifest, the heads in the window of the named renditions (none named: all), then
// what is added, in order and nothing twice. from gives a rendition's first number;
// without one it begins at its last independent part that is the part hold-back
// behind the edge, or earlier when another rendition begins earlier. stripes has a
// bit for each stripe of a rendition whose media is to come behind its heads.
//
// It returns nil after the manifest that ends the broadcast, else emit's error or
// that of ctx. emit is called from this goroutine with whole frames, in pieces that
// it must not change, nor keep the list of them. While it blocks nobody else is held
// up; what leaves the window meanwhile is left out, and so is media that waited for
// more than 3 s.
func (l *Log) Serve(ctx context.Context, renditions []string, from map[string]uint64, stripes map[string]uint8, emit func(frames [][]byte) error) error {
	if err := l.begun(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	first, err := l.choose(renditions, from, stripes)
	position, frames := l.first, [][]byte{wire.AppendFrame(nil, wire.TypeManifest, l.payload)}
	first.began = l.first + uint64(len(l.entries))
	l.mu.Unlock()
	if err != nil {
		return err
	}
	for {
		batch, next, newest, changed, ended := l.after(position)
		for i := range batch {
			frames = first.append(frames, &batch[i], next-uint64(len(batch)-i), newest)
		}
		if len(frames) > 0 {
			if err := emit(frames); err != nil {
				return err
			}
			clear(frames)
			frames = frames[:0]
		}
		if position = next; len(batch) > 0 {
			continue
		}
		if ended {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// begun waits for Begin.
func (l *Log) begun(ctx context.Context) error {
	for {
		l.mu.Lock()
		ready, changed := l.payload != nil, l.changed
		l.mu.Unlock()
		if ready {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// after gives up to maxBatch entries from position on, the position behind them, when
// the newest of all came, and what to wait for when there are none.
func (l *Log) after(position uint64) (batch []entry, next uint64, newest time.Time, changed <-chan struct{}, ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	position = max(position, l.first)
	if n := len(l.entries); n > 0 {
		newest = l.entries[n-1].added
	}
	rest := l.entries[position-l.first:]
	rest = rest[:min(len(rest), maxBatch)]
	batch = append(batch, rest...)
	return batch, position + uint64(len(rest)), newest, l.changed, l.ended
}

// choice is what one feed is to bring.
type choice struct {
	// followed has each rendition by its index.
	followed map[int]*following
	// began is the position from which entries are newer than the feed.
	began uint64
}

// following is one rendition of a feed.
type following struct {
	first   uint64 // number
	stripes uint8
	init    int // the last init segment that was given, -1 for none
}

// append adds an entry's frames, as far as they belong into the feed.
func (c choice) append(frames [][]byte, e *entry, position uint64, newest time.Time) [][]byte {
	if len(e.heads) == 0 {
		if position >= c.began {
			frames = append(frames, e.frame)
		}
		return frames
	}
	wanted := false
	for _, h := range e.heads {
		f := c.followed[h.rendition]
		wanted = wanted || f != nil && h.number >= f.first
	}
	if !wanted {
		return frames
	}
	late := position >= c.began && newest.Sub(e.added) > stale
	if late || len(e.media) == 0 {
		return append(frames, e.frame)
	}
	for _, m := range e.media {
		if f := c.followed[m.rendition]; f != nil && f.stripes != 0 && f.init != m.number && m.init != nil {
			frames, f.init = append(frames, m.init), m.number
		}
	}
	frames = append(frames, e.frame)
	for i, m := range e.media {
		if f := c.followed[m.rendition]; f != nil && e.heads[i].number >= f.first {
			frames = m.append(frames, f.stripes)
		}
	}
	return frames
}

// choose works out where each rendition begins; the lock is held.
func (l *Log) choose(names []string, from map[string]uint64, stripes map[string]uint8) (choice, error) {
	chosen := choice{followed: map[int]*following{}}
	for i, r := range l.manifest.Renditions {
		if len(names) == 0 || slices.Contains(names, r.Name) {
			chosen.followed[i] = &following{stripes: stripes[r.Name], init: -1}
		}
	}
	if len(chosen.followed) == 0 || len(names) > 0 && len(chosen.followed) < distinct(names) {
		return choice{}, fmt.Errorf("feed of %q: %w", names, ErrUnknownRendition)
	}
	l.startLive(chosen)
	for i, f := range chosen.followed {
		if number, given := from[l.manifest.Renditions[i].Name]; given {
			f.first = number
		}
	}
	return chosen, nil
}

// startLive lets every video rendition begin at its last independent part that is the
// part hold-back behind its edge, and audio where the earliest of them begins; audio
// alone begins the part hold-back behind the edge. The lock is held.
func (l *Log) startLive(chosen choice) {
	earliest := time.Duration(math.MaxInt64)
	for i, f := range chosen.followed {
		if l.manifest.Renditions[i].Kind != media.Video {
			continue
		}
		if m, found := l.lastIndependent(i, l.edge(i)-l.manifest.Timing.PartHoldBack); found {
			f.first = m.number
			earliest = min(earliest, m.start)
		}
	}
	for i, f := range chosen.followed {
		if l.manifest.Renditions[i].Kind == media.Video {
			continue
		}
		if m, found := l.lastIndependent(i, min(earliest, l.edge(i)-l.manifest.Timing.PartHoldBack)); found {
			f.first = m.number
		}
	}
}

// edge is where the newest part of a rendition ends; the lock is held.
func (l *Log) edge(rendition int) time.Duration {
	for i := len(l.entries) - 1; i >= 0; i-- {
		for _, h := range l.entries[i].heads {
			if h.rendition == rendition {
				return h.end
			}
		}
	}
	return 0
}

// lastIndependent finds the last independent part of a rendition that begins at
// latest or before, else the first part in the log; the lock is held.
func (l *Log) lastIndependent(rendition int, latest time.Duration) (oldest mark, found bool) {
	for i := len(l.entries) - 1; i >= 0; i-- {
		for _, h := range l.entries[i].heads {
			if h.rendition != rendition {
				continue
			}
			if h.independent && h.start <= latest {
				return h, true
			}
			oldest, found = h, true
		}
	}
	return oldest, found
}

func distinct(names []string) int {
	set := map[string]struct{}{}
	for _, n := range names {
		set[n] = struct{}{}
	}
	return len(set)
}
