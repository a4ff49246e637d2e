package peer_test

import "github.com/liverelay/liverelay/p2p/wire"

// overtakenScripts: what stands for itself comes in another order than it was sent in.
func overtakenScripts() []*trace {
	other := func(s *script, at int64, id string) *script {
		return s.says(at, id, wire.Hello{Version: 1, Stream: "demo", Epoch: "abcdefghijklmnop", Agent: "other"})
	}
	early := newScript("media-before-hello", "Data, heads or absent before hello: nobody asked for them yet. Heads that are signed are used all the same.").
		has(0, 90, 130, medium).follow(0, 0).head(100, 0, 97).feeds(100, 0, 97, 0, 5)
	for i, id := range []string{"ann", "bob", "cem"} {
		early.add(event{At: 110 + int64(i), Event: "peerOpen", Peer: id})
	}
	early.sends(120, "ann", 0, 98, 0, 0).headFrom(121, "bob", 0, 98).says(122, "cem", absent(0, 98, 1))
	other(early, 130, "ann").note("nobody listens")
	return []*trace{
		early.add(event{At: 140, Event: "peerOpen", Peer: "bob"}).note("not again").done(),
		planted("overtaken-heads", "Chunks come before their heads, and parts before the ones before them; what waited goes on when its head comes.").
			joins(990, "cem", 1).says(991, "cem", subscribe(0, 63)).
			sends(1000, "ann", 0, 100, 0, 2).note("waits").sends(1001, "ann", 0, 99, 0, 0).note("waits").
			headFrom(1002, "bob", 0, 100).note("goes on").sends(1003, "ann", 0, 100, 3, 5).note("whole before 99").
			sends(1004, "ann", 0, 99, 1, 2).tick(1050).headFrom(1060, "ann", 0, 99).sends(1070, "ann", 0, 99, 3, 5).
			headFrom(1080, "bob", 0, 99).note("known").tick(1100).
			done(),
		planted("overtaken-ends", "What was on its way when a subscription or a request ended, by either side, is no fault, also when the same begins again.").
			plan(1000, 2, []int{0}, [2]string{"bob", "ann"}).headFrom(1010, "bob", 0, 99).sends(1011, "bob", 0, 99, 0, 5).note("ann is left").
			sends(1020, "ann", 0, 99, 0, 1).note("was on its way").
			plan(1030, 3, []int{0}, [2]string{"ann", "bob"}).sends(1040, "ann", 0, 99, 2, 2).note("from before it").
			headFrom(1250, "bob", 0, 100).sends(1260, "ann", 0, 100, 0, 5).sends(1261, "bob", 0, 100, 0, 0).note("bob was left").
			says(1300, "ann", wire.Refuse{Rendition: 0, Stripes: 0b000110}).headFrom(1500, "ann", 0, 101).
			sends(1501, "ann", 0, 101, 0, 1).note("chunk 1 was pushed before it was refused").
			says(1510, "ann", absent(0, 101, 2)).sends(1511, "ann", 0, 101, 3, 5).note("overtaken by absent").
			tick(1550).sends(1560, "ann", 0, 101, 2, 2).note("from before its refusal: bob's is taken back").
			sends(1570, "bob", 0, 101, 2, 2).note("was on its way").sends(1580, "bob", 0, 101, 2, 2).note("pushed as well").
			sends(11_300, "ann", 0, 101, 1, 1).note("not that again").
			done(),
	}
}
