package wire_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/p2p/internal/vector"
	"github.com/liverelay/liverelay/p2p/wire"
)

type chunkFile struct {
	About   string        `json:"about"`
	Parts   []chunkedPart `json:"parts"`
	Fits    []fit         `json:"fits"`
	Hashes  []hashed      `json:"hashes"`
	Stripes []striped     `json:"stripes"`
}

type chunkedPart struct {
	Length int `json:"length"`
	Chunks int `json:"chunks"`
	Size   int `json:"size"` // of every chunk but the last
	Last   int `json:"last"`
}

type fit struct {
	Length int  `json:"length"`
	Chunks int  `json:"chunks"`
	OK     bool `json:"ok"`
}

type hashed struct {
	Rendition int          `json:"rendition"`
	Number    uint64       `json:"number"`
	Length    int          `json:"length"`
	Hashes    []vector.Hex `json:"hashes"`
}

type striped struct {
	Number uint64 `json:"number"`
	Chunk  int    `json:"chunk"`
	Chunks int    `json:"chunks"`
	Stripe int    `json:"stripe"`
}

type scoreFile struct {
	About  string  `json:"about"`
	Scores []score `json:"scores"`
}

type score struct {
	Peer      string `json:"peer"`
	Rendition int    `json:"rendition"`
	Number    uint64 `json:"number"`
	Score     string `json:"score"` // 8 bytes, hexadecimal
}

func TestChunkVectors(t *testing.T) {
	if *update {
		vector.Save(t, "chunks.json", buildChunks())
	}
	var file chunkFile
	vector.Load(t, "chunks.json", &file)
	for _, v := range file.Parts {
		require.Equal(t, v.Chunks, wire.ChunkCount(v.Length))
		require.True(t, wire.Fits(v.Length, v.Chunks), "length %d", v.Length)
		if v.Chunks > 0 {
			_, size := wire.ChunkBounds(v.Length, v.Chunks, 0)
			from, to := wire.ChunkBounds(v.Length, v.Chunks, v.Chunks-1)
			require.Equal(t, [2]int{v.Size, v.Last}, [2]int{size, to - from}, "length %d", v.Length)
		}
	}
	for _, v := range file.Fits {
		require.Equal(t, v.OK, wire.Fits(v.Length, v.Chunks), "%+v", v)
	}
	for _, v := range file.Hashes {
		for i, hash := range wire.HashPart(pattern(v.Rendition, v.Number, v.Length)) {
			require.Equal(t, v.Hashes[i], vector.Hex(hash[:]))
		}
	}
	for _, v := range file.Stripes {
		require.Equal(t, v.Stripe, wire.Stripe(v.Number, v.Chunk, v.Chunks), "%+v", v)
	}
}

// Keyframes at equal distances have more than one chunk: the chunks of what is between
// them are spread over all stripes however far apart these are.
func TestStripesCarryAsMuchWhateverTheDistanceOfKeyframes(t *testing.T) {
	for distance := uint64(2); distance <= 60; distance++ {
		var carries [wire.Stripes]int
		sum := 0
		for n := range 240 * distance {
			if n%distance != 0 {
				carries[wire.Stripe(n, 0, 1)]++
				sum++
			}
		}
		require.InEpsilon(t, float64(sum)/wire.Stripes, slices.Max(carries[:]), 0.05, "keyframes %d parts apart: %v", distance, carries)
		require.InEpsilon(t, float64(sum)/wire.Stripes, slices.Min(carries[:]), 0.05, "keyframes %d parts apart: %v", distance, carries)
	}
}

func buildChunks() *chunkFile {
	file := &chunkFile{About: "How parts are cut into chunks (docs/protocol.md, section 4); see README.md in this folder."}
	for _, n := range []int{0, 1, 6, 2559, 2560, 2561, 5000, 15625, 98303, 98304, 98305, 196608, 196609, 1 << 20, 5_000_003, wire.MaxPart} {
		p := chunkedPart{Length: n, Chunks: wire.ChunkCount(n)}
		if p.Chunks > 0 {
			_, p.Size = wire.ChunkBounds(n, p.Chunks, 0)
			from, to := wire.ChunkBounds(n, p.Chunks, p.Chunks-1)
			p.Last = to - from
		}
		file.Parts = append(file.Parts, p)
	}
	file.Fits = []fit{
		{0, 0, true},
		{0, 1, false},
		{1, 0, false},
		{1, 1, true},
		{1, 2, false},
		{4, 3, false},
		{5, 3, true},
		{16384, 1, true},
		{16385, 1, false},
		{16385, 2, true},
		{10, 4, true},
		{10, 6, false},
		{5000, 12, true},
		{wire.MaxPart, 1024, true},
		{wire.MaxPart, 1023, false},
		{wire.MaxPart, 4096, true},
		{wire.MaxPart + 1, 4096, false},
		{wire.MaxPart, 4097, false},
	}
	for _, v := range []hashed{{Length: 100}, {Number: 3, Length: 5000}, {Rendition: 1, Number: 300, Length: 100_000}} {
		for _, hash := range wire.HashPart(pattern(v.Rendition, v.Number, v.Length)) {
			v.Hashes = append(v.Hashes, hash[:])
		}
		file.Hashes = append(file.Hashes, v)
	}
	file.Stripes = []striped{
		{0, 0, 1, 0},
		{1, 0, 1, 3},
		{7, 0, 1, 1},
		{12, 0, 1, 2},
		{1<<32 + 5, 0, 1, 0},
		{1<<53 - 1, 0, 1, 2},
		{7, 0, 6, 0},
		{7, 5, 6, 5},
		{7, 6, 12, 0},
		{7, 11, 12, 5},
	}
	return file
}

func TestScoreVectors(t *testing.T) {
	if *update {
		file := scoreFile{About: "Scores of docs/protocol.md, section 6.1; see README.md in this folder."}
		for _, peer := range []string{"aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "Zürich"} {
			for _, p := range []wire.PartID{{Rendition: 0, Number: 0}, {Rendition: 1, Number: 127}, {Rendition: 31, Number: 1 << 40}} {
				s := fmt.Sprintf("%016x", wire.Score(nil, peer, p))
				file.Scores = append(file.Scores, score{peer, p.Rendition, p.Number, s})
			}
		}
		vector.Save(t, "scores.json", file)
	}
	var file scoreFile
	vector.Load(t, "scores.json", &file)
	for _, v := range file.Scores {
		got := wire.Score(nil, v.Peer, wire.PartID{Rendition: v.Rendition, Number: v.Number})
		require.Equal(t, v.Score, fmt.Sprintf("%016x", got))
	}
}

// Every length that is cut by the rule fits.
func TestChunkCountFits(t *testing.T) {
	for n := 0; n < 1<<20; n += 1 + n/97 {
		require.True(t, wire.Fits(n, wire.ChunkCount(n)), "length %d", n)
	}
}
