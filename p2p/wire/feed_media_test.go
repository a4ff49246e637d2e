package wire_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/p2p/internal/vector"
	"github.com/liverelay/liverelay/p2p/wire"
)

type goodInit struct {
	Name      string     `json:"name"`
	Hex       vector.Hex `json:"hex"`
	Rendition int        `json:"rendition"`
	Number    int        `json:"number"`
	Bytes     vector.Hex `json:"bytes"`
}

func addInits(t *testing.T, file *wireFile) {
	for _, v := range []struct {
		name string
		init wire.Init
	}{
		{"first", wire.Init{Bytes: []byte("ftyp and moov")}},
		{"greatest numbers", wire.Init{Rendition: 31, Number: 255, Bytes: []byte{0}}},
	} {
		payload, err := wire.AppendInit(nil, v.init)
		require.NoError(t, err)
		file.Inits = append(file.Inits, goodInit{v.name, payload, v.init.Rendition, v.init.Number, v.init.Bytes})
	}
	file.BadInits = []bad{
		{"empty", nil},
		{"rendition alone", []byte{1}},
		{"no bytes", []byte{1, 0}},
		{"rendition 32", []byte{32, 0, 1}},
		{"number 256", []byte{0, 0x80, 0x02, 1}},
		{"number in a longer form", []byte{0, 0x81, 0x00, 1}},
	}
}

func checkInits(t *testing.T, file *wireFile) {
	for _, v := range file.Inits {
		got, err := wire.DecodeInit(v.Hex)
		require.NoError(t, err, v.Name)
		require.Equal(t, wire.Init{Rendition: v.Rendition, Number: v.Number, Bytes: v.Bytes}, got, v.Name)
	}
	for _, v := range file.BadInits {
		_, err := wire.DecodeInit(v.Hex)
		require.ErrorIs(t, err, wire.ErrMalformed, v.Name)
	}
}

func TestInitsOutOfBounds(t *testing.T) {
	for _, i := range []wire.Init{
		{},
		{Rendition: -1, Bytes: []byte{1}},
		{Rendition: 32, Bytes: []byte{1}},
		{Number: 256, Bytes: []byte{1}},
		{Bytes: make([]byte, wire.MaxPayload)},
	} {
		_, err := wire.AppendInit(nil, i)
		require.ErrorIs(t, err, wire.ErrTooLong)
	}
}

// TestDataFrame: a frame whose media is written behind it is the same as one that
// was put together.
func TestDataFrame(t *testing.T) {
	m := wire.Data{PartID: wire.PartID{Rendition: 3, Number: 70_000}, Chunk: 5, Bytes: bytes.Repeat([]byte{7}, 16384)}
	payload := m.Append(nil)[1:]
	whole := wire.AppendFrame(nil, wire.TypeData, payload)
	require.Equal(t, whole, append(wire.AppendDataFrame(nil, m.PartID, m.Chunk, len(m.Bytes)), m.Bytes...))
	got, err := wire.DecodeData(payload)
	require.NoError(t, err)
	require.Equal(t, m, got)
	for _, broken := range [][]byte{nil, {1}, {1, 2, 3}, {32, 0, 0, 1}} {
		_, err := wire.DecodeData(broken)
		require.ErrorIs(t, err, wire.ErrMalformed)
	}
}

func FuzzDecodeInit(f *testing.F) {
	file := corpus(f)
	for _, v := range file.Inits {
		f.Add([]byte(v.Hex))
	}
	seed(f, file.BadInits)
	f.Fuzz(func(t *testing.T, b []byte) {
		i, err := wire.DecodeInit(b)
		if err != nil {
			require.ErrorIs(t, err, wire.ErrMalformed)
			return
		}
		again, err := wire.AppendInit(nil, i)
		require.NoError(t, err)
		require.Equal(t, b, again)
	})
}
