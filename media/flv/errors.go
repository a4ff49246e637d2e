package flv

import "errors"

var (
	// ErrShort says that a body or file ends before what it announces.
	ErrShort = errors.New("flv: too short")
	// ErrCodec says that the coding is none of those that are supported.
	ErrCodec = errors.New("flv: unsupported codec")
	// ErrFormat says that the bytes contradict the specification.
	ErrFormat = errors.New("flv: malformed")
)
