package forest

import (
	"fmt"
	"testing"
	"time"
)

// liars is an audience of whom each one says what it likes, and what it said.
type liars struct {
	*swarm
	said   map[Peer][]Peer
	joined map[Peer]time.Time
}

// FuzzClaims has viewers claim whatever they like, together and against each other. The plan
// has to stay whole, nobody is known to be connected whom one end doesn't name, and
// nobody is told of more others than anybody is.
func FuzzClaims(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
	f.Add([]byte{0, 1, 255, 255, 63, 0, 0, 2, 255, 255, 63, 0, 0, 3, 255, 255, 1, 9, 4, 9, 0, 1, 255, 255, 200, 7, 1, 2, 4, 40})
	f.Fuzz(func(t *testing.T, program []byte) {
		s := &liars{newSwarm(t, Config{}, 2, 1), map[Peer][]Peer{}, map[Peer]time.Time{}}
		next := func() (b byte) {
			if len(program) > 0 {
				b, program = program[0], program[1:]
			}
			return b
		}
		for len(program) > 0 {
			op, id := next()%6, Peer(fmt.Sprint(next()%16))
			switch op {
			case 0, 1, 2:
				s.claim(id, next)
			case 3:
				delete(s.said, id)
				s.do(Leave{id})
			case 4:
				s.pass(time.Duration(next()) * time.Second / 16)
			case 5:
				s.do(Report{Peer: id, Connected: s.anyOf(next)})
			}
			s.check()
			s.checkIntroductions()
		}
	})
}

// anyOf is some of the audience.
func (s *liars) anyOf(next func() byte) (ids []Peer) {
	bits := int(next())<<8 | int(next())
	for i := range 16 {
		if bits>>i&1 != 0 {
			ids = append(ids, Peer(fmt.Sprint(i)))
		}
	}
	return ids
}

func (s *liars) claim(id Peer, next func() byte) {
	j := Join{Peer: id, Follow: []int{int(next() % 3), 2}, Upload: int64(next())*bitrate/16 - 1, Connected: s.anyOf(next)}
	for range next() % 4 {
		plan := &Plan{Place: s.anyPlace(next)}
		for range next() % 3 {
			plan.Renditions = append(plan.Renditions, int(next()%5)-1)
		}
		for i := range plan.Stripes {
			plan.Stripes[i] = Source{Parent: Peer(fmt.Sprint(next() % 17)), Standby: Peer(fmt.Sprint(next() % 17))}
		}
		j.Plans = append(j.Plans, plan)
		if s.forest.peers[id] == nil && len(plan.Renditions) > 0 && s.plans[id][plan.Renditions[0]] == nil {
			if s.plans[id] == nil {
				s.plans[id] = map[int]*Plan{}
			}
			s.plans[id][plan.Renditions[0]] = plan
		}
	}
	if s.forest.peers[id] == nil {
		s.joined[id], s.introduced[id] = s.now, 0
	}
	for _, other := range j.Connected {
		for _, named := range s.said[other] {
			if named == id && s.forest.peers[other] != nil {
				s.opens(id, other)
			}
		}
	}
	s.said[id] = j.Connected
	s.do(j)
}

// anyPlace is a word that may be that of a cluster there is.
func (s *liars) anyPlace(next func() byte) string {
	at := seat{cluster: uint64(next() % 4), holds: next() % (1 << Stripes), leaf: next()%4 == 0}
	if n := int(next()); n%2 == 0 {
		for _, t := range s.forest.standing() {
			if len(t.groups) > 0 {
				at.cluster = t.groups[n/2%len(t.groups)].name
			}
		}
	}
	return at.String()
}

func (s *liars) checkIntroductions() {
	for id := range s.forest.peers {
		refilled := int(s.now.Sub(s.joined[id]) / s.forest.config.Refill)
		s.must(s.introduced[id] <= s.forest.config.Introductions+refilled, "told of too many")
	}
}
