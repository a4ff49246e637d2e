package peer_test

import "github.com/liverelay/liverelay/p2p/wire"

const small, medium = 1000, 6000 // one chunk, and six of 1,000 bytes

func dutyScripts() []*trace {
	return []*trace{
		newScript("duty", "Two peers share the duty for video and audio: what ann has is asked of her, the rest is fetched ahead.").
			has(0, 97, 103, medium).has(1, 97, 103, small).
			follow(0, 0, 1).joins(10, "ann", 0b11).
			head(100, 0, 97).head(101, 1, 97).
			head(350, 0, 98).note("99 is ann's").head(351, 1, 98).
			fetched(352, 0, 98).fetched(353, 1, 98).
			head(600, 0, 99).sends(605, "ann", 0, 99, 0, 5).
			head(606, 1, 99).sends(607, "ann", 1, 99, 0, 0).
			tick(650).tick(900).note("nothing is left to be done").
			done(),
		newScript("alone", "Without a neighbour every part is fetched ahead; on following again only the one after the newest.").
			has(0, 97, 101, medium).
			follow(0, 0).head(100, 0, 97).head(350, 0, 98).fetched(351, 0, 98).
			follow(400).head(600, 0, 99).note("not followed").follow(700, 0).
			head(850, 0, 100).fetched(851, 0, 100).
			done(),
		newScript("cut-through", "A chunk goes on to those whose request is kept as soon as it is checked; a fetched part that came before its head waits for it.").
			has(0, 97, 103, medium).
			follow(0, 0).joins(10, "ann", 0b1).joins(20, "bob", 0b10).note("bob follows another rendition and asks all the same").
			head(100, 0, 98).note("99 is asked of ann").
			says(110, "bob", want(0, 99)).note("kept, though it does not exist yet").
			head(350, 0, 99).sends(355, "ann", 0, 99, 0, 2).
			says(360, "ann", want(0, 100)).fetched(365, 0, 100).
			sends(366, "ann", 0, 99, 3, 5).
			head(600, 0, 100).
			says(610, "bob", want(0, 100, 1, 4)).note("held: answered at once").
			tick(650).
			done(),
		newScript("identity", "The tracker gives another id, and with it other duties.").
			has(0, 96, 103, medium).
			follow(0, 0).joins(10, "ann", 0b1).
			add(event{At: 20, Event: "identify", Peer: "bob"}).head(100, 0, 96).
			head(350, 0, 98).note("99 is ann's still").head(600, 0, 102).note("103 is this peer's as self, and as bob").
			done(),
		newScript("head-jump", "Heads that come together: all parts up to the one after the newest are seen to, eight at most.").
			has(0, 90, 130, medium).
			follow(0, 0).head(10, 0, 90).head(20, 0, 91, 92, 93).head(30, 0, 110).
			done(),
		newScript("before-head", "Chunks that come before their head wait for it.").
			has(0, 97, 101, medium).
			follow(0, 0).joins(10, "ann", 0b1).
			head(100, 0, 98).sends(110, "ann", 0, 99, 0, 4).head(350, 0, 99).sends(351, "ann", 0, 99, 5, 5).
			done(),
		newScript("gap", "A gap is whole when its head comes; requests for it are cancelled or dropped.").
			has(0, 97, 98, medium).has(0, 99, 100, 0).
			follow(0, 0).joins(10, "ann", 0b1).
			head(100, 0, 98).says(105, "ann", want(0, 100)).head(350, 0, 99).head(600, 0, 100).
			says(610, "ann", want(0, 100)).demand(620, 0, 99).tick(1000).
			done(),
	}
}

func sourceScripts() []*trace {
	return []*trace{
		newScript("patience", "At half of the patience a second source is asked for what is missing, at its end the server; what comes late is forgiven.").
			has(0, 97, 101, medium).
			follow(0, 0).joins(10, "ann", 0b1).joins(11, "bob", 0b1).buffer(12, 1000).
			head(100, 0, 98).head(350, 0, 99).note("due at 950, half at 650").
			sends(360, "ann", 0, 99, 0, 1).says(500, "bob", have(0, 99)).
			tick(649).tick(650).sends(700, "bob", 0, 99, 2, 2).
			tick(949).tick(950).fetched(960, 0, 99).
			sends(970, "ann", 0, 99, 2, 5).sends(980, "bob", 0, 99, 3, 3).note("forgiven").
			sends(11_000, "bob", 0, 99, 4, 4).note("not after ten seconds").
			done(),
		newScript("patience-bounds", "Patience is 150 ms at least and 1,000 ms at most.").
			has(0, 97, 109, medium).
			follow(0, 0).joins(10, "ann", 0b1).
			head(100, 0, 98).head(350, 0, 99).tick(499).tick(500).note("the server is asked; ann's answer comes first").
			sends(510, "ann", 0, 99, 0, 5).
			buffer(520, 9000).head(600, 0, 100).fetched(601, 0, 100).head(850, 0, 101).
			tick(1849).tick(1850).
			done(),
		newScript("absent", "What a neighbour refuses is asked of one that has it, else fetched, else the duty is worked out anew.").
			has(0, 97, 109, medium).
			follow(0, 0).joins(10, "ann", 0b1).joins(11, "bob", 0b1).
			head(100, 0, 98).says(110, "ann", absent(0, 99)).note("no head yet: the duty without ann is this peer's").
			head(350, 0, 99).fetched(351, 0, 99).
			head(600, 0, 100).head(610, 0, 101).says(611, "bob", have(0, 101)).
			sends(612, "ann", 0, 101, 0, 1).says(613, "ann", absent(0, 101, 2, 3)).note("bob has them").
			says(614, "bob", absent(0, 101, 2, 3)).note("nobody else: the server").
			says(615, "ann", absent(0, 101)).note("on its way already").
			says(616, "ann", absent(0, 55)).note("never asked: means nothing").
			done(),
		newScript("peer-lost", "A neighbour that goes fails what it was asked.").
			has(0, 97, 109, medium).
			follow(0, 0).joins(10, "ann", 0b1).joins(11, "bob", 0b1).
			head(100, 0, 98).head(350, 0, 99).sends(360, "ann", 0, 99, 0, 0).
			head(360, 0, 100).note("101 is ann's").
			says(365, "bob", have(0, 99)).leaves(370, "ann").note("99 from bob, 101 by duty").
			leaves(380, "bob").says(390, "bob", have(0, 99)).note("not there any more").
			tick(400).
			done(),
		newScript("fetch-fails", "A failed fetch is tried again; one that is gone loses the part, unless its head has not come.").
			has(0, 97, 103, medium).
			follow(0, 0).head(100, 0, 97).failed(110, 0, 98, true).tick(609).tick(610).
			head(650, 0, 98).failed(660, 0, 98, false).tick(1159).tick(1160).failed(1170, 0, 98, true).
			demand(1180, 0, 98).fetched(1190, 0, 98).note("too late").
			done(),
		newScript("fetched-wrong", "Bytes from the server that do not fit the head are dropped, counted, and fetched again.").
			has(0, 97, 99, medium).
			follow(0, 0).head(100, 0, 97).head(350, 0, 98).
			wrongFetch(360, 0, 98).tick(859).tick(860).fetched(870, 0, 98).
			wrongFetch(880, 0, 99).note("before its head").head(900, 0, 99).tick(1400).fetched(1410, 0, 99).
			done(),
		newScript("join", "Playback demands parts of earlier heads: what is not on its way is fetched at once.").
			has(0, 94, 99, medium).
			follow(0, 0).joins(10, "ann", 0b1).says(15, "ann", have(0, 94, 95, 96)).
			head(100, 0, 94).head(101, 0, 95).head(102, 0, 96).head(103, 0, 97).head(104, 0, 98).
			demand(110, 0, 94).demand(111, 0, 95).demand(112, 0, 96).demand(113, 0, 99).note("asked of ann: no need").
			demand(114, 0, 94).note("on its way").fetched(120, 0, 94).demand(121, 0, 94).note("held").
			demand(130, 0, 300).note("too far ahead").demand(131, 3, 10).note("not followed").
			done(),
		newScript("switch", "Another rendition is followed: interest goes out, what was on its way for the old one is given up.").
			has(0, 97, 101, medium).has(1, 97, 101, small).has(2, 97, 101, medium).
			follow(0, 0, 1).joins(10, "ann", 0b111).
			head(100, 0, 97).head(101, 2, 97).note("kept, though not followed").head(102, 1, 97).
			head(350, 0, 98).head(351, 2, 98).
			says(360, "ann", want(0, 98)).
			follow(400, 1, 2).
			says(410, "ann", want(0, 98)).note("none of its own").
			sends(420, "ann", 0, 99, 0, 0).note("forgiven").
			follow(500, 0, 1).
			done(),
	}
}

func (s *script) wrongFetch(at int64, rendition int, number uint64) *script {
	return s.add(event{At: at, Event: "fetched", Rendition: rendition, Number: number, Bytes: hexOf([]byte("not these bytes"))})
}

func answerScripts() []*trace {
	budget := newScript("budget", "A budget of 1,000 bytes a second holds 65,536 at first; what is above is absent.").
		has(0, 97, 100, 60_000).follow(0, 0).joins(10, "ann", 0b0).
		head(100, 0, 97).fetched(101, 0, 98).head(102, 0, 98).
		says(110, "ann", want(0, 98)).says(111, "ann", want(0, 98)).note("one chunk more").
		says(112, "ann", want(0, 98, 0)).tick(20_000).says(20_001, "ann", want(0, 98, 0, 1, 2))
	budget.Config.Upload = 1000
	leech := newScript("no-upload", "A peer that lends no upload says interest 0 and no have, answers absent, and takes the duty only when it is alone.").
		has(0, 97, 103, medium).follow(0, 0).joins(10, "ann", 0b1).
		head(100, 0, 97).note("98 would be its own").
		says(110, "ann", want(0, 99)).head(350, 0, 98).sends(360, "ann", 0, 98, 0, 5).tick(700).
		leaves(710, "ann").head(720, 0, 99)
	leech.Config.Upload = -1
	limit := newScript("kept-requests", "64 requests of a peer are kept; one more is absent.").
		has(0, 97, 97, medium).has(1, 97, 97, medium).has(2, 97, 97, medium).has(3, 97, 97, medium).
		has(4, 97, 97, medium).has(5, 97, 97, medium).has(6, 97, 97, medium).has(7, 97, 97, medium).
		follow(0, 0, 1, 2, 3, 4, 5, 6, 7, 8).joins(10, "ann", 0)
	for r := range 8 {
		limit.head(20, r, 97)
	}
	for r := range 8 {
		for n := uint64(98); n <= 105; n++ {
			limit.says(30, "ann", want(r, n))
		}
	}
	limit.says(31, "ann", want(0, 106)).note("nine beyond the newest head").
		says(32, "ann", want(0, 98)).note("kept already").
		says(33, "ann", wire.Cancel{PartID: id(0, 105)}).says(34, "ann", want(0, 105)).
		says(35, "ann", want(8, 98)).note("no head known")
	return []*trace{
		newScript("interest-none", "A neighbour with interest 0 is asked for nothing, and served.").
			has(0, 97, 103, medium).
			follow(0, 0).joins(10, "ann", 0).head(100, 0, 98).fetched(340, 0, 99).head(350, 0, 99).
			says(360, "ann", want(0, 99)).says(370, "ann", wire.Interest{Renditions: 1}).head(600, 0, 100).
			done(),
		newScript("have", "Parts held whole are named after hello and then in batches, one in 250 ms.").
			has(0, 97, 103, medium).has(1, 97, 103, small).
			follow(0, 0, 1).head(90, 0, 97).head(90, 1, 97).fetched(95, 0, 98).fetched(95, 1, 98).
			joins(100, "ann", 0).note("nothing is held whole yet").
			head(110, 0, 98).note("whole: have at once").head(111, 1, 98).note("whole: have later").
			joins(120, "bob", 0).tick(359).tick(360).tick(1000).
			done(),
		newScript("requests", "What is answered, kept, and absent.").
			has(0, 60, 103, medium).
			follow(0, 0).joins(10, "ann", 0).
			says(20, "ann", want(0, 97)).note("no head known").
			head(100, 0, 60).head(101, 0, 97).
			says(110, "ann", want(0, 60)).note("has a head, was not sought").
			says(111, "ann", want(0, 70)).note("no head, and behind").
			says(112, "ann", want(1, 98)).note("not followed").
			says(113, "ann", want(0, 98, 0, 1)).says(114, "ann", wire.Cancel{PartID: id(0, 98), Chunks: wire.BitmapOf(1)}).
			says(115, "ann", want(0, 98, 5)).
			fetched(340, 0, 98).head(350, 0, 98).note("chunks 0 and 5").
			says(360, "ann", want(0, 98, 0, 9)).note("chunk 9 does not exist").
			done(),
		budget.done(), leech.done(), limit.done(),
	}
}

func storeScripts() []*trace {
	s := newScript("store", "The store holds 64 parts; what leaves it is given up, and lost when it was demanded.").
		has(0, 96, 240, medium).
		follow(0, 0).joins(10, "ann", 0b1).joins(11, "bob", 0).
		head(100, 0, 97).fetched(101, 0, 98).head(102, 0, 98).note("99 is asked of ann").
		says(105, "bob", want(0, 99)).head(110, 0, 99).demand(111, 0, 99).demand(112, 0, 97)
	s.head(120, 0, 161).note("97 leaves").
		demand(121, 0, 97).says(122, "bob", want(0, 97)).
		head(130, 0, 163).note("98 and 99 leave").
		says(140, "bob", want(0, 98)).sends(150, "ann", 0, 99, 0, 0).note("forgiven").
		head(160, 0, 96).note("too old").head(170, 0, 240)
	return []*trace{s.done()}
}
