package peer_test

import (
	"github.com/liverelay/liverelay/p2p/internal/vector"
	"github.com/liverelay/liverelay/p2p/wire"
)

func hexOf(b []byte) *vector.Hex {
	h := vector.Hex(b)
	return &h
}

// wrong brings a chunk with other bytes.
func (s *script) wrong(at int64, peer string, rendition int, number uint64, chunk, length int) *script {
	return s.says(at, peer, wire.Data{PartID: id(rendition, number), Chunk: chunk, Bytes: make([]byte, length)})
}

// two begins with ann and bob at the other end, and part 99 asked of ann.
func two(name, about string) *script {
	return newScript(name, about).has(0, 97, 109, medium).
		follow(0, 0).joins(10, "ann", 0b1).joins(11, "bob", 0b1).head(100, 0, 98)
}

func abuseScripts() []*trace {
	hello := wire.Hello{Version: 1, Stream: "demo", Epoch: "abcdefghijklmnop", Agent: "other"}
	other := func(change func(*wire.Hello)) wire.Hello {
		h := hello
		change(&h)
		return h
	}
	return []*trace{
		two("wrong-bytes", "Wrong bytes close the connection; the rest is asked of others, nothing wrong is passed on, and the peer does not come back.").
			head(350, 0, 99).says(351, "bob", have(0, 99)).says(352, "bob", want(0, 99)).
			sends(353, "ann", 0, 99, 0, 1).wrong(354, "ann", 0, 99, 2, 1000).
			add(event{At: 360, Event: "peerOpen", Peer: "ann"}).note("not again").
			sends(361, "ann", 0, 99, 3, 3).note("nobody listens").
			sends(365, "bob", 0, 99, 2, 5).
			done(),
		two("wrong-length", "A chunk of a wrong length.").
			head(350, 0, 99).wrong(351, "ann", 0, 99, 0, 1001).done(),
		two("bytes-after-the-end", "A chunk that the part has not.").
			head(350, 0, 99).wrong(351, "ann", 0, 99, 6, 1000).done(),
		two("wrong-before-head", "Wrong bytes that wait for their head are found out when it comes; right ones of the same peer are used.").
			sends(110, "ann", 0, 99, 0, 0).wrong(111, "ann", 0, 99, 1, 1000).sends(112, "ann", 0, 99, 2, 2).
			head(350, 0, 99).tick(600).done(),
		two("unasked", "Bytes that nobody asked for.").
			sends(110, "bob", 0, 97, 0, 0).done(),
		two("twice", "A chunk that was answered already.").
			head(350, 0, 99).sends(351, "ann", 0, 99, 0, 0).sends(352, "ann", 0, 99, 0, 0).done(),
		two("from-both", "A chunk that came from elsewhere meanwhile is no fault, when it was asked.").
			head(350, 0, 99).says(351, "bob", have(0, 99)).tick(425).
			sends(430, "bob", 0, 99, 0, 5).note("bob is first; ann's are cancelled").
			sends(440, "ann", 0, 99, 0, 0).done(),
		two("flood", "200 messages within a second are borne, 201 are not; a second begins with the first message after the last one's end.").
			add(event{At: 1010, Event: "message", Peer: "ann", Repeat: 200, Message: ptr(have(0, 97))}).
			add(event{At: 2010, Event: "message", Peer: "ann", Repeat: 200, Message: ptr(have(0, 97))}).
			says(3009, "ann", have(0, 97)).done(),
		two("accused", "Heads that nobody signed: the shell says so, and the peer is closed for good.").
			says(110, "bob", have(0, 99)).
			add(event{At: 120, Event: "accuse", Peer: "ann", Code: wire.ByeWrong}).
			add(event{At: 130, Event: "accuse", Peer: "eve", Code: wire.ByeWrong}).note("unknown").
			add(event{At: 140, Event: "peerOpen", Peer: "ann"}).
			done(),
		two("malformed", "Malformed messages close the connection.").
			raw(110, "ann", 5, 0).raw(120, "bob", 16, 1, 2, 3).done(),
		newScript("hello", "Hello comes first and once, with our stream and epoch, within ten seconds.").
			follow(0, 0).
			add(event{At: 10, Event: "peerOpen", Peer: "a"}).says(11, "a", have(0, 1)).note("hello comes first").
			joins(20, "b", 1).says(21, "b", hello).note("and once").
			add(event{At: 30, Event: "peerOpen", Peer: "c"}).says(31, "c", other(func(h *wire.Hello) { h.Version = 2 })).
			add(event{At: 40, Event: "peerOpen", Peer: "d"}).says(41, "d", other(func(h *wire.Hello) { h.Stream = "other" })).
			add(event{At: 50, Event: "peerOpen", Peer: "e"}).says(51, "e", other(func(h *wire.Hello) { h.Epoch = "older" })).
			add(event{At: 60, Event: "peerOpen", Peer: "f"}).
			joins(70, "g", 1).says(71, "g", wire.Bye{Code: 0, Reason: "leaving"}).
			tick(10_059).tick(10_060).note("f never said hello").
			add(event{At: 10_070, Event: "peerOpen", Peer: "c"}).note("that was no violation").
			add(event{At: 10_071, Event: "peerOpen", Peer: "a"}).note("that was").
			done(),
	}
}

func ptr(m wire.Message) *vector.Message {
	v := vector.FromWire(m)
	return &v
}
