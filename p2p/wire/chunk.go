package wire

import (
	"crypto/sha256"

	"github.com/liverelay/liverelay/media"
)

// Stripes is k: the number of stripes of a rendition.
const Stripes = 6

// smallPart is the length from which a part is cut at all: shorter chunks would be a
// quarter headers, and longer parts in one piece take the uplink of whoever passes them
// on to eight for half a second (of 460 kbit/s).
const smallPart = 2560

// ChunkCount is the number of chunks that a publisher cuts a part of length bytes
// into: 0 for an empty one, 1 below 2,560 bytes, else the least multiple of Stripes
// for which no chunk is above MaxChunk (docs/protocol.md, section 4).
func ChunkCount(length int) int {
	switch {
	case length <= 0:
		return 0
	case length < smallPart:
		return 1
	}
	per := Stripes * MaxChunk
	return Stripes * ((length + per - 1) / per)
}

// Fits reports whether c chunks fit a part of length bytes: equal ones, save for the
// last, none empty, none above MaxChunk.
func Fits(length, c int) bool {
	if length <= 0 || c <= 0 {
		return length == 0 && c == 0
	}
	if length > MaxPart || c > MaxChunks {
		return false
	}
	size := (length + c - 1) / c
	return size <= MaxChunk && (c-1)*size < length
}

// ChunkBounds gives where chunk i of c begins and ends. It needs 0 ≤ i < c and
// Fits(length, c).
func ChunkBounds(length, c, i int) (from, to int) {
	size := (length + c - 1) / c
	return i * size, min((i+1)*size, length)
}

// golden is 2³² over the golden ratio, as a prime.
const golden = 2_654_435_761

// Turn is the stripe of the only chunk of the part of this number. Turns take steps of
// the golden ratio, so that what is left out at equal distances, as keyframes are, which
// have more than one chunk, leaves all stripes about as much to carry
// (docs/protocol.md, section 4).
func Turn(number uint64) int {
	return int(uint64(uint32(number)*golden) * Stripes >> 32)
}

// Stripe is the stripe of chunk i of c of the part with this number.
func Stripe(number uint64, i, c int) int {
	if c == 1 {
		return Turn(number)
	}
	return i % Stripes
}

// HashChunk is the hash of one chunk: SHA-256, cut to 128 bits.
func HashChunk(b []byte) media.Hash {
	sum := sha256.Sum256(b)
	return media.Hash(sum[:media.HashSize])
}

// HashPart cuts a part as a publisher does and gives the hashes of its chunks.
func HashPart(data []byte) []media.Hash {
	c := ChunkCount(len(data))
	if c == 0 {
		return nil
	}
	hashes := make([]media.Hash, c)
	for i := range hashes {
		from, to := ChunkBounds(len(data), c, i)
		hashes[i] = HashChunk(data[from:to])
	}
	return hashes
}

// Verify reports whether data is the part that h describes.
func Verify(h *media.Head, data []byte) bool {
	if len(data) != h.Length || !Fits(h.Length, len(h.Chunks)) {
		return false
	}
	for i, want := range h.Chunks {
		from, to := ChunkBounds(h.Length, len(h.Chunks), i)
		if HashChunk(data[from:to]) != want {
			return false
		}
	}
	return true
}

// HeadOf is the head of a part.
func HeadOf(p *media.Part) media.Head {
	return media.Head{
		Rendition: p.Rendition, Number: p.Number, MSN: p.MSN, Index: p.Index,
		Start: p.Start, Duration: p.Duration, ProgramTime: p.ProgramTime,
		Discontinuity: p.Discontinuity, Init: p.Init,
		Independent: p.Independent, Gap: p.Gap || len(p.Data) == 0, SegmentEnd: p.SegmentEnd, Still: p.Still,
		Length: len(p.Data), Chunks: HashPart(p.Data), Lines: p.Lines,
	}
}
