package segmenter

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

// fakeLadder encodes nothing: the test hands out the encoder's units.
type fakeLadder struct {
	rungs []Rung
	fail  error
	units []media.Unit
}

func (l *fakeLadder) Choose(media.Track) []Rung { return l.rungs }

func (l *fakeLadder) Start(context.Context, []Rung, media.Track, EncoderOutput) (Encoder, error) {
	return l, l.fail
}

func (l *fakeLadder) Track(media.Track) {}
func (l *fakeLadder) Unit(u media.Unit) { l.units = append(l.units, u) }
func (l *fakeLadder) Close()            {}
func (l *fakeLadder) start(c *core)     { c.start = l.begin }
func (l *fakeLadder) begin(r []Rung, t media.Track) (Encoder, error) {
	return l.Start(context.Background(), r, t, nil)
}

func twoRungs() []Rung {
	return []Rung{
		{Name: "480p", Width: 854, Height: 480, Bitrate: 1_000_000},
		{Name: "240p", Width: 426, Height: 240, Bitrate: 300_000},
	}
}

// encoded is what an encoder makes of a scene: the pictures in order of
// presentation, each a while after it came in; every second one when halved.
func (s scene) encoded(delay time.Duration, halved bool) []media.Unit {
	var out []media.Unit
	frame := time.Duration(float64(time.Second) / s.fps)
	for _, u := range s.units() {
		if u.Kind == media.Video {
			u.Arrived = u.Arrived.Add(delay + u.PTS - u.DTS + frame)
			out = append(out, u)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].PTS < out[j].PTS })
	kept := out[:0]
	drop := false
	for _, u := range out {
		u.DTS = u.PTS
		if halved && drop && !u.Keyframe {
			drop = false
			continue
		}
		drop = true
		kept = append(kept, u)
	}
	return kept
}

type event struct {
	at time.Time
	do func(*core)
}

// feedLadder runs a scene with two rungs through a core; edit may change the
// encoder's events.
func feedLadder(t *testing.T, s scene, l *fakeLadder, edit func(rung int, events []event) []event) *recorder {
	return feedWith(t, Config{Ladder: l}, s, l, edit)
}

func feedWith(t *testing.T, cfg Config, s scene, l *fakeLadder, edit func(rung int, events []event) []event) *recorder {
	r := newRecorder(t)
	c := newCore(cfg, []Sink{r})
	l.start(c)
	for _, tr := range s.tracks() {
		c.track(tr)
	}
	var events []event
	for _, u := range s.units() {
		events = append(events, event{u.Arrived, func(c *core) { c.unit(u) }})
	}
	for i, rung := range l.rungs {
		var own []event
		for n, u := range s.encoded(time.Second+time.Duration(i)*7*time.Millisecond, rung.FPS > 0) {
			if n == 0 {
				own = append(own, event{u.Arrived, func(c *core) { c.encodedTrack(i, videoTrack(0)) }})
			}
			own = append(own, event{u.Arrived, func(c *core) { c.encodedUnit(i, u) }})
		}
		if edit != nil {
			own = edit(i, own)
		}
		events = append(events, own...)
	}
	sort.SliceStable(events, func(i, j int) bool { return events[i].at.Before(events[j].at) })
	for _, e := range events {
		r.now = e.at
		e.do(c)
	}
	c.end()
	return r
}

func TestRungsKeepTheSourcesClock(t *testing.T) {
	for _, fps := range []float64{15, 24, 25, 30000.0 / 1001, 30, 50, 60} {
		for _, gop := range []float64{1, 2, 8.33} {
			for _, bframes := range []bool{false, true} {
				for _, halved := range []bool{false, true} {
					s := scene{
						fps: fps, gop: int(gop * fps), bframes: bframes, audio: 48000, length: 15 * time.Second,
					}
					l := &fakeLadder{rungs: twoRungs()}
					if halved {
						l.rungs[1].FPS = fps / 2
					}
					name := fmt.Sprintf("%.2f fps, GOP %.2f s, B %v, halved %v", fps, gop, bframes, halved)
					t.Run(name, func(t *testing.T) { checkRungs(t, s, l) })
				}
			}
		}
	}
}

func checkRungs(t *testing.T, s scene, l *fakeLadder) {
	r := feedLadder(t, s, l, nil)
	require.Len(t, r.renditions, 4)
	r.checkAligned()
	source, _ := r.samples(0, 90000)
	require.Len(t, l.units, len(source), "the encoder gets every picture from the first keyframe on")
	for i := 1; i <= 2; i++ {
		r.checkOrder(r.parts[i])
		for _, p := range r.parts[i] {
			require.False(t, p.Gap, "part %d of rung %d", p.Number, i)
		}
		pts, _ := r.samples(i, 90000)
		want := s.encoded(0, l.rungs[i-1].FPS > 0)
		require.Len(t, pts, len(want))
		for k, u := range want {
			require.InDelta(t, u.PTS.Microseconds(), pts[k]*100/9, 12)
		}
		for k, p := range r.parts[i] {
			if p.Index == 0 && p.MSN <= r.parts[0][len(r.parts[0])-1].MSN {
				first := r.firstOf(0, p.MSN)
				require.Equal(t, first.Independent, p.Independent, "part %d: independent where the source is", k)
				require.InDelta(t, first.ProgramTime.UnixMilli(), p.ProgramTime.UnixMilli(), 2)
			}
		}
	}
}

func (r *recorder) firstOf(rendition int, msn uint64) *media.Part {
	for _, p := range r.parts[rendition] {
		if p.MSN == msn {
			return p
		}
	}
	require.Fail(r.t, "no such segment")
	return nil
}

func TestRungsGapWhileTheEncoderIsAway(t *testing.T) {
	s := scene{fps: 30, gop: 30, audio: 48000, length: 20 * time.Second}
	from, to := sceneStart.Add(6*time.Second), sceneStart.Add(10*time.Second)
	for _, told := range []bool{true, false} {
		t.Run(fmt.Sprintf("told %v", told), func(t *testing.T) {
			r := feedLadder(t, s, &fakeLadder{rungs: twoRungs()}, func(rung int, events []event) []event {
				kept := events[:0]
				for _, e := range events {
					if e.at.Before(from) || e.at.After(to) {
						kept = append(kept, e)
					}
				}
				if told && rung == 0 {
					kept = append(kept, event{from, func(c *core) { c.encoderFailed(errors.New("killed")) }})
				}
				return kept
			})
			r.checkAligned()
			for i := 1; i <= 2; i++ {
				r.checkOrder(r.parts[i])
				gap := time.Duration(0)
				for _, p := range r.parts[i] {
					if p.Gap {
						gap += p.Duration
					}
				}
				require.Greater(t, gap, 2*time.Second)
				require.Less(t, gap, 7*time.Second)
				last := r.parts[i][len(r.parts[i])-1]
				require.False(t, last.Gap, "the rung comes back")
			}
			for _, i := range []int{0, 3} {
				for _, p := range r.parts[i] {
					require.False(t, p.Gap, "source and audio do not suffer")
				}
			}
		})
	}
}

func TestWithoutTheSource(t *testing.T) {
	s := scene{fps: 30, gop: 30, audio: 48000, length: 8 * time.Second}
	l := &fakeLadder{rungs: twoRungs()}
	r := feedWith(t, Config{Ladder: l, WithoutSource: true}, s, l, nil)
	var names []string
	for i, rendition := range r.renditions {
		require.Equal(t, i, rendition.Index)
		require.NotEmpty(t, r.inits[i])
		r.checkOrder(r.parts[i])
		for _, p := range r.parts[i] {
			require.Equal(t, i, p.Rendition)
			require.False(t, p.Gap)
		}
		names = append(names, rendition.Name)
	}
	require.Equal(t, []string{"480p", "240p", "audio"}, names)
	require.True(t, r.ended)
	r.checkAligned()
}

func TestEncoderThatDoesNotStart(t *testing.T) {
	s := scene{fps: 30, gop: 30, length: 5 * time.Second}
	l := &fakeLadder{rungs: twoRungs(), fail: errors.New("no ffmpeg")}
	r := newRecorder(t)
	c := newCore(Config{Ladder: l}, []Sink{r})
	l.start(c)
	c.track(s.tracks()[0])
	for _, u := range s.units() {
		c.unit(u)
	}
	c.end()
	require.Len(t, r.renditions, 1)
	r.check(s)
}

// Keyframes that come every second begin a part, so that it is independent, also
// in the midst of a segment.
func TestKeyframesBeginParts(t *testing.T) {
	for _, fps := range []float64{24, 25, 30000.0 / 1001, 30, 50, 60} {
		t.Run(fmt.Sprintf("%.2f fps", fps), func(t *testing.T) {
			s := scene{fps: fps, gop: int(fps + 0.5), audio: 48000, length: 20 * time.Second}
			r := feedLadder(t, s, &fakeLadder{rungs: twoRungs()}, nil)
			for i := range 3 {
				independent := 0
				for _, p := range r.parts[i] {
					if p.Independent && p.MSN >= 2 {
						independent++
					}
				}
				require.GreaterOrEqual(t, independent, 15)
			}
		})
	}
}
