package media

import "time"

// HashSize is the length of a chunk's hash: SHA-256, cut to 128 bits.
const HashSize = 16

// Hash is the hash of one chunk.
type Hash [HashSize]byte

// Head is the record of one part: what it is, when, its length and the hashes
// of its chunks. Heads travel signed (docs/protocol.md, Heads).
type Head struct {
	Rendition       int
	Number          uint64
	MSN             uint64
	Index           int
	Start, Duration time.Duration // microseconds on the wire
	ProgramTime     time.Time     // milliseconds on the wire
	Discontinuity   uint64
	Init            int
	Independent     bool
	Gap             bool
	SegmentEnd      bool
	Still           bool
	// Length is the part's length in bytes; Chunks has one hash for each of its
	// equal pieces, none for an empty part.
	Length int
	Chunks []Hash
	// Lines are playlist lines that an attached stream carries as they are.
	Lines string
}

// Manifest is the signed, serial-numbered description of a broadcast.
type Manifest struct {
	Stream string
	Epoch  string
	// Identity is the stream's Ed25519 public key, Broadcast the short-lived key
	// which it certifies until NotAfter; both are 32 bytes.
	Identity, Broadcast []byte
	NotAfter            time.Time
	// Serial grows with each new manifest of a broadcast.
	Serial uint64
	// Issued is the heartbeat; Started and Ended bound the broadcast. Ended is zero
	// while it runs.
	Issued, Started, Ended time.Time
	Timing                 Timing
	Renditions             []Rendition
	// Inits has the SHA-256 of every init segment, by rendition index and number.
	Inits [][][32]byte
}
