package restream

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// Message types (RTMP specification §5.4, §6.2).
const (
	typeSetChunkSize = 1
	typeAbort        = 2
	typeAck          = 3
	typeUserControl  = 4
	typeWindowAck    = 5
	typeBandwidth    = 6
	typeAudio        = 8
	typeVideo        = 9
	typeData         = 18
	typeCommand      = 20
)

const (
	// sentChunk is the chunk size that is announced: OBS's.
	sentChunk = 4096
	// A server has little to say to a publisher.
	maxMessage   = 64 << 10
	maxInChunk   = 1 << 20
	maxInStreams = 16
	extended     = 0xffffff
)

// errTalkative: the server sends what no server has to say to a publisher.
var errTalkative = errors.New("the server sends more than a publisher can be told")

type message struct {
	kind      byte
	stream    uint32
	timestamp uint32
	body      []byte
}

// appendMessage cuts a message into chunks (§5.3.1): a full header, then bare ones. An
// extended timestamp is repeated in each, as servers expect.
func appendMessage(dst []byte, channel byte, m message, chunk int) []byte {
	stamp := min(m.timestamp, extended)
	n := len(m.body)
	dst = append(dst, channel, byte(stamp>>16), byte(stamp>>8), byte(stamp), byte(n>>16), byte(n>>8), byte(n), m.kind)
	dst = binary.LittleEndian.AppendUint32(dst, m.stream)
	for at := 0; ; {
		if stamp == extended {
			dst = binary.BigEndian.AppendUint32(dst, m.timestamp)
		}
		to := min(n, at+chunk)
		dst = append(dst, m.body[at:to]...)
		if at = to; at == n {
			return dst
		}
		dst = append(dst, 0xc0|channel)
	}
}

// inbound is one of a server's chunk streams.
type inbound struct {
	message
	length   int
	extended bool
	delta    uint32
	relative bool // the header's timestamp is a difference
}

// chunkReader puts a server's messages together, within bounds.
type chunkReader struct {
	r       *bufio.Reader
	chunk   int
	limit   int // of a message
	streams map[int]*inbound
}

func newChunkReader(r io.Reader) *chunkReader {
	return &chunkReader{r: bufio.NewReaderSize(r, 4096), chunk: 128, limit: maxMessage, streams: map[int]*inbound{}}
}

// next returns the next message; its body is valid until the one after.
func (c *chunkReader) next() (message, error) {
	for {
		in, err := c.header()
		if err != nil {
			return message{}, err
		}
		part := min(c.chunk, in.length-len(in.body))
		at := len(in.body)
		in.body = append(in.body, make([]byte, part)...)
		if _, err := io.ReadFull(c.r, in.body[at:]); err != nil {
			return message{}, err
		}
		if len(in.body) < in.length {
			continue
		}
		m := in.message
		in.body = nil
		if m.kind == typeSetChunkSize && len(m.body) >= 4 {
			c.chunk = int(min(max(1, binary.BigEndian.Uint32(m.body)&0x7fffffff), maxInChunk))
			continue
		}
		return m, nil
	}
}

// header reads a chunk's headers (§5.3.1.1, §5.3.1.2).
func (c *chunkReader) header() (*inbound, error) {
	first, err := c.r.ReadByte()
	if err != nil {
		return nil, err
	}
	id, err := c.channel(int(first & 0x3f))
	if err != nil {
		return nil, err
	}
	in := c.streams[id]
	if in == nil {
		if len(c.streams) == maxInStreams {
			return nil, errTalkative
		}
		in = &inbound{}
		c.streams[id] = in
	}
	size := [...]int{11, 7, 3, 0}[first>>6]
	var h [11]byte
	if _, err := io.ReadFull(c.r, h[:size]); err != nil {
		return nil, err
	}
	if size > 0 && len(in.body) > 0 {
		return nil, errTalkative // a new message within one
	}
	in.take(h, size)
	if in.length > c.limit {
		return nil, errTalkative
	}
	return in, c.stamp(in)
}

// stamp works out a message's timestamp, when it begins (§5.3.1.2, §5.3.1.3).
func (c *chunkReader) stamp(in *inbound) error {
	stamp := in.delta
	if in.extended {
		var b [4]byte
		if _, err := io.ReadFull(c.r, b[:]); err != nil {
			return err
		}
		stamp = binary.BigEndian.Uint32(b[:])
	}
	switch {
	case len(in.body) > 0: // it goes on
	case in.relative:
		in.timestamp += stamp
	default:
		in.timestamp = stamp
	}
	return nil
}

func (in *inbound) take(h [11]byte, size int) {
	if size >= 3 {
		in.delta = uint32(h[0])<<16 | uint32(h[1])<<8 | uint32(h[2])
		in.extended, in.relative = in.delta == extended, size < 11
	}
	if size >= 7 {
		in.length, in.kind = int(h[3])<<16|int(h[4])<<8|int(h[5]), h[6]
	}
	if size == 11 {
		in.stream = binary.LittleEndian.Uint32(h[7:])
	}
}

// channel reads the longer forms of a chunk stream's id.
func (c *chunkReader) channel(id int) (int, error) {
	if id > 1 {
		return id, nil
	}
	low, err := c.r.ReadByte()
	if err != nil || id == 0 {
		return 64 + int(low), err
	}
	high, err := c.r.ReadByte()
	return 64 + int(low) + int(high)<<8, err
}
