package segmenter

import (
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter/cmaf"
)

// sample is one unit on its way into a part; times are in the track's timescale.
type sample struct {
	decode, present int64
	// length is the predicted duration.
	length int64
	sync   bool
	data   []byte
}

// cutter cuts one rendition's samples into parts. One cutter leads: its frames
// drive the segment clock. The others follow, and hold samples back until the
// clock has decided to which segment they belong. Plain state machine.
//
// Decode times are the cutter's to choose, for composition offsets keep each
// sample's presentation time exact: a part begins where the one before ended, so
// a mispredicted duration is carried into the next part and never lost.
type cutter struct {
	rendition         int
	scale             int64
	longest, shortest int64 // of a part, in ticks
	audio, leads      bool
	clock             *clock
	emit              func(*media.Part)

	init     int // number of the init segment
	newInit  int // the one to use from the next segment on
	segment  cut
	number   uint64
	index    int
	pos      int64    // where the open part begins
	open     []sample // the open part
	queue    []sample // followers: samples that the clock has not reached
	newScale int64    // of the next segment; 0: the same
	later    []sample // what has come in the new scale
	waiting  bool     // the open part is full, its segment's end not decided
	keys     keyframes
	needKey  bool // samples were lost: drop until the next keyframe
	scratch  []cmaf.Sample

	key    []byte // the last keyframe
	group  group  // it and the pictures since, where they are few
	frozen bool   // until the next sample the picture stands still: there are no gaps
	heard  bool   // meanwhile the publisher's sound goes on: it is not away
	stands bool   // the open part is a still of a publisher that is away
}

// partShare is the least share of PART-TARGET that a part other than a segment's
// last may have (draft-pantos-hls-rfc8216bis §4.4.4.9).
const partShare = 0.85

func newCutter(rendition int, scale uint32, audio, leads bool, k *clock, target time.Duration,
	emit func(*media.Part),
) *cutter {
	c := &cutter{
		rendition: rendition, scale: int64(scale), audio: audio, leads: leads, clock: k, emit: emit,
		segment: k.current(),
	}
	c.bound(target)
	c.pos = ticks(c.segment.at, c.scale)
	return c
}

// bound fixes the length of parts. Whole microseconds are what playlists say: it
// stays a tick inside both bounds.
func (c *cutter) bound(target time.Duration) {
	c.longest = int64(target) * c.scale / int64(time.Second)
	c.shortest = int64(float64(target)*partShare)*c.scale/int64(time.Second) + 2
}

// add takes the next sample in decode order.
func (c *cutter) add(s sample) {
	if c.needKey && (!s.sync || s.decode < c.pos) {
		return
	}
	if c.leads {
		c.needKey = false
		c.lead(s)
		return
	}
	if c.newScale > 0 {
		if c.later = append(c.later, s); len(c.later) > laterMost {
			c.later = c.later[1:]
		}
		c.poll()
		return
	}
	c.queue = append(c.queue, s)
	c.poll()
}

// lead cuts by the leading track's own frames.
func (c *cutter) lead(s sample) {
	s.decode = max(s.decode, c.floor())
	if !c.frozen && c.group.whole() {
		c.frozen, c.heard = true, true // no picture was lost: it is late, and the one before stays
	}
	c.skip(s.decode + 1)
	if s.sync && c.clock.breaks && len(c.open) == 0 && c.index == 0 {
		s.decode = max(s.decode, c.pos+c.scale/1000) // no segment is without a part
	}
	canEnd := len(c.open) > 0 || s.decode-c.pos >= c.shortest
	switch {
	case c.clock.frame(instant(s.decode, c.scale), s.sync, canEnd):
		c.leap(s.decode)
	case c.waiting:
		c.close(c.clamp(s.decode), false)
	}
	c.append(s)
	end, full := c.full(s)
	if !full {
		return
	}
	at := instant(end, c.scale)
	switch {
	case c.clock.ends(at):
		c.close(end, true)
	case c.clock.expects(at, instant(s.length, c.scale)):
		c.waiting = true
	default:
		c.close(end, false)
	}
}

// edge is the end of the last sample.
func (c *cutter) edge() int64 {
	if n := len(c.open); n > 0 {
		return c.open[n-1].decode + c.open[n-1].length
	}
	return c.pos
}

// floor is the least decode time of a next sample.
func (c *cutter) floor() int64 {
	if n := len(c.open); n > 0 {
		return c.open[n-1].decode + 1
	}
	return c.pos
}

// skip brings the cutter so near to an instant that a part can reach it: the open
// part's last sample is stretched, and gap parts fill the rest.
func (c *cutter) skip(to int64) {
	for to-c.pos > c.longest {
		end := c.pos + c.longest
		c.close(end, c.leads && c.clock.ends(instant(end, c.scale)))
	}
}

func (c *cutter) append(s sample) {
	if len(c.open) == 0 {
		s.decode = c.pos
	}
	c.open, c.frozen, c.heard = append(c.open, s), false, false
	if c.audio {
		return
	}
	c.group.add(s, c.scale)
	if s.sync {
		c.key = s.data
		c.keys.observe(s.decode)
	}
}

// full says whether the open part shall take no other sample, and where it then
// ends: it has no room, or it is one of the even pieces that bring the next
// keyframe to the beginning of a part, which is then independent.
func (c *cutter) full(s sample) (end int64, full bool) {
	end = c.open[len(c.open)-1].decode + s.length
	length := end - c.pos
	if length+s.length > c.longest {
		return c.clamp(end), true
	}
	rest := c.keys.next() - c.pos
	if length < c.shortest || rest < length-s.length/2 {
		return 0, false
	}
	pieces := (rest + c.longest - 1) / c.longest
	return end, length >= rest/pieces-s.length/2
}

func (c *cutter) clamp(end int64) int64 {
	return max(min(end, c.pos+c.longest), c.pos+c.shortest, c.floor())
}

// close ends the open part and hands it out; without samples it is a gap, or a still where
// the picture stands.
func (c *cutter) close(end int64, last bool) {
	if len(c.open) == 0 && c.frozen && c.key != nil {
		c.open = c.still(end)
		c.stands = !c.heard
	}
	p := &media.Part{
		Rendition: c.rendition, Number: c.number, MSN: c.segment.msn, Index: c.index,
		Start: instant(c.pos, c.scale), Discontinuity: c.segment.discontinuity, Init: c.init,
		Gap: len(c.open) == 0, SegmentEnd: last, Still: c.stands,
	}
	c.stands = false
	p.Duration = instant(end, c.scale) - p.Start
	p.ProgramTime = c.segment.wall.program(p.Start).Truncate(time.Millisecond)
	if !p.Gap {
		p.Independent = c.open[0].sync
		p.Data = c.fragment(end)
	}
	c.pos = end
	c.open = c.open[:0]
	c.waiting = false
	c.number++
	c.index++
	if last {
		c.enter()
	}
	c.emit(p)
}

// enter goes on to the next segment.
func (c *cutter) enter() {
	if next, ok := c.clock.after(c.segment.msn); ok {
		c.segment, c.index = next, 0
		c.init = c.newInit
		if c.newScale > 0 {
			c.turn(c.newScale)
		}
	}
}

// use takes an init segment into use: at once when the open segment has no part yet,
// else with the next segment.
func (c *cutter) use(n int) {
	c.newInit = n
	if c.index == 0 && len(c.open) == 0 {
		c.init = n
	}
}

func (c *cutter) fragment(end int64) []byte {
	c.scratch = c.scratch[:0]
	for i, s := range c.open {
		until := end
		if i+1 < len(c.open) {
			until = c.open[i+1].decode
		}
		c.scratch = append(c.scratch, cmaf.Sample{
			Duration: uint32(until - s.decode), Offset: int32(s.present - s.decode), Sync: s.sync, Data: s.data,
		})
	}
	data := cmaf.Fragment(uint32(c.number+1), uint64(c.pos), c.scratch)
	clear(c.open) // let go of the units
	clear(c.scratch)
	return data
}

// flush ends the rendition with what it has; the broadcast is over.
func (c *cutter) flush() {
	queue := c.queue
	c.queue = nil
	for _, s := range queue {
		if instant(s.decode+s.length, c.scale)-c.clock.current().at > c.clock.limit {
			break // far behind the last picture: no segment is that long
		}
		c.follow(s)
	}
	if len(c.open) > 0 {
		c.close(min(max(c.edge(), c.floor()), c.pos+c.longest), true)
	}
}
