package peer_test

import "github.com/liverelay/liverelay/p2p/wire"

func trouble() []*trace {
	none := newScript("no-upload", "A peer that lends nothing says so, and refuses.").
		has(0, 96, 110, medium).follow(0, 0).head(10, 0, 97).feeds(10, 0, 97, 0, 5).joins(20, "ann", 1).
		says(30, "ann", subscribe(0, 3)).says(31, "ann", wants(0, 97))
	none.Config.Upload = -1
	silent := planted("parent-silent", "The parent is silent for two parts: it is suspected, the standby steps in, and while that lasts it is accused again; when it brings again the standby is left.").
		playhead(1000, 24_750-2500).headFrom(1000, "bob", 0, 99).headFrom(1250, "bob", 0, 100).tick(1650).tick(1700).note("suspect").
		sends(1710, "bob", 0, 99, 0, 5).sends(1711, "bob", 0, 100, 0, 5)
	for i := range uint64(9) {
		at := 1720 + 250*int64(i)
		silent.headFrom(at, "bob", 0, 101+i).sends(at+1, "bob", 0, 101+i, 0, 5).tick(at + 200)
	}
	silent.sends(3930, "ann", 0, 109, 0, 5)
	return []*trace{
		silent.done(),
		planted("parent-gone", "The tracker says that the parent left: the standby as soon as a part's time brings nothing.").
			headFrom(1000, "bob", 0, 99).sends(1001, "ann", 0, 99, 0, 2).gone(1010, "ann").
			sends(1020, "bob", 0, 99, 3, 5).tick(1250).headFrom(1260, "bob", 0, 100).sends(1261, "bob", 0, 100, 3, 5).
			tick(1350).tick(1361).sends(1370, "bob", 0, 100, 0, 2).tick(1400).
			done(),
		planted("parent-closes", "The parent closes: the standby at once, and what is missing is asked of it.").
			headFrom(1000, "ann", 0, 99).sends(1001, "ann", 0, 99, 0, 2).leaves(1010, "ann").
			sends(1020, "bob", 0, 99, 3, 5).headFrom(1250, "bob", 0, 100).sends(1251, "bob", 0, 100, 0, 5).ticks(1300, 1400).
			done(),
		planted("both-silent", "Neither parent nor standby brings anything: the server, from the first part with a hole.").
			playhead(1000, 24_750-9000).headFrom(1000, "bob", 0, 99).headFrom(1250, "bob", 0, 100).ticks(1300, 2300).
			head(2310, 0, 99, 100).feeds(2311, 0, 99, 0, 5).feeds(2312, 0, 100, 0, 5).
			done(),
		planted("no-standby", "Without a usable standby the server's turn comes sooner.").
			plan(950, 2, []int{0}, [2]string{"ann", "eve"}).leaves(960, "ann").ticks(1000, 1450).
			done(),
		planted("heads-silent", "No heads any more: everything from the server; heads of peers for a while end that.").
			ticks(950, 1150).
			head(1180, 0, 99).feeds(1201, 0, 99, 0, 5).
			headFrom(1450, "ann", 0, 100).sends(1451, "ann", 0, 100, 0, 5).headFrom(1700, "ann", 0, 101).sends(1701, "ann", 0, 101, 0, 5).
			tick(1750).tick(2250).note("heads alone").
			headFrom(2300, "ann", 0, 102, 103).headFrom(2301, "ann", 0, 104).headFrom(2302, "ann", 0, 105).
			headFrom(2303, "ann", 0, 106).headFrom(2304, "ann", 0, 107).headFrom(2305, "ann", 0, 108).tick(2350).
			done(),
		planted("heads-late", "Silence of heads is borne while there is enough to play; when there is hardly any they are had from the server.").
			playhead(940, 24_750-2500).ticks(950, 1500).playhead(1510, 24_750-301).tick(1520).playhead(1530, 24_750-300).tick(1540).
			done(),
		planted("head-missing", "Newer heads come, but one does not: heads are had from the server, from that one on; not after a leap of numbers, nor when playback has gone by.").
			playhead(940, 24_750-2000).headFrom(1000, "ann", 0, 99).sends(1001, "ann", 0, 99, 0, 5).
			headFrom(1500, "ann", 0, 101).sends(1501, "ann", 0, 101, 0, 5).ticks(1800, 2050).
			head(2060, 0, 100).feeds(2061, 0, 100, 0, 5).headFrom(2070, "ann", 0, 102, 103).
			headFrom(2071, "ann", 0, 104).headFrom(2072, "ann", 0, 105).headFrom(2073, "ann", 0, 106).headFrom(2074, "ann", 0, 107).
			headFrom(2075, "ann", 0, 108).headFrom(2076, "ann", 0, 109).headFrom(2077, "ann", 0, 110).ticks(2100, 2150).
			tick(2700).note("healthy again").playhead(2710, 27_750-900).
			headFrom(2720, "ann", 0, 112).sends(2721, "ann", 0, 112, 0, 5).headFrom(2722, "ann", 0, 113, 114, 115).
			playhead(2723, 28_000).ticks(3150, 3250).note("gone by").
			headFrom(3260, "ann", 0, 130).sends(3261, "ann", 0, 130, 0, 5).ticks(3600, 3750).note("a leap").
			done(),
		planted("left-behind", "What playback left behind is not fetched any more, unless it is demanded then.").
			playhead(1000, 24_750-500).headFrom(1000, "ann", 0, 99, 100).playhead(1010, 25_000).ticks(1050, 1500).demand(1510, 0, 99).ticks(1550, 1600).
			done(),
		planted("goes-back", "What playback left behind is due again when it goes back.").
			playhead(1000, 24_750-1500).headFrom(1000, "ann", 0, 99).playhead(1010, 25_000).ticks(1050, 1200).
			playhead(1210, 24_900).ticks(1250, 2200).
			done(),
		planted("refused", "The parent refuses: the standby at once; a new plan forgets the refusal.").
			says(1000, "ann", wire.Refuse{Stripes: 0b000011}).
			headFrom(1010, "ann", 0, 99).sends(1011, "bob", 0, 99, 0, 1).tick(1050).
			plan(1100, 2, []int{0}, [2]string{"ann", "bob"}).
			done(),
		fed("parent-never-comes", "A parent that never opens is complained of, and so is one that brings nothing.").
			plan(120, 1, []int{0}, [2]string{"eve", ""}, [2]string{"ann", ""}, [2]string{"bob", ""}).
			headFrom(350, "bob", 0, 98).sends(351, "bob", 0, 98, 2, 5).
			tick(2119).tick(2120).tick(5119).tick(5120).
			done(),
		planted("holes", "Holes: at first the standby, then the server, by one range; a part with a fetch is aborted when peers complete it.").
			playhead(1000, 24_750-750).headFrom(1000, "ann", 0, 99).sends(1001, "ann", 0, 99, 0, 0).sends(1002, "ann", 0, 99, 2, 3).sends(1003, "ann", 0, 99, 5, 5).
			ticks(1050, 1500).fetched(1510, 0, 99, 1, 4).
			playhead(1520, 25_000-750).headFrom(1520, "ann", 0, 100).sends(1521, "ann", 0, 100, 0, 4).ticks(1600, 2050).sends(2060, "bob", 0, 100, 5, 5).
			done(),
		planted("passed-on", "Holes in what is passed on are filled before the others.").
			says(905, "bob", subscribe(0, 0b000010)).
			playhead(1000, 24_750-1500).headFrom(1000, "ann", 0, 99).sends(1001, "ann", 0, 99, 0, 0).sends(1002, "ann", 0, 99, 4, 5).
			ticks(1050, 2100).
			done(),
		fed("before", "Who brings a stripe anew is asked for what is missing of it from before.").
			plan(120, 1, []int{0}, [2]string{"ann", ""}).
			headFrom(350, "ann", 0, 98).sends(355, "ann", 0, 98, 0, 5).tick(400).tick(900).
			plan(910, 2, []int{0}, [2]string{"bob", ""}, [2]string{"ann", ""}).
			headFrom(1000, "ann", 0, 99).sends(1001, "ann", 0, 99, 1, 3).
			headFrom(1250, "ann", 0, 100).sends(1251, "ann", 0, 100, 1, 3).sends(1260, "bob", 0, 100, 0, 0).sends(1261, "bob", 0, 99, 0, 0).
			done(),
		fed("gone-asked", "What was asked of who left is asked of another.").
			plan(120, 1, []int{0}, [2]string{"ann", ""}).
			headFrom(350, "ann", 0, 98).sends(355, "ann", 0, 98, 0, 5).tick(400).tick(900).
			plan(910, 2, []int{0}, [2]string{"bob", "ann"}, [2]string{"ann", ""}).
			headFrom(1000, "ann", 0, 99).sends(1001, "ann", 0, 99, 1, 3).
			headFrom(1250, "ann", 0, 100).sends(1251, "ann", 0, 100, 1, 3).sends(1260, "bob", 0, 100, 0, 0).
			gone(1270, "bob").headFrom(1500, "ann", 0, 101).ticks(1550, 1700).
			done(),
		newScript("before-live", "What playback asked for of the time before a live feed began is asked of peers, though the feed has all stripes.").
			has(0, 90, 130, medium).follow(0, 0).joins(30, "ann", 1).headFrom(40, "ann", 0, 97).demand(50, 0, 97).
			head(100, 0, 98).feeds(101, 0, 98, 0, 5).ticks(150, 700).
			done(),
		fed("before-the-feed", "What came before the feed's first part nothing brings but a fetch.").
			plan(120, 1, []int{0}, [2]string{"ann", ""}).
			headFrom(350, "ann", 0, 98).sends(355, "ann", 0, 98, 0, 5).tick(400).tick(900).playhead(1000, 24_750-1500).
			headFrom(1000, "ann", 0, 99).sends(1001, "ann", 0, 99, 1, 5).
			headFrom(1010, "ann", 0, 100, 101, 102, 103, 104).
			says(1020, "ann", wire.Refuse{Stripes: 0b111111}).ticks(1050, 2400).
			done(),
		fed("fetch-fails", "A failed fetch is tried again, not before the server says; wrong bytes likewise; one that is gone loses the part.").
			head(350, 0, 98, 99, 100).ticks(1200, 1950).
			failed(1960, 0, 98, false, 0).failed(1960, 0, 99, false, 1000).
			add(event{At: 1961, Event: "fetched", Number: 100, Bytes: hexOf(make([]byte, 6000))}).
			tick(2459).tick(2461).fetched(2470, 0, 98, 0, 6).failed(2471, 0, 100, true, 0).tick(2900).tick(3000).
			demand(3010, 0, 100).demand(3011, 0, 98).
			done(),
		fed("feed-lost", "A lost feed is asked again from where it broke off, not before the server says.").
			head(350, 0, 98).feeds(351, 0, 98, 0, 3).add(event{At: 360, Event: "feedLost"}).ticks(400, 1300).
			add(event{At: 1310, Event: "feedLost", RetryAfter: 2000}).ticks(3200, 3700).
			done(),
		planted("late", "Chunks that came more than a second after their head count against who brought them.").
			headFrom(1000, "bob", 0, 99).sends(2000, "ann", 0, 99, 0, 1).sends(2001, "ann", 0, 99, 2, 5).tick(4950).tick(5000).tick(10_000).
			done(),
		planted("demand", "Playback asks: for what is held, what is coming, and what was before.").
			demand(1000, 0, 98).headFrom(1010, "ann", 0, 96).demand(1020, 0, 96).note("fetched").demand(1021, 0, 99).demand(1022, 0, 130).
			fetched(1030, 0, 96, 0, 6).demand(1040, 0, 96).demand(1041, 3, 96).
			done(),
		none.done(),
	}
}

func answerScripts() []*trace {
	budget := planted("budget", "What the upload budget does not allow is absent.").
		joins(1000, "cem", 1).says(1001, "cem", subscribe(0, 0b111111))
	budget.Config.Upload = 1000
	at, number := int64(1010), uint64(99)
	for ; number <= 110; number, at = number+1, at+10 {
		budget.headFrom(at, "ann", 0, number).sends(at+1, "ann", 0, number, 0, 5)
	}
	budget.says(at, "cem", wants(0, 110, 3)).tick(at+5000).says(at+5000, "cem", wants(0, 110, 3))
	many := newScript("children", "Subscriptions beyond 96 stripes are refused, and those to what is not followed.").
		has(0, 97, 97, medium).follow(0, 0, 1, 2, 3).head(10, 0, 97)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		many.joins(20, name, 1)
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		many.says(30, name, wire.Subscribe{Wishes: []wire.Wish{{Rendition: 0, Stripes: 63}, {Rendition: 1, Stripes: 63}, {Rendition: 2, Stripes: 63}, {Rendition: 3, Stripes: 31}}})
	}
	many.says(40, "e", wire.Subscribe{Wishes: []wire.Wish{{Rendition: 0, Stripes: 31}, {Rendition: 1, Stripes: 15}, {Rendition: 4, Stripes: 1}}}).
		says(50, "a", wire.Subscribe{}).says(51, "e", subscribe(0, 63))
	return []*trace{
		budget.done(), many.done(),
		newScript("requests", "What is answered, kept, and absent.").
			has(0, 60, 103, medium).
			follow(0, 0).joins(10, "ann", 0).
			says(20, "ann", wants(0, 97)).note("no head known").
			headFrom(90, "ann", 0, 60).head(101, 0, 97).
			says(110, "ann", wants(0, 60)).note("before the feed began").
			says(111, "ann", wants(0, 70)).note("no head, and behind").
			says(112, "ann", wants(1, 98)).note("not followed").
			says(113, "ann", wants(0, 98, 0, 1)).says(114, "ann", wire.Cancel{PartID: id(0, 98), Chunks: wire.BitmapOf(1)}).
			says(115, "ann", wants(0, 98, 5)).
			head(350, 0, 98).feeds(351, 0, 98, 0, 5).note("chunks 0 and 5").
			says(360, "ann", wants(0, 98, 0, 9)).note("chunk 9 does not exist").
			done(),
	}
}

func storeScripts() []*trace {
	return []*trace{
		fed("store", "The store holds 64 parts; what leaves it is given up, and lost when it was demanded.").
			has(0, 150, 240, medium).
			says(120, "bob", wants(0, 99)).head(130, 0, 98, 99).demand(131, 0, 99).demand(132, 0, 97).
			head(140, 0, 161).note("97 leaves").demand(141, 0, 97).
			head(150, 0, 163).note("98 and 99 leave").says(160, "bob", wants(0, 98)).
			head(170, 0, 96).note("too old").head(180, 0, 240).
			done(),
	}
}
