package peer_test

import "github.com/liverelay/liverelay/p2p/wire"

func treeScripts() []*trace {
	six := [][2]string{{"ann", "bob"}, {"bob", "ann"}, {"ann", "bob"}, {"bob", "ann"}, {"ann", "bob"}, {"", ""}}
	return []*trace{
		newScript("join", "A join: one feed of everything; a plan, subscriptions, the parents confirmed one by one, the feed shrinks and closes.").
			has(0, 95, 110, medium).has(1, 95, 110, small).
			follow(0, 0, 1).note("the first frame never waits for the swarm").
			head(90, 0, 95).feeds(90, 0, 95, 0, 5).head(91, 1, 95).feeds(91, 1, 95, 0, 0).
			plan(100, 1, []int{0, 1}, [2]string{"ann", "bob"}).
			joins(200, "ann", 0b11).note("subscribed").joins(210, "bob", 0b11).
			head(300, 0, 96).feeds(300, 0, 96, 0, 5).headFrom(310, "ann", 0, 96).sends(311, "ann", 0, 96, 0, 3).
			note("chunks that are held already confirm as well").
			tick(350).tick(800).tick(850).note("stripes 4 and 5 remain").
			headFrom(860, "ann", 0, 97).sends(861, "ann", 0, 97, 0, 5).headFrom(862, "ann", 1, 97).sends(863, "ann", 1, 97, 0, 0).
			tick(900).tick(1350).tick(1400).note("nothing is left to the feed").
			done(),
		newScript("seed", "A seed takes its stripe by a feed, with the audio that rides on it, and pushes it at once, heads first.").
			has(0, 96, 110, medium).has(1, 96, 110, small).
			follow(0, 0, 1).head(10, 0, 96).feeds(10, 0, 96, 0, 5).head(11, 1, 96).feeds(11, 1, 96, 0, 0).
			joins(20, "ann", 0b11).joins(21, "bob", 0b11).
			plan(30, 1, []int{0, 1}, [2]string{"", ""}, [2]string{"ann", "bob"}, [2]string{"ann", "bob"},
				[2]string{"bob", "ann"}, [2]string{"bob", "ann"}, [2]string{"bob", "ann"}).
			says(40, "ann", wire.Subscribe{Wishes: []wire.Wish{{Rendition: 0, Stripes: 1}, {Rendition: 1, Stripes: 1}}}).
			says(41, "bob", wire.Subscribe{Wishes: []wire.Wish{{Rendition: 0, Stripes: 1}}}).
			head(260, 0, 102).feeds(260, 0, 102, 0, 0).note("part 102: its heads go with stripes 0 and 3").
			head(261, 1, 102).feeds(261, 1, 102, 0, 0).note("audio of part 102 is of stripe 0").
			sends(265, "ann", 0, 102, 1, 2).sends(266, "bob", 0, 102, 3, 5).
			tick(300).tick(800).note("the feed brings stripe 0 alone").
			head(900, 0, 103).note("stripes 1 and 4: nobody wants this head").
			done(),
		fed("six-parents", "Each stripe has its own parent; one stays with the server.").
			plan(120, 1, []int{0}, six...).
			headFrom(350, "ann", 0, 98).sends(351, "ann", 0, 98, 0, 0).sends(352, "bob", 0, 98, 1, 1).
			sends(353, "ann", 0, 98, 2, 2).sends(354, "bob", 0, 98, 3, 3).sends(355, "ann", 0, 98, 4, 4).feeds(356, 0, 98, 5, 5).
			tick(400).tick(900).
			done(),
		planted("new-parent", "Another plan: the new parent is subscribed to, and the old one left when the new one has brought something.").
			plan(1000, 2, []int{0}, [2]string{"bob", "ann"}).
			headFrom(1010, "ann", 0, 99).sends(1011, "ann", 0, 99, 0, 5).sends(1012, "bob", 0, 99, 0, 2).
			plan(1100, 2, []int{0}, [2]string{"ann", ""}).note("not newer").
			plan(1101, 9, []int{3}, [2]string{"ann", ""}).note("not followed").
			headFrom(1260, "bob", 0, 100).sends(1261, "bob", 0, 100, 0, 5).sends(1262, "ann", 0, 100, 3, 5).note("forgiven for a while").
			done(),
		planted("to-the-server", "A plan gives stripes back to the server: the parent is kept until the feed brings them.").
			plan(1000, 2, []int{0}, [2]string{"", ""}, [2]string{"", ""}, [2]string{"ann", "bob"}).
			tick(1050).tick(1150).headFrom(1200, "ann", 0, 99).sends(1201, "ann", 0, 99, 0, 5).
			head(1202, 0, 99).feeds(1203, 0, 99, 0, 1).note("ann is left").
			done(),
		planted("push", "Chunks go on as soon as they are checked, to those who are subscribed and did not bring them; wrong ones do not.").
			joins(1000, "cem", 1).joins(1001, "dan", 1).
			says(1010, "cem", subscribe(0, 0b111111)).says(1011, "dan", subscribe(0, 0b000001)).says(1012, "ann", subscribe(0, 0b000001)).
			headFrom(1020, "ann", 0, 99).sends(1021, "ann", 0, 99, 0, 1).
			headFrom(1022, "bob", 0, 99).note("known").
			says(1030, "dan", wants(0, 99)).note("what is there at once, the rest as it comes").sends(1031, "ann", 0, 99, 2, 2).
			says(1032, "cem", wire.Subscribe{}).sends(1033, "ann", 0, 99, 3, 3).
			done(),
		planted("head-after-chunks", "Chunks that came before their head wait for it, and go on then.").
			joins(1000, "cem", 1).says(1010, "cem", subscribe(0, 0b111111)).
			sends(1020, "ann", 0, 99, 0, 4).headFrom(1030, "bob", 0, 99).sends(1031, "ann", 0, 99, 5, 5).
			done(),
		planted("pressure", "To a peer that does not keep up chunks are absent instead, and what is asked for sooner; what somebody else calls absent is asked of the standby.").
			joins(1000, "cem", 1).says(1010, "cem", subscribe(0, 0b000011)).
			add(event{At: 1011, Event: "pressure", Peer: "cem", Length: 65_537}).
			headFrom(1020, "ann", 0, 99).sends(1021, "ann", 0, 99, 0, 0).
			add(event{At: 1022, Event: "pressure", Peer: "cem", Length: 65_536}).sends(1023, "ann", 0, 99, 1, 1).
			says(1024, "cem", wants(0, 98, 1)).add(event{At: 1025, Event: "pressure", Peer: "cem", Length: 12_288}).says(1026, "cem", wants(0, 98, 1)).
			says(1030, "ann", absent(0, 99, 4)).tick(1050).sends(1060, "bob", 0, 99, 4, 4).sends(1061, "ann", 0, 99, 2, 3).sends(1062, "ann", 0, 99, 5, 5).
			done(),
		planted("playback", "Due moments come from the playhead and what fetches took; 900 ms ahead, and then 2,500.").
			playhead(1000, 24_750-900).headFrom(1000, "ann", 0, 99).sends(1001, "ann", 0, 99, 0, 2).
			ticks(1050, 1600).fetched(1610, 0, 99, 3, 3).
			playhead(1700, 25_000-2500).headFrom(1700, "ann", 0, 100).ticks(2550, 2750).
			done(),
		fed("switch", "Another rendition: it begins with a feed of its own, and ends with a plan; the old one is left.").
			has(1, 90, 110, small).has(2, 90, 110, medium).
			plan(120, 1, []int{0}, [2]string{"ann", "bob"}).headFrom(350, "ann", 0, 98).sends(351, "ann", 0, 98, 0, 5).
			says(360, "bob", subscribe(0, 1)).
			head(370, 2, 98).follow(400, 0, 2).note("both").head(410, 2, 98).feeds(410, 2, 98, 0, 5).
			plan(420, 2, []int{2}, [2]string{"bob", "ann"}).says(425, "bob", wire.Interest{Renditions: 0b101}).
			headFrom(600, "bob", 2, 99).sends(601, "bob", 2, 99, 0, 5).
			follow(610, 2).note("bob is refused what he is subscribed for").tick(650).tick(1150).
			follow(1200).note("nothing any more").
			done(),
		fed("away-and-back", "Who left a rendition and is back has forgotten what it held, but pushes nothing a second time.").
			says(120, "bob", subscribe(0, 63)).head(130, 0, 98).feeds(131, 0, 98, 0, 1).follow(140).follow(150, 0).
			says(160, "bob", subscribe(0, 63)).feeds(170, 0, 98, 0, 0).note("bob has it").
			says(171, "ann", wants(0, 98, 0)).note("ann has asked for it").says(172, "bob", wants(0, 98, 1)).
			feeds(173, 0, 98, 1, 1).note("bob has asked for it again").feeds(174, 0, 98, 2, 2).
			follow(180).follow(190, 0).says(200, "bob", subscribe(0, 63)).feeds(210, 0, 98, 0, 5).note("away for a second time").
			done(),
		newScript("identity", "Another id: serials begin anew, and neighbours of the old one are closed when they are of no use.").
			has(0, 96, 130, medium).
			add(event{At: 0, Event: "identify", Peer: "one"}).follow(0, 0).head(10, 0, 97).feeds(10, 0, 97, 0, 5).
			joins(20, "ann", 1).joins(21, "bob", 1).plan(30, 7, []int{0}, [2]string{"ann", ""}).
			headFrom(260, "ann", 0, 98).sends(261, "ann", 0, 98, 0, 5).
			add(event{At: 300, Event: "identify", Peer: "two"}).joins(310, "cem", 1).
			plan(320, 1, []int{0}, [2]string{"cem", "ann"}).headFrom(510, "cem", 0, 99).sends(511, "cem", 0, 99, 0, 5).
			tick(550).tick(10_299).tick(10_300).note("bob").tick(10_550).note("ann").
			done(),
		newScript("identity-kept", "The same id again, perhaps of another tracker: serials begin anew, neighbours stay, and who was gone isn't any more.").
			has(0, 96, 130, medium).
			add(event{At: 0, Event: "identify", Peer: "one"}).follow(0, 0).head(10, 0, 97).feeds(10, 0, 97, 0, 5).
			joins(20, "ann", 1).joins(21, "bob", 1).plan(30, 7, []int{0}, [2]string{"ann", ""}).
			headFrom(260, "ann", 0, 98).sends(261, "ann", 0, 98, 0, 5).
			add(event{At: 270, Event: "gone", Peer: "bob"}).
			add(event{At: 300, Event: "identify", Peer: "one"}).plan(310, 7, []int{0}, [2]string{"ann", ""}).note("nothing changes").
			plan(320, 3, []int{0}, [2]string{"bob", "ann"}).note("older than the one that is there").
			plan(330, 8, []int{0}, [2]string{"bob", "ann"}).
			add(event{At: 340, Event: "pressure", Peer: "bob", Length: 1000}).tick(1000).tick(1850).note("stuck, not lost").
			add(event{At: 1900, Event: "pressure", Peer: "bob"}).
			headFrom(2000, "bob", 0, 99).sends(2001, "bob", 0, 99, 0, 5).tick(10_400).note("ann and bob are still there").
			done(),
		newScript("gap", "A gap is whole when its head comes; requests for it are dropped.").
			has(0, 97, 98, medium).has(0, 99, 100, 0).
			follow(0, 0).joins(10, "ann", 1).head(100, 0, 98).feeds(100, 0, 98, 0, 5).
			says(105, "ann", wants(0, 100)).head(350, 0, 99).head(600, 0, 100).says(610, "ann", wants(0, 100)).
			demand(620, 0, 99).tick(1000).
			done(),
	}
}
