package segmenter

import (
	"context"
	"fmt"
	"time"
)

// Reload holds the delivery directives of a playlist request
// (draft-pantos-hls-rfc8216bis §6.2.5).
type Reload struct {
	// MSN is _HLS_msn and Part _HLS_part; nil when the request has none.
	MSN, Part *uint64
	// Skip asks for a delta update (_HLS_skip).
	Skip bool
}

// Playlist returns the media playlist of a rendition as of now, or, for a blocking
// reload, as soon as it holds what was asked for. One that has no whole segment yet
// is held too: parts alone are a playlist by the specification, but an empty one to
// hls.js, which gives up at the third, and to ffmpeg. The result is shared: it must
// not be changed.
//
// Errors: ErrNotReady, ErrUnknown, ErrTooFar, ErrTimeout, or the context's.
func (s *Store) Playlist(ctx context.Context, rendition string, r Reload) ([]byte, error) {
	if r.Part != nil && r.MSN == nil {
		return nil, fmt.Errorf("part without segment: %w", ErrTooFar)
	}
	var text []byte
	err := s.wait(ctx, rendition, func(sh *shelf) (bool, error) {
		if !s.ended && sh.tooFar(r, s.timing.PartTarget) {
			return false, ErrTooFar
		}
		if !s.ended && !(sh.begun() && sh.has(r)) {
			return false, nil
		}
		if sh.last() == nil {
			return false, ErrNotReady
		}
		text = s.render(sh, r.Skip)
		return true, nil
	})
	return text, err
}

// begun says whether the playlist lists a whole segment.
func (sh *shelf) begun() bool {
	return sh.listed < len(sh.segments) && sh.segments[sh.listed].complete
}

// has says whether the playlist holds what a reload asks for. A part index behind
// a segment's final part means the first part of the next segment (§6.2.5.2).
func (sh *shelf) has(r Reload) bool {
	last := sh.last()
	switch {
	case last == nil:
		return false
	case r.MSN == nil || *r.MSN < last.msn && r.Part == nil:
		return true
	case *r.MSN > last.msn:
		return false
	case r.Part == nil:
		return last.complete
	}
	seg := sh.segment(*r.MSN)
	if seg == nil || *r.Part < uint64(len(seg.parts)) {
		return true // seg is nil when it is older than all that is kept
	}
	return seg != last
}

// tooFar implements the limits of §6.2.5.2: more than two segments ahead of the
// last complete one, or more parts ahead than the advance part limit.
func (sh *shelf) tooFar(r Reload, partTarget time.Duration) bool {
	last := sh.last()
	if r.MSN == nil || last == nil {
		return r.MSN != nil && *r.MSN > 1
	}
	ahead := last.msn + 1
	if last.complete {
		ahead++
	}
	if *r.MSN > ahead {
		return true
	}
	limit := uint64(3)
	if partTarget > 0 && partTarget < time.Second {
		limit = uint64((3*time.Second + partTarget - 1) / partTarget)
	}
	return r.Part != nil && *r.MSN == last.msn && !last.complete &&
		*r.Part >= uint64(len(last.parts))+limit
}
