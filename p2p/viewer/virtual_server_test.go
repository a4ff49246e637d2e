package viewer

import (
	"encoding/binary"
	"math/bits"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/origin/egress"
	"github.com/liverelay/liverelay/p2p/peer"
	"github.com/liverelay/liverelay/p2p/wire"
)

// partBytes is the size of a part: a keyframe every two seconds makes its part three
// times as long as the mean.
func partBytes(number uint64) int {
	if number%8 == 0 {
		return 3 * meanPart
	}
	return meanPart * 5 / 7
}

// partBody is a part's media.
func partBody(number uint64) []byte {
	b := make([]byte, partBytes(number))
	for i := range b {
		b[i] = byte(i*31 + i/256 + int(number)*7)
	}
	return b
}

func (s *virtual) publish() {
	number := uint64(len(s.heads))
	data := partBody(number)
	start := time.Duration(number) * partTime * time.Millisecond
	h := media.Head{
		Number: number, MSN: number / 8, Start: start, Duration: partTime * time.Millisecond, Length: len(data),
		ProgramTime: time.UnixMilli(0).Add(start), Independent: number%8 == 0, SegmentEnd: number%8 == 7,
	}
	n := wire.ChunkCount(len(data))
	for i := range n {
		from, to := wire.ChunkBounds(len(data), n, i)
		h.Chunks = append(h.Chunks, wire.HashChunk(data[from:to]))
	}
	s.parts, s.heads = append(s.parts, data), append(s.heads, h)
}

// sent counts what left the server, and ends a feed when that has to be.
func (s *virtual) sent(bytes int) {
	s.seen.origin += bytes
	if s.budget == nil {
		return
	}
	s.budget.Sent(bytes, s.clock())
	if feed := s.budget.Shed(s.clock()); feed != nil {
		s.shed(feed)
	}
}

// shed ends a feed that has to make room.
func (s *virtual) shed(feed *egress.Feed) {
	for _, m := range s.members {
		if m.feed != nil && m.feed.given == feed {
			m.feed.over = true
			m.feed = nil
			s.seen.shed++
			s.after(oneWay, func() { s.do(m, m.core.FeedLost(s.now, 0)) })
		}
	}
}

// patience is how long the server lets a request wait for its turn, in ms.
const patience = 400

// inTurn answers a request when it reached the server and its class has its turn.
func (s *virtual) inTurn(class egress.Class, answer func()) {
	until := s.now + 2*oneWay + patience
	var look func()
	look = func() {
		if s.budget != nil {
			if wait := s.budget.Wait(class, s.clock()).Milliseconds() + 1; wait > 1 && s.now+wait <= until {
				s.after(wait, look)
				return
			}
		}
		answer()
	}
	s.after(2*oneWay, look)
}

// admits asks the budget; refusals cost as well.
func (s *virtual) admits(class egress.Class, bytes int) (ok bool, retry int64) {
	if s.budget == nil || s.budget.Ask(class, bytes, s.clock()) {
		if s.budget != nil {
			s.budget.Done(bytes)
		}
		return true, 0
	}
	return false, s.refuse()
}

func (s *virtual) refuse() (retry int64) {
	s.seen.refused++
	s.sent(400)
	return s.budget.Retry(s.clock(), s.random.Float64()).Milliseconds()
}

func (s *virtual) endFeed(m *member) {
	if m.feed == nil {
		return
	}
	m.feed.over = true
	if m.feed.given != nil {
		s.budget.End(m.feed.given)
	}
	m.feed = nil
}

// feed gives what there is and what comes, until another one is wanted.
func (s *virtual) feed(m *member, a peer.Action) {
	s.endFeed(m)
	if len(a.Want) == 0 {
		return
	}
	f, want := &running{}, a.Want[0]
	m.feed = f
	count := bits.OnesCount8(want.Stripes)
	class := egress.Rescue
	switch {
	case a.Seed || count == 0:
		class = egress.Seed
	case count > wire.Stripes/2:
		class = egress.Join
	}
	s.inTurn(class, func() {
		if f.over || m.dead {
			return
		}
		if s.budget != nil {
			var ended []*egress.Feed
			f.given, ended = s.budget.Follow(class, bitrate/8*float64(count)/wire.Stripes+700, s.clock())
			for _, e := range ended {
				s.shed(e)
			}
			if f.given == nil {
				m.feed = nil
				s.do(m, m.core.FeedLost(s.now, s.refuse()))
				return
			}
		}
		s.sent(300)
		s.give(m, f, want)
	})
}

func (s *virtual) give(m *member, f *running, want peer.Want) {
	from := uint64(max(want.From, 0))
	if want.From < 0 {
		from = uint64(max(len(s.heads)-4, 0))
	}
	var next func()
	next = func() {
		for ; !m.dead && !f.over && from < uint64(len(s.heads)); from++ {
			s.givePart(m, from, want.Stripes)
		}
		if !m.dead && !f.over {
			s.after(10, next)
		}
	}
	next()
}

func (s *virtual) givePart(m *member, number uint64, stripes uint8) {
	h := s.heads[number]
	body, err := wire.AppendBatch(nil, []media.Head{h})
	require.NoError(s.t, err)
	payload := append(append(binary.AppendUvarint(nil, uint64(len(body))), body...), make([]byte, 64)...)
	s.sent(len(payload))
	s.headsCame(m, []media.Head{h}, payload, "")
	data := s.parts[number]
	for i := range h.Chunks {
		if stripes>>wire.Stripe(number, i, len(h.Chunks))&1 != 0 {
			from, to := wire.ChunkBounds(len(data), len(h.Chunks), i)
			s.sent(to - from)
			s.do(m, m.core.FeedData(s.now, partID(number), i, data[from:to]))
		}
	}
}

func (s *virtual) fetch(m *member, a peer.Action) {
	s.seen.fetches++
	aborted := false
	m.fetches[a.Part] = &aborted
	s.inTurn(egress.Basic, func() {
		if aborted || m.dead {
			return
		}
		if ok, retry := s.admits(egress.Basic, a.To-a.From); !ok {
			s.do(m, m.core.FetchFailed(s.now, a.Part, false, retry))
			return
		}
		s.sent(300 + a.To - a.From)
		s.after(20, func() {
			if !aborted {
				s.do(m, m.core.Fetched(s.now, a.Part, s.parts[a.Part.Number][a.From:a.To]))
			}
		})
	})
}
