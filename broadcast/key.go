package broadcast

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"strings"
)

// digest is all that is kept of a key.
type digest [sha256.Size]byte

func digestOf(key string) digest { return sha256.Sum256([]byte(key)) }

// keyring finds streams by the digest of their key.
type keyring map[digest]*channel

// find returns nil for a key that is nobody's. The map is searched by the digest,
// whose bytes a guesser can't steer, and what is found is compared in constant
// time, so that the time taken says nothing about a key.
func (k keyring) find(key string) *channel {
	if key == "" {
		return nil
	}
	d := digestOf(key)
	c := k[d]
	if c == nil || subtle.ConstantTimeCompare(d[:], c.key[:]) != 1 {
		return nil
	}
	return c
}

// newEpoch returns 80 random bits as 16 characters [a-z2-7].
func newEpoch() string {
	var b [10]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}
