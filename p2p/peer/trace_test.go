package peer_test

import (
	"encoding/binary"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/internal/vector"
	"github.com/liverelay/liverelay/p2p/peer"
	"github.com/liverelay/liverelay/p2p/wire"
)

var update = flag.Bool("update", false, "write testdata/vectors anew")

// trace is one file peer-*.json (testdata/vectors/README.md).
type trace struct {
	Name   string      `json:"name"`
	About  string      `json:"about"`
	Config traceConfig `json:"config"`
	Parts  []tracePart `json:"parts"`
	Events []event     `json:"events"`
	Stats  traceStats  `json:"stats"`
}

type traceConfig struct {
	ID     string `json:"id"`
	Stream string `json:"stream"`
	Epoch  string `json:"epoch"`
	Agent  string `json:"agent"`
	Upload int64  `json:"upload"`
}

type traceStats struct {
	P2PBytes       int64 `json:"p2pBytes"`
	UploadedBytes  int64 `json:"uploadedBytes"`
	RejectedChunks int64 `json:"rejectedChunks"`
}

type tracePart struct {
	Rendition int    `json:"rendition"`
	Number    uint64 `json:"number"`
	Length    int    `json:"length"`
}

type event struct {
	At         int64           `json:"at"`
	Event      string          `json:"event"`
	About      string          `json:"about,omitempty"`
	Repeat     int             `json:"repeat,omitempty"`
	Peer       string          `json:"peer,omitempty"`
	Message    *vector.Message `json:"message,omitempty"`
	Hex        *vector.Hex     `json:"hex,omitempty"`
	Renditions []int           `json:"renditions,omitempty"`
	Heads      [][2]uint64     `json:"heads,omitempty"`
	Rendition  int             `json:"rendition,omitempty"`
	Number     uint64          `json:"number,omitempty"`
	Bytes      *vector.Hex     `json:"bytes,omitempty"`
	Gone       bool            `json:"gone,omitempty"`
	MS         int64           `json:"ms,omitempty"`
	Code       uint64          `json:"code,omitempty"`
	Chunk      int             `json:"chunk,omitempty"`
	Count      int             `json:"count,omitempty"`
	Serial     uint64          `json:"serial,omitempty"`
	Stripes    [][2]string     `json:"stripes,omitempty"`
	RetryAfter int64           `json:"retryAfter,omitempty"`
	Length     int             `json:"length,omitempty"`
	Expect     []action        `json:"expect"`
}

type action struct {
	Action    string          `json:"action"`
	Peer      string          `json:"peer,omitempty"`
	Message   *vector.Message `json:"message,omitempty"`
	Code      uint64          `json:"code,omitempty"`
	Rendition int             `json:"rendition,omitempty"`
	Number    uint64          `json:"number,omitempty"`
	Length    int             `json:"length,omitempty"`
	Heads     [][2]uint64     `json:"heads,omitempty"`
	Want      []want          `json:"want,omitempty"`
	Seed      bool            `json:"seed,omitempty"`
	First     int             `json:"first,omitempty"`
	Count     int             `json:"count,omitempty"`
}

type want struct {
	Rendition int   `json:"rendition"`
	Stripes   uint8 `json:"stripes"`
	From      int64 `json:"from"`
}

// pattern is the content of test parts (testdata/vectors/README.md).
func pattern(id wire.PartID, length int) []byte {
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(i*31 + i/256 + id.Rendition*17 + int(id.Number)*7)
	}
	return b
}

// player feeds a trace's events to a core.
type player struct {
	t     *testing.T
	core  *peer.Core
	parts map[wire.PartID]int
}

func newPlayer(t *testing.T, tr *trace) *player {
	p := &player{t: t, parts: map[wire.PartID]int{}}
	c := tr.Config
	p.core = peer.New(peer.Config{ID: c.ID, Stream: c.Stream, Epoch: c.Epoch, Agent: c.Agent, Upload: c.Upload})
	for _, v := range tr.Parts {
		p.parts[wire.PartID{Rendition: v.Rendition, Number: v.Number}] = v.Length
	}
	return p
}

func (p *player) data(id wire.PartID) []byte {
	length, known := p.parts[id]
	require.True(p.t, known, "part %v is not in the trace's table", id)
	return pattern(id, length)
}

func (p *player) head(id wire.PartID) media.Head {
	return headWith(id, p.data(id))
}

const duration = 250 * time.Millisecond

func headWith(id wire.PartID, data []byte) media.Head {
	return wire.HeadOf(&media.Part{
		Rendition: id.Rendition, Number: id.Number, Start: time.Duration(id.Number) * duration, Duration: duration, Data: data,
	})
}

// batch is a payload as the shell would have it, but for the signature.
func batch(t require.TestingT, heads []media.Head) []byte {
	body, err := wire.AppendBatch(nil, heads)
	require.NoError(t, err)
	return append(append(binary.AppendUvarint(nil, uint64(len(body))), body...), make([]byte, 64)...)
}

// bytes are the bytes of an event's message; data without bytes is right data.
func (p *player) bytes(e *event) []byte {
	if e.Hex != nil {
		return *e.Hex
	}
	m := *e.Message
	if m.Type == "data" && m.Bytes == nil {
		id := wire.PartID{Rendition: m.Rendition, Number: m.Number}
		whole := p.data(id)
		from, to := wire.ChunkBounds(len(whole), wire.ChunkCount(len(whole)), m.Chunk)
		m.Bytes = whole[from:to]
	}
	return m.Wire().Append(nil)
}

// chunks are the bytes of count chunks, as the publisher cuts.
func (p *player) chunks(id wire.PartID, first, count int) []byte {
	all := p.data(id)
	from, _ := wire.ChunkBounds(len(all), wire.ChunkCount(len(all)), first)
	_, to := wire.ChunkBounds(len(all), wire.ChunkCount(len(all)), first+count-1)
	return all[from:to]
}

func (p *player) play(e *event) []action {
	id := wire.PartID{Rendition: e.Rendition, Number: e.Number}
	out := []action{}
	for range max(e.Repeat, 1) {
		out = append(out, p.actions(p.once(e, id))...)
	}
	return out
}

func (p *player) once(e *event, id wire.PartID) []peer.Action {
	switch e.Event {
	case "follow":
		return p.core.Follow(e.At, e.Renditions)
	case "peerOpen":
		return p.core.PeerOpen(e.At, e.Peer)
	case "peerClose":
		return p.core.PeerClose(e.At, e.Peer)
	case "message":
		return p.core.Message(e.At, e.Peer, p.bytes(e))
	case "heads":
		var heads []media.Head
		for _, h := range e.Heads {
			heads = append(heads, p.head(wire.PartID{Rendition: int(h[0]), Number: h[1]}))
		}
		return p.core.Heads(e.At, heads, batch(p.t, heads), e.Peer)
	case "plan":
		plan := peer.PlanEvent{Serial: e.Serial, Renditions: e.Renditions}
		for s, v := range e.Stripes {
			plan.Stripes[s] = peer.Source{Parent: v[0], Standby: v[1]}
		}
		return p.core.Plan(e.At, plan)
	case "feedData":
		b := p.chunks(id, e.Chunk, 1)
		if e.Bytes != nil {
			b = *e.Bytes
		}
		return p.core.FeedData(e.At, id, e.Chunk, b)
	case "feedLost":
		return p.core.FeedLost(e.At, e.RetryAfter)
	case "fetched":
		if e.Bytes != nil {
			return p.core.Fetched(e.At, id, *e.Bytes)
		}
		return p.core.Fetched(e.At, id, p.chunks(id, e.Chunk, e.Count))
	case "fetchFailed":
		return p.core.FetchFailed(e.At, id, e.Gone, e.RetryAfter)
	case "demand":
		return p.core.Demand(e.At, id)
	case "playhead":
		return p.core.Playhead(e.At, e.MS)
	case "pressure":
		return p.core.Pressure(e.At, e.Peer, e.Length)
	case "identify":
		return p.core.Identify(e.At, e.Peer)
	case "gone":
		return p.core.Gone(e.At, e.Peer)
	case "release":
		return p.core.Release(e.At, id)
	case "accuse":
		return p.core.Accuse(e.At, e.Peer, e.Code, "test")
	case "tick":
		return p.core.Tick(e.At)
	}
	p.t.Fatalf("unknown event %q", e.Event)
	return nil
}

// actions gives the JSON form; it checks the bytes of parts and data on the way.
func (p *player) actions(list []peer.Action) []action {
	names := map[peer.Kind]string{
		peer.Send: "send", peer.Close: "close", peer.Fetch: "fetch",
		peer.AbortFetch: "abortFetch", peer.Part: "part", peer.Lost: "lost",
		peer.Feed: "feed", peer.Suspect: "suspect", peer.Late: "late",
	}
	out := []action{}
	for _, a := range list {
		v := action{Action: names[a.Kind], Peer: a.Peer, Code: a.Code, Rendition: a.Part.Rendition, Number: a.Part.Number}
		switch a.Kind {
		case peer.Send:
			v.Message, v.Heads = p.sent(a.Bytes)
		case peer.Feed:
			v.Seed = a.Seed
			for _, w := range a.Want {
				v.Want = append(v.Want, want(w))
			}
		case peer.Fetch:
			v.First, v.Count = a.First, a.Count
			require.Len(p.t, p.chunks(a.Part, a.First, a.Count), a.To-a.From)
		case peer.Late:
			v.Count = a.Late
		case peer.Part:
			require.Equal(p.t, p.data(a.Part), append([]byte{}, a.Bytes...))
			v.Length = len(a.Bytes)
		}
		out = append(out, v)
	}
	return out
}

func (p *player) sent(b []byte) (*vector.Message, [][2]uint64) {
	m, err := wire.Decode(b)
	require.NoError(p.t, err)
	v := vector.FromWire(m)
	switch m := m.(type) {
	case wire.Data:
		require.Equal(p.t, p.chunks(m.PartID, m.Chunk, 1), m.Bytes)
		v.Bytes = nil
	case wire.Signed:
		_, n := binary.Uvarint(m.Payload)
		heads, err := wire.DecodeBatch(m.Payload[n : len(m.Payload)-64])
		require.NoError(p.t, err)
		v.Payload = nil
		var names [][2]uint64
		for _, h := range heads {
			names = append(names, [2]uint64{uint64(h.Rendition), h.Number})
		}
		return &v, names
	}
	return &v, nil
}

func (p *player) stats() traceStats {
	s := p.core.Stats()
	return traceStats{s.P2PBytes, s.UploadedBytes, s.RejectedChunks}
}

func TestTraces(t *testing.T) {
	if *update {
		for _, tr := range scripts() {
			p := newPlayer(t, tr)
			for i := range tr.Events {
				tr.Events[i].Expect = p.play(&tr.Events[i])
			}
			tr.Stats = p.stats()
			vector.Save(t, "peer-"+tr.Name+".json", tr)
		}
	}
	files, err := filepath.Glob(filepath.Join(vector.Folder(t), "peer-*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			var tr trace
			vector.Load(t, filepath.Base(file), &tr)
			p := newPlayer(t, &tr)
			for i := range tr.Events {
				e := &tr.Events[i]
				require.Equal(t, e.Expect, p.play(e), "event %d, %s at %d ms", i, e.Event, e.At)
			}
			require.Equal(t, tr.Stats, p.stats())
		})
	}
}

// Every script has its file, and every file its script.
func TestTracesAreComplete(t *testing.T) {
	for _, tr := range scripts() {
		_, err := os.Stat(filepath.Join(vector.Folder(t), "peer-"+tr.Name+".json"))
		require.NoError(t, err)
	}
}
