package ladder

import (
	"slices"

	"github.com/liverelay/liverelay/media"
)

// Settings say which rungs are wished for.
type Settings struct {
	// Wishes are the renditions that the configuration asks for, in any order.
	Wishes []Wish
	// WithoutSource: the source itself is not shown to viewers, so a rung may have
	// its height, and there is always at least one.
	WithoutSource bool
	// Cores is the number of processors; 0 means unknown. It decides nothing yet.
	Cores int
}

// minHeight is the smallest height of a rung; an encoder makes nothing of less.
const minHeight = 64

// Choose returns the rungs for a source, largest first. No rung is larger than
// the source, and none as large unless the source is not shown. It returns none
// for audio, for a picture whose size is unknown, and for codecs that ffmpeg can't
// be given.
func Choose(source media.Track, s Settings) []Rung {
	short := min(source.Width, source.Height)
	if source.Kind != media.Video || !usable(source) || short < minHeight {
		return nil
	}
	wishes := slices.Clone(s.Wishes)
	slices.SortStableFunc(wishes, func(a, b Wish) int { return b.Height - a.Height })
	if s.WithoutSource && !slices.ContainsFunc(wishes, func(w Wish) bool { return fits(w, short, true) }) {
		wishes = []Wish{{Height: short / 2 * 2}}
	}
	var rungs []Rung
	for _, w := range wishes {
		if !fits(w, short, s.WithoutSource) {
			continue
		}
		r := newRung(w, source)
		if !slices.ContainsFunc(rungs, func(o Rung) bool { return o.Name == r.Name }) {
			rungs = append(rungs, r)
		}
	}
	return rungs
}

// fits reports whether a source with the given shorter side can have the rung.
func fits(w Wish, short int, same bool) bool {
	return w.Height >= minHeight && (w.Height < short || same && w.Height == short)
}
