package mirror

import (
	"fmt"
	"time"

	"github.com/liverelay/liverelay/sidecar/playlist"
)

const (
	// backlog is how many complete segments a broadcast begins with.
	backlog = 3
	// remembered is how many segments' names are kept, to tell an old copy of a playlist
	// from a new beginning.
	remembered = 64
	// maxHole is how many segments may be missing and become gaps; beyond, it is a new
	// beginning.
	maxHole = 8
)

// item is one thing that is new in a playlist: a part, a whole segment, or a gap.
type item struct {
	playlist.Resource
	duration time.Duration
	date     time.Time // zero when nobody knows
	// msn and discontinuity are upstream's; position counts the parts before in the segment.
	msn, discontinuity uint64
	position           int
	independent, gap   bool
	segmentEnd         bool
	// again says that upstream began anew before it, missed how many segments are lost.
	again  bool
	missed int
	init   *playlist.Resource
	keys   []playlist.Key
	lines  []string
}

// follower reads the playlists of one rendition, one after the other.
type follower struct {
	// byParts: parts are followed, not whole segments.
	byParts bool

	started bool
	msn     uint64 // upstream's number of the next segment, or of the one that is going on
	part    int    // parts of it that were taken
	newest  uint64 // the highest number seen
	names   map[uint64]string
	shift   uint64    // what is added to upstream's numbers
	odd     time.Time // since when playlists go back without a reason
	again   bool
}

// take returns what is new. away says that upstream could not be reached before this
// playlist: one that goes back is then a new beginning for sure.
func (f *follower) take(p *playlist.Playlist, away bool, now time.Time) []item {
	if len(p.Segments) == 0 {
		return nil
	}
	if f.count(p, away) < 0 {
		return nil
	}
	known, same := f.compare(p)
	isOther := away && known > 0 && same == 0 // numbers that go on by chance
	if f.started && (isOther || p.Segments[len(p.Segments)-1].MSN < f.newest) {
		if !f.isRestart(p, away, now) {
			return nil
		}
		f.started, f.again, f.names = false, true, nil
	} else {
		f.odd = time.Time{}
	}
	if !f.started && !f.start(p) {
		return nil
	}
	var items []item
	for i := range p.Segments {
		items = f.segment(items, &p.Segments[i])
	}
	f.remember(p)
	return items
}

// count adds to the numbers what upstream forgot to count: ffmpeg's single_file leaves
// EXT-X-MEDIA-SEQUENCE at 0 while its list moves on. Then all known numbers have other
// names than before, which are known under higher ones. It returns by how much the list
// moved: less than 0 means an old copy of such a playlist.
func (f *follower) count(p *playlist.Playlist, away bool) int64 {
	for i := range p.Segments {
		p.Segments[i].MSN += f.shift
	}
	if known, same := f.compare(p); !f.started || known == 0 || same > 0 {
		return 0
	}
	for msn, name := range f.names {
		moved := int64(msn - p.Segments[0].MSN) //nolint:gosec // both are within 64 of the newest
		if name != nameOf(&p.Segments[0]) || !f.agrees(p, moved, away) {
			continue
		}
		for i := range p.Segments {
			p.Segments[i].MSN = uint64(int64(p.Segments[i].MSN) + moved) //nolint:gosec // it is a number that was seen
		}
		if moved > 0 {
			f.shift += uint64(moved)
		}
		return moved
	}
	return 0
}

// agrees reports whether all that is known of a list that moved is the same; after
// upstream was away, one name might be so by chance.
func (f *follower) agrees(p *playlist.Playlist, moved int64, away bool) bool {
	same := 0
	for i := range p.Segments {
		if name, found := f.names[uint64(int64(p.Segments[i].MSN)+moved)]; found { //nolint:gosec // at worst it is unknown
			if name != nameOf(&p.Segments[i]) {
				return false
			}
			same++
		}
	}
	return same > 1 || same == 1 && !away
}

// isRestart tells a new beginning from an old copy of a playlist, as a cache may hold
// it: that one has the names that are known, and does not stay.
func (f *follower) isRestart(p *playlist.Playlist, away bool, now time.Time) bool {
	known, same := f.compare(p)
	if away || same == 0 || same < known {
		return true
	}
	if f.odd.IsZero() {
		f.odd = now
	}
	return now.Sub(f.odd) > 3*p.TargetDuration
}

// compare counts the segments whose numbers are known, and those that have the same names.
func (f *follower) compare(p *playlist.Playlist) (known, same int) {
	for i := range p.Segments {
		if name, found := f.names[p.Segments[i].MSN]; found {
			known++
			if name == nameOf(&p.Segments[i]) {
				same++
			}
		}
	}
	return known, same
}

// nameOf is a segment's name, without what changes from one request to the next.
func nameOf(s *playlist.Segment) string {
	r := s.Resource
	if r.URI == nil && len(s.Parts) > 0 {
		r = s.Parts[0].Resource
	}
	if r.URI == nil {
		return ""
	}
	return fmt.Sprintf("%s#%s@%d+%d", r.URI.Path, s.Date.UTC().Format(time.RFC3339), r.Offset, r.Length)
}

func (f *follower) remember(p *playlist.Playlist) {
	if f.names == nil {
		f.names = map[uint64]string{}
	}
	for i := range p.Segments {
		if s := &p.Segments[i]; s.Complete {
			f.names[s.MSN] = nameOf(s)
		}
	}
	f.newest = p.Segments[len(p.Segments)-1].MSN
	for msn := range f.names {
		if msn+remembered < f.newest {
			delete(f.names, msn)
		}
	}
}

// start chooses where to begin.
func (f *follower) start(p *playlist.Playlist) bool {
	chosen := -1
	for i := len(p.Segments) - 1; i >= 0 && len(p.Segments)-i <= backlog+1; i-- {
		s := &p.Segments[i]
		if f.byParts && len(s.Parts) > 0 || !f.byParts && s.Complete {
			chosen = i
		}
	}
	if chosen < 0 {
		return false
	}
	f.started, f.msn, f.part = true, p.Segments[chosen].MSN, 0
	return true
}

// segment adds what is new of one segment.
func (f *follower) segment(items []item, s *playlist.Segment) []item {
	if s.MSN < f.msn {
		return items
	}
	missed := 0
	if s.MSN > f.msn {
		if missed = int(min(s.MSN-f.msn, maxHole+1)); f.part > 0 {
			missed-- // the rest of a segment that had begun is no whole segment
		}
		f.again = f.again || missed > maxHole
		f.msn, f.part = s.MSN, 0
	}
	before := len(items)
	if f.byParts {
		items = f.parts(items, s)
	} else if s.Complete {
		items = append(items, f.whole(s))
		f.msn++
	}
	if len(items) > before {
		items[before].missed, items[before].again = missed, f.again
		if f.again {
			items[before].missed = 0
		}
		f.again = false
	}
	return items
}

func (f *follower) whole(s *playlist.Segment) item {
	return item{
		Resource: s.Resource, duration: s.Duration, date: s.Date, msn: s.MSN, discontinuity: s.Discontinuity,
		independent: true, gap: s.Gap, segmentEnd: true, init: s.Map, keys: s.Keys, lines: s.Lines,
	}
}

// parts adds the new parts of a segment. What has gone from the playlist before it was
// fetched becomes a gap: the whole segment can't be had a second time.
func (f *follower) parts(items []item, s *playlist.Segment) []item {
	at := time.Duration(0)
	for i, p := range s.Parts {
		if i >= f.part {
			it := item{
				Resource: p.Resource, duration: p.Duration, msn: s.MSN, discontinuity: s.Discontinuity, position: i,
				independent: p.Independent, gap: p.Gap, init: s.Map, keys: s.Keys, lines: s.Lines,
				segmentEnd: s.Complete && i == len(s.Parts)-1,
			}
			if !s.Date.IsZero() {
				it.date = s.Date.Add(at)
			}
			items = append(items, it)
		}
		at += p.Duration
	}
	if !s.Complete {
		f.part = max(f.part, len(s.Parts))
		return items
	}
	if len(s.Parts) == 0 && f.part == 0 {
		items = append(items, item{duration: s.Duration, date: s.Date, msn: s.MSN, discontinuity: s.Discontinuity, gap: true, segmentEnd: true})
	}
	f.msn, f.part = s.MSN+1, 0
	return items
}

// next is what a blocking reload asks for: the first part, or segment, that is not
// there yet.
func (f *follower) next() (msn uint64, part int, ok bool) {
	return f.msn - f.shift, f.part, f.started
}
