package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/liverelay/liverelay/media"
)

// Flags of a head.
const (
	flagIndependent = 1 << iota
	flagGap
	flagSegmentEnd
	flagStill
)

// AppendBatch adds a batch's body (docs/protocol.md, section 4). It fails when a
// bound is exceeded or a head's chunks do not fit its length.
func AppendBatch(dst []byte, heads []media.Head) ([]byte, error) {
	if len(heads) == 0 || len(heads) > MaxBatch {
		return nil, fmt.Errorf("batch of %d heads: %w", len(heads), ErrTooLong)
	}
	dst = appendInt(dst, len(heads))
	var record []byte
	for i := range heads {
		h := &heads[i]
		if err := checkHead(h); err != nil {
			return nil, fmt.Errorf("head %d of rendition %d: %w", h.Number, h.Rendition, err)
		}
		record = appendHead(record[:0], h)
		dst = appendBytes(dst, record)
	}
	return dst, nil
}

func checkHead(h *media.Head) error {
	switch {
	case h.Rendition < 0 || h.Rendition >= MaxRenditions, h.Init < 0 || h.Init >= MaxInits,
		len(h.Lines) > MaxLines, h.Length > MaxPart, h.Index < 0, h.Number > MaxInteger:
		return ErrTooLong
	case !Fits(h.Length, len(h.Chunks)), h.Gap != (h.Length == 0):
		return fmt.Errorf("%d chunks for %d bytes: %w", len(h.Chunks), h.Length, ErrMalformed)
	}
	return nil
}

func appendHead(dst []byte, h *media.Head) []byte {
	dst = binary.AppendUvarint(appendInt(dst, h.Rendition), h.Number)
	dst = appendInt(binary.AppendUvarint(dst, h.MSN), h.Index)
	dst = binary.AppendUvarint(dst, toMicros(h.Start))
	dst = binary.AppendUvarint(dst, toMicros(h.Duration))
	dst = binary.AppendUvarint(dst, toMillis(h.ProgramTime))
	dst = binary.AppendUvarint(dst, h.Discontinuity)
	dst = append(dst, headFlags(h))
	dst = appendInt(appendInt(dst, h.Init), h.Length)
	dst = appendInt(dst, len(h.Chunks))
	for i := range h.Chunks {
		dst = append(dst, h.Chunks[i][:]...)
	}
	return appendString(dst, h.Lines)
}

func headFlags(h *media.Head) byte {
	var f byte
	if h.Independent {
		f |= flagIndependent
	}
	if h.Gap {
		f |= flagGap
	}
	if h.SegmentEnd {
		f |= flagSegmentEnd
	}
	if h.Still {
		f |= flagStill
	}
	return f
}

// DecodeBatch reads a batch's body. It copies what it keeps. Errors wrap
// ErrMalformed.
func DecodeBatch(body []byte) ([]media.Head, error) {
	r := &reader{b: body}
	n := r.number(MaxBatch, "heads")
	if n == 0 {
		r.fail("no heads")
	}
	heads := make([]media.Head, 0, min(n, len(r.b)))
	for i := 0; i < n && r.err == nil; i++ {
		heads = append(heads, r.head())
	}
	if r.err != nil {
		return nil, fmt.Errorf("batch: %w", r.err)
	}
	return heads, nil
}

func (r *reader) head() media.Head {
	in := &reader{b: r.bytes(MaxPayload, "head"), err: r.err}
	h := media.Head{
		Rendition: in.number(MaxRenditions-1, "rendition"), Number: in.uvarint(),
		MSN: in.uvarint(), Index: int(in.uvarint()),
		Start: in.duration(), Duration: in.duration(), ProgramTime: millis(in.uvarint()),
		Discontinuity: in.uvarint(),
	}
	flags := in.u8()
	h.Independent = flags&flagIndependent != 0
	h.Gap = flags&flagGap != 0
	h.SegmentEnd = flags&flagSegmentEnd != 0
	h.Still = flags&flagStill != 0
	h.Init = in.number(MaxInits-1, "init")
	h.Length = in.number(MaxPart, "length")
	h.Chunks = in.hashes(in.number(MaxChunks, "chunks"))
	h.Lines = in.str(MaxLines, "lines")
	if in.err == nil && (!Fits(h.Length, len(h.Chunks)) || h.Gap != (h.Length == 0)) {
		in.fail("chunks do not fit the length")
	}
	r.err = in.err
	return h
}

func (r *reader) hashes(n int) []media.Hash {
	raw := r.fixed(n * media.HashSize)
	if len(raw) == 0 {
		return nil
	}
	hashes := make([]media.Hash, n)
	for i := range hashes {
		copy(hashes[i][:], raw[i*media.HashSize:])
	}
	return hashes
}
