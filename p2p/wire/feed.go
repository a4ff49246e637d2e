package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// AppendFrame adds one frame of a feed (docs/protocol.md, section 5).
func AppendFrame(dst []byte, t Type, payload []byte) []byte {
	return appendBytes(append(dst, byte(t)), payload)
}

// FrameReader reads a feed.
type FrameReader struct {
	r   *bufio.Reader
	buf []byte
}

// NewFrameReader reads frames from r.
func NewFrameReader(r io.Reader) *FrameReader {
	return &FrameReader{r: bufio.NewReaderSize(r, 16<<10)}
}

// Next gives the next frame; unknown types are given like others. The payload is
// valid until the next call. At the feed's end the error is io.EOF; a frame that is
// cut off or longer than MaxPayload is ErrMalformed.
func (f *FrameReader) Next() (Type, []byte, error) {
	t, err := f.r.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	n, err := f.length()
	if err != nil {
		return 0, nil, err
	}
	if cap(f.buf) < n {
		f.buf = make([]byte, max(n, 4096))
	}
	f.buf = f.buf[:n]
	if _, err := io.ReadFull(f.r, f.buf); err != nil {
		return 0, nil, cutOff(err)
	}
	return Type(t), f.buf, nil
}

// length reads the payload's length: at most three bytes, in the shortest form.
func (f *FrameReader) length() (int, error) {
	var raw [binary.MaxVarintLen64]byte
	for i := range raw[:3] {
		b, err := f.r.ReadByte()
		if err != nil {
			return 0, cutOff(err)
		}
		raw[i] = b
		if b < 0x80 {
			r := &reader{b: raw[:i+1]}
			n := r.number(MaxPayload, "payload")
			return n, r.err
		}
	}
	return 0, fmt.Errorf("%w: frame too long", ErrMalformed)
}

func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: frame cut off", ErrMalformed)
	}
	return err
}
