package rtmp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

var errAMF = errors.New("rtmp: malformed AMF")

const (
	maxDepth  = 8    // objects within objects; a publisher needs two or three
	maxValues = 1024 // in one message
)

// Markers of AMF 0 (Action Message Format, AMF 0 §2.1).
const (
	amfNumber      = 0x00
	amfBoolean     = 0x01
	amfString      = 0x02
	amfObject      = 0x03
	amfNull        = 0x05
	amfUndefined   = 0x06
	amfReference   = 0x07
	amfECMAArray   = 0x08
	amfObjectEnd   = 0x09
	amfStrictArray = 0x0a
	amfDate        = 0x0b
	amfLongString  = 0x0c
	amfUnsupported = 0x0d
	amfXML         = 0x0f
	amfTypedObject = 0x10
)

// property is one entry of an object, or of an associative array.
type property struct {
	name  string
	value any
}

// object keeps its properties in order; a value is float64, bool, string, object,
// []any or nil.
type object []property

// get returns the property's value, nil if there is none.
func (o object) get(name string) any {
	for _, p := range o {
		if p.name == name {
			return p.value
		}
	}
	return nil
}

// amfReader decodes AMF 0 under limits of depth and number; lengths are checked
// against the bytes that are there before anything is allocated.
type amfReader struct {
	b      []byte
	values int
}

// decodeAMF decodes a body of consecutive values.
func decodeAMF(b []byte) ([]any, error) {
	r := amfReader{b: b}
	var values []any
	for len(r.b) > 0 {
		v, err := r.value(0)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// take cuts n bytes off.
func (r *amfReader) take(n int) ([]byte, error) {
	if n > len(r.b) {
		return nil, fmt.Errorf("%w: %d of %d bytes", errAMF, len(r.b), n)
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b, nil
}

func (r *amfReader) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%w: more than %d levels", errAMF, maxDepth)
	}
	if r.values++; r.values > maxValues {
		return nil, fmt.Errorf("%w: more than %d values", errAMF, maxValues)
	}
	b, err := r.take(1)
	if err != nil {
		return nil, err
	}
	switch marker := b[0]; marker {
	case amfNumber:
		return r.number()
	case amfBoolean:
		b, err := r.take(1)
		return err == nil && b[0] != 0, err
	case amfString:
		return r.text(2)
	case amfLongString, amfXML:
		return r.text(4)
	case amfNull, amfUndefined, amfUnsupported:
		return nil, nil
	case amfReference:
		_, err := r.take(2)
		return nil, err
	case amfDate:
		v, err := r.number()
		if err == nil {
			_, err = r.take(2) // time zone, reserved
		}
		return v, err
	default:
		return r.composite(marker, depth)
	}
}

// composite decodes what holds further values.
func (r *amfReader) composite(marker byte, depth int) (any, error) {
	switch marker {
	case amfObject:
		return r.object(depth)
	case amfECMAArray:
		if _, err := r.take(4); err != nil { // a count that binds nobody
			return nil, err
		}
		return r.object(depth)
	case amfTypedObject:
		if _, err := r.text(2); err != nil {
			return nil, err
		}
		return r.object(depth)
	case amfStrictArray:
		return r.array(depth)
	default:
		return nil, fmt.Errorf("%w: marker %#x", errAMF, marker)
	}
}

func (r *amfReader) number() (float64, error) {
	b, err := r.take(8)
	if err != nil {
		return 0, err
	}
	return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
}

// text decodes a string behind its length in n bytes.
func (r *amfReader) text(n int) (string, error) {
	b, err := r.take(n)
	if err != nil {
		return "", err
	}
	size := uint64(0)
	for _, c := range b {
		size = size<<8 | uint64(c)
	}
	if size > uint64(len(r.b)) {
		return "", fmt.Errorf("%w: string of %d in %d bytes", errAMF, size, len(r.b))
	}
	b, err = r.take(int(size))
	return string(b), err
}

func (r *amfReader) object(depth int) (object, error) {
	o := object{}
	for {
		name, err := r.text(2)
		if err != nil {
			return nil, err
		}
		if name == "" && len(r.b) > 0 && r.b[0] == amfObjectEnd {
			r.b = r.b[1:]
			return o, nil
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o = append(o, property{name, v})
	}
}

func (r *amfReader) array(depth int) ([]any, error) {
	b, err := r.take(4)
	if err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(n) > uint64(len(r.b)) { // each value takes a byte at least
		return nil, fmt.Errorf("%w: array of %d in %d bytes", errAMF, n, len(r.b))
	}
	a := []any{}
	for range n {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		a = append(a, v)
	}
	return a, nil
}

// appendAMF appends values of the types that decodeAMF returns; others become null.
func appendAMF(dst []byte, values ...any) []byte {
	for _, v := range values {
		dst = appendAMFValue(dst, v)
	}
	return dst
}

func appendAMFValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case float64:
		return binary.BigEndian.AppendUint64(append(dst, amfNumber), math.Float64bits(v))
	case bool:
		if v {
			return append(dst, amfBoolean, 1)
		}
		return append(dst, amfBoolean, 0)
	case string:
		if len(v) > math.MaxUint16 {
			dst = binary.BigEndian.AppendUint32(append(dst, amfLongString), uint32(len(v)))
			return append(dst, v...)
		}
		return appendAMFName(append(dst, amfString), v)
	case object:
		dst = append(dst, amfObject)
		for _, p := range v {
			dst = appendAMFValue(appendAMFName(dst, p.name), p.value)
		}
		return append(dst, 0, 0, amfObjectEnd)
	case []any:
		dst = binary.BigEndian.AppendUint32(append(dst, amfStrictArray), uint32(len(v)))
		return appendAMF(dst, v...)
	default:
		return append(dst, amfNull)
	}
}

func appendAMFName(dst []byte, name string) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(name))), name...)
}
