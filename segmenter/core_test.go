package segmenter

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter/llhls"
)

// recorder keeps everything, and holds each playlist against the checker.
type recorder struct {
	t          *testing.T
	store      *Store
	renditions []media.Rendition
	timing     media.Timing
	inits      map[int][][]byte
	parts      map[int][]*media.Part
	last       map[int]*llhls.Playlist
	iframes    map[int]*llhls.Playlist
	ended      bool
	now        time.Time
}

func newRecorder(t *testing.T) *recorder {
	r := &recorder{
		t: t, inits: map[int][][]byte{}, parts: map[int][]*media.Part{}, last: map[int]*llhls.Playlist{},
		iframes: map[int]*llhls.Playlist{}, now: sceneStart,
	}
	r.store = NewStore(StoreConfig{Window: 20 * time.Second, Now: func() time.Time { return r.now }})
	return r
}

func (r *recorder) Begin(renditions []media.Rendition, timing media.Timing) {
	require.Nil(r.t, r.renditions, "Begin twice")
	r.renditions, r.timing = renditions, timing
	r.store.Sink().Begin(renditions, timing)
}

func (r *recorder) Init(i media.Init) {
	require.Len(r.t, r.inits[i.Rendition], i.Number)
	r.inits[i.Rendition] = append(r.inits[i.Rendition], i.Data)
	r.store.Sink().Init(i)
}

func (r *recorder) Part(p *media.Part) {
	r.parts[p.Rendition] = append(r.parts[p.Rendition], p)
	r.store.Sink().Part(p)
	r.checkPlaylist(p.Rendition)
	if p.SegmentEnd {
		r.checkIFrames(p.Rendition)
	}
}

func (r *recorder) End() {
	require.False(r.t, r.ended, "End twice")
	r.ended = true
	r.store.Sink().End()
	for i := range r.renditions {
		r.checkPlaylist(i)
	}
}

// checkPlaylist checks the playlist of now; before the first whole segment there is none.
func (r *recorder) checkPlaylist(rendition int) {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	text, err := r.store.Playlist(now, r.renditions[rendition].Name, Reload{})
	if whole := func(p *media.Part) bool { return p.SegmentEnd }; !r.ended && !slices.ContainsFunc(r.parts[rendition], whole) {
		require.ErrorIs(r.t, err, context.Canceled, "it is held")
		return
	}
	require.NoError(r.t, err)
	p, err := llhls.Parse(text)
	require.NoError(r.t, err, "%s", text)
	require.Empty(r.t, p.Unknown)
	require.Empty(r.t, llhls.CheckPlaylist(p), "%s", text)
	require.Empty(r.t, llhls.CheckProfile(p, 0), "%s", text)
	if before := r.last[rendition]; before != nil {
		require.Empty(r.t, llhls.CheckReload(before, p), "%s", text)
		delta, err := r.store.Playlist(context.Background(), r.renditions[rendition].Name, Reload{Skip: true})
		require.NoError(r.t, err)
		d, err := llhls.Parse(delta)
		require.NoError(r.t, err, "%s", delta)
		merged, err := llhls.Merge(before, d)
		require.NoError(r.t, err)
		require.Empty(r.t, llhls.CheckReload(before, merged), "%s", delta)
		require.Len(r.t, merged.Segments, len(p.Segments))
	}
	r.last[rendition] = p
}

// checkIFrames holds the I-frame playlist against the checker, and its byte ranges
// against the segments.
func (r *recorder) checkIFrames(rendition int) {
	info := r.renditions[rendition]
	text, err := r.store.IFrames(info.Name)
	if info.Kind == media.Audio {
		require.ErrorIs(r.t, err, ErrUnknown)
		return
	}
	if errors.Is(err, ErrNotReady) {
		return
	}
	require.NoError(r.t, err)
	p, err := llhls.Parse(text)
	require.NoError(r.t, err, "%s", text)
	require.True(r.t, p.IFramesOnly)
	require.Empty(r.t, llhls.CheckPlaylist(p), "%s", text)
	if before := r.iframes[rendition]; before != nil {
		require.Empty(r.t, llhls.CheckReload(before, p), "%s", text)
	}
	r.iframes[rendition] = p
	for _, s := range p.Segments[max(0, len(p.Segments)-2):] {
		if !s.Gap {
			r.checkIFrame(info.Name, s)
		}
	}
}

func (r *recorder) checkIFrame(rendition string, s llhls.Segment) {
	length, offset, err := llhls.ByteRange(s.ByteRange)
	require.NoError(r.t, err)
	var msn uint64
	_, err = fmt.Sscanf(s.URI, "s%d.m4s", &msn)
	require.NoError(r.t, err)
	parts, err := r.store.Segment(rendition, msn)
	require.NoError(r.t, err)
	var whole []byte
	for _, p := range parts {
		whole = append(whole, p.Data...)
	}
	cut := whole[offset : offset+length]
	moof := binary.BigEndian.Uint32(cut)
	require.Equal(r.t, "moof", string(cut[4:8]))
	require.Equal(r.t, "mdat", string(cut[moof+4:moof+8]))
	require.True(r.t, bytes.HasPrefix(whole[offset:], cut))
}

// feed runs a scene through a core.
func feed(t *testing.T, cfg Config, s scene, tracks ...media.Track) (*recorder, *core) {
	r := newRecorder(t)
	c := newCore(cfg, []Sink{r})
	for _, tr := range tracks {
		c.track(tr)
	}
	for _, u := range s.units() {
		r.now = u.Arrived
		c.unit(u)
	}
	c.end()
	require.True(t, r.ended)
	return r, c
}

func (s scene) tracks() []media.Track {
	var all []media.Track
	if s.fps > 0 {
		declared := s.fps
		if s.noFPS {
			declared = 0
		}
		all = append(all, videoTrack(declared))
	}
	if s.audio > 0 {
		all = append(all, audioTrack(s.audio))
	}
	return all
}

// samples reads a rendition's parts with an independent parser, and checks that
// decode times go on without a break from part to part.
func (r *recorder) samples(rendition int, scale int64) (pts []int64, keys []bool) {
	next := int64(-1)
	for _, p := range r.parts[rendition] {
		if p.Gap {
			require.Empty(r.t, p.Data)
			next = -1
			continue
		}
		var parts fmp4.Parts
		require.NoError(r.t, parts.Unmarshal(p.Data))
		require.Len(r.t, parts, 1)
		require.Len(r.t, parts[0].Tracks, 1)
		track := parts[0].Tracks[0]
		at := int64(track.BaseTime)
		require.InDelta(r.t, p.Start.Microseconds(), at*1_000_000/scale, 1)
		if next >= 0 {
			require.Equal(r.t, next, at, "decode time of part %d", p.Number)
		}
		for i, s := range track.Samples {
			require.Positive(r.t, s.Duration)
			pts = append(pts, at+int64(s.PTSOffset))
			keys = append(keys, !s.IsNonSyncSample)
			if i == 0 {
				require.Equal(r.t, p.Independent, !s.IsNonSyncSample)
			}
			at += int64(s.Duration)
		}
		next = at
		end := p.Start + p.Duration
		require.InDelta(r.t, end.Microseconds(), at*1_000_000/scale, 1)
	}
	return pts, keys
}

// check holds what a run made against what must always be so.
func (r *recorder) check(s scene) {
	t := r.t
	for _, rendition := range r.renditions {
		parts := r.parts[rendition.Index]
		require.NotEmpty(t, parts)
		r.checkOrder(parts)
		if rendition.Kind == media.Audio {
			r.samples(rendition.Index, int64(rendition.SampleRate))
			continue
		}
		pts, keys := r.samples(rendition.Index, 90000)
		i, last := 0, time.Duration(0)
		for _, u := range s.units() {
			if u.Kind != media.Video {
				continue
			}
			// Where the next picture is more than a part away, those before it are repeated.
			for ; i < len(pts) && u.PTS.Microseconds()-pts[i]*100/9 > 12; i++ {
				require.Greater(t, u.PTS-last, 100*time.Millisecond, "picture %d is one too many", i)
			}
			last = u.PTS
			require.Less(t, i, len(pts), "a picture is missing")
			require.InDelta(t, u.PTS.Microseconds(), pts[i]*100/9, 12, "picture %d", i)
			require.Equal(t, u.Keyframe, keys[i])
			i++
		}
		require.Equal(t, i, len(pts))
	}
	r.checkAligned()
}

func (r *recorder) checkOrder(parts []*media.Part) {
	t := r.t
	for i, p := range parts {
		require.Equal(t, parts[0].Number+uint64(i), p.Number)
		if i == 0 {
			continue
		}
		b := parts[i-1]
		require.Equal(t, b.Start+b.Duration, p.Start, "part %d", i)
		require.False(t, p.ProgramTime.Before(b.ProgramTime), "program time goes back")
		if p.MSN == b.MSN {
			require.Equal(t, b.Index+1, p.Index)
			require.False(t, b.SegmentEnd, "part %d ends the segment, and %d is in it", b.Number, p.Number)
			continue
		}
		require.Equal(t, b.MSN+1, p.MSN)
		require.Zero(t, p.Index)
		require.True(t, b.SegmentEnd || p.Discontinuity > b.Discontinuity, "part %d does not say that it ends the segment", b.Number)
	}
}

// checkAligned checks that all renditions cut at the same instants.
func (r *recorder) checkAligned() {
	starts, sequence := map[uint64]time.Duration{}, map[uint64]uint64{}
	for _, rendition := range r.renditions {
		for _, p := range r.parts[rendition.Index] {
			if p.Index != 0 {
				continue
			}
			first, ok := starts[p.MSN]
			if !ok {
				starts[p.MSN], sequence[p.MSN] = p.Start, p.Discontinuity
				continue
			}
			require.Equal(r.t, sequence[p.MSN], p.Discontinuity, "segment %d of %s", p.MSN, rendition.Name)
			allowed := 1100 * time.Microsecond
			if rendition.Kind == media.Audio {
				allowed = 1024 * time.Second / time.Duration(rendition.SampleRate)
			}
			require.InDelta(r.t, first, p.Start, float64(allowed), "segment %d of %s", p.MSN, rendition.Name)
		}
	}
}

func TestEveryFrameRate(t *testing.T) {
	for _, fps := range []float64{5, 10, 12, 15, 20, 24000.0 / 1001, 24, 25, 30000.0 / 1001, 30, 50, 60000.0 / 1001, 60} {
		for _, gop := range []float64{0.5, 1, 1.5, 2, 3.3, 8.33} {
			for _, part := range []int{100, 250, 500} {
				s := scene{
					fps: fps, gop: max(1, int(gop*fps)), audio: 48000, bframes: gop == 2, length: 13 * time.Second,
					seed: uint64(fps*1000) + uint64(gop*10),
				}
				t.Run(fmt.Sprintf("%.2f fps, GOP %.1f s, part %d ms", fps, gop, part), func(t *testing.T) {
					r, _ := feed(t, Config{Part: time.Duration(part) * time.Millisecond}, s, s.tracks()...)
					r.check(s)
				})
			}
		}
	}
}

func TestAnySource(t *testing.T) {
	for seed := range uint64(100) {
		x := rand.New(rand.NewPCG(seed, 2))
		s := scene{
			fps: 5 + 56*x.Float64(), variable: x.IntN(3) == 0, gop: x.IntN(300), irregular: x.IntN(2) == 0,
			bframes: x.IntN(2) == 0, noFPS: x.IntN(2) == 0, length: 9 * time.Second, seed: seed,
			jitter: time.Duration(x.IntN(20)) * time.Millisecond,
			audio:  []int{0, 16000, 22050, 32000, 44100, 48000}[x.IntN(6)],
			lead:   time.Duration(x.IntN(400)-200) * time.Millisecond,
		}
		cfg := Config{
			Part:    time.Duration(100+x.IntN(400)) * time.Millisecond,
			Segment: time.Duration(1000+x.IntN(4000)) * time.Millisecond,
		}
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
			r, _ := feed(t, cfg, s, s.tracks()...)
			r.check(s)
		})
	}
}

func TestPartsMakeTheirSegment(t *testing.T) {
	s := scene{fps: 30, gop: 60, audio: 48000, length: 10 * time.Second}
	r, _ := feed(t, Config{}, s, s.tracks()...)
	for _, name := range []string{"source", "audio"} {
		parts, err := r.store.Segment(name, 2)
		require.NoError(t, err)
		var whole bytes.Buffer
		for _, p := range parts {
			one, err := r.store.Part(context.Background(), name, p.Number)
			require.NoError(t, err)
			require.Same(t, p, one, "a part is shared, not copied")
			whole.Write(one.Data)
		}
		var read fmp4.Parts
		require.NoError(t, read.Unmarshal(whole.Bytes()))
		require.Len(t, read, len(parts))
	}
}
