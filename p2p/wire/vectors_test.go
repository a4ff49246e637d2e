package wire_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/internal/vector"
	"github.com/liverelay/liverelay/p2p/wire"
)

var update = flag.Bool("update", false, "write testdata/vectors anew")

type wireFile struct {
	About    string         `json:"about"`
	Messages []goodMessage  `json:"messages"`
	Bad      []bad          `json:"badMessages"`
	Uvarints []goodUvarint  `json:"uvarints"`
	BadInts  []bad          `json:"badUvarints"`
	Batches  []goodBatch    `json:"batchBodies"`
	BadBatch []bad          `json:"badBatchBodies"`
	Manifest []goodManifest `json:"manifestBodies"`
	BadMan   []bad          `json:"badManifestBodies"`
	Feeds    []goodFeed     `json:"feeds"`
	BadFeeds []bad          `json:"badFeeds"`
	Inits    []goodInit     `json:"initPayloads"`
	BadInits []bad          `json:"badInitPayloads"`
}

type bad struct {
	Name string     `json:"name"`
	Hex  vector.Hex `json:"hex"`
}

type goodMessage struct {
	Name    string         `json:"name"`
	Hex     vector.Hex     `json:"hex"`
	Message vector.Message `json:"message"`
}

type goodUvarint struct {
	Hex   vector.Hex `json:"hex"`
	Value uint64     `json:"value"`
}

type goodBatch struct {
	Name  string        `json:"name"`
	Hex   vector.Hex    `json:"hex"`
	Heads []vector.Head `json:"heads"`
	// Exact: encoding the heads gives these very bytes.
	Exact bool `json:"exact"`
}

type goodManifest struct {
	Name     string          `json:"name"`
	Hex      vector.Hex      `json:"hex"`
	Manifest vector.Manifest `json:"manifest"`
	Exact    bool            `json:"exact"`
}

type goodFeed struct {
	Name   string     `json:"name"`
	Hex    vector.Hex `json:"hex"`
	Frames []frame    `json:"frames"`
}

type frame struct {
	Type    int        `json:"type"`
	Payload vector.Hex `json:"payload"`
}

func TestWireVectors(t *testing.T) {
	if *update {
		vector.Save(t, "wire.json", buildWire(t))
	}
	var file wireFile
	vector.Load(t, "wire.json", &file)
	for _, v := range file.Messages {
		got, err := wire.Decode(v.Hex)
		require.NoError(t, err, v.Name)
		require.Equal(t, v.Message, vector.FromWire(got), v.Name)
		require.Equal(t, v.Hex, vector.Hex(v.Message.Wire().Append(nil)), v.Name)
	}
	for _, v := range file.Bad {
		_, err := wire.Decode(v.Hex)
		require.ErrorIs(t, err, wire.ErrMalformed, v.Name)
	}
	for _, v := range file.Uvarints {
		require.Equal(t, []byte(v.Hex), binary.AppendUvarint(nil, v.Value))
	}
	for _, v := range file.BadInts { // an interest carries nothing but one uvarint
		_, err := wire.Decode(append([]byte{10}, v.Hex...))
		require.ErrorIs(t, err, wire.ErrMalformed, v.Name)
	}
	checkBodies(t, &file)
	checkFeeds(t, &file)
	checkInits(t, &file)
}

func checkBodies(t *testing.T, file *wireFile) {
	for _, v := range file.Batches {
		heads, err := wire.DecodeBatch(v.Hex)
		require.NoError(t, err, v.Name)
		require.Equal(t, v.Heads, fromHeads(heads), v.Name)
		if v.Exact {
			again, err := wire.AppendBatch(nil, heads)
			require.NoError(t, err, v.Name)
			require.Equal(t, []byte(v.Hex), again, v.Name)
		}
	}
	for _, v := range file.BadBatch {
		_, err := wire.DecodeBatch(v.Hex)
		require.ErrorIs(t, err, wire.ErrMalformed, v.Name)
	}
	for _, v := range file.Manifest {
		m, err := wire.DecodeManifest(v.Hex)
		require.NoError(t, err, v.Name)
		require.Equal(t, v.Manifest, vector.FromManifest(m), v.Name)
		if v.Exact {
			again, err := wire.AppendManifest(nil, m)
			require.NoError(t, err, v.Name)
			require.Equal(t, []byte(v.Hex), again, v.Name)
		}
	}
	for _, v := range file.BadMan {
		_, err := wire.DecodeManifest(v.Hex)
		require.ErrorIs(t, err, wire.ErrMalformed, v.Name)
	}
}

func checkFeeds(t *testing.T, file *wireFile) {
	for _, v := range file.Feeds {
		frames, err := readFeed(v.Hex)
		require.ErrorIs(t, err, io.EOF, v.Name)
		require.Equal(t, v.Frames, frames, v.Name)
	}
	for _, v := range file.BadFeeds {
		_, err := readFeed(v.Hex)
		require.ErrorIs(t, err, wire.ErrMalformed, v.Name)
	}
}

func readFeed(b []byte) ([]frame, error) {
	r := wire.NewFrameReader(bytes.NewReader(b))
	frames := []frame{}
	for {
		typ, payload, err := r.Next()
		if err != nil {
			return frames, err
		}
		frames = append(frames, frame{int(typ), append(vector.Hex{}, payload...)})
	}
}

func fromHeads(heads []media.Head) []vector.Head {
	var out []vector.Head
	for _, h := range heads {
		out = append(out, vector.FromHead(h))
	}
	return out
}

func buildWire(t *testing.T) *wireFile {
	file := &wireFile{About: "Bytes and fields of docs/protocol.md, sections 1 and 3 to 6; see README.md in this folder."}
	addMessages(file)
	addBadMessages(file)
	for _, v := range []uint64{0, 1, 127, 128, 300, 16383, 16384, 1<<32 - 1, 1 << 32, wire.MaxInteger} {
		file.Uvarints = append(file.Uvarints, goodUvarint{binary.AppendUvarint(nil, v), v})
	}
	file.BadInts = []bad{
		{"empty", nil},
		{"cut off", []byte{0x80}},
		{"longer form of 0", []byte{0x80, 0x00}},
		{"longer form of 1", []byte{0x81, 0x80, 0x00}},
		{"2^53", binary.AppendUvarint(nil, 1<<53)},
		{"2^64-1", binary.AppendUvarint(nil, 1<<64-1)},
		{"eleven bytes", bytes.Repeat([]byte{0x80}, 11)},
		{"interest above bit 31", binary.AppendUvarint(nil, 1<<32)},
	}
	addBatches(t, file)
	addManifests(t, file)
	addFeeds(file)
	addInits(t, file)
	return file
}

func addMessages(file *wireFile) {
	id := wire.PartID{Rendition: 1, Number: 300}
	for _, v := range []struct {
		name string
		m    wire.Message
	}{
		{"hello", wire.Hello{Version: 1, Stream: "demo", Epoch: "abcdefghijklmnop", Agent: "liverelay/0.1 test"}},
		{"hello with features and UTF-8", wire.Hello{Version: 1, Stream: "demo", Epoch: "abcdefghijklmnop", Features: 5, Agent: "Gerät ✓"}},
		{"hello with empty strings", wire.Hello{Version: 2}},
		{"manifest", wire.Signed{Type: wire.TypeManifest, Payload: append([]byte{3, 1, 2, 3}, bytes.Repeat([]byte{9}, 64)...)}},
		{"heads", wire.Signed{Type: wire.TypeHeads, Payload: append([]byte{0}, bytes.Repeat([]byte{8}, 64)...)}},
		{"subscribe", wire.Subscribe{Wishes: []wire.Wish{{Rendition: 0, Stripes: 63}, {Rendition: 31, Stripes: 1}}}},
		{"subscribe to nothing", wire.Subscribe{}},
		{"refuse", wire.Refuse{Rendition: 3, Stripes: 0b100100}},
		{"request all", wire.Request{PartID: id}},
		{"request chunks 0, 5 and 11", wire.Request{PartID: id, Chunks: wire.BitmapOf(0, 5, 11)}},
		{"request chunk 4095", wire.Request{PartID: id, Chunks: wire.BitmapOf(4095)}},
		{"data", wire.Data{PartID: id, Chunk: 5, Bytes: []byte("chunk")}},
		{"data of one byte", wire.Data{Chunk: 0, Bytes: []byte{0}}},
		{"cancel", wire.Cancel{PartID: id, Chunks: wire.BitmapOf(2)}},
		{"absent", wire.Absent{PartID: id}},
		{"bye", wire.Bye{Code: wire.ByeFlood, Reason: "too many messages"}},
		{"bye without a reason", wire.Bye{}},
		{"interest", wire.Interest{Renditions: 0b101}},
		{"interest in all", wire.Interest{Renditions: 1<<32 - 1}},
		{"interest in none", wire.Interest{}},
	} {
		file.Messages = append(file.Messages, goodMessage{v.name, v.m.Append(nil), vector.FromWire(v.m)})
	}
}

func addBadMessages(file *wireFile) {
	long := strings.Repeat("x", 257)
	id := wire.PartID{Rendition: 1, Number: 300}
	request := wire.Request{PartID: id}.Append(nil)
	data := wire.Data{PartID: id, Chunk: 5, Bytes: []byte("chunk")}.Append(nil)
	var many wire.Subscribe
	for r := range wire.MaxWishes + 1 {
		many.Wishes = append(many.Wishes, wire.Wish{Rendition: r, Stripes: 1})
	}
	file.Bad = []bad{
		{"empty", nil},
		{"type 0", []byte{0}},
		{"unknown type 11", []byte{11}},
		{"type 18, not offered", []byte{18, 0}},
		{"type 255", []byte{255}},
		{"hello without fields", []byte{1}},
		{"hello cut off in the stream", []byte{1, 1, 4, 'd', 'e'}},
		{"hello with a stream of 257 bytes", wire.Hello{Version: 1, Stream: long}.Append(nil)},
		{"hello with a length of 2^53-1", append([]byte{1, 1}, binary.AppendUvarint(nil, wire.MaxInteger)...)},
		{"hello that is no UTF-8", []byte{1, 1, 1, 0xff, 0, 0, 0}},
		{"hello with bytes left over", append(wire.Hello{Version: 1}.Append(nil), 0)},
		{"manifest without a signature", []byte{2, 1, 7}},
		{"manifest with a short signature", append([]byte{2, 0}, make([]byte, 63)...)},
		{"heads with a long signature", append([]byte{3, 0}, make([]byte, 65)...)},
		{"a type that is not used", []byte{4, 1, 0, 1}},
		{"subscribe with no stripes", []byte{16, 1, 0, 0}},
		{"subscribe with a seventh stripe", []byte{16, 1, 0, 64}},
		{"subscribe to fewer than it says", []byte{16, 2, 0, 1}},
		{"subscribe with a rendition left over", []byte{16, 1, 0, 1, 1, 1}},
		{"subscribe twice to one rendition", []byte{16, 2, 1, 1, 1, 2}},
		{"subscribe to a rendition of 32", []byte{16, 1, 32, 1}},
		{"subscribe to nine renditions", many.Append(nil)},
		{"refuse nothing", []byte{17, 0, 0}},
		{"refuse a seventh stripe", []byte{17, 0, 64}},
		{"request cut off", request[:len(request)-1]},
		{"request with a byte left over", append(bytes.Clone(request), 0)},
		{"request with a bitmap that ends in zero", append(request[:len(request)-1:len(request)-1], 2, 0x80, 0)},
		{"request with a bitmap of 513 bytes", append(append(request[:len(request)-1:len(request)-1], 0x81, 0x04), bytes.Repeat([]byte{1}, 513)...)},
		{"request with a rendition of 32", []byte{5, 32, 1, 0}},
		{"data without bytes", data[:len(data)-5]},
		{"data of 16,385 bytes", wire.Data{Bytes: make([]byte, wire.MaxChunk+1)}.Append(nil)},
		{"data for chunk 4096", wire.Data{Chunk: 4096, Bytes: []byte{1}}.Append(nil)},
		{"data with a longer form of a number", []byte{6, 0x81, 0x00, 1, 0, 1}},
		{"cancel without a bitmap", []byte{7, 0, 1}},
		{"absent without a bitmap", []byte{8, 0, 1}},
		{"bye without a code", []byte{9}},
		{"bye with a reason of 257 bytes", wire.Bye{Reason: long}.Append(nil)},
		{"interest without a number", []byte{10}},
		{"interest with bytes left over", []byte{10, 1, 1}},
		{"more than 65,536 bytes", append([]byte{3, 0}, make([]byte, wire.MaxMessage)...)},
	}
}
