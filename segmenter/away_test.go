package segmenter

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

// dropout is a publisher that is there, away and there again.
type dropout struct {
	before, after scene
	away          time.Duration
	// zero: the second half's times begin anew, as those of a broadcast that was resumed.
	zero bool
	// tracks are announced when it is back; nil for those of after.
	tracks []media.Track
	config Config
	rungs  []Rung
	delay  time.Duration // of the encoder
}

// run plays the dropout through a core, with the ticks of its absence.
func (d dropout) run(t *testing.T) (*recorder, *core, *script) {
	r := newRecorder(t)
	l := &fakeLadder{rungs: d.rungs}
	if len(d.rungs) > 0 {
		d.config.Ladder = l
	}
	c := newCore(d.config, []Sink{r})
	l.start(c)
	s := &script{r: r, c: c, ladder: l, delay: d.delay}
	s.session(d.before.tracks(), d.before.units(), 0, sceneStart)
	left := sceneStart.Add(d.before.length)
	s.at(left, func() { c.away(left) })
	back := left.Add(d.away)
	s.ticks(left, back)
	s.at(back, func() { c.back(back) })
	tracks := d.tracks
	if tracks == nil {
		tracks = d.after.tracks()
	}
	shift := d.before.length + d.away
	if d.zero {
		shift = 0
	}
	s.session(tracks, d.after.units(), shift, back)
	s.play(back.Add(d.after.length))
	return r, c, s
}

// script feeds a core in order of time. Encoded units come as the fake encoder was fed.
type script struct {
	r      *recorder
	c      *core
	ladder *fakeLadder
	delay  time.Duration
	fed    int
	events []event
}

func (s *script) at(at time.Time, do func()) {
	s.events = append(s.events, event{at, func(*core) { do() }})
}

func (s *script) session(tracks []media.Track, units []media.Unit, shift time.Duration, from time.Time) {
	for _, tr := range tracks {
		s.at(from, func() { s.c.track(tr) })
	}
	for _, u := range units {
		u.Arrived = from.Add(u.Arrived.Sub(sceneStart))
		u.DTS, u.PTS = u.DTS+shift, u.PTS+shift
		s.at(u.Arrived, func() { s.c.unit(u) })
	}
}

func (s *script) ticks(from, to time.Time) {
	for at := from; at.Before(to); at = at.Add(gapPace) {
		s.at(at, func() { s.c.tick(at) })
	}
}

func (s *script) play(until time.Time) {
	for _, e := range s.events {
		s.encode(e.at)
		s.r.now = e.at
		e.do(s.c)
	}
	s.encode(until.Add(s.delay))
	s.c.end()
}

// encode hands out what the encoder has made by now: all it was fed, in order of
// presentation within each fifth of a second.
func (s *script) encode(now time.Time) {
	for ; s.fed < len(s.ladder.units); s.fed++ {
		u := s.ladder.units[s.fed]
		if u.Arrived.Add(s.delay).After(now) {
			return
		}
		u.DTS = u.PTS
		for i, t := range s.c.rungs {
			if len(t.inits) == 0 {
				s.c.encodedTrack(i, videoTrack(0))
			}
			s.c.encodedUnit(i, u)
		}
	}
}

// gaps sums up a rendition's gap parts between two instants.
func (r *recorder) gaps(rendition int, from, to time.Duration) (sum time.Duration) {
	for _, p := range r.parts[rendition] {
		if p.Gap && p.Start >= from && p.Start+p.Duration <= to {
			sum += p.Duration
		}
	}
	return sum
}

func TestPublisherDropsOut(t *testing.T) {
	usual := scene{fps: 30, gop: 60, audio: 48000, length: 9 * time.Second}
	other := scene{fps: 25, gop: 25, bframes: true, audio: 48000, length: 9 * time.Second, seed: 3}
	slow := scene{fps: 30, gop: 600, audio: 48000, length: 25 * time.Second}
	for name, d := range map[string]dropout{
		"alike":             {before: usual, after: usual},
		"with B-frames":     {before: usual, after: other},
		"without B-frames":  {before: other, after: usual},
		"times from zero":   {before: usual, after: usual, zero: true},
		"picture alone":     {before: scene{fps: 30, gop: 60, length: 9 * time.Second}, after: scene{fps: 30, gop: 60, length: 9 * time.Second}},
		"sound alone":       {before: scene{audio: 48000, length: 9 * time.Second}, after: scene{audio: 48000, length: 9 * time.Second}},
		"another rate":      {before: usual, after: scene{fps: 30, gop: 60, audio: 44100, length: 9 * time.Second}},
		"sound: other rate": {before: scene{audio: 48000, length: 9 * time.Second}, after: scene{audio: 44100, length: 9 * time.Second}},
		"rare keyframes":    {before: slow, after: slow},
		"with a ladder":     {before: usual, after: usual, rungs: twoRungs(), delay: 200 * time.Millisecond},
	} {
		for _, away := range []time.Duration{20 * time.Millisecond, 700 * time.Millisecond, 5 * time.Second, 31 * time.Second} {
			d.away = away
			t.Run(fmt.Sprintf("%s, %s", name, away), func(t *testing.T) { d.check(t) })
		}
	}
}

func (d dropout) check(t *testing.T) {
	r, _, _ := d.run(t)
	r.checkAligned()
	left, back := d.before.length, d.before.length+d.away
	for i, rendition := range r.renditions {
		r.checkContinuous(r.parts[i])
		last := r.parts[i][len(r.parts[i])-1]
		require.EqualValues(t, 1, last.Discontinuity, rendition.Name)
		require.False(t, last.Gap, rendition.Name)
		most := time.Duration(0)
		if d.before.audio != d.after.audio {
			most = r.timing.PartTarget // the timescale changes
		}
		require.LessOrEqual(t, r.gaps(i, 0, time.Hour), most, "%s: a still and silence, no gap", rendition.Name)
		if rendition.Kind == media.Video {
			r.checkStill(r.parts[i], left, back)
		}
		want := sceneStart.Add(last.Start)
		require.InDelta(t, 0, last.ProgramTime.Sub(want).Seconds(), 0.25, "program time follows the wall clock")
	}
}

// checkStill checks the parts of an absence: each is one keyframe, so that who comes
// or changes the rendition meanwhile has a picture at once.
func (r *recorder) checkStill(parts []*media.Part, left, back time.Duration) {
	stills := 0
	for _, p := range parts {
		if p.Start >= left+time.Second && p.Start+p.Duration <= back {
			require.True(r.t, p.Independent, "%+v", p)
			stills++
		}
	}
	if away := back - left; away > 2*time.Second {
		require.Greater(r.t, stills, int((away-2*time.Second)/r.timing.PartTarget))
	}
}

// checkContinuous is checkOrder where a new timescale may round an instant anew.
func (r *recorder) checkContinuous(parts []*media.Part) {
	for i := 1; i < len(parts); i++ {
		b, p := parts[i-1], parts[i]
		require.InDelta(r.t, b.Start+b.Duration, p.Start, float64(25*time.Microsecond))
		require.False(r.t, p.ProgramTime.Before(b.ProgramTime))
		if p.Discontinuity > b.Discontinuity {
			require.NotEqual(r.t, p.MSN, b.MSN)
			require.True(r.t, p.Independent, "a discontinuity begins with a keyframe: %+v", p)
		}
	}
}

// Playlists go on at the usual pace while nobody publishes.
func TestGapsComeInTime(t *testing.T) {
	s := scene{fps: 30, gop: 60, audio: 48000, length: 6 * time.Second}
	r := newRecorder(t)
	l := &fakeLadder{rungs: twoRungs()}
	c := newCore(Config{Ladder: l}, []Sink{r})
	l.start(c)
	sc := &script{r: r, c: c, ladder: l}
	sc.session(s.tracks(), s.units(), 0, sceneStart)
	left := sceneStart.Add(s.length)
	sc.at(left, func() { c.away(left) })
	sc.ticks(left, left.Add(20*time.Second))
	for _, e := range sc.events {
		sc.encode(e.at)
		e.do(c)
		behind := e.at.Sub(sceneStart)
		for i := range r.renditions {
			parts := r.parts[i]
			if behind > 7*time.Second {
				end := parts[len(parts)-1].Start + parts[len(parts)-1].Duration
				require.Less(t, behind-end, deadLag+gapTail+2*gapPace+r.timing.PartTarget, r.renditions[i].Name)
				require.LessOrEqual(t, end, behind)
			}
		}
	}
	require.InDelta(t, 2, r.segmentLength(0, 6).Seconds(), 0.3, "segments have their usual length")
	c.end()
	r.checkAligned()
}

func TestTrackThatIsMissingAtTheReturn(t *testing.T) {
	both := scene{fps: 30, gop: 60, audio: 48000, length: 8 * time.Second}
	picture := scene{fps: 30, gop: 60, length: 12 * time.Second}
	sound := scene{audio: 48000, length: 12 * time.Second}

	r, _, _ := dropout{before: both, after: picture, away: 4 * time.Second}.run(t)
	r.checkAligned()
	require.Zero(t, r.gaps(1, 13*time.Second, time.Hour), "silence fills in for sound")
	require.EqualValues(t, 1, r.parts[1][len(r.parts[1])-1].Discontinuity)

	r, _, _ = dropout{before: both, after: sound, away: 4 * time.Second}.run(t)
	r.checkAligned()
	require.Zero(t, r.gaps(0, 0, time.Hour), "the picture stands still")
	require.LessOrEqual(t, r.gaps(1, 0, time.Hour), r.timing.PartTarget, "the sound goes on")
	require.EqualValues(t, 1, r.parts[1][len(r.parts[1])-1].Discontinuity)

	r, c, _ := dropout{before: sound, after: both, away: 4 * time.Second}.run(t)
	require.Len(t, r.renditions, 1, "the set of renditions is fixed")
	require.False(t, c.absence.waiting)
	require.EqualValues(t, 1, r.parts[0][len(r.parts[0])-1].Discontinuity)
}

func TestAwayBeforeAnythingIsCut(t *testing.T) {
	s := scene{fps: 30, gop: 30, audio: 48000, length: 5 * time.Second}
	r := newRecorder(t)
	c := newCore(Config{}, []Sink{r})
	sc := &script{r: r, c: c, ladder: &fakeLadder{}}
	sc.session(s.tracks(), s.units()[:5], 0, sceneStart)
	sc.at(sceneStart.Add(time.Second), func() { c.away(sceneStart) })
	sc.ticks(sceneStart.Add(time.Second), sceneStart.Add(3*time.Second))
	sc.at(sceneStart.Add(3*time.Second), func() { c.back(sceneStart) })
	sc.session(s.tracks(), s.units(), 3*time.Second, sceneStart.Add(3*time.Second))
	sc.play(sceneStart.Add(8 * time.Second))
	require.Zero(t, r.gaps(0, 0, time.Hour))
	require.EqualValues(t, 0, r.parts[0][len(r.parts[0])-1].Discontinuity)
	r.checkAligned()
}

// A daemon that was killed goes on where it was, from what it had written down.
func TestResume(t *testing.T) {
	for name, s := range map[string]scene{
		"both":          {fps: 30, gop: 60, audio: 48000, length: 9 * time.Second},
		"picture alone": {fps: 30, gop: 60, length: 9 * time.Second},
		"sound alone":   {audio: 44100, length: 9 * time.Second},
	} {
		for _, hidden := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, hidden %v", name, hidden), func(t *testing.T) { checkResume(t, s, hidden) })
		}
	}
}

func checkResume(t *testing.T, s scene, hidden bool) {
	var saved []byte
	l := &fakeLadder{rungs: twoRungs()}
	cfg := Config{Ladder: l, WithoutSource: hidden, Checkpoint: func(r Resume) {
		var err error
		saved, err = json.Marshal(r)
		require.NoError(t, err)
	}}
	first := newRecorder(t)
	c := newCore(cfg, []Sink{first})
	l.start(c)
	sc := &script{r: first, c: c, ladder: l}
	sc.session(s.tracks(), s.units(), 0, sceneStart)
	for _, e := range sc.events { // killed: no End
		sc.encode(e.at)
		e.do(c)
	}

	var resume Resume
	require.NoError(t, json.Unmarshal(saved, &resume))
	l2 := &fakeLadder{rungs: twoRungs()}
	cfg.Ladder = l2
	r := newRecorder(t)
	c = newCore(cfg, []Sink{r})
	l2.start(c)
	started := sceneStart.Add(s.length + 3*time.Second)
	c.resume(resume, started)
	require.Equal(t, first.renditions, r.renditions)
	require.Equal(t, first.timing, r.timing)
	require.Equal(t, first.inits, r.inits)
	sc = &script{r: r, c: c, ladder: l2}
	back := started.Add(4 * time.Second)
	sc.ticks(started, back)
	sc.at(back, func() { c.back(back) })
	sc.session(s.tracks(), s.units(), 0, back)
	sc.play(back.Add(s.length))

	r.checkAligned()
	require.Equal(t, first.inits, r.inits, "nothing new")
	for i := range r.renditions {
		was, now := first.parts[i][len(first.parts[i])-1], r.parts[i][0]
		require.Greater(t, now.Number, was.Number)
		require.Greater(t, now.MSN, was.MSN)
		require.Less(t, now.MSN, was.MSN+5)
		require.Equal(t, was.Discontinuity+1, now.Discontinuity)
		require.InDelta(t, (s.length + 3*time.Second).Seconds(), now.Start.Seconds(), 0.1, "the timeline went on")
		require.InDelta(t, 0, now.ProgramTime.Sub(started).Seconds(), 0.1)
		r.checkContinuous(r.parts[i])
		last := r.parts[i][len(r.parts[i])-1]
		require.False(t, last.Gap)
		require.Equal(t, was.Discontinuity+2, last.Discontinuity)
		require.Zero(t, r.gaps(i, 0, time.Hour), "a still and silence, also when the process was another")
	}
}

func TestResumeFromNonsense(t *testing.T) {
	for _, text := range []string{
		`{}`, `{"Timing":{"PartTarget":1}}`, `{"Video":{"Kind":1,"Codec":"h264"}}`,
		`{"Renditions":[{}],"Tracks":[{}],"Rungs":[{}],"FPS":30,"Timing":{"PartTarget":100000000,"TargetDuration":3000000000},"Wall":"2026-01-02T03:04:05Z"}`,
	} {
		var resume Resume
		require.NoError(t, json.Unmarshal([]byte(text), &resume))
		s := scene{fps: 30, gop: 30, length: 3 * time.Second}
		r := newRecorder(t)
		c := newCore(Config{}, []Sink{r})
		c.resume(resume, sceneStart)
		c.track(s.tracks()[0])
		for _, u := range s.units() {
			c.unit(u)
		}
		c.end()
		r.check(s)
	}
}
