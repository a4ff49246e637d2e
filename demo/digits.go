package demo

import "time"

// The segments of a digit: a on top, then clockwise, g in the middle.
const (
	segA = 1 << iota
	segB
	segC
	segD
	segE
	segF
	segG
)

// segments returns which segments show a digit.
func segments(digit byte) int {
	switch digit {
	case '0':
		return segA | segB | segC | segD | segE | segF
	case '1':
		return segB | segC
	case '2':
		return segA | segB | segG | segE | segD
	case '3':
		return segA | segB | segG | segC | segD
	case '4':
		return segF | segG | segB | segC
	case '5':
		return segA | segF | segG | segC | segD
	case '6':
		return segA | segF | segE | segD | segC | segG
	case '7':
		return segA | segB | segC
	case '8':
		return segA | segB | segC | segD | segE | segF | segG
	case '9':
		return segG | segF | segA | segB | segC | segD
	default:
		return 0
	}
}

// paintClock writes the time of day with milliseconds on a dark panel. Digits of
// seven bars need no font, and stay readable in the smallest rendition.
func (p *Painter) paintClock(at time.Time) {
	text := at.Format("15:04:05.000")
	w := p.width / 20 // of a digit
	h := w * 2
	t := max(2, w/6)
	gap := w / 3
	const marks = 3 // two colons and a point, each half as wide as a digit
	total := (len(text)-marks)*(w+gap) + marks*(w/2+gap) - gap
	x, y := (p.width-total)/2, p.height*5/8
	p.rect(x-w/2, y-w/2, x+total+w/2, y+h+w/2, 30)
	p.tint(x-w/2, y-w/2, x+total+w/2, y+h+w/2, 128, 128)
	for i := range len(text) {
		switch c := text[i]; c {
		case ':':
			p.rect(x+w/4-t/2, y+h/3-t/2, x+w/4+t/2, y+h/3+t/2, white)
			p.rect(x+w/4-t/2, y+2*h/3-t/2, x+w/4+t/2, y+2*h/3+t/2, white)
			x += w/2 + gap
		case '.':
			p.rect(x+w/4-t/2, y+h-t, x+w/4+t/2, y+h, white)
			x += w/2 + gap
		default:
			p.paintDigit(x, y, w, h, t, c)
			x += w + gap
		}
	}
}

// paintDigit draws a digit into a box of w by h with bars of thickness t.
func (p *Painter) paintDigit(x, y, w, h, t int, digit byte) {
	on := segments(digit)
	middle := y + h/2
	for _, s := range []struct{ seg, x0, y0, x1, y1 int }{
		{segA, x, y, x + w, y + t},
		{segB, x + w - t, y, x + w, middle},
		{segC, x + w - t, middle, x + w, y + h},
		{segD, x, y + h - t, x + w, y + h},
		{segE, x, middle, x + t, y + h},
		{segF, x, y, x + t, middle},
		{segG, x, middle - t/2, x + w, middle + t - t/2},
	} {
		if on&s.seg != 0 {
			p.rect(s.x0, s.y0, s.x1, s.y1, white)
		}
	}
}
