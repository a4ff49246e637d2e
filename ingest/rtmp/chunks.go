package rtmp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

var (
	errTooLong  = errors.New("rtmp: message is too long")
	errMemory   = errors.New("rtmp: too much is left incomplete")
	errProtocol = errors.New("rtmp: malformed chunk stream")
)

const (
	defaultChunk = 128       // RTMP 1.0 §5.4.1
	maxChunk     = 1<<24 - 1 // no message is longer
	maxStreams   = 32        // chunk streams a publisher may use; OBS and ffmpeg use up to five
	extended     = 1<<24 - 1 // this timestamp says that 32 bits follow (§5.3.1.3)
)

// message is a whole RTMP message.
type message struct {
	kind   byte
	stream uint32
	time   uint32 // milliseconds, modulo 2^32
	body   []byte
}

// chunkReader puts messages together from chunks (RTMP 1.0 §5.3). It refuses what
// would take more memory than it was given.
type chunkReader struct {
	// limit says how long a message of a kind may be.
	limit func(kind byte) int
	// memory bounds the bytes of all messages that are incomplete.
	memory int

	size    int // of the sender's chunks
	held    int // bytes that incomplete messages take
	streams map[uint32]*chunkStream
}

// chunkStream is what is remembered of one chunk stream.
type chunkStream struct {
	message
	delta    uint32
	extended bool
	ext      uint32 // the extended timestamp, as it was sent
	length   int
	open     bool // a message is incomplete
}

func newChunkReader(limit func(byte) int, memory int) *chunkReader {
	return &chunkReader{limit: limit, memory: memory, size: defaultChunk, streams: map[uint32]*chunkStream{}}
}

// next reads up to the end of the next message that is not empty.
func (c *chunkReader) next(r *bufio.Reader) (message, error) {
	for {
		m, done, err := c.chunk(r)
		if err != nil || done {
			return m, err
		}
	}
}

// chunk reads one chunk; done says that it completes a message.
func (c *chunkReader) chunk(r *bufio.Reader) (m message, done bool, err error) {
	format, id, err := basicHeader(r)
	if err != nil {
		return m, false, err
	}
	s, err := c.stream(id, format)
	if err != nil {
		return m, false, err
	}
	if err := c.header(r, s, format); err != nil {
		return m, false, err
	}
	if s.length == 0 {
		return m, false, nil
	}
	from := len(s.body)
	n := min(c.size, s.length-from)
	s.body = s.body[:from+n]
	if _, err := io.ReadFull(r, s.body[from:]); err != nil {
		return m, false, fmt.Errorf("read chunk: %w", err)
	}
	if len(s.body) < s.length {
		return m, false, nil
	}
	m = s.message
	c.close(s)
	return m, true, nil
}

// stream finds a chunk stream, or begins one.
func (c *chunkReader) stream(id uint32, format byte) (*chunkStream, error) {
	if s := c.streams[id]; s != nil {
		return s, nil
	}
	// Some publishers begin a chunk stream with a type 1 header.
	if format > 1 {
		return nil, fmt.Errorf("%w: chunk stream %d begins with a type %d header", errProtocol, id, format)
	}
	if len(c.streams) >= maxStreams {
		return nil, fmt.Errorf("%w: more than %d chunk streams", errMemory, maxStreams)
	}
	s := &chunkStream{}
	c.streams[id] = s
	return s, nil
}

// abort drops the incomplete message of a chunk stream (§5.4.2).
func (c *chunkReader) abort(id uint32) {
	if s := c.streams[id]; s != nil && s.open {
		c.close(s)
	}
}

func (c *chunkReader) close(s *chunkStream) {
	c.held -= s.length
	s.body, s.open = nil, false
}

// basicHeader reads the chunk's type and the id of its stream (§5.3.1.1).
func basicHeader(r *bufio.Reader) (format byte, id uint32, err error) {
	b, err := r.ReadByte()
	if err != nil {
		return 0, 0, err // bare, so that the end of the connection is io.EOF
	}
	format, id = b>>6, uint32(b&0x3f)
	if id > 1 {
		return format, id, nil
	}
	var more [2]byte
	n := 1 + int(id)
	if _, err := io.ReadFull(r, more[:n]); err != nil {
		return 0, 0, fmt.Errorf("read chunk header: %w", err)
	}
	return format, 64 + uint32(more[0]) + uint32(more[1])<<8, nil
}

// header reads the message header (§5.3.1.2) and begins a message, unless the chunk
// goes on with one.
func (c *chunkReader) header(r *bufio.Reader, s *chunkStream, format byte) error {
	if format == 3 {
		return c.bare(r, s)
	}
	if s.open {
		return fmt.Errorf("%w: a header within a message", errProtocol)
	}
	var b [11]byte
	n := [...]int{11, 7, 3}[format]
	if _, err := io.ReadFull(r, b[:n]); err != nil {
		return fmt.Errorf("read chunk header: %w", err)
	}
	stamp := uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
	if format < 2 {
		s.length, s.kind = int(b[3])<<16|int(b[4])<<8|int(b[5]), b[6]
	}
	if format == 0 {
		s.message.stream = binary.LittleEndian.Uint32(b[7:])
	}
	s.extended = stamp == extended
	if s.extended {
		if _, err := io.ReadFull(r, b[:4]); err != nil {
			return fmt.Errorf("read extended timestamp: %w", err)
		}
		stamp = binary.BigEndian.Uint32(b[:])
		s.ext = stamp
	}
	if format == 0 {
		s.time = 0
	}
	s.delta = stamp
	return c.begin(s)
}

// bare takes a chunk without a header: the rest of a message, or a new one like the
// last. An extended timestamp is to be repeated in it (§5.3.1.3), but not every
// publisher does so; thus it is skipped when it is there.
func (c *chunkReader) bare(r *bufio.Reader, s *chunkStream) error {
	if s.extended {
		b, err := r.Peek(4)
		if err != nil {
			return fmt.Errorf("read extended timestamp: %w", err)
		}
		if binary.BigEndian.Uint32(b) == s.ext {
			if _, err := r.Discard(4); err != nil {
				return fmt.Errorf("read extended timestamp: %w", err)
			}
		}
	}
	if s.open {
		return nil
	}
	return c.begin(s)
}

// begin starts a message under the limits. Its memory is counted by the length it
// announces, before a byte of it has come.
func (c *chunkReader) begin(s *chunkStream) error {
	s.time += s.delta
	if s.length == 0 {
		return nil
	}
	if most := c.limit(s.kind); s.length > most {
		return fmt.Errorf("%w: type %d, %d of at most %d bytes", errTooLong, s.kind, s.length, most)
	}
	if c.held+s.length > c.memory {
		return fmt.Errorf("%w: over %d bytes", errMemory, c.memory)
	}
	c.held += s.length
	s.body, s.open = make([]byte, 0, s.length), true
	return nil
}

// appendChunks appends a message, cut into chunks of the given size, the first with
// a type 0 header.
func appendChunks(dst []byte, id byte, m message, size int) []byte {
	dst = appendChunkHeader(dst, id, m)
	for at := 0; ; {
		end := min(at+size, len(m.body))
		dst = append(dst, m.body[at:end]...)
		if at = end; at >= len(m.body) {
			return dst
		}
		dst = append(dst, 3<<6|id)
		if m.time >= extended {
			dst = binary.BigEndian.AppendUint32(dst, m.time)
		}
	}
}

// appendChunkHeader appends a type 0 header for a message of a chunk stream from 2
// to 63.
func appendChunkHeader(dst []byte, id byte, m message) []byte {
	stamp, n := min(m.time, extended), len(m.body)
	dst = append(dst, id, byte(stamp>>16), byte(stamp>>8), byte(stamp), byte(n>>16), byte(n>>8), byte(n), m.kind)
	dst = binary.LittleEndian.AppendUint32(dst, m.stream)
	if stamp == extended {
		dst = binary.BigEndian.AppendUint32(dst, m.time)
	}
	return dst
}
