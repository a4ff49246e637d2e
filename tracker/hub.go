package tracker

import (
	"math/rand/v2"
	"time"

	"github.com/liverelay/liverelay/tracker/forest"
)

// learnEvery is how often a swarm's plan is told the rates of its renditions.
const learnEvery = 2 * time.Second

// outlet is a connection as the hub sees it. Neither method waits.
type outlet interface {
	// send queues a message.
	send(data []byte)
	// end queues a last message and closes the connection behind it.
	end(*fault)
	// line is the address that it comes from.
	line() *visitor
}

// broadcastKey names a broadcast.
type broadcastKey struct{ stream, epoch string }

// hub is all swarms. It belongs to one goroutine.
type hub struct {
	config Config
	random *rand.Rand
	swarms map[broadcastKey]*swarm
	// past is what viewers of ended broadcasts claimed, by stream.
	past map[string]claims
}

// swarm is the viewers of one broadcast.
type swarm struct {
	key       broadcastKey
	forest    *forest.Forest
	viewers   map[forest.Peer]*viewer
	exchanges exchanges
	past      claims // of viewers that left
	learned   time.Time
}

// viewer is one connection that joined.
type viewer struct {
	outlet outlet
	joined time.Time
	claims claims
}

func newHub(c Config, random *rand.Rand) *hub {
	return &hub{config: c, random: random, swarms: make(map[broadcastKey]*swarm), past: make(map[string]claims)}
}

// join takes a viewer in and gives its id. Who has a secret comes back: as who it was,
// unless that was its own line's fault.
func (h *hub) join(now time.Time, key broadcastKey, o outlet, secret string, j forest.Join) forest.Peer {
	s := h.swarms[key]
	if s == nil {
		s = h.open(key)
	}
	h.learn(now, s)
	if !h.comesBack(now, s, o, secret, j.Connected) {
		secret, j.Connected, j.Plans = newSecret(), nil, nil
	}
	j.Peer = idOf(key, secret)
	if s.viewers[j.Peer] == nil {
		s.viewers[j.Peer] = &viewer{joined: now}
	}
	s.viewers[j.Peer].outlet = o
	o.send(encode(welcome{"welcome", j.Peer, secret, now.UnixMilli()}))
	s.do(now, j)
	return j.Peer
}

// comesBack says whether who has a secret is who it was. It ends a connection that it had
// before, of which the end hasn't been seen.
func (h *hub) comesBack(now time.Time, s *swarm, o outlet, secret string, connected []forest.Peer) bool {
	if secret == "" {
		return false
	}
	id := idOf(s.key, secret)
	v := s.viewers[id]
	if v == nil {
		return s.forest.Resumes(id, connected)
	}
	v.outlet.end(&fault{Replaced, "you have joined again"})
	if v.outlet.line() == o.line() {
		return true
	}
	h.leave(now, s.key, id, v.outlet) // its connections to others are of the line that it had
	return false
}

func (h *hub) open(key broadcastKey) *swarm {
	audience := h.config.MinAudience(key.stream)
	if audience < 0 {
		audience = int(^uint(0) >> 1) // never reached
	}
	s := &swarm{
		key:       key,
		forest:    forest.New(forest.Config{MinAudience: audience, Start: h.random.Uint64() >> 16}, h.random),
		viewers:   make(map[forest.Peer]*viewer),
		exchanges: make(exchanges),
	}
	h.swarms[key] = s
	return s
}

// learn tells the plan which renditions there are, as soon as that is known, and from
// then on what they really weigh.
func (h *hub) learn(now time.Time, s *swarm) {
	if now.Sub(s.learned) < learnEvery {
		return
	}
	if ladder := h.config.Ladder(s.key.stream, s.key.epoch); len(ladder.Renditions) > 0 {
		s.learned = now
		s.do(now, ladder)
	}
}

// member is a viewer and its swarm; nil for who has left, or goes on by another connection.
func (h *hub) member(key broadcastKey, id forest.Peer, o outlet) (*swarm, *viewer) {
	if s := h.swarms[key]; s != nil && s.viewers[id] != nil && s.viewers[id].outlet == o {
		return s, s.viewers[id]
	}
	return nil, nil
}

func (h *hub) follow(now time.Time, key broadcastKey, id forest.Peer, o outlet, renditions []int) {
	s, _ := h.member(key, id, o)
	if s == nil {
		return
	}
	s.do(now, forest.Follow{Peer: id, Renditions: renditions})
}

// leave takes out a viewer whose connection ended, unless it goes on by another one.
func (h *hub) leave(now time.Time, key broadcastKey, id forest.Peer, o outlet) {
	s, v := h.member(key, id, o)
	if s == nil {
		return
	}
	s.past.add(v.claims)
	delete(s.viewers, id)
	s.do(now, forest.Leave{Peer: id})
}

// pass passes an offer, answer or candidate on, if its sender may send it.
func (h *hub) pass(key broadcastKey, from forest.Peer, sender outlet, to forest.Peer, kind string, data []byte) {
	s, _ := h.member(key, from, sender)
	if s == nil {
		return
	}
	switch s.exchanges.judge(from, to, kind, h.config.Limits.Candidates) {
	case pass:
		s.viewers[to].outlet.send(data)
	case stranger:
		sender.send((&fault{NotConnected, "that peer was not named to you, or not for this"}).encode())
	case again:
		sender.end(&fault{TooMany, "one offer and one answer for each connect"})
	case ignore:
	}
}

func (h *hub) report(now time.Time, key broadcastKey, id forest.Peer, o outlet, r forest.Report, c claims) {
	s, v := h.member(key, id, o)
	if s == nil {
		return
	}
	v.claims.raise(c, now.Sub(v.joined))
	s.do(now, r)
}

func (h *hub) tick(now time.Time) {
	for key, s := range h.swarms {
		h.learn(now, s)
		s.do(now, forest.Tick{})
		if len(s.viewers) == 0 && !h.config.Live(key.stream, key.epoch) {
			h.forget(s)
		}
	}
}

// forget ends a swarm and keeps what its viewers claimed: totals of a stream do
// not fall when its broadcast ends.
func (h *hub) forget(s *swarm) {
	delete(h.swarms, s.key)
	sum := h.past[s.key.stream]
	sum.add(s.claimed())
	h.past[s.key.stream] = sum
}

// claimed sums what viewers of the swarm claim, here or gone.
func (s *swarm) claimed() claims {
	sum := s.past
	for _, v := range s.viewers {
		sum.add(v.claims)
	}
	return sum
}

// drop ends a broadcast's swarm: its viewers are told, and their connections closed.
func (h *hub) drop(key broadcastKey) {
	s := h.swarms[key]
	if s == nil {
		return
	}
	h.forget(s)
	for _, v := range s.viewers {
		v.outlet.end(&fault{UnknownBroadcast, "the broadcast has ended"})
	}
}

func (h *hub) stats(stream string) Stats {
	var total Stats
	bytes := h.past[stream]
	for key, s := range h.swarms {
		if key.stream != stream {
			continue
		}
		total.Viewers += len(s.viewers)
		total.Connections += s.forest.Open()
		bytes.add(s.claimed())
	}
	total.HTTPBytes, total.P2PBytes, total.UploadedBytes = bytes.http, bytes.p2p, bytes.uploaded
	return total
}

// picture is the plan of a stream's swarm as it stands.
func (h *hub) picture(stream string) []forest.Node {
	var all []forest.Node
	for key, s := range h.swarms {
		if key.stream == stream && h.config.Live(key.stream, key.epoch) {
			all = append(all, s.forest.Picture()...)
		}
	}
	return all
}

// do lets the plan know of an event and tells the viewers what it says.
func (s *swarm) do(now time.Time, e forest.Event) {
	for _, a := range s.forest.Handle(now, e) {
		s.exchanges.follow(a)
		if v := s.viewers[a.To]; v != nil {
			v.outlet.send(instructed(a))
		}
	}
}
