package peer_test

import (
	"github.com/liverelay/liverelay/p2p/internal/vector"
	"github.com/liverelay/liverelay/p2p/wire"
)

// script builds a trace's events. The duties of rendition 0 by number, of self and
// ann: ann 99, 101, 104, 107, 108; self 97, 98, 100, 102, 103, 105, 106. With bob: bob
// 97, 103, 106, 107.
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
	e := event{At: at, Event: "heads"}
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

func (s *script) fetched(at int64, rendition int, number uint64) *script {
	return s.add(event{At: at, Event: "fetched", Rendition: rendition, Number: number})
}

func (s *script) failed(at int64, rendition int, number uint64, gone bool) *script {
	return s.add(event{At: at, Event: "fetchFailed", Rendition: rendition, Number: number, Gone: gone})
}

func (s *script) demand(at int64, rendition int, number uint64) *script {
	return s.add(event{At: at, Event: "demand", Rendition: rendition, Number: number})
}

func (s *script) buffer(at, ms int64) *script {
	return s.add(event{At: at, Event: "buffer", MS: ms})
}

func (s *script) tick(at int64) *script { return s.add(event{At: at, Event: "tick"}) }

func (s *script) done() *trace { return &s.trace }

func id(rendition int, number uint64) wire.PartID {
	return wire.PartID{Rendition: rendition, Number: number}
}

func want(rendition int, number uint64, chunks ...int) wire.Message {
	return wire.Request{PartID: id(rendition, number), Chunks: wire.BitmapOf(chunks...)}
}

func absent(rendition int, number uint64, chunks ...int) wire.Message {
	return wire.Absent{PartID: id(rendition, number), Chunks: wire.BitmapOf(chunks...)}
}

func have(rendition int, numbers ...uint64) wire.Message {
	m := wire.Have{}
	for _, n := range numbers {
		m.Parts = append(m.Parts, id(rendition, n))
	}
	return m
}

func scripts() []*trace {
	var all []*trace
	for _, group := range [][]*trace{dutyScripts(), sourceScripts(), answerScripts(), abuseScripts(), storeScripts()} {
		all = append(all, group...)
	}
	return all
}
