package wire

// Bitmap names chunks of a part: chunk 0 is the highest bit of the first byte. The
// empty bitmap means all chunks.
type Bitmap []byte

const maxBitmap = MaxChunks / 8

// All reports whether the bitmap stands for every chunk.
func (b Bitmap) All() bool { return len(b) == 0 }

// Has reports whether chunk i is named.
func (b Bitmap) Has(i int) bool {
	if len(b) == 0 {
		return true
	}
	return i>>3 < len(b) && b[i>>3]&(0x80>>(i&7)) != 0
}

// BitmapOf names the given chunks; it is in its shortest form.
func BitmapOf(chunks ...int) Bitmap {
	var b Bitmap
	for _, i := range chunks {
		for i>>3 >= len(b) {
			b = append(b, 0)
		}
		b[i>>3] |= 0x80 >> (i & 7)
	}
	return b
}

func (r *reader) bitmap() Bitmap {
	b := r.bytes(maxBitmap, "bitmap")
	if len(b) > 0 && b[len(b)-1] == 0 {
		r.fail("bitmap ends in a zero byte")
		return nil
	}
	if len(b) == 0 {
		return nil
	}
	return Bitmap(b)
}
