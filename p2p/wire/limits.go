package wire

import "errors"

// Version is the version of the protocol.
const Version = 1

// Label and Protocol name both data channels between two peers.
const (
	Label    = "liverelay"
	Protocol = "liverelay/1"
)

// Bounds of docs/protocol.md, section 1.
const (
	MaxString     = 256
	MaxLines      = 2048
	MaxRenditions = 32
	MaxInits      = 256
	MaxChunks     = 4096
	MaxPart       = 16 << 20
	MaxBatch      = 64
	MaxWishes     = 8
	MaxMessage    = 65536
	MaxPayload    = MaxMessage - 1
	MaxChunk      = 16384
	// MaxInteger is the greatest number on the wire, so that JavaScript holds it.
	MaxInteger = 1<<53 - 1
)

var (
	// ErrMalformed is wrapped by every error about bytes that do not follow the format.
	ErrMalformed = errors.New("malformed")
	// ErrForged: a signature or a certificate does not verify.
	ErrForged = errors.New("signature does not verify")
	// ErrForeign: another stream, another epoch, or another identity.
	ErrForeign = errors.New("belongs to another broadcast")
	// ErrStale: the manifest's serial is not greater than the one known.
	ErrStale = errors.New("serial is not new")
	// ErrExpired: the certificate's time has passed.
	ErrExpired = errors.New("certificate has expired")
	// ErrNoManifest: heads cannot be checked before a manifest is known.
	ErrNoManifest = errors.New("no manifest yet")
	// ErrTooLong: what was to be encoded exceeds a bound.
	ErrTooLong = errors.New("exceeds a bound of the format")
)
