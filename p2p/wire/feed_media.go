package wire

import (
	"encoding/binary"
	"fmt"
)

// TypeInit is the type of a feed's frame that carries an init segment. It is no
// message between peers.
const TypeInit Type = 18

// Init is an init segment as a feed carries it (docs/protocol.md, section 5).
type Init struct {
	Rendition, Number int
	Bytes             []byte
}

// AppendInit adds the payload of a frame of type TypeInit. It fails when a bound is
// exceeded or the segment is empty.
func AppendInit(dst []byte, i Init) ([]byte, error) {
	if i.Rendition < 0 || i.Rendition >= MaxRenditions || i.Number < 0 || i.Number >= MaxInits ||
		len(i.Bytes) == 0 || len(i.Bytes) > maxInit {
		return nil, fmt.Errorf("init segment %d of rendition %d, %d bytes: %w", i.Number, i.Rendition, len(i.Bytes), ErrTooLong)
	}
	return append(appendInt(appendInt(dst, i.Rendition), i.Number), i.Bytes...), nil
}

// maxInit leaves room for the two numbers before an init segment.
const maxInit = MaxPayload - 3

// DecodeInit reads the payload of a frame of type TypeInit. The bytes are those of
// payload. Errors wrap ErrMalformed.
func DecodeInit(payload []byte) (Init, error) {
	r := &reader{b: payload}
	i := Init{Rendition: r.number(MaxRenditions-1, "rendition"), Number: r.number(MaxInits-1, "init segment")}
	if r.err == nil && (len(r.b) == 0 || len(r.b) > maxInit) {
		r.fail("init segment's length out of bounds")
	}
	i.Bytes = r.b
	if r.err != nil {
		return Init{}, fmt.Errorf("init segment: %w", r.err)
	}
	return i, nil
}

// AppendDataFrame adds a feed's frame of type TypeData without the chunk itself: size
// bytes of media have to follow it on the wire, from wherever they are kept.
func AppendDataFrame(dst []byte, id PartID, chunk, size int) []byte {
	var head [3 * binary.MaxVarintLen64]byte
	fields := appendInt(id.append(head[:0]), chunk)
	dst = binary.AppendUvarint(append(dst, byte(TypeData)), uint64(len(fields)+size))
	return append(dst, fields...)
}

// DecodeData reads the payload of a feed's frame of type TypeData. The bytes are
// those of payload. Errors wrap ErrMalformed.
func DecodeData(payload []byte) (Data, error) {
	r := &reader{b: payload}
	m, _ := r.data().(Data)
	if r.err != nil {
		return Data{}, fmt.Errorf("data: %w", r.err)
	}
	return m, nil
}
