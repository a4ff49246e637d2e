package peer

import "github.com/liverelay/liverelay/p2p/wire"

// chunkSet is a set of chunks of a part whose number of chunks may be unknown: those
// whose bit is set, or, with all, those whose bit is not.
type chunkSet struct {
	all  bool
	bits []byte
}

func (s *chunkSet) bit(i int) bool { return i>>3 < len(s.bits) && s.bits[i>>3]&(0x80>>(i&7)) != 0 }

func (s *chunkSet) has(i int) bool { return s.all != s.bit(i) }

func (s *chunkSet) write(i int, v bool) {
	for i>>3 >= len(s.bits) {
		s.bits = append(s.bits, 0)
	}
	if v {
		s.bits[i>>3] |= 0x80 >> (i & 7)
	} else {
		s.bits[i>>3] &^= 0x80 >> (i & 7)
	}
}

func (s *chunkSet) add(i int)    { s.write(i, !s.all) }
func (s *chunkSet) remove(i int) { s.write(i, s.all) }

// merge adds what b names, subtract takes it out.
func (s *chunkSet) merge(b wire.Bitmap) {
	if b.All() {
		*s = chunkSet{all: true}
		return
	}
	for i := range len(b) * 8 {
		if b.Has(i) {
			s.add(i)
		}
	}
}

func (s *chunkSet) subtract(b wire.Bitmap) {
	if b.All() {
		*s = chunkSet{}
		return
	}
	for i := range len(b) * 8 {
		if b.Has(i) {
			s.remove(i)
		}
	}
}

// touches reports whether b names a chunk of the set; c as in empty.
func (s *chunkSet) touches(b wire.Bitmap, c int) bool {
	if b.All() {
		return !s.empty(c)
	}
	for i := range len(b) * 8 {
		if b.Has(i) && s.has(i) && (c < 0 || i < c) {
			return true
		}
	}
	return false
}

// empty reports whether no chunk is in the set; c is the part's number of chunks, or
// −1 when it is unknown.
func (s *chunkSet) empty(c int) bool {
	if c < 0 {
		if s.all {
			return false
		}
		c = len(s.bits) * 8
	}
	for i := range c {
		if s.has(i) {
			return false
		}
	}
	return true
}

// bitmap names the set's chunks below c; it is empty when these are all, or when c is
// unknown (−1).
func (s *chunkSet) bitmap(c int) wire.Bitmap {
	var b wire.Bitmap
	n := 0
	for i := range c {
		if s.has(i) {
			b = mark(b, i)
			n++
		}
	}
	if n == c {
		return nil
	}
	return b
}

func mark(b wire.Bitmap, i int) wire.Bitmap {
	for i>>3 >= len(b) {
		b = append(b, 0)
	}
	b[i>>3] |= 0x80 >> (i & 7)
	return b
}
