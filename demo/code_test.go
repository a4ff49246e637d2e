package demo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestClockCode(t *testing.T) {
	now := time.UnixMilli(1_790_000_000_123)
	for _, at := range []time.Time{now, now.Add(-3 * time.Second), now.Add(20 * 24 * time.Hour), time.UnixMilli(1 << 41), time.UnixMilli(1<<41 - 1)} {
		near := at.Add(1234 * time.Millisecond)
		got, ok := DecodeClock(EncodeClock(at), near)
		require.True(t, ok)
		require.Equal(t, at.UnixMilli(), got.UnixMilli())
		for i := range Cells {
			cells := EncodeClock(at)
			cells[i] = !cells[i]
			_, ok := DecodeClock(cells, near)
			require.False(t, ok, "cell %d", i)
		}
	}
}

// The layout is fixed: readers exist in other languages.
func TestClockCodeLayout(t *testing.T) {
	text := ""
	for _, cell := range EncodeClock(time.UnixMilli(1_700_000_000_000)) {
		text += map[bool]string{true: "1", false: "0"}[cell]
	}
	// 1700000000000 modulo 2^32 is 0xcfe56800.
	require.Equal(t, "1100"+"1111"+"1110"+"0101"+"0110"+"1000"+"0000"+"0000", text[:32])
	sum := 0x5a
	for _, b := range []int{0x00, 0x68, 0xe5, 0xcf} {
		sum = (sum*31 + b) % 256
	}
	require.Equal(t, byte(sum), check(0xcfe56800))
}

// readCode reads the code out of a luma plane, as a viewer would.
func readCode(luma []byte, width, height int, now time.Time) (time.Time, bool) {
	y := height / rowShare / 2
	var cells [Cells]bool
	for i := range cells {
		cells[i] = luma[y*width+(2*i+1)*width/(2*Cells)] > 126
	}
	return DecodeClock(cells, now)
}

func TestPainter(t *testing.T) {
	at := time.Now()
	for _, size := range [][2]int{{640, 360}, {1280, 720}, {160, 90}, {426, 240}, {360, 640}} {
		p := NewPainter(size[0], size[1], true)
		one := append([]byte(nil), p.Paint(at)...)
		require.Len(t, one, size[0]*size[1]*3/2)
		got, ok := readCode(one, size[0], size[1], at)
		require.True(t, ok)
		require.Equal(t, at.UnixMilli(), got.UnixMilli())
		two := p.Paint(at.Add(33 * time.Millisecond))
		changed := 0
		for i := range one {
			if one[i] != two[i] {
				changed++
			}
			require.False(t, i < size[0]*size[1] && (one[i] < black || one[i] > white), "luma out of range")
		}
		require.Greater(t, changed, len(one)/10, "the picture moves")
	}
}

func TestTone(t *testing.T) {
	begin := time.Now()
	s := tone{begin: begin}
	require.Empty(t, s.until(begin))
	total := 0
	for n := 1; n <= 30; n++ {
		total += len(s.until(begin.Add(time.Duration(n) * time.Second / 30)))
	}
	require.Equal(t, sampleRate*2, total)
	require.Empty(t, s.until(begin), "not backwards")
}

func BenchmarkPaint(b *testing.B) {
	p := NewPainter(640, 360, true)
	for b.Loop() {
		p.Paint(time.Now())
	}
}
