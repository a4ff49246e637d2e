package wire

import (
	"crypto/sha256"
	"encoding/binary"
)

// Score is a peer's score for a part, by which choices and moments are spread
// (docs/protocol.md, section 6.1). buf is scratch space and may be nil.
func Score(buf []byte, peer string, p PartID) uint64 {
	sum := sha256.Sum256(p.append(appendString(buf[:0], peer)))
	return binary.BigEndian.Uint64(sum[:])
}
