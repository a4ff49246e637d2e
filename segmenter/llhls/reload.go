package llhls

import (
	"errors"
	"fmt"
)

// Merge applies a delta update to the playlist that it was asked against
// (§6.3.7). It fails when segments are missing in between.
func Merge(before, delta *Playlist) (*Playlist, error) {
	if delta.Skipped == 0 {
		return delta, nil
	}
	whole := *delta
	whole.Skipped = 0
	whole.Segments = nil
	first := delta.MediaSequence
	for _, s := range before.Segments {
		if s.MSN >= first && s.MSN < first+uint64(delta.Skipped) {
			if s.Open() {
				return nil, fmt.Errorf("segment %d was open and is skipped", s.MSN)
			}
			s.Parts = nil
			whole.Segments = append(whole.Segments, s)
		}
	}
	if len(whole.Segments) != delta.Skipped {
		return nil, errors.New("segments that were skipped are not known")
	}
	carried := whole.Segments[len(whole.Segments)-1].Map
	for _, s := range delta.Segments {
		if s.Map == "" {
			s.Map = carried
		}
		carried = s.Map
		whole.Segments = append(whole.Segments, s)
	}
	return &whole, nil
}

// CheckReload says what must not have changed between a playlist and a later one
// of the same rendition (§6.2.1).
func CheckReload(before, after *Playlist) []string {
	c := checker{p: after}
	c.say(before.TargetDuration != after.TargetDuration, "TARGETDURATION changed")
	c.say(before.PartTarget != after.PartTarget, "PART-TARGET changed")
	c.say(before.Control != after.Control, "EXT-X-SERVER-CONTROL changed")
	c.say(after.MediaSequence < before.MediaSequence, "MEDIA-SEQUENCE went back")
	c.say(after.Independent && !before.Independent, "EXT-X-INDEPENDENT-SEGMENTS appeared")
	c.say(before.Ended && !after.Ended, "the end was taken back")
	now := map[uint64]Segment{}
	sequences := map[uint64]uint64{} // of the segments that both have
	for _, s := range after.Segments {
		now[s.MSN] = s
	}
	for i, s := range before.Segments {
		if s.MSN < after.MediaSequence {
			continue
		}
		later, ok := now[s.MSN]
		c.say(!ok, "segment %d is gone", s.MSN)
		if ok {
			c.same(s, later)
			sequences[s.MSN] = before.Sequence(i)
		}
	}
	for i, s := range after.Segments {
		if was, both := sequences[s.MSN]; both {
			c.say(after.Sequence(i) != was, "discontinuity sequence number of segment %d changed", s.MSN)
		}
	}
	c.kept(before)
	return c.found
}

func (c *checker) same(a, b Segment) {
	c.say(!a.Open() && (a.URI != b.URI || a.Duration != b.Duration), "segment %d changed", a.MSN)
	c.say(!a.ProgramTime.Equal(b.ProgramTime), "program time of segment %d changed", a.MSN)
	c.say(a.Map != b.Map, "init segment of segment %d changed", a.MSN)
	if len(b.Parts) == 0 && !b.Open() {
		return // parts may leave, far enough from the end
	}
	c.say(len(a.Parts) > len(b.Parts), "segment %d lost parts", a.MSN)
	for i, p := range a.Parts {
		c.say(i < len(b.Parts) && p != b.Parts[i], "part %d.%d changed", a.MSN, i)
	}
}

// kept checks that the part which the earlier playlist hinted at is the one that
// came next.
func (c *checker) kept(before *Playlist) {
	msn, part, ok := before.Last()
	if !ok || before.Ended {
		return
	}
	for _, h := range before.Hints {
		if next, ok := c.next(msn, part); ok && h.Type == "PART" {
			c.say(next.URI != h.URI, "hinted at %s, then came %s", h.URI, next.URI)
		}
	}
}

// next is the part that follows a position.
func (c *checker) next(msn uint64, part int) (Part, bool) {
	for _, s := range c.p.Segments {
		if s.MSN == msn && part+1 < len(s.Parts) {
			return s.Parts[part+1], true
		}
		if s.MSN == msn+1 && len(s.Parts) > 0 {
			return s.Parts[0], true
		}
	}
	return Part{}, false
}

// CheckRenditions says what must be equal in all renditions' playlists
// (§4.4.3.7, §6.2.4).
func CheckRenditions(all map[string]*Playlist) []string {
	var found []string
	var first *Playlist
	var name string
	for n, p := range all {
		if first == nil {
			first, name = p, n
			continue
		}
		c := checker{p: p}
		c.say(p.TargetDuration != first.TargetDuration, "TARGETDURATION of %s and %s differ", name, n)
		c.say(p.PartTarget != first.PartTarget, "PART-TARGET of %s and %s differ", name, n)
		c.say(p.Control != first.Control, "EXT-X-SERVER-CONTROL of %s and %s differ", name, n)
		found = append(found, c.found...)
	}
	return found
}
