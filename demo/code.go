package demo

import "time"

// Cells is the number of cells of the clock code.
const Cells = 40

// rowShare is the picture's height divided by the code's.
const rowShare = 20

// Levels of luma in limited range (ITU-R BT.601).
const (
	black = 16
	white = 235
)

// check is the sum in the last eight cells.
func check(ms uint32) byte {
	sum := uint32(0x5a)
	for shift := 0; shift < 32; shift += 8 {
		sum = sum*31 + ms>>shift&0xff
	}
	return byte(sum)
}

// EncodeClock returns the cells for a moment, from left to right.
func EncodeClock(at time.Time) [Cells]bool {
	ms := uint32(at.UnixMilli())
	bits := uint64(ms)<<8 | uint64(check(ms))
	var cells [Cells]bool
	for i := range cells {
		cells[i] = bits>>(Cells-1-i)&1 == 1
	}
	return cells
}

// DecodeClock returns the moment that the cells say, which is within 24 days of
// now; false when the check fails.
func DecodeClock(cells [Cells]bool, now time.Time) (time.Time, bool) {
	var bits uint64
	for _, white := range cells {
		bits <<= 1
		if white {
			bits |= 1
		}
	}
	ms := uint32(bits >> 8)
	if byte(bits) != check(ms) {
		return time.Time{}, false
	}
	ago := int32(uint32(now.UnixMilli()) - ms) // a signed difference undoes the modulo
	return time.UnixMilli(now.UnixMilli() - int64(ago)), true
}

// paintCode puts the code's row into the picture.
func (p *Painter) paintCode(at time.Time) {
	cells := EncodeClock(at)
	rows := p.height / rowShare
	for x := range p.width {
		p.luma[x] = black
		if cells[x*Cells/p.width] {
			p.luma[x] = white
		}
	}
	for y := 1; y < rows; y++ {
		copy(p.luma[y*p.width:], p.luma[:p.width])
	}
	fill(p.cb[:(rows+1)/2*(p.width/2)], 128)
	fill(p.cr[:(rows+1)/2*(p.width/2)], 128)
}
