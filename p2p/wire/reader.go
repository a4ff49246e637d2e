package wire

import (
	"encoding/binary"
	"fmt"
	"time"
	"unicode/utf8"
)

// reader walks over foreign bytes. The first error sticks and every later read
// gives zero values, so that a decoder reads all fields and asks once.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrMalformed, what)
	}
	r.b = nil
}

// end reports the first error, or that bytes were left over.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.fail("bytes left over")
	}
	return r.err
}

func (r *reader) u8() byte {
	if len(r.b) < 1 {
		r.fail("truncated")
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) u64() uint64 {
	if len(r.b) < 8 {
		r.fail("truncated")
		return 0
	}
	v := binary.BigEndian.Uint64(r.b)
	r.b = r.b[8:]
	if v > MaxInteger {
		r.fail("integer too great")
		return 0
	}
	return v
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	switch {
	case n == 0:
		r.fail("truncated")
		return 0
	case n < 0 || v > MaxInteger:
		r.fail("integer too great")
		return 0
	case n > 1 && r.b[n-1] == 0:
		r.fail("integer not in its shortest form")
		return 0
	}
	r.b = r.b[n:]
	return v
}

// number reads a uvarint that is at most limit.
func (r *reader) number(limit int, what string) int {
	v := r.uvarint()
	if v > uint64(limit) {
		r.fail(what + " exceeds its bound")
		return 0
	}
	return int(v)
}

func (r *reader) fixed(n int) []byte {
	if len(r.b) < n {
		r.fail("truncated")
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) bytes(limit int, what string) []byte {
	return r.fixed(r.number(limit, what))
}

func (r *reader) str(limit int, what string) string {
	b := r.bytes(limit, what)
	if !utf8.Valid(b) {
		r.fail(what + " is not UTF-8")
		return ""
	}
	return string(b)
}

func (r *reader) duration() time.Duration {
	return time.Duration(r.uvarint()) * time.Microsecond
}

// millis turns milliseconds since 1970 into a time; 0 is the zero time.
func millis(v uint64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(v)).UTC()
}

func toMillis(t time.Time) uint64 {
	if t.IsZero() || t.UnixMilli() < 0 {
		return 0
	}
	return uint64(t.UnixMilli())
}

func toMicros(d time.Duration) uint64 { return uint64(max(d.Microseconds(), 0)) }

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendInt(dst []byte, v int) []byte { return binary.AppendUvarint(dst, uint64(max(v, 0))) }
