package peer_test

import (
	"github.com/liverelay/liverelay/p2p/internal/vector"
	"github.com/liverelay/liverelay/p2p/wire"
)

const small, medium = 1000, 6000 // one chunk, and six of 1,000 bytes

// script builds a trace's events.
type script struct{ trace }

func newScript(name, about string) *script {
	s := &script{}
	s.Name, s.About = name, about
	s.Config = traceConfig{ID: "self", Stream: "demo", Epoch: "abcdefghijklmnop", Agent: "test"}
	return s
}

func (s *script) add(e event) *script {
	s.Events = append(s.Events, e)
	return s
}

func (s *script) note(about string) *script {
	s.Events[len(s.Events)-1].About = about
	return s
}

// has puts parts from number a to b into the table.
func (s *script) has(rendition int, a, b uint64, length int) *script {
	for n := a; n <= b; n++ {
		s.Parts = append(s.Parts, tracePart{rendition, n, length})
	}
	return s
}

func (s *script) follow(at int64, renditions ...int) *script {
	return s.add(event{At: at, Event: "follow", Renditions: renditions})
}

// joins opens a channel, with hello and interest from the other side.
func (s *script) joins(at int64, id string, interest uint32) *script {
	s.add(event{At: at, Event: "peerOpen", Peer: id})
	s.says(at, id, wire.Hello{Version: 1, Stream: s.Config.Stream, Epoch: s.Config.Epoch, Agent: "other"})
	return s.says(at, id, wire.Interest{Renditions: interest})
}

func (s *script) leaves(at int64, id string) *script {
	return s.add(event{At: at, Event: "peerClose", Peer: id})
}

func (s *script) says(at int64, id string, m wire.Message) *script {
	v := vector.FromWire(m)
	return s.add(event{At: at, Event: "message", Peer: id, Message: &v})
}

func (s *script) raw(at int64, id string, b ...byte) *script {
	h := vector.Hex(b)
	return s.add(event{At: at, Event: "message", Peer: id, Hex: &h})
}

func (s *script) head(at int64, rendition int, numbers ...uint64) *script {
	return s.headFrom(at, "", rendition, numbers...)
}

func (s *script) headFrom(at int64, peer string, rendition int, numbers ...uint64) *script {
	e := event{At: at, Event: "heads", Peer: peer}
	for _, n := range numbers {
		e.Heads = append(e.Heads, [2]uint64{uint64(rendition), n})
	}
	return s.add(e)
}

// sends brings right chunks of a part, those from a to b.
func (s *script) sends(at int64, id string, rendition int, number uint64, a, b int) *script {
	for i := a; i <= b; i++ {
		s.add(event{At: at, Event: "message", Peer: id, Message: &vector.Message{Type: "data", Rendition: rendition, Number: number, Chunk: i}})
	}
	return s
}

// feeds is sends by the feed.
func (s *script) feeds(at int64, rendition int, number uint64, a, b int) *script {
	for i := a; i <= b; i++ {
		s.add(event{At: at, Event: "feedData", Rendition: rendition, Number: number, Chunk: i})
	}
	return s
}

func (s *script) fetched(at int64, rendition int, number uint64, first, count int) *script {
	return s.add(event{At: at, Event: "fetched", Rendition: rendition, Number: number, Chunk: first, Count: count})
}

func (s *script) failed(at int64, rendition int, number uint64, gone bool, retryAfter int64) *script {
	return s.add(event{At: at, Event: "fetchFailed", Rendition: rendition, Number: number, Gone: gone, RetryAfter: retryAfter})
}

func (s *script) demand(at int64, rendition int, number uint64) *script {
	return s.add(event{At: at, Event: "demand", Rendition: rendition, Number: number})
}

func (s *script) playhead(at, ms int64) *script {
	return s.add(event{At: at, Event: "playhead", MS: ms})
}

func (s *script) tick(at int64) *script { return s.add(event{At: at, Event: "tick"}) }

// ticks ticks every 50 ms from one moment to another.
func (s *script) ticks(from, to int64) *script {
	for at := from; at <= to; at += 50 {
		s.tick(at)
	}
	return s
}

// plan names one source for all stripes, or six.
func (s *script) plan(at int64, serial uint64, renditions []int, sources ...[2]string) *script {
	for len(sources) < wire.Stripes {
		sources = append(sources, sources[0])
	}
	return s.add(event{At: at, Event: "plan", Serial: serial, Renditions: renditions, Stripes: sources})
}

func (s *script) done() *trace { return &s.trace }

func id(rendition int, number uint64) wire.PartID {
	return wire.PartID{Rendition: rendition, Number: number}
}

func wants(rendition int, number uint64, chunks ...int) wire.Message {
	return wire.Request{PartID: id(rendition, number), Chunks: wire.BitmapOf(chunks...)}
}

func absent(rendition int, number uint64, chunks ...int) wire.Message {
	return wire.Absent{PartID: id(rendition, number), Chunks: wire.BitmapOf(chunks...)}
}

func subscribe(rendition int, stripes uint8) wire.Message {
	return wire.Subscribe{Wishes: []wire.Wish{{Rendition: rendition, Stripes: stripes}}}
}

func scripts() []*trace {
	var all []*trace
	for _, group := range [][]*trace{treeScripts(), trouble(), answerScripts(), abuseScripts(), storeScripts(), busyScripts(), overtakenScripts()} {
		all = append(all, group...)
	}
	return all
}

// fed begins with a feed of all stripes that brought part 97 and the head of 98, and
// with ann and bob at the other end.
func fed(name, about string) *script {
	return newScript(name, about).has(0, 90, 130, medium).
		follow(0, 0).head(100, 0, 97).feeds(100, 0, 97, 0, 5).
		joins(110, "ann", 1).joins(111, "bob", 1)
}

// planted is fed, then ann is the parent of all stripes, bob the standby, and ann
// brought part 98; the feed is closed.
func planted(name, about string) *script {
	return fed(name, about).plan(120, 1, []int{0}, [2]string{"ann", "bob"}).
		headFrom(350, "ann", 0, 98).sends(355, "ann", 0, 98, 0, 5).tick(400).tick(900)
}
