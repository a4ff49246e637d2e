package publisher

import (
	"crypto/ed25519"
	"time"

	"github.com/liverelay/liverelay/p2p/wire"
)

// serialLeap is more than the manifests that a process can have issued since its Memory
// was written down. Their serial numbers are not used again.
const serialLeap = 1024

// Memory is what a Log needs to go on where one of another process left off, so that
// viewers believe it: the same key and growing serial numbers. It is secret.
type Memory struct {
	// Seed is the broadcast key's (RFC 8032 §5.1.5).
	Seed    []byte    `json:"seed"`
	Serial  uint64    `json:"serial"`
	Started time.Time `json:"started"`
	// Inits has the SHA-256 of every init segment, by rendition and number.
	Inits [][][]byte `json:"inits"`
}

// Memory returns what another process needs to go on with this Log.
func (l *Log) Memory() Memory {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := Memory{Seed: l.key.Seed(), Serial: l.manifest.Serial, Started: l.manifest.Started}
	for _, hashes := range l.manifest.Inits {
		list := make([][]byte, len(hashes))
		for i := range hashes {
			list[i] = append([]byte(nil), hashes[i][:]...)
		}
		m.Inits = append(m.Inits, list)
	}
	return m
}

// remember takes over what is sound of a Memory.
func (l *Log) remember(m Memory) {
	if len(m.Seed) == ed25519.SeedSize {
		l.key = ed25519.NewKeyFromSeed(m.Seed)
	}
	l.manifest.Serial = m.Serial + serialLeap
	l.manifest.Started = m.Started
	for _, list := range m.Inits {
		hashes := make([][32]byte, min(len(list), wire.MaxInits))
		for i := range hashes {
			copy(hashes[i][:], list[i])
		}
		l.manifest.Inits = append(l.manifest.Inits, hashes)
	}
}
