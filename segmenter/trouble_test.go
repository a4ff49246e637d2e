package segmenter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

func TestSoundAlone(t *testing.T) {
	s := scene{audio: 44100, length: 12 * time.Second}
	r, _ := feed(t, Config{}, s, s.tracks()...)
	require.Len(t, r.renditions, 1)
	require.Equal(t, "audio", r.renditions[0].Name)
	r.check(s)
	require.InDelta(t, 2.0, r.segmentLength(0, 1).Seconds(), 0.05)
}

func (r *recorder) segmentLength(rendition int, msn uint64) (sum time.Duration) {
	for _, p := range r.parts[rendition] {
		if p.MSN == msn {
			sum += p.Duration
		}
	}
	return sum
}

func TestAPictureThatNeverComes(t *testing.T) {
	s := scene{audio: 48000, length: 12 * time.Second}
	r, _ := feed(t, Config{}, s, videoTrack(30), audioTrack(48000))
	require.Len(t, r.renditions, 1)
	require.Equal(t, "audio", r.renditions[0].Name)
	r.checkOrder(r.parts[0])
	require.Greater(t, r.parts[0][len(r.parts[0])-1].Start, 7*time.Second, "from 2 s before it was given up")
}

func TestPictureAlone(t *testing.T) {
	s := scene{fps: 25, gop: 50, length: 6 * time.Second}
	track := s.tracks()[0]
	r, _ := feed(t, Config{}, s, track)
	require.Len(t, r.renditions, 1)
	r.check(s)
}

// drop takes units of one kind between two instants out of a scene.
func drop(units []media.Unit, kind media.Kind, from, to time.Duration) []media.Unit {
	var kept []media.Unit
	for _, u := range units {
		if u.Kind != kind || u.DTS < from || u.DTS >= to {
			kept = append(kept, u)
		}
	}
	return kept
}

func TestATrackThatStaysAwayForAWhile(t *testing.T) {
	for _, kind := range []media.Kind{media.Video, media.Audio} {
		t.Run(kind.String(), func(t *testing.T) {
			s := scene{fps: 30, gop: 30, audio: 48000, length: 20 * time.Second}
			r := newRecorder(t)
			c := newCore(Config{}, []Sink{r})
			for _, tr := range s.tracks() {
				c.track(tr)
			}
			for _, u := range drop(s.units(), kind, 5*time.Second, 11*time.Second) {
				r.now = u.Arrived
				c.unit(u)
			}
			c.end()
			r.checkAligned()
			for _, rendition := range r.renditions {
				r.checkOrder(r.parts[rendition.Index])
				stills := 0
				for _, p := range r.parts[rendition.Index] {
					require.False(t, p.Gap, "a still, or silence, fills in")
					require.False(t, p.Still, "the publisher is there")
					if p.Start > 5500*time.Millisecond && p.Start < 10500*time.Millisecond && p.Independent {
						stills++
					}
				}
				if rendition.Kind == kind && kind == media.Video {
					require.InDelta(t, 20, stills, 2, "each part is the keyframe again")
				}
			}
		})
	}
}

func TestNewConfigurationInMidStream(t *testing.T) {
	s := scene{fps: 30, gop: 30, audio: 48000, length: 10 * time.Second}
	r := newRecorder(t)
	c := newCore(Config{}, []Sink{r})
	for _, tr := range s.tracks() {
		c.track(tr)
	}
	changed := false
	for _, u := range s.units() {
		if u.DTS >= 4900*time.Millisecond && !changed {
			changed = true
			other := videoTrack(30)
			other.Config = append([]byte{}, other.Config...)
			other.Config[len(other.Config)-5] ^= 1 // another picture parameter set
			c.track(other)
		}
		c.unit(u)
	}
	c.end()
	require.Len(t, r.inits[0], 2)
	require.Len(t, r.inits[1], 1)
	for i := range r.renditions {
		last := r.parts[i][len(r.parts[i])-1]
		require.EqualValues(t, 1, last.Discontinuity, "in every rendition")
		for _, p := range r.parts[i] {
			if i == 0 {
				require.EqualValues(t, p.Discontinuity, p.Init)
			}
		}
	}
	r.checkAligned()
	text, err := r.store.Playlist(t.Context(), "source", Reload{})
	require.NoError(t, err)
	require.Contains(t, string(text), "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init1.mp4\"")
}

func TestProgramTimeFollowsTheWallClock(t *testing.T) {
	for name, late := range map[string]func(at time.Duration) time.Duration{
		"on time":     func(time.Duration) time.Duration { return 0 },
		"a burst":     func(at time.Duration) time.Duration { return max(0, 800*time.Millisecond-at) },
		"a long one":  func(at time.Duration) time.Duration { return max(0, 4*time.Second-at) },
		"catching up": func(at time.Duration) time.Duration { return max(0, time.Second-at*2/5) },
		"a slow sort": func(at time.Duration) time.Duration { return at / 2000 },
	} {
		t.Run(name, func(t *testing.T) {
			s := scene{fps: 30, gop: 60, audio: 48000, length: 60 * time.Second}
			r := newRecorder(t)
			c := newCore(Config{}, []Sink{r})
			for _, tr := range s.tracks() {
				c.track(tr)
			}
			for _, u := range s.units() {
				u.Arrived = u.Arrived.Add(late(u.DTS))
				c.unit(u)
			}
			c.end()
			for i := range r.renditions {
				r.checkOrder(r.parts[i])
				last := r.parts[i][len(r.parts[i])-1]
				want := sceneStart.Add(last.Start + late(last.Start))
				require.InDelta(t, 0, last.ProgramTime.Sub(want).Seconds(), 0.02)
				r.checkStraight(r.parts[i])
			}
		})
	}
}

// checkStraight checks that program times agree with durations across a playlist of 40 s:
// players that know no timestamps yet measure by either.
func (r *recorder) checkStraight(parts []*media.Part) {
	first := 0
	for _, p := range parts {
		for p.Start-parts[first].Start > 40*time.Second {
			first++
		}
		off := p.ProgramTime.Sub(parts[first].ProgramTime) - (p.Start - parts[first].Start)
		require.LessOrEqual(r.t, off.Abs(), 25*time.Millisecond, "at %s", p.Start)
	}
}

func TestLatencyOfParts(t *testing.T) {
	s := scene{fps: 30, gop: 60, audio: 48000, length: 20 * time.Second}
	r := newRecorder(t)
	c := newCore(Config{}, []Sink{r})
	for _, tr := range s.tracks() {
		c.track(tr)
	}
	worst := map[int]time.Duration{}
	seen := map[int]int{}
	for _, u := range s.units() {
		c.unit(u)
		for i := range r.renditions {
			for _, p := range r.parts[i][seen[i]:] {
				if behind := u.DTS - (p.Start + p.Duration); p.MSN > 2 {
					worst[i] = max(worst[i], behind)
				}
			}
			seen[i] = len(r.parts[i])
		}
	}
	// A frame's last byte is here one frame before its end: parts are out no later
	// than the next frame, video mostly at once.
	require.LessOrEqual(t, worst[0], time.Millisecond)
	require.LessOrEqual(t, worst[1], 45*time.Millisecond)
}

// Another size or sample rate in mid-stream begins a new segment in every rendition,
// with a new init segment where it is needed, and not one gap.
func TestSampleRateChangesInMidStream(t *testing.T) {
	for _, fps := range []float64{0, 30} {
		s := scene{fps: fps, gop: 30, audio: 48000, length: 6 * time.Second}
		r := newRecorder(t)
		c := newCore(Config{}, []Sink{r})
		sc := &script{r: r, c: c, ladder: &fakeLadder{}}
		sc.session(s.tracks(), s.units(), 0, sceneStart)
		later := s
		later.audio = 44100
		sc.session(later.tracks(), later.units(), s.length+time.Second/30, sceneStart.Add(s.length+time.Second/30))
		sc.play(sceneStart.Add(2 * s.length))
		r.checkAligned()
		for i, rendition := range r.renditions {
			r.checkContinuous(r.parts[i])
			require.EqualValues(t, 1, r.parts[i][len(r.parts[i])-1].Discontinuity)
			require.Less(t, r.gaps(i, 0, time.Hour), 300*time.Millisecond, rendition.Name)
			if rendition.Kind == media.Audio {
				require.Len(t, r.inits[i], 2)
			}
		}
	}
}

// OBS sends a keyframe every 250 frames when it is not told otherwise.
func TestRareKeyframesBeginSegments(t *testing.T) {
	s := scene{fps: 30, gop: 250, bframes: true, audio: 48000, length: 30 * time.Second}
	r, _ := feed(t, Config{}, s, s.tracks()...)
	r.check(s)
	keyframes := 0
	for _, p := range r.parts[0] {
		if p.Independent {
			keyframes++
			require.Zero(t, p.Index)
		}
	}
	require.Equal(t, 4, keyframes)
	require.Equal(t, 3*time.Second, r.timing.TargetDuration, "as if keyframes were frequent")
	require.True(t, r.last[1].Independent)
	require.False(t, r.last[0].Independent)
}

// One keyframe that is late by a frame, as when a publisher changes something, must
// not make the clock wait for the next ones at the wrong instants.
func TestAKeyframeThatIsLateOnce(t *testing.T) {
	for late := 30; late <= 150; late += 30 {
		s := scene{fps: 30, gop: 30, audio: 48000, length: 12 * time.Second}
		r := newRecorder(t)
		c := newCore(Config{}, []Sink{r})
		for _, tr := range s.tracks() {
			c.track(tr)
		}
		n := 0
		for _, u := range s.units() {
			if u.Kind == media.Video {
				u.Keyframe = n < late && n%30 == 0 || n > late && (n-1)%30 == 0
				n++
			}
			r.now = u.Arrived
			c.unit(u)
		}
		c.end()
		for _, p := range r.parts[0] {
			require.True(t, p.Index > 0 || p.Independent, "the keyframe at picture %d", late)
		}
		require.True(t, r.last[0].Independent, "the keyframe at picture %d", late)
	}
}

// A publisher that sends faster than real time for ever is not waited for for ever.
func TestABurstWithoutEnd(t *testing.T) {
	for name, c := range map[string]struct {
		bytes  int
		within time.Duration
	}{
		"by time":  {1000, 11 * time.Second},
		"by bytes": {500_000, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := scene{fps: 30, gop: 60, length: 20 * time.Second}
			r := newRecorder(t)
			core := newCore(Config{}, []Sink{r})
			core.track(s.tracks()[0])
			for _, u := range s.units() {
				u.Arrived, u.Data = sceneStart, make([]byte, c.bytes)
				core.unit(u)
				if u.DTS > c.within {
					require.True(t, core.begun)
				}
			}
			core.end()
			r.checkOrder(r.parts[0])
			require.Zero(t, r.parts[0][0].Start, "nothing is lost")
		})
	}
}
