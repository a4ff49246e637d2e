package peer_test

// busyScripts: the server may not send all that it is asked for, and lines are full.
func busyScripts() []*trace {
	return []*trace{
		newScript("begun-by-peers", "The server gives no feed: peers begin, once all stripes come; what playback asked for before that is asked of them, and then fetched.").
			has(0, 96, 130, medium).follow(0, 0).feedLost(20, 9000).
			joins(30, "ann", 1).joins(31, "bob", 1).plan(40, 1, []int{0}, [2]string{"ann", "bob"}).
			headFrom(100, "ann", 0, 97).demand(101, 0, 97).note("nothing began").tick(150).
			sends(160, "ann", 0, 97, 3, 5).headFrom(350, "ann", 0, 98).demand(351, 0, 98).
			sends(360, "ann", 0, 98, 0, 5).note("all stripes come").tick(400).
			sends(410, "ann", 0, 97, 1, 1).tick(900).tick(950).fetched(960, 0, 97, 0, 3).
			headFrom(970, "ann", 0, 99).demand(971, 0, 99).sends(972, "ann", 0, 99, 0, 5).
			done(),
		fed("modest", "Refused, the server is asked for what the plan has from it alone, until the time is over.").
			plan(120, 1, []int{0}, [2]string{"", ""}, [2]string{"ann", "bob"}).
			headFrom(350, "ann", 0, 98).sends(351, "ann", 0, 98, 1, 1).feedLost(360, 4000).tick(400).tick(450).note("a seed's").
			head(460, 0, 98).feeds(461, 0, 98, 0, 0).feedLost(500, 1000).tick(1600).tick(1750).
			headFrom(1800, "ann", 0, 99).sends(1801, "ann", 0, 99, 1, 1).tick(4600).tick(4700).
			done(),
		planted("refused-fetch", "A refusal holds for all parts: others are asked meanwhile, and then one part at a time is fetched until the server gives something.").
			playhead(1000, 24_750-500).headFrom(1000, "ann", 0, 99, 100, 101).sends(1001, "ann", 0, 99, 0, 4).ticks(1050, 1200).
			failed(1210, 0, 99, false, 1000).tick(1250).ticks(1900, 2000).playhead(2010, 24_700).ticks(2250, 3300).
			failed(3310, 0, 99, false, 1000).ticks(3350, 5400).fetched(5410, 0, 99, 5, 1).tick(5450).
			done(),
		planted("released", "What playback does not ask for any more is not fetched when it is past.").
			playhead(1000, 24_750-500).headFrom(1000, "ann", 0, 99, 100).demand(1001, 0, 99).demand(1002, 0, 100).playhead(1010, 25_000).
			release(1020, 0, 99).ticks(1050, 1300).
			head(1305, 0, 96).demand(1310, 0, 96).demand(1311, 0, 96).release(1312, 0, 96).demand(1313, 0, 96).note("fetched already").fetched(1400, 0, 96, 0, 6).
			done(),
		planted("stuck", "Nothing leaves for a neighbour: it is pushed nothing, it does not count, and it is closed in the end.").
			joins(1000, "cem", 1).joins(1000, "dan", 1).says(1010, "cem", subscribe(0, 0b111111)).says(1011, "dan", subscribe(0, 0b000001)).
			pressure(1012, "cem", 70_000).pressure(1013, "dan", 100).headFrom(1020, "ann", 0, 99).sends(1021, "ann", 0, 99, 0, 0).note("too much waits").
			pressure(1500, "dan", 90).pressure(2400, "dan", 80).
			headFrom(2511, "ann", 0, 100).sends(2512, "ann", 0, 99, 1, 1).sends(2513, "ann", 0, 100, 0, 0).note("dan is sent it").
			tick(3950).tick(4012).note("closed").
			done(),
		planted("full", "What is not pushed for want of room is told of, under the own id; what is not for a neighbour that is stuck does not count. Who is to push and says absent is late.").
			joins(1000, "cem", 1).says(1010, "cem", subscribe(0, 0b111111)).pressure(1012, "cem", 70_000).
			headFrom(1020, "ann", 0, 99).sends(1021, "ann", 0, 99, 0, 5).pressure(1200, "cem", 1000).
			headFrom(1270, "ann", 0, 100).sends(1271, "ann", 0, 100, 0, 5).note("room again").
			headFrom(2700, "ann", 0, 101).sends(2701, "ann", 0, 101, 0, 5).note("stuck").pressure(2710, "cem", 0).tick(4950).
			headFrom(4960, "ann", 0, 102).says(4961, "ann", absent(0, 102, 3)).note("as good as late").tick(5000).tick(10_000).
			done(),
		planted("pull-pressure", "What is asked for yields to what is pushed, when so much waits.").
			joins(1000, "cem", 1).joins(1000, "dan", 1).headFrom(1020, "ann", 0, 99).sends(1021, "ann", 0, 99, 0, 1).
			pressure(1030, "dan", 24_576).says(1031, "cem", wants(0, 99, 0)).note("answered").
			pressure(1040, "dan", 24_577).says(1041, "cem", wants(0, 99, 1)).note("absent").
			done(),
		planted("stuck-and-gone", "The tracker says that it left: then little is enough to send it nothing more, and soon to close.").
			joins(1000, "cem", 1).joins(1000, "dan", 1).says(1010, "cem", subscribe(0, 0b111111)).
			pressure(1012, "cem", 5000).gone(1100, "cem").gone(1101, "dan").gone(1102, "eve").
			headFrom(1105, "ann", 0, 99).sends(1111, "ann", 0, 99, 0, 0).note("not yet").sends(1112, "ann", 0, 99, 1, 1).note("nothing more").
			tick(1311).tick(1312).note("closed").
			done(),
	}
}

func (s *script) feedLost(at, retryAfter int64) *script {
	return s.add(event{At: at, Event: "feedLost", RetryAfter: retryAfter})
}

func (s *script) release(at int64, rendition int, number uint64) *script {
	return s.add(event{At: at, Event: "release", Rendition: rendition, Number: number})
}

func (s *script) pressure(at int64, id string, bytes int) *script {
	return s.add(event{At: at, Event: "pressure", Peer: id, Length: bytes})
}

func (s *script) gone(at int64, id string) *script {
	return s.add(event{At: at, Event: "gone", Peer: id})
}
