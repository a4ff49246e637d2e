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

func abuseScripts() []*trace {
	hello := wire.Hello{Version: 1, Stream: "demo", Epoch: "abcdefghijklmnop", Agent: "other"}
	other := func(change func(*wire.Hello)) wire.Hello {
		h := hello
		change(&h)
		return h
	}
	interest := wire.Interest{Renditions: 1}
	return []*trace{
		planted("wrong-bytes", "Wrong bytes of a parent close it for good; the standby steps in; nothing wrong goes on.").
			joins(990, "cem", 1).says(991, "cem", subscribe(0, 63)).
			headFrom(1000, "ann", 0, 99).sends(1001, "ann", 0, 99, 0, 1).wrong(1002, "ann", 0, 99, 2, 1000).
			add(event{At: 1010, Event: "peerOpen", Peer: "ann"}).note("not again").
			sends(1011, "ann", 0, 99, 3, 3).note("nobody listens").
			sends(1020, "bob", 0, 99, 2, 5).
			done(),
		planted("wrong-length", "A chunk of a wrong length.").
			headFrom(1000, "ann", 0, 99).wrong(1001, "ann", 0, 99, 0, 1001).done(),
		planted("bytes-after-the-end", "A chunk that the part has not.").
			headFrom(1000, "ann", 0, 99).wrong(1001, "ann", 0, 99, 6, 1000).done(),
		planted("wrong-and-held", "Wrong bytes for a chunk that is held.").
			wrong(1001, "ann", 0, 97, 0, 1000).done(),
		planted("wrong-before-head", "Wrong bytes that wait for their head are found out when it comes; right ones of the same peer are used.").
			sends(1000, "ann", 0, 99, 0, 0).wrong(1001, "ann", 0, 99, 1, 1000).sends(1002, "ann", 0, 99, 2, 2).
			headFrom(1010, "bob", 0, 99).done(),
		newScript("turns", "The only chunk of a part before its head: of who brings the stripe whose turn it is, and of who does not.").
			has(0, 95, 110, small).follow(0, 0).head(10, 0, 96).feeds(10, 0, 96, 0, 0).
			joins(20, "ann", 1).joins(21, "bob", 1).
			plan(30, 1, []int{0}, [2]string{"", ""}, [2]string{"ann", ""}, [2]string{"", ""}, [2]string{"bob", ""}).
			sends(1000, "ann", 0, 99, 0, 0).note("99 is of stripe 1").headFrom(1010, "bob", 0, 99).note("whole").
			sends(1020, "ann", 0, 103, 0, 0).note("103 is of stripe 3").
			done(),
		planted("unasked", "A chunk that nobody subscribed to, and one of a peer that was only asked for others.").
			headFrom(1000, "ann", 0, 99).sends(1001, "bob", 0, 99, 0, 0).done(),
		planted("twice", "A chunk that was pushed already.").
			headFrom(1000, "ann", 0, 99).sends(1001, "ann", 0, 99, 0, 0).sends(1002, "ann", 0, 99, 0, 0).done(),
		planted("too-far-ahead", "Chunks of parts that can't be yet: some may be on their way before the head that says how numbers leapt, of no more than 256 KiB.").
			has(0, 150, 150, 60_000).wrong(1000, "ann", 0, 106, 0, 1000).note("waits").
			wrong(1001, "bob", 0, 107, 0, 1000).note("bob was not told to").
			sends(1002, "ann", 0, 150, 0, 5).note("too early").headFrom(1003, "cem", 0, 150).sends(1004, "ann", 0, 150, 0, 5).note("in time").
			wrong(1005, "ann", 0, 159, 0, 16_384).add(stray(1006, 11)).note("not more").add(stray(1007, 1)).note("more").
			done(),
		planted("much-too-far", "Nor can numbers leap by more than 2048.").
			wrong(1000, "ann", 0, 98+2048, 0, 1000).wrong(1001, "ann", 0, 98+2049, 0, 1000).note("nothing is that far").
			done(),
		planted("too-old", "A chunk of a part that has left the store, because of a head that overtook it.").
			has(0, 160, 163, medium).headFrom(1000, "bob", 0, 162).sends(1001, "ann", 0, 98, 0, 0).sends(1002, "bob", 0, 98, 0, 0).
			note("bob was not told to").
			joins(1010, "cem", 1).says(1011, "cem", wire.Interest{}).plan(1012, 2, []int{0}, [2]string{"cem", ""}).
			has(0, 2147, 2147, medium).headFrom(1020, "cem", 0, 2147).wrong(1021, "cem", 0, 99, 0, 1000).note("2048 before the newest").
			wrong(1022, "cem", 0, 98, 0, 1000).note("2049").done(),
		planted("unsubscribed", "Who was left may push for ten seconds what was on its way.").
			plan(1000, 2, []int{0}, [2]string{"bob", ""}).headFrom(1010, "bob", 0, 99).sends(1011, "bob", 0, 99, 0, 5).
			sends(1020, "ann", 0, 99, 0, 0).headFrom(11_000, "bob", 0, 100).sends(11_010, "ann", 0, 100, 0, 0).sends(11_011, "ann", 0, 100, 1, 1).
			done(),
		fed("flood", "200 messages within a second are borne, 201 are not; a second begins with the first message after the last one's end.").
			add(event{At: 1111, Event: "message", Peer: "ann", Repeat: 200, Message: ptr(interest)}).
			add(event{At: 2111, Event: "message", Peer: "ann", Repeat: 200, Message: ptr(interest)}).
			says(3110, "ann", interest).done(),
		fed("accused", "Heads that nobody signed: the shell says so, and the peer is closed for good.").
			add(event{At: 120, Event: "accuse", Peer: "ann", Code: wire.ByeWrong}).
			add(event{At: 130, Event: "accuse", Peer: "eve", Code: wire.ByeWrong}).note("unknown").
			add(event{At: 140, Event: "peerOpen", Peer: "ann"}).
			done(),
		fed("malformed", "Malformed messages close the connection.").
			raw(120, "ann", 5, 0).raw(130, "bob", 18, 1, 2, 3).done(),
		newScript("hello", "Hello comes first and once, with our stream and epoch, within ten seconds.").
			follow(0, 0).
			add(event{At: 10, Event: "peerOpen", Peer: "a"}).says(11, "a", interest).note("hello comes first").
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

// stray is data of a part that can't be yet, again and again.
func stray(at int64, repeat int) event {
	m := wire.Data{PartID: id(0, 200), Bytes: make([]byte, 16_384)}
	return event{At: at, Event: "message", Peer: "ann", Repeat: repeat, Message: ptr(m)}
}

func ptr(m wire.Message) *vector.Message {
	v := vector.FromWire(m)
	return &v
}
