package flv

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
)

// Types of a Tag, which are those of RTMP messages too.
const (
	TypeAudio  = 8
	TypeVideo  = 9
	TypeScript = 18
)

const (
	fileHeader = 9
	tagHeader  = 11
	maxTag     = 1<<24 - 1 // bytes of data; the size is a number of 24 bits
)

// Tag is one tag of an FLV file (annex E.4.1).
type Tag struct {
	// Type is TypeAudio, TypeVideo or TypeScript.
	Type byte
	// Timestamp is in whole milliseconds and wraps around at 2^32 ms.
	Timestamp time.Duration
	// Data is the tag's body, at most 16 MiB.
	Data []byte
}

// Reader reads the tags of an FLV file.
type Reader struct {
	r      *bufio.Reader
	begun  bool
	header [tagHeader]byte
}

// NewReader returns a Reader of the file that r begins.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, 64<<10)} }

// Next returns the next tag, whose Data belongs to the caller. It returns io.EOF
// after the last whole tag, and ErrShort or ErrFormat when the file is broken.
func (r *Reader) Next() (Tag, error) {
	if !r.begun {
		if err := r.begin(); err != nil {
			return Tag{}, err
		}
		r.begun = true
	}
	if _, err := io.ReadFull(r.r, r.header[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return Tag{}, io.EOF
		}
		return Tag{}, short("read tag header", err)
	}
	h := r.header
	if h[0]&0xe0 != 0 {
		return Tag{}, fmt.Errorf("%w: tag type %#x", ErrFormat, h[0])
	}
	size := int(h[1])<<16 | int(h[2])<<8 | int(h[3])
	ms := uint32(h[7])<<24 | uint32(h[4])<<16 | uint32(h[5])<<8 | uint32(h[6])
	data, err := readBody(r.r, size)
	if err != nil {
		return Tag{}, err
	}
	if _, err := r.r.Discard(4); err != nil {
		return Tag{}, short("read tag's end", err)
	}
	return Tag{Type: h[0], Timestamp: time.Duration(ms) * time.Millisecond, Data: data}, nil
}

// begin reads the file's header and the first PreviousTagSize.
func (r *Reader) begin() error {
	var h [fileHeader]byte
	if _, err := io.ReadFull(r.r, h[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		return short("read file header", err)
	}
	if string(h[:3]) != "FLV" {
		return fmt.Errorf("%w: no FLV signature", ErrFormat)
	}
	offset := int(h[5])<<24 | int(h[6])<<16 | int(h[7])<<8 | int(h[8])
	if offset < fileHeader || offset > 1<<16 {
		return fmt.Errorf("%w: header of %d bytes", ErrFormat, offset)
	}
	if _, err := r.r.Discard(offset - fileHeader + 4); err != nil {
		return short("read file header", err)
	}
	return nil
}

// readBody reads size bytes and takes memory only as they come, so that a broken
// size costs nothing.
func readBody(r io.Reader, size int) ([]byte, error) {
	const step = 256 << 10
	if size <= step {
		data := make([]byte, size)
		if _, err := io.ReadFull(r, data); err != nil {
			return nil, short("read tag", err)
		}
		return data, nil
	}
	var b bytes.Buffer
	b.Grow(step)
	if _, err := io.CopyN(&b, r, int64(size)); err != nil {
		return nil, short("read tag", err)
	}
	return b.Bytes(), nil
}

// short turns the end of the input into ErrShort and wraps the rest.
func short(doing string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s: %w", doing, ErrShort)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Writer writes an FLV file. The header goes out with the first tag, and each tag
// in one Write, so that a reader at the other end of a pipe never waits for half.
type Writer struct {
	w     io.Writer
	flags byte
	begun bool
	buf   []byte
}

// NewWriter returns a Writer to w; the flags say which kinds of tag are to come.
func NewWriter(w io.Writer, hasVideo, hasAudio bool) *Writer {
	var flags byte
	if hasVideo {
		flags |= 1
	}
	if hasAudio {
		flags |= 4
	}
	return &Writer{w: w, flags: flags}
}

// Write appends a tag. Timestamps are cut to whole milliseconds.
func (w *Writer) Write(t Tag) error {
	if len(t.Data) > maxTag {
		return fmt.Errorf("%w: tag of %d bytes", ErrFormat, len(t.Data))
	}
	b := w.buf[:0]
	if !w.begun {
		b = append(b, 'F', 'L', 'V', 1, w.flags, 0, 0, 0, fileHeader, 0, 0, 0, 0)
		w.begun = true
	}
	size, ms := len(t.Data), uint32(t.Timestamp/time.Millisecond)
	b = append(b, t.Type, byte(size>>16), byte(size>>8), byte(size),
		byte(ms>>16), byte(ms>>8), byte(ms), byte(ms>>24), 0, 0, 0)
	b = append(b, t.Data...)
	total := size + tagHeader
	b = append(b, byte(total>>24), byte(total>>16), byte(total>>8), byte(total))
	w.buf = b
	if _, err := w.w.Write(b); err != nil {
		return fmt.Errorf("write tag: %w", err)
	}
	return nil
}
