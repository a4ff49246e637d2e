package admission

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Reasons to turn somebody away. They name no stream and no token, so that they may
// be logged.
var (
	ErrMalformed = errors.New("admission token is malformed")
	ErrForged    = errors.New("admission token is not for this stream and site, or not ours")
	ErrExpired   = errors.New("admission token has expired")
)

const (
	version    = 1
	headLength = 1 + 8
	length     = headLength + sha256.Size
	purpose    = "liverelay/1 admission\x00"

	// KeyLength is the length of a key in bytes.
	KeyLength = 32
	// Lifetime is how long a token admits unless New is told otherwise.
	Lifetime = 15 * time.Minute
)

// Office mints and checks tokens. It is safe for concurrent use.
type Office struct {
	key      []byte
	lifetime time.Duration
}

// New makes an office. With no key it makes one up, and its tokens end with the
// process; to have them outlive a restart, give it a key of at least KeyLength
// bytes. A lifetime of 0 means Lifetime.
func New(key []byte, lifetime time.Duration) (*Office, error) {
	if key == nil {
		key = make([]byte, KeyLength)
		if _, err := rand.Read(key); err != nil {
			return nil, fmt.Errorf("make an admission key: %w", err)
		}
	}
	if len(key) < KeyLength {
		return nil, fmt.Errorf("admission key has %d bytes, need %d", len(key), KeyLength)
	}
	if lifetime <= 0 {
		lifetime = Lifetime
	}
	return &Office{key: append([]byte(nil), key...), lifetime: lifetime}, nil
}

// Mint makes a token for a stream and the site of a page (see Site), which admits
// until lifetime after now.
func (o *Office) Mint(stream, site string, now time.Time) string {
	token := make([]byte, headLength, length)
	token[0] = version
	binary.BigEndian.PutUint64(token[1:], uint64(now.Add(o.lifetime).Unix()))
	token = append(token, o.sum(token, stream, site)...)
	return base64.RawURLEncoding.EncodeToString(token)
}

// Check says why a token doesn't admit to a stream from a site, or nil. It takes
// the same time for every wrong token of the right length.
func (o *Office) Check(token, stream, site string, now time.Time) error {
	if len(token) != base64.RawURLEncoding.EncodedLen(length) {
		return ErrMalformed
	}
	var raw [length]byte
	n, err := base64.RawURLEncoding.Strict().Decode(raw[:], []byte(token))
	if err != nil || n != length || raw[0] != version {
		return ErrMalformed
	}
	if !hmac.Equal(raw[headLength:], o.sum(raw[:headLength], stream, site)) {
		return ErrForged
	}
	end := binary.BigEndian.Uint64(raw[1:])
	if now.Unix() < 0 || uint64(now.Unix()) >= end {
		return ErrExpired
	}
	return nil
}

func (o *Office) sum(head []byte, stream, site string) []byte {
	mac := hmac.New(sha256.New, o.key)
	mac.Write([]byte(purpose))
	mac.Write(head)
	for _, text := range [...]string{stream, site} {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(text)))
		mac.Write(size[:])
		mac.Write([]byte(text))
	}
	return mac.Sum(nil)
}
