package publisher

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/wire"
)

// ErrUnknownRendition: a feed names a rendition that the broadcast has not.
var ErrUnknownRendition = errors.New("no such rendition")

// Feed calls emit for each frame of a feed (docs/protocol.md, section 5): the newest
// manifest, the heads in the window of the named renditions (none named: all), then
// what is added, in order and nothing twice. from gives a rendition's first number;
// without one it begins at its last independent part that is the part hold-back
// behind the edge, or earlier when another rendition begins earlier.
//
// It returns nil after the manifest that ends the broadcast, else emit's error or
// that of ctx. emit is called from this goroutine and must not keep or change the
// frame; while it blocks nobody else is held up, and frames that leave the window
// meanwhile are left out.
func (l *Log) Feed(ctx context.Context, renditions []string, from map[string]uint64, emit func(frame []byte) error) error {
	if err := l.begun(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	first, err := l.choose(renditions, from)
	position, frame := l.first, wire.AppendFrame(nil, wire.TypeManifest, l.payload)
	skip := l.first + uint64(len(l.entries)) // manifests before here are old
	l.mu.Unlock()
	if err != nil {
		return err
	}
	if err := emit(frame); err != nil {
		return err
	}
	for {
		batch, next, changed, ended := l.after(position)
		for i, e := range batch {
			old := next-uint64(len(batch)-i) < skip
			if !first.wants(e, old) {
				continue
			}
			if err := emit(e.frame); err != nil {
				return err
			}
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

// after gives up to 64 entries from position on, the position behind them, and what
// to wait for when there are none.
func (l *Log) after(position uint64) (batch []entry, next uint64, changed <-chan struct{}, ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	position = max(position, l.first)
	rest := l.entries[position-l.first:]
	rest = rest[:min(len(rest), 64)]
	batch = append(batch, rest...)
	return batch, position + uint64(len(rest)), l.changed, l.ended
}

// choice maps the renditions of a feed to their first numbers.
type choice map[int]uint64

// wants reports whether an entry belongs into the feed; old ones are those that were
// there when it began.
func (c choice) wants(e entry, old bool) bool {
	if len(e.heads) == 0 {
		return !old
	}
	for _, h := range e.heads {
		if first, followed := c[h.rendition]; followed && h.number >= first {
			return true
		}
	}
	return false
}

// choose works out where each rendition begins; the lock is held.
func (l *Log) choose(names []string, from map[string]uint64) (choice, error) {
	chosen := choice{}
	for i, r := range l.manifest.Renditions {
		if len(names) == 0 {
			chosen[i] = 0
		}
		for _, name := range names {
			if name == r.Name {
				chosen[i] = 0
			}
		}
	}
	if len(chosen) == 0 || len(names) > 0 && len(chosen) < distinct(names) {
		return nil, fmt.Errorf("feed of %q: %w", names, ErrUnknownRendition)
	}
	l.startLive(chosen)
	for i := range chosen {
		if number, given := from[l.manifest.Renditions[i].Name]; given {
			chosen[i] = number
		}
	}
	return chosen, nil
}

// startLive lets every video rendition begin at its last independent part that is the
// part hold-back behind its edge, and audio where the earliest of them begins; audio
// alone begins the part hold-back behind the edge. The lock is held.
func (l *Log) startLive(chosen choice) {
	earliest := time.Duration(math.MaxInt64)
	for i := range chosen {
		if l.manifest.Renditions[i].Kind != media.Video {
			continue
		}
		if m, found := l.lastIndependent(i, l.edge(i)-l.manifest.Timing.PartHoldBack); found {
			chosen[i] = m.number
			earliest = min(earliest, m.start)
		}
	}
	for i := range chosen {
		if l.manifest.Renditions[i].Kind == media.Video {
			continue
		}
		if m, found := l.lastIndependent(i, min(earliest, l.edge(i)-l.manifest.Timing.PartHoldBack)); found {
			chosen[i] = m.number
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
