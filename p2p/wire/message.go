package wire

import (
	"encoding/binary"
	"fmt"
)

// Type is the first byte of a message and of a feed's frame.
type Type byte

// The types of docs/protocol.md, section 6.
const (
	TypeHello     Type = 1
	TypeManifest  Type = 2
	TypeHeads     Type = 3
	TypeRequest   Type = 5
	TypeData      Type = 6
	TypeCancel    Type = 7
	TypeAbsent    Type = 8
	TypeBye       Type = 9
	TypeInterest  Type = 10
	TypeSubscribe Type = 16
	TypeRefuse    Type = 17
)

// InOrder reports whether messages of this type go by the ordered channel: what they say
// replaces or takes back what was said before (docs/protocol.md, section 6).
func (t Type) InOrder() bool {
	return t != TypeHeads && t != TypeData && t != TypeAbsent
}

// Codes of a bye.
const (
	ByeLeaving   = 0
	ByeMalformed = 1
	ByeOther     = 2
	ByeWrong     = 3
	ByeUnasked   = 4
	ByeFlood     = 5
	ByeIdle      = 6
	ByeTold      = 7
)

// Violation reports whether a bye's code names a fault, after which the peer is not
// connected again.
func Violation(code uint64) bool {
	return code == ByeMalformed || code >= ByeWrong && code <= ByeFlood
}

// Message is one message between peers.
type Message interface {
	// Append adds the message's bytes, type first.
	Append(dst []byte) []byte
}

// PartID names a part.
type PartID struct {
	Rendition int
	Number    uint64
}

// Hello is the first message of each side.
type Hello struct {
	Version       uint64
	Stream, Epoch string
	Features      uint64
	Agent         string
}

// Signed carries a manifest (TypeManifest) or a batch of heads (TypeHeads): Payload
// is body and signature, as Verifier takes it.
type Signed struct {
	Type    Type
	Payload []byte
}

// Request asks for chunks, Cancel takes that back, Absent refuses it.
type (
	Request struct {
		PartID
		Chunks Bitmap
	}
	Cancel struct {
		PartID
		Chunks Bitmap
	}
	Absent struct {
		PartID
		Chunks Bitmap
	}
)

// Data carries one chunk.
type Data struct {
	PartID
	Chunk int
	Bytes []byte
}

// Bye ends a connection.
type Bye struct {
	Code   uint64
	Reason string
}

// Interest says which renditions the sender follows: bit r for rendition r.
type Interest struct{ Renditions uint32 }

// Wish names stripes of one rendition: bit s for stripe s. Feeds are those among them
// that its sender passes on to others, and so is best sent first.
type Wish struct {
	Rendition      int
	Stripes, Feeds uint8
}

// Subscribe names all that the sender wants to be pushed, by rendition.
type Subscribe struct{ Wishes []Wish }

// Refuse answers Subscribe: these stripes will not be pushed.
type Refuse struct {
	Rendition int
	Stripes   uint8
}

func (m Hello) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, byte(TypeHello)), m.Version)
	dst = appendString(appendString(dst, m.Stream), m.Epoch)
	return appendString(binary.AppendUvarint(dst, m.Features), m.Agent)
}

func (m Signed) Append(dst []byte) []byte {
	return append(append(dst, byte(m.Type)), m.Payload...)
}

func (m Request) Append(dst []byte) []byte {
	return appendBytes(m.PartID.append(append(dst, byte(TypeRequest))), m.Chunks)
}

func (m Cancel) Append(dst []byte) []byte {
	return appendBytes(m.PartID.append(append(dst, byte(TypeCancel))), m.Chunks)
}

func (m Absent) Append(dst []byte) []byte {
	return appendBytes(m.PartID.append(append(dst, byte(TypeAbsent))), m.Chunks)
}

func (m Data) Append(dst []byte) []byte {
	dst = m.PartID.append(append(dst, byte(TypeData)))
	return append(appendInt(dst, m.Chunk), m.Bytes...)
}

func (m Bye) Append(dst []byte) []byte {
	return appendString(binary.AppendUvarint(append(dst, byte(TypeBye)), m.Code), m.Reason)
}

func (m Interest) Append(dst []byte) []byte {
	return binary.AppendUvarint(append(dst, byte(TypeInterest)), uint64(m.Renditions))
}

func (m Subscribe) Append(dst []byte) []byte {
	dst = appendInt(append(dst, byte(TypeSubscribe)), len(m.Wishes))
	for _, w := range m.Wishes {
		dst = w.append(dst)
	}
	return dst
}

func (m Refuse) Append(dst []byte) []byte {
	return appendInt(appendInt(append(dst, byte(TypeRefuse)), m.Rendition), int(m.Stripes))
}

func (w Wish) append(dst []byte) []byte {
	return appendInt(appendInt(appendInt(dst, w.Rendition), int(w.Stripes)), int(w.Feeds))
}

func (p PartID) append(dst []byte) []byte {
	return binary.AppendUvarint(appendInt(dst, p.Rendition), p.Number)
}

// Decode reads one message. Errors wrap ErrMalformed. The bytes of Data, Signed and
// Bitmap are those of b.
func Decode(b []byte) (Message, error) {
	if len(b) == 0 || len(b) > MaxMessage {
		return nil, fmt.Errorf("%w: message of %d bytes", ErrMalformed, len(b))
	}
	r := &reader{b: b[1:]}
	m := r.message(Type(b[0]))
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("message of type %d: %w", b[0], err)
	}
	return m, nil
}

func (r *reader) message(t Type) Message {
	switch t {
	case TypeHello:
		return Hello{
			Version: r.uvarint(), Stream: r.str(MaxString, "stream"), Epoch: r.str(MaxString, "epoch"),
			Features: r.uvarint(), Agent: r.str(MaxString, "agent"),
		}
	case TypeManifest, TypeHeads:
		return Signed{Type: t, Payload: r.signed()}
	case TypeRequest:
		return Request{r.part(), r.bitmap()}
	case TypeData:
		return r.data()
	case TypeCancel:
		return Cancel{r.part(), r.bitmap()}
	case TypeAbsent:
		return Absent{r.part(), r.bitmap()}
	case TypeBye:
		return Bye{Code: r.uvarint(), Reason: r.str(MaxString, "reason")}
	case TypeInterest:
		return Interest{Renditions: uint32(r.number(1<<MaxRenditions-1, "interest"))}
	case TypeSubscribe:
		return r.subscribe()
	case TypeRefuse:
		return Refuse{r.number(MaxRenditions-1, "rendition"), r.stripes()}
	default:
		r.fail("unknown type")
		return nil
	}
}

func (r *reader) part() PartID {
	return PartID{Rendition: r.number(MaxRenditions-1, "rendition"), Number: r.uvarint()}
}

func (r *reader) subscribe() Message {
	n := r.number(MaxWishes, "subscriptions")
	m := Subscribe{}
	for i := 0; i < n && r.err == nil; i++ {
		w := r.wish()
		if i > 0 && r.err == nil && w.Rendition <= m.Wishes[i-1].Rendition {
			r.fail("renditions do not ascend")
		}
		m.Wishes = append(m.Wishes, w)
	}
	return m
}

func (r *reader) wish() Wish {
	w := Wish{r.number(MaxRenditions-1, "rendition"), r.stripes(), uint8(r.number(1<<Stripes-1, "stripes passed on"))}
	if r.err == nil && w.Feeds&^w.Stripes != 0 {
		r.fail("stripes passed on that are not asked for")
	}
	return w
}

func (r *reader) stripes() uint8 {
	stripes := uint8(r.number(1<<Stripes-1, "stripes"))
	if r.err == nil && stripes == 0 {
		r.fail("no stripes")
	}
	return stripes
}

func (r *reader) data() Message {
	m := Data{PartID: r.part(), Chunk: r.number(MaxChunks-1, "chunk")}
	if r.err == nil && (len(r.b) == 0 || len(r.b) > MaxChunk) {
		r.fail("chunk's length out of bounds")
	}
	m.Bytes, r.b = r.b, nil
	return m
}

// signed takes the rest when it is a body and its signature.
func (r *reader) signed() []byte {
	all := r.b
	r.bytes(MaxPayload, "body")
	r.fixed(signatureSize)
	if r.err == nil && len(r.b) > 0 {
		r.fail("bytes left over")
	}
	r.b = nil
	return all
}
