package broadcast

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

const ms = time.Millisecond

// stamp is a unit in and what is to come out, in ms; -1 for one that is dropped.
type stamp struct {
	kind      media.Kind
	dts, comp int
	want      int
	wantPTS   int
	wantFault glitch
}

func v(dts, want int) stamp { return stamp{media.Video, dts, 0, want, want, fine} }
func a(dts, want int) stamp { return stamp{media.Audio, dts, 0, want, want, fine} }

func (s stamp) fault(g glitch) stamp { s.wantFault = g; return s }

func TestTimeline(t *testing.T) {
	for name, stamps := range map[string][]stamp{
		"the first unit is at 0":            {v(5000, 0), a(5010, 10), v(5033, 33), a(5031, 31)},
		"a little audio before the picture": {v(5000, 0), a(4990, 0).fault(beforeTheShow), a(5011, 11)},
		"a picture a little before audio":   {a(5000, 0), v(4990, 0).fault(steppedBack), v(5023, 23), v(5056, 56)},
		"composition times": {
			{media.Video, 0, 66, 0, 66, fine}, {media.Video, 33, 0, 33, 33, fine}, {media.Video, 66, -80, 66, 0, fine},
		},
		"absurd composition times": {
			{media.Video, 0, 8388607, 0, 0, farComposed}, {media.Video, 33, -8388608, 33, 33, farComposed}, v(66, 66),
		},
		"jitter is held":                 {v(0, 0), v(33, 33), v(30, 33).fault(steppedBack), v(66, 66)},
		"equal timestamps are fine":      {v(0, 0), v(33, 33), v(33, 33), v(66, 66)},
		"a gap of up to 3 s is believed": {v(0, 0), v(33, 33), v(2500, 2500), a(2510, 2510)},
		"a muted track returns where it belongs": {
			v(0, 0), a(0, 0), a(21, 21), v(2000, 2000), v(4000, 4000), v(6000, 6000), a(6010, 6010),
		},
		"a jump forward is closed, also for the other track": {
			v(0, 0), a(10, 10), v(33, 33), a(31, 31),
			v(100066, 66).fault(clockJumped), a(100052, 52), v(100099, 99), a(100073, 73),
		},
		"a jump back is closed, also for the other track": {
			v(50000, 0), a(50010, 10), v(50033, 33), a(50031, 31),
			v(0, 66).fault(clockJumped), a(-14, 52), v(33, 99), a(7, 73),
		},
		"units from before a jump that come after it": {
			v(0, 0), a(0, 0), v(33, 33), a(21, 21),
			v(90066, 66).fault(clockJumped), a(42, 42), a(63, 63), v(90099, 99), a(90084, 84), v(90132, 132), a(90105, 105),
		},
		"one wild timestamp does no lasting harm": {
			v(0, 0), v(33, 33), v(4000000, 66).fault(clockJumped), v(99, 99), v(132, 132),
		},
		"tracks with clocks of their own": {
			v(500000, 0), a(0, 0).fault(clockJumped), v(500033, 33), a(21, 21), v(500066, 66), a(42, 42),
		},
	} {
		t.Run(name, func(t *testing.T) {
			var line timeline
			for i, s := range stamps {
				dts, pts, g := line.place(s.kind, time.Duration(s.dts)*ms, time.Duration(s.dts+s.comp)*ms)
				require.Equal(t, s.wantFault, g, "unit %d: %s", i, g)
				require.Equal(t, time.Duration(s.want)*ms, dts, "unit %d", i)
				if s.wantPTS != 0 || s.comp == 0 {
					require.Equal(t, time.Duration(s.wantPTS)*ms, pts, "unit %d", i)
				}
			}
		})
	}
}

// FuzzTimeline gives the clock arbitrary timestamps and checks what it promises.
func FuzzTimeline(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 0, 1, 0, 0, 33, 0, 2, 0xff, 0xff, 0, 4, 2, 0x80, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var line timeline
		last := map[media.Kind]time.Duration{}
		var edge time.Duration
		for first := true; len(b) >= 5; b, first = b[5:], false {
			kind := media.Video + media.Kind(b[0]&1)
			dts := time.Duration(int32(uint32(b[1])<<24|uint32(b[2])<<16|uint32(b[3])<<8)) * ms
			at, pts, g := line.place(kind, dts, dts+time.Duration(int8(b[4]))*time.Second)
			if g == beforeTheShow {
				continue
			}
			switch {
			case first && at != 0:
				t.Fatalf("begins at %s", at)
			case at < last[kind]:
				t.Fatalf("%s after %s", at, last[kind])
			case at > edge+longestGap:
				t.Fatalf("%s is far from %s", at, edge)
			case pts < 0 || (pts-at).Abs() > longestGap:
				t.Fatalf("PTS %s at %s", pts, at)
			}
			last[kind], edge = at, max(edge, at)
		}
	})
}
