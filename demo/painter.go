package demo

import (
	"math"
	"time"
)

// Painter paints pictures in planar 4:2:0: drifting colours, a ball that swings,
// a bar that grows through each second, and the time of day.
type Painter struct {
	width, height int
	code          bool
	picture       []byte
	luma, cb, cr  []byte
	// waves are one period of smooth shapes, by which the colours drift.
	waves []int16
}

// period is the length of a wave in pixels, a power of two.
const period = 512

// NewPainter returns a painter of pictures whose sides are even and at least 160
// and 90 pixels. With code, pictures carry the clock code.
func NewPainter(width, height int, code bool) *Painter {
	size := width * height
	p := &Painter{width: width, height: height, code: code, picture: make([]byte, size*3/2)}
	p.luma, p.cb, p.cr = p.picture[:size], p.picture[size:size*5/4], p.picture[size*5/4:]
	p.waves = make([]int16, period)
	for i := range p.waves {
		p.waves[i] = int16(math.Round(1000 * math.Sin(2*math.Pi*float64(i)/period)))
	}
	return p
}

// Paint paints the picture for a moment. The slice is valid until the next call.
func (p *Painter) Paint(at time.Time) []byte {
	seconds := float64(at.UnixMilli()%3_600_000) / 1000
	p.paintLuma(seconds)
	p.paintChroma(p.cb, seconds*23, seconds*11, 34)
	p.paintChroma(p.cr, -seconds*17, seconds*19, 30)
	p.paintBall(seconds)
	p.paintSecond(at)
	p.paintClock(at)
	if p.code {
		p.paintCode(at)
	}
	return p.picture
}

// wave returns the shapes along a line of pixels: scale is how much of the
// picture's width a period takes, strength its height.
func (p *Painter) wave(pixels int, shift, scale, strength float64) []int16 {
	line := make([]int16, pixels)
	for i := range line {
		at := int(shift+float64(i)*scale) & (period - 1)
		line[i] = int16(float64(p.waves[at]) * strength / 1000)
	}
	return line
}

// paintLuma adds waves that drift along, down and across the picture.
func (p *Painter) paintLuma(seconds float64) {
	unit := 640 / float64(p.width) // the same picture at every size
	along := p.wave(p.width, seconds*60, unit, 26)
	down := p.wave(p.height, -seconds*40, 1.7*unit, 22)
	across := p.wave(p.width+p.height, seconds*90, 2.6*unit, 16)
	for y := range p.height {
		row, slope, base := p.luma[y*p.width:(y+1)*p.width], across[y:], 112+down[y]
		for x := range row {
			row[x] = byte(base + along[x] + slope[x])
		}
	}
}

func (p *Painter) paintChroma(plane []byte, along, down, strength float64) {
	width, height := p.width/2, p.height/2
	unit := 320 / float64(width)
	columns := p.wave(width, along, unit, strength)
	rows := p.wave(height, down, 1.4*unit, strength)
	for y := range height {
		row := plane[y*width : (y+1)*width]
		for x := range row {
			row[x] = byte(128 + columns[x] + rows[y])
		}
	}
}

// paintBall swings a bright disc about the picture.
func (p *Painter) paintBall(seconds float64) {
	w, h := float64(p.width), float64(p.height)
	r := h / 14
	cx, cy := w/2+(w/2-2*r)*math.Sin(seconds*1.1), h*0.45+(h*0.32)*math.Sin(seconds*1.9)
	for y := int(cy - r); y <= int(cy+r); y++ {
		dy := float64(y) - cy
		half := math.Sqrt(max(0, r*r-dy*dy))
		p.rect(int(cx-half), y, int(cx+half)+1, y+1, 200)
		p.tint(int(cx-half), y&^1, int(cx+half)+1, y&^1+2, 70, 165)
	}
}

// paintSecond grows a bar along the lower edge through each second.
func (p *Painter) paintSecond(at time.Time) {
	thick := max(4, p.height/45)
	share := float64(at.Nanosecond()) / 1e9
	p.rect(0, p.height-thick, p.width, p.height, 40)
	p.rect(0, p.height-thick, int(share*float64(p.width)), p.height, white)
	if at.Nanosecond() < int(60*time.Millisecond) { // with the tick of the tone
		size := p.height / 9
		p.rect(size/2, p.height-2*size, size*3/2, p.height-size, white)
	}
}

// rect sets the luma of a rectangle, cut to the picture.
func (p *Painter) rect(x0, y0, x1, y1 int, level byte) {
	x0, x1 = max(0, x0), min(p.width, x1)
	for y := max(0, y0); y < min(p.height, y1) && x0 < x1; y++ {
		fill(p.luma[y*p.width+x0:y*p.width+x1], level)
	}
}

// tint sets the colour of a rectangle, cut to the picture.
func (p *Painter) tint(x0, y0, x1, y1 int, cb, cr byte) {
	width := p.width / 2
	x0, x1 = max(0, x0/2), min(width, x1/2)
	for y := max(0, y0/2); y < min(p.height/2, y1/2) && x0 < x1; y++ {
		fill(p.cb[y*width+x0:y*width+x1], cb)
		fill(p.cr[y*width+x0:y*width+x1], cr)
	}
}

func fill(b []byte, v byte) {
	for i := range b {
		b[i] = v
	}
}
