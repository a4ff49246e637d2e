package segmenter

import (
	"sort"
	"time"

	"github.com/liverelay/liverelay/media"
)

// segment is one segment on a shelf; the last one may be open.
type segment struct {
	msn      uint64
	parts    []*media.Part
	duration time.Duration
	bytes    int64
	complete bool
	// init is the number of the init segment, or -1 while none is known.
	init int
	// iframes are the keyframes that begin a part; before is the one that shows until
	// the first of them, without a part when there is none.
	iframes []iframe
	before  iframe
}

func (s *segment) gap() bool {
	for _, p := range s.parts {
		if !p.Gap {
			return false
		}
	}
	return true
}

// played is the length of what is no gap.
func (s *segment) played() (length time.Duration) {
	for _, p := range s.parts {
		if !p.Gap {
			length += p.Duration
		}
	}
	return length
}

// shelf holds one rendition's newest segments.
type shelf struct {
	info     media.Rendition
	inits    [][]byte
	segments []*segment
	listed   int           // index of the first segment that playlists list
	window   time.Duration // length of what is listed
	kept     time.Duration // length of what is kept
	next     uint64        // number of the next part
	changed  chan struct{} // closed by the next part

	// entriesGone counts the entries of the I-frame playlist that have left it.
	entriesGone uint64
	// dependent says that a segment did not begin with a keyframe.
	dependent bool
	cache     [2]rendered // whole, delta
}

// rendered is a playlist as of a version of the store.
type rendered struct {
	version uint64
	text    []byte
}

// rate is what the newest whole segments have a second, in bit; gaps say nothing.
func (sh *shelf) rate() int {
	var bytes int64
	var length time.Duration
	for i := len(sh.segments) - 1; i >= 0 && length < measured; i-- {
		if s := sh.segments[i]; s.complete {
			bytes += s.bytes
			length += s.played()
		}
	}
	if length <= 0 {
		return 0
	}
	return int(float64(8*bytes) / length.Seconds())
}

func newShelf(r media.Rendition) *shelf {
	return &shelf{info: r, changed: make(chan struct{})}
}

func (sh *shelf) wake() {
	close(sh.changed)
	sh.changed = make(chan struct{})
}

func (sh *shelf) last() *segment {
	if len(sh.segments) == 0 {
		return nil
	}
	return sh.segments[len(sh.segments)-1]
}

func (sh *shelf) newest() *media.Part {
	if seg := sh.last(); seg != nil {
		return seg.parts[len(seg.parts)-1]
	}
	return nil
}

func (sh *shelf) put(p *media.Part) {
	seg := sh.last()
	if seg == nil || seg.msn != p.MSN {
		sh.finish()
		if seg == nil {
			sh.entriesGone = p.Number // those of a broadcast that was resumed are fewer
		}
		seg = &segment{msn: p.MSN, init: -1, before: seg.keyframeFor(p)}
		sh.segments = append(sh.segments, seg)
		sh.dependent = sh.dependent || !p.Gap && !p.Independent
	}
	if known := p.Init < len(sh.inits) && sh.inits[p.Init] != nil; known && seg.init < 0 {
		seg.init = p.Init
	}
	seg.keyframe(p)
	seg.parts = append(seg.parts, p)
	seg.duration += p.Duration
	seg.bytes += int64(len(p.Data))
	seg.complete = p.SegmentEnd
	sh.window += p.Duration
	sh.kept += p.Duration
	sh.next = p.Number + 1
}

// finish completes the open segment.
func (sh *shelf) finish() {
	if seg := sh.last(); seg != nil {
		seg.complete = true
	}
}

// slide takes segments out of the playlist that it does not need to be as long as
// the window.
func (sh *shelf) slide(window time.Duration) {
	for sh.listed+1 < len(sh.segments) && sh.window-sh.segments[sh.listed].duration >= window {
		sh.window -= sh.segments[sh.listed].duration
		sh.entriesGone += sh.segments[sh.listed].entries()
		sh.listed++
	}
}

// evict forgets segments, long enough after they left the playlist, and returns
// their bytes.
func (sh *shelf) evict(kept time.Duration) (bytes int64) {
	for len(sh.segments) > 1 && sh.listed > 0 && sh.kept-sh.segments[0].duration >= kept {
		bytes += sh.drop()
	}
	return bytes
}

// drop forgets the oldest segment.
func (sh *shelf) drop() int64 {
	old := sh.segments[0]
	sh.segments[0] = nil
	sh.segments = sh.segments[1:]
	sh.kept -= old.duration
	if sh.listed > 0 {
		sh.listed--
	} else {
		sh.window -= old.duration
		sh.entriesGone += old.entries()
	}
	return old.bytes
}

// segment finds a segment, complete or open, or returns nil.
func (sh *shelf) segment(msn uint64) *segment {
	if len(sh.segments) == 0 || msn < sh.segments[0].msn {
		return nil
	}
	i := msn - sh.segments[0].msn
	if i >= uint64(len(sh.segments)) {
		return nil
	}
	return sh.segments[i]
}

// part finds a part, or returns nil.
func (sh *shelf) part(number uint64) *media.Part {
	i := sort.Search(len(sh.segments), func(i int) bool { return sh.segments[i].parts[0].Number > number }) - 1
	if i < 0 {
		return nil
	}
	parts := sh.segments[i].parts
	if k := number - parts[0].Number; k < uint64(len(parts)) {
		return parts[k]
	}
	return nil
}
