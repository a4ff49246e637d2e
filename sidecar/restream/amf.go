package restream

import (
	"bytes"
	"encoding/binary"
	"math"
)

// AMF0 markers (AMF0 specification §2).
const (
	amfNumber = 0x00
	amfBool   = 0x01
	amfString = 0x02
	amfObject = 0x03
	amfNull   = 0x05
	amfArray  = 0x08
	amfEnd    = 0x09
	amfStrict = 0x0a
)

// property is one of an object, in the order in which it is sent.
type property struct {
	name  string
	value any
}

// appendAMF adds values: float64, bool, string, nil, []property, []string.
func appendAMF(dst []byte, values ...any) []byte {
	for _, v := range values {
		switch v := v.(type) {
		case float64:
			dst = binary.BigEndian.AppendUint64(append(dst, amfNumber), math.Float64bits(v))
		case bool:
			dst = append(dst, amfBool, 0)
			if v {
				dst[len(dst)-1] = 1
			}
		case string:
			dst = appendName(append(dst, amfString), v)
		case []property:
			dst = appendProperties(append(dst, amfObject), v)
		case []string:
			dst = binary.BigEndian.AppendUint32(append(dst, amfStrict), uint32(len(v)))
			for _, s := range v {
				dst = appendAMF(dst, s)
			}
		default:
			dst = append(dst, amfNull)
		}
	}
	return dst
}

func appendName(dst []byte, s string) []byte {
	s = s[:min(len(s), math.MaxUint16)]
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(s))), s...)
}

func appendProperties(dst []byte, all []property) []byte {
	for _, p := range all {
		dst = appendAMF(appendName(dst, p.name), p.value)
	}
	return append(dst, 0, 0, amfEnd)
}

// appendMap adds an ECMA array, as metadata is one.
func appendMap(dst []byte, all []property) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, amfArray), uint32(len(all)))
	return appendProperties(dst, all)
}

// answer is a server's command, as much of it as a publisher has to understand. It is
// read without taking objects apart, so that no nesting costs anything.
type answer struct {
	name        string
	transaction float64
	// code is that of an information object, like NetStream.Publish.Start.
	code string
	// number is the last argument if that is a number: the id of a new stream.
	number float64
}

func readAnswer(body []byte) (answer, bool) {
	var a answer
	rest, ok := body, false
	if a.name, rest, ok = readString(rest); !ok {
		return a, false
	}
	if a.transaction, rest, ok = readNumber(rest); !ok {
		return a, false
	}
	if n := len(rest) - 9; n >= 0 {
		a.number, _, _ = readNumber(rest[n:])
	}
	if at := bytes.Index(rest, []byte("\x00\x04code\x02")); at >= 0 {
		a.code, _, _ = readString(rest[at+len("\x00\x04code"):])
	}
	return a, true
}

func readString(b []byte) (string, []byte, bool) {
	if len(b) < 3 || b[0] != amfString {
		return "", nil, false
	}
	n := int(binary.BigEndian.Uint16(b[1:]))
	if len(b) < 3+n {
		return "", nil, false
	}
	return string(b[3 : 3+n]), b[3+n:], true
}

func readNumber(b []byte) (float64, []byte, bool) {
	if len(b) < 9 || b[0] != amfNumber {
		return 0, nil, false
	}
	return math.Float64frombits(binary.BigEndian.Uint64(b[1:])), b[9:], true
}
