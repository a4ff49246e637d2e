package peer_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/peer"
	"github.com/liverelay/liverelay/p2p/wire"
)

// open gives a core that follows rendition 0, whose parent for all stripes is ann.
func open(t *testing.T) *peer.Core {
	t.Helper()
	c := peer.New(peer.Config{ID: "self", Stream: "demo", Epoch: "e"})
	c.Follow(0, []int{0})
	c.PeerOpen(0, "ann")
	c.Message(0, "ann", wire.Hello{Version: 1, Stream: "demo", Epoch: "e"}.Append(nil))
	c.Message(0, "ann", wire.Interest{Renditions: 1}.Append(nil))
	plan := peer.PlanEvent{Serial: 1, Renditions: []int{0}}
	for s := range plan.Stripes {
		plan.Stripes[s].Parent = "ann"
	}
	c.Plan(0, plan)
	c.Heads(0, []media.Head{headOf(97, medium)}, nil, "")
	return c
}

func headOf(number uint64, length int) media.Head {
	return headWith(id(0, number), pattern(id(0, number), length))
}

// ABUSE 16: chunks that come before their head are bounded for each peer.
func TestAbuse16DataBeforeItsHeadIsBounded(t *testing.T) {
	c := open(t)
	sent := 0
	for i := range wire.MaxChunks {
		m := wire.Data{PartID: id(0, 99), Chunk: i, Bytes: make([]byte, wire.MaxChunk)}
		actions := c.Message(110, "ann", m.Append(nil))
		sent += wire.MaxChunk
		if len(actions) > 0 {
			require.Equal(t, peer.Close, actions[0].Kind)
			require.EqualValues(t, wire.ByeFlood, actions[0].Code)
			require.LessOrEqual(t, sent, peer.Waiting+wire.MaxChunk)
			return
		}
	}
	t.Fatal("the peer was never closed")
}

// ABUSE 13, 14 and 16: a parent that pushes without an end gets no further than what
// there is to push.
func TestAbuse16EndlessPush(t *testing.T) {
	c := open(t)
	good := pattern(id(0, 97), medium)
	for i := range 7 {
		m := wire.Data{PartID: id(0, 97), Chunk: i % 6, Bytes: good[i%6*1000 : (i%6+1)*1000]}
		for _, a := range c.Message(10, "ann", m.Append(nil)) {
			if a.Kind == peer.Close {
				require.Equal(t, 6, i)
				require.EqualValues(t, wire.ByeUnasked, a.Code)
				return
			}
		}
	}
	t.Fatal("the peer was never closed")
}

// ABUSE 16: heads handed on by a peer count as its messages.
func TestAbuse16HeadsCountAsMessages(t *testing.T) {
	c := open(t)
	for i := range peer.Flood {
		for _, a := range c.Heads(10, []media.Head{headOf(uint64(i), small)}, nil, "ann") {
			if a.Kind == peer.Close {
				require.EqualValues(t, wire.ByeFlood, a.Code)
				return
			}
		}
	}
	t.Fatal("the peer was never closed")
}

// ABUSE 13 and 16: whatever a neighbour sends, the core neither breaks nor gives a
// part whose bytes are not those of its head.
func FuzzCore(f *testing.F) {
	add := func(messages ...wire.Message) {
		var b []byte
		for _, m := range messages {
			encoded := m.Append(nil)
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(encoded))), encoded...)
		}
		f.Add(b)
	}
	good := pattern(id(0, 99), medium)
	for i := range 6 {
		add(wire.Data{PartID: id(0, 99), Chunk: i, Bytes: good[i*1000 : (i+1)*1000]})
	}
	add(wants(0, 99), absent(0, 99, 2), wire.Cancel{PartID: id(0, 99)}, wants(0, 105), subscribe(0, 63), wire.Refuse{Stripes: 3})
	add(wire.Interest{Renditions: 3}, wire.Bye{Code: 3}, wire.Data{PartID: id(0, 99), Chunk: 3, Bytes: make([]byte, 1000)})
	f.Fuzz(func(t *testing.T, b []byte) {
		c := open(t)
		now := int64(100)
		check := func(actions []peer.Action) {
			for _, a := range actions {
				if a.Kind == peer.Part {
					require.Equal(t, pattern(a.Part, medium), a.Bytes)
				}
			}
		}
		number := uint64(98)
		for range 100 {
			if len(b) < 2 {
				break
			}
			n := min(int(binary.BigEndian.Uint16(b)), len(b)-2)
			message := append([]byte(nil), b[2:2+n]...)
			b = b[2+n:]
			check(c.Message(now, "ann", message))
			now += 30
			if n%3 == 0 {
				h := headOf(number, medium)
				check(c.Heads(now, []media.Head{h}, batch(t, []media.Head{h}), ""))
				number++
			}
			check(c.Demand(now, id(0, number-1)))
			check(c.Tick(now))
		}
	})
}

// Who passes a stripe on gets it before who doesn't: of equal senders in a row the first
// is a whole burst ahead of the last.
func TestWhoPassesOnIsSentFirst(t *testing.T) {
	c := peer.New(peer.Config{ID: "me", Stream: "demo", Epoch: "e"})
	c.Follow(0, []int{0})
	head := headOf(97, 6000)
	payload := batch(t, []media.Head{head})
	c.Heads(1, []media.Head{head}, payload, "")
	for _, name := range []string{"leaf", "late", "node"} {
		c.PeerOpen(2, name)
		c.Message(3, name, wire.Hello{Version: wire.Version, Stream: "demo", Epoch: "e"}.Append(nil))
	}
	for name, feeds := range map[string]uint8{"leaf": 0, "node": 63} {
		c.Message(4, name, wire.Subscribe{Wishes: []wire.Wish{{Stripes: 63, Feeds: feeds}}}.Append(nil))
	}
	var to []string
	from, end := wire.ChunkBounds(6000, len(head.Chunks), 0)
	for _, a := range c.FeedData(5, id(0, 97), 0, pattern(id(0, 97), 6000)[from:end]) {
		if a.Kind == peer.Send {
			to = append(to, a.Peer)
		}
	}
	require.Equal(t, []string{"node", "leaf"}, to)
}
