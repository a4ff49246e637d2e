package probe

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/liverelay/liverelay/segmenter/llhls"
)

const (
	// segmentsRead is how many whole segments of each rendition are read.
	segmentsRead = 4
	// lengthRounding is what durations in playlists may be off by: a frame at 24 a
	// second, for the length of the last one is a guess.
	lengthRounding = 45 * time.Millisecond
	// keyRounding is what presentation times of renditions may differ by.
	keyRounding = 2 * time.Millisecond
)

// reader reads one rendition's media in order.
type reader struct {
	c      *check
	r      *rendition
	tracks map[uint32]*track
	init   string
	next   map[uint32]uint64 // where each track's next decode time is due
}

// media reads the newest whole segments that were listed with their parts, or else
// the newest whole ones.
func (c *check) media(ctx context.Context, r *rendition) {
	if r.last == nil {
		return
	}
	rd := &reader{c: c, r: r}
	for _, s := range r.newestWhole() {
		if ctx.Err() != nil || !rd.segment(ctx, s) {
			return
		}
	}
}

// newestWhole are segments in a row.
func (r *rendition) newestWhole() []llhls.Segment {
	var some []llhls.Segment
	for msn := r.last.MediaSequence + uint64(len(r.last.Segments)); msn > r.last.MediaSequence && len(some) < segmentsRead; msn-- {
		s, ok := r.seen[msn-1]
		if !ok || s.Open() {
			continue
		}
		some = append(some, s)
	}
	slices.Reverse(some)
	return some
}

func (rd *reader) get(ctx context.Context, uri, ranged string) ([]byte, error) {
	at, err := resolve(rd.r.base, uri)
	if err != nil {
		return nil, err
	}
	a, err := rd.c.fetch.get(ctx, at, mediaBytes, firstPatience, ranged)
	if err == nil {
		err = a.ok()
	}
	if err != nil {
		return nil, err
	}
	return a.body, nil
}

// segment reads one; false when there is no use in going on.
func (rd *reader) segment(ctx context.Context, s llhls.Segment) bool {
	book, name := &rd.c.book, rd.r.name
	if s.Map == "" || s.ByteRange != "" {
		return false // MPEG-TS and the like: nothing to read for us
	}
	if s.Discontinuity || s.Map != rd.init {
		rd.next = map[uint32]uint64{}
	}
	if s.Map != rd.init {
		data, err := rd.get(ctx, s.Map, "")
		book.say(ruleReachable, err == nil, "%s %s: %v", name, s.Map, err)
		if err == nil {
			rd.tracks, err = readInit(data)
			book.say(ruleSyntax, err == nil, "%s %s: %v", name, s.Map, err)
		}
		if err != nil {
			return false
		}
		rd.init = s.Map
	}
	whole, err := rd.get(ctx, s.URI, "")
	if s.Gap {
		book.say(ruleGaps, err != nil, "%s %s is a gap, and is there", name, s.URI)
		rd.next = map[uint32]uint64{}
		return true
	}
	book.say(ruleReachable, err == nil, "%s %s: %v", name, s.URI, err)
	if err != nil {
		return false
	}
	if len(s.Parts) == 0 {
		rd.piece(s.URI, whole, s.Duration, false)
		return true
	}
	rd.parts(ctx, s, whole)
	return true
}

// parts reads a segment's parts, and compares them with the whole.
func (rd *reader) parts(ctx context.Context, s llhls.Segment, whole []byte) {
	book, name := &rd.c.book, rd.r.name
	var sum []byte
	for _, p := range s.Parts {
		if p.ByteRange != "" {
			return
		}
		data, err := rd.get(ctx, p.URI, "")
		if p.Gap {
			book.say(ruleGaps, err != nil, "%s %s is a gap, and is there", name, p.URI)
			rd.next = map[uint32]uint64{}
			continue
		}
		book.say(ruleReachable, err == nil, "%s %s: %v", name, p.URI, err)
		if err != nil {
			return
		}
		rd.piece(p.URI, data, p.Duration, p.Independent)
		sum = append(sum, data...)
	}
	book.say(ruleWhole, bytes.Equal(sum, whole), "%s %s has %d bytes, its parts %d", name, s.URI, len(whole), len(sum))
}

// piece reads a part, or a segment without parts.
func (rd *reader) piece(uri string, data []byte, length time.Duration, independent bool) {
	book, where := &rd.c.book, fmt.Sprintf("%s %s", rd.r.name, uri)
	runs, err := readMedia(data, rd.tracks)
	if err == nil && len(runs) == 0 {
		err = fmt.Errorf("no media in %d bytes", len(data))
	}
	book.say(ruleSyntax, err == nil, "%s: %v", where, err)
	if err != nil {
		return
	}
	spans := map[uint32]time.Duration{}
	for _, one := range runs {
		id := one.track.id
		due, known := rd.next[id]
		book.say(ruleTimes, !known || due == one.base, "%s begins at %d, due was %d", where, one.base, due)
		rd.next[id] = one.end
		spans[id] += one.track.at(one.end - one.base)
		if one.track.video || rd.r.audio {
			rd.r.cover(one)
		}
	}
	if independent {
		first := slices.IndexFunc(runs, func(r run) bool { return r.track.video })
		book.say(ruleKeyParts, runs[max(first, 0)].startsKey, "%s is called independent", where)
	}
	lead := runs[0].track
	for _, one := range runs {
		if one.track.video {
			lead = one.track
		}
	}
	book.say(ruleLength, (spans[lead.id]-length).Abs() <= lengthRounding, "%s lasts %v, the playlist says %v", where, spans[lead.id], length)
}

// cover notes which media was read, and its keyframes.
func (r *rendition) cover(one run) {
	from, to := one.track.at(one.base), one.track.at(one.end)
	if r.to == 0 {
		r.from = from
	}
	r.to = max(r.to, to)
	if one.track.video {
		r.keys = append(r.keys, one.keys...)
	}
}

// keyframes looks for the best rendition's keyframes in all others.
func (c *check) keyframes() {
	var best *rendition
	for _, r := range c.renditions {
		if r.best {
			best = r
		}
	}
	for _, r := range c.renditions {
		if best == nil || r == best || r.audio || r.to == 0 {
			continue
		}
		for _, key := range best.keys {
			if key < r.from || key >= r.to {
				continue
			}
			has := slices.ContainsFunc(r.keys, func(k time.Duration) bool { return (k - key).Abs() <= keyRounding })
			c.book.say(ruleKeyframes, has, "%s has none at %v", r.name, key)
		}
	}
}

// iframe reads an I-frame playlist and its newest entries.
func (c *check) iframe(ctx context.Context, at string) {
	a, err := c.fetch.get(ctx, at, playlistBytes, firstPatience, "")
	if err == nil {
		err = a.ok()
	}
	var p *llhls.Playlist
	if err == nil {
		p, err = llhls.Parse(a.body)
	}
	c.book.say(ruleIFrames, err == nil, "%s: %v", at, err)
	if err != nil {
		return
	}
	c.book.say(ruleIFrames, p.IFramesOnly, "%s has no EXT-X-I-FRAMES-ONLY", at)
	c.book.all(ruleIFrames, at, llhls.CheckPlaylist(p))
	rd := &reader{c: c, r: &rendition{name: at, base: a.url}}
	for _, s := range p.Segments[max(0, len(p.Segments)-segmentsRead):] {
		if s.Gap || ctx.Err() != nil {
			continue
		}
		err := rd.iframe(ctx, s)
		c.book.say(ruleIFrames, err == nil, "%s %s: %v", at, s.URI, err)
	}
}

func (rd *reader) iframe(ctx context.Context, s llhls.Segment) error {
	length, offset, err := llhls.ByteRange(s.ByteRange)
	if err != nil {
		return err
	}
	if s.Map != rd.init {
		data, err := rd.get(ctx, s.Map, "")
		if err != nil {
			return err
		}
		if rd.tracks, err = readInit(data); err != nil {
			return err
		}
		rd.init = s.Map
	}
	data, err := rd.get(ctx, s.URI, fmt.Sprintf("bytes=%d-%d", max(offset, 0), max(offset, 0)+length-1))
	if err != nil {
		return err
	}
	if int64(len(data)) != length {
		return fmt.Errorf("%d bytes of %d", len(data), length)
	}
	size := u32(data, 0)
	if int64(size) > length || size < 8 {
		return errBoxes
	}
	runs, err := readMedia(data[:size], rd.tracks)
	if err == nil && (len(runs) == 0 || !runs[0].startsKey) {
		err = fmt.Errorf("no keyframe in front")
	}
	return err
}
