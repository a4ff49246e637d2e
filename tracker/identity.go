package tracker

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/liverelay/liverelay/tracker/forest"
)

// A viewer keeps its id when it comes back, be it to another tracker than the one that
// gave it: the id is the hash of a secret that the viewer was given with it and gives
// back, so that no tracker has to remember it, and nobody else can have it.

// Bounds of a secret, in bytes: a short one could be guessed.
const minSecret, maxSecret = 16, 64

// idDomain keeps the hash apart from others.
const idDomain = "liverelay peer id 1"

// idBytes are as many as make 16 characters.
const idBytes = 10

// newSecret makes up a secret.
func newSecret() string { return rand.Text() }

// idOf is the id of who has a secret: 16 characters that nobody can guess. Stream, epoch and secret are
// shorter than 256 bytes.
func idOf(key broadcastKey, secret string) forest.Peer {
	hash := sha256.New()
	for _, part := range [...]string{idDomain, key.stream, key.epoch, secret} {
		hash.Write([]byte{byte(len(part))})
		hash.Write([]byte(part))
	}
	return forest.Peer(strings.ToLower(base32.StdEncoding.EncodeToString(hash.Sum(nil)[:idBytes])))
}
