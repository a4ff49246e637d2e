package segmenter

import (
	"fmt"
	"strconv"
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter/cmaf"
)

// iframe is a keyframe at the beginning of a part: where the part's moof and the
// first picture are within the segment, in bytes, and the part.
type iframe struct {
	offset int64
	length int
	part   *media.Part
}

// keyframe notes the keyframe that a part begins with; the part is not yet in.
func (s *segment) keyframe(p *media.Part) {
	if p.Gap || !p.Independent {
		return
	}
	if n, ok := cmaf.FirstSample(p.Data); ok {
		s.iframes = append(s.iframes, iframe{offset: s.bytes, length: n, part: p})
	}
}

// carried is how much older than a segment the keyframe may be that shows until the
// segment's first. What is listed is kept at least so much longer (Store, Part).
const carried = 8 * time.Second

// keyframeFor returns the keyframe that shows where the next segment begins with a
// part; none where that is a gap or broken off.
func (s *segment) keyframeFor(p *media.Part) iframe {
	if s == nil || p.Gap {
		return iframe{}
	}
	before := s.before
	if n := len(s.iframes); n > 0 {
		before = s.iframes[n-1]
	}
	if b := before.part; b == nil || b.Discontinuity != p.Discontinuity || b.Init != p.Init || p.Start-b.Start > carried {
		return iframe{}
	}
	return before
}

// entries is how many lines of the I-frame playlist a whole segment makes: one for
// each keyframe, and one in front when it does not begin with a keyframe.
func (s *segment) entries() uint64 {
	n := uint64(len(s.iframes))
	if n == 0 || s.iframes[0].part.Index > 0 {
		n++
	}
	return n
}

// IFrames returns the I-frame playlist of a video rendition
// (draft-pantos-hls-rfc8216bis §4.4.3.6), for scrubbing: each entry is a keyframe,
// as a byte range of a segment. An entry for what is before a segment's first
// keyframe names the keyframe before it, so that none is longer than TARGETDURATION
// however rare keyframes are.
//
// Errors: ErrNotReady, ErrUnknown.
func (s *Store) IFrames(rendition string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh, err := s.shelf(rendition)
	if err != nil {
		return nil, err
	}
	if sh.info.Kind != media.Video || s.cfg.NoIFrames {
		return nil, fmt.Errorf("keyframes of %s: %w", rendition, ErrUnknown)
	}
	if !sh.begun() {
		return nil, ErrNotReady
	}
	return s.iframes(sh), nil
}

func (s *Store) iframes(sh *shelf) []byte {
	listed := sh.segments[sh.listed:]
	w := playlistWriter{}
	w.line("#EXTM3U")
	w.line("#EXT-X-VERSION:", strconv.Itoa(playlistVersion))
	w.line("#EXT-X-TARGETDURATION:", strconv.Itoa(int(s.timing.TargetDuration/time.Second)))
	w.line("#EXT-X-MEDIA-SEQUENCE:", strconv.FormatUint(sh.entriesGone, 10))
	if d := listed[0].parts[0].Discontinuity; d > 0 {
		w.line("#EXT-X-DISCONTINUITY-SEQUENCE:", strconv.FormatUint(d, 10))
	}
	w.line("#EXT-X-I-FRAMES-ONLY")
	state := mapState{init: -1, discontinuity: listed[0].parts[0].Discontinuity}
	for _, seg := range listed {
		if seg.complete {
			w.keyframes(seg, &state)
		}
	}
	if s.ended {
		w.line("#EXT-X-ENDLIST")
	}
	return w.text
}

// keyframes writes a segment's entries.
func (w *playlistWriter) keyframes(seg *segment, state *mapState) {
	first := seg.parts[0]
	end := first.Start + seg.duration
	newInit, broken := state.pass(seg)
	if broken {
		w.line("#EXT-X-DISCONTINUITY")
	}
	if newInit {
		w.line(`#EXT-X-MAP:URI="init`, strconv.Itoa(state.init), `.mp4"`)
	}
	if n := len(seg.iframes); n == 0 {
		w.keyframe(seg.before, first, end)
	} else if i := seg.iframes[0]; i.part.Index > 0 {
		w.keyframe(seg.before, first, i.part.Start)
	}
	for k, i := range seg.iframes {
		until := end
		if k+1 < len(seg.iframes) {
			until = seg.iframes[k+1].part.Start
		}
		w.keyframe(i, i.part, until)
	}
}

// keyframe writes one entry, from the given part's start to an instant. Without a
// keyframe it is a gap.
func (w *playlistWriter) keyframe(i iframe, from *media.Part, until time.Duration) {
	w.line("#EXT-X-PROGRAM-DATE-TIME:", from.ProgramTime.UTC().Format("2006-01-02T15:04:05.000Z"))
	msn := from.MSN
	if i.part == nil {
		w.line("#EXT-X-GAP")
	} else {
		msn = i.part.MSN
		w.line("#EXT-X-BYTERANGE:", strconv.Itoa(i.length), "@", strconv.FormatInt(i.offset, 10))
	}
	w.line("#EXTINF:", seconds(until-from.Start), ",")
	w.line("s", strconv.FormatUint(msn, 10), ".m4s")
}
