package segmenter

import (
	"strconv"
	"time"

	"github.com/liverelay/liverelay/media"
)

// playlistVersion is what EXT-X-SKIP asks for (draft-pantos-hls-rfc8216bis §8).
const playlistVersion = 9

// segmentsWithParts is how many segments at the end list their parts. Parts
// further than three target durations from the end should be gone (§6.2.2), and
// strict readers count segments, the open one included, even if it has only a hint.
const segmentsWithParts = 3

// render writes a media playlist, or takes it from the cache; the lock is held.
func (s *Store) render(sh *shelf, delta bool) []byte {
	slot := &sh.cache[0]
	skip := 0
	if delta {
		if skip = sh.skippable(s.skipUntil()); skip > 0 {
			slot = &sh.cache[1]
		}
	}
	if slot.version != s.version || slot.text == nil {
		w := playlistWriter{text: make([]byte, 0, len(slot.text)+512)}
		s.write(&w, sh, skip)
		*slot = rendered{s.version, w.text}
	}
	return slot.text
}

// skipUntil is CAN-SKIP-UNTIL, six target durations (§4.4.3.8).
func (s *Store) skipUntil() time.Duration { return 6 * s.timing.TargetDuration }

// skippable counts the listed segments that lie further from the end than the
// skip boundary.
func (sh *shelf) skippable(until time.Duration) int {
	rest, n := sh.window, 0
	for _, seg := range sh.segments[sh.listed:] {
		if rest -= seg.duration; rest <= until || !seg.complete {
			break
		}
		n++
	}
	return n
}

func (s *Store) write(w *playlistWriter, sh *shelf, skip int) {
	listed := sh.segments[sh.listed:]
	state := mapState{init: -1, discontinuity: listed[0].parts[0].Discontinuity}
	if len(sh.inits) == 0 {
		state.init = 0 // a container that has none: every part says so, and no EXT-X-MAP
	}
	w.whole, w.suffix = s.timing.PartTarget == 0, sh.info.Container.Suffix()
	s.header(w, sh, listed[0])
	if skip > 0 {
		w.line("#EXT-X-SKIP:SKIPPED-SEGMENTS=", strconv.Itoa(skip))
		for _, seg := range listed[:skip] {
			state.pass(seg)
		}
	}
	bare := len(listed) - segmentsWithParts
	if sh.last().complete {
		bare++
	}
	for i, seg := range listed[skip:] {
		w.segment(seg, &state, skip+i >= bare)
	}
	if s.ended {
		w.line("#EXT-X-ENDLIST")
		return
	}
	if w.whole {
		return
	}
	w.line(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="`, w.part(sh.next), `"`)
	for _, other := range s.shelves {
		if p := other.newest(); other != sh && p != nil {
			w.line(`#EXT-X-RENDITION-REPORT:URI="../`, other.info.Name, `/index.m3u8",LAST-MSN=`,
				strconv.FormatUint(p.MSN, 10), ",LAST-PART=", strconv.Itoa(p.Index))
		}
	}
}

func (s *Store) header(w *playlistWriter, sh *shelf, first *segment) {
	w.line("#EXTM3U")
	w.line("#EXT-X-VERSION:", strconv.Itoa(playlistVersion))
	w.line("#EXT-X-TARGETDURATION:", strconv.Itoa(int(s.timing.TargetDuration/time.Second)))
	if w.whole {
		w.line("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=", seconds(s.skipUntil()))
	} else {
		w.line("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=", seconds(s.timing.PartHoldBack),
			",CAN-SKIP-UNTIL=", seconds(s.skipUntil()))
		w.line("#EXT-X-PART-INF:PART-TARGET=", seconds(s.timing.PartTarget))
	}
	w.line("#EXT-X-MEDIA-SEQUENCE:", strconv.FormatUint(first.msn, 10))
	if d := first.parts[0].Discontinuity; d > 0 {
		w.line("#EXT-X-DISCONTINUITY-SEQUENCE:", strconv.FormatUint(d, 10))
	}
	if !sh.dependent {
		w.line("#EXT-X-INDEPENDENT-SEGMENTS")
	}
}

// mapState is what the lines written so far say of init segment and discontinuity.
type mapState struct {
	init          int
	discontinuity uint64
}

// pass takes a segment and says which of the two changes with it.
func (m *mapState) pass(seg *segment) (newInit, broken bool) {
	init, discontinuity := seg.init, seg.parts[0].Discontinuity
	newInit = init >= 0 && init != m.init
	broken = discontinuity != m.discontinuity
	if newInit {
		m.init = init
	}
	m.discontinuity = discontinuity
	return newInit, broken
}

// playlistWriter writes lines.
type playlistWriter struct {
	text []byte
	// whole: there are no parts, only complete segments (media.Timing.PartTarget).
	whole bool
	// suffix is what names of parts and segments end in.
	suffix string
}

func (w *playlistWriter) line(pieces ...string) {
	for _, p := range pieces {
		w.text = append(w.text, p...)
	}
	w.text = append(w.text, '\n')
}

func (w *playlistWriter) segment(seg *segment, state *mapState, withParts bool) {
	if w.whole && !seg.complete {
		return
	}
	newInit, broken := state.pass(seg)
	if broken {
		w.line("#EXT-X-DISCONTINUITY")
	}
	if newInit {
		w.line(`#EXT-X-MAP:URI="init`, strconv.Itoa(state.init), `.mp4"`)
	}
	w.line("#EXT-X-PROGRAM-DATE-TIME:", seg.parts[0].ProgramTime.UTC().Format("2006-01-02T15:04:05.000Z"))
	lines := ""
	for i, p := range seg.parts {
		if p.Lines != "" && p.Lines != lines && (i == 0 || withParts) {
			lines = p.Lines
			w.line(lines)
		}
		if withParts && !w.whole {
			w.partLine(p)
		}
	}
	if !seg.complete {
		return
	}
	if seg.gap() {
		w.line("#EXT-X-GAP")
	}
	w.line("#EXTINF:", seconds(seg.duration), ",")
	w.line("s", strconv.FormatUint(seg.msn, 10), w.suffix)
}

func (w *playlistWriter) partLine(p *media.Part) {
	flags := ""
	if p.Gap {
		flags = ",GAP=YES"
	} else if p.Independent {
		flags = ",INDEPENDENT=YES"
	}
	w.line("#EXT-X-PART:DURATION=", seconds(p.Duration), `,URI="`, w.part(p.Number), `"`, flags)
}

func (w *playlistWriter) part(number uint64) string {
	return "p" + strconv.FormatUint(number, 10) + w.suffix
}

// seconds writes a duration in whole microseconds, as few digits as are exact but
// three at least.
func seconds(d time.Duration) string {
	text := strconv.FormatFloat(d.Seconds(), 'f', 6, 64)
	for i := 0; i < 3 && text[len(text)-1] == '0'; i++ {
		text = text[:len(text)-1]
	}
	return text
}
