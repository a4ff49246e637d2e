package segmenter

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/media"
)

// echo is an encoder whose pictures are the source's, from a goroutine of its own;
// when it is closed it hands out what it has left.
type echo struct {
	out   EncoderOutput
	units chan media.Unit
	done  chan struct{}
}

func (e *echo) Choose(media.Track) []Rung { return twoRungs()[:1] }

func (e *echo) Start(_ context.Context, _ []Rung, source media.Track, out EncoderOutput) (Encoder, error) {
	e.out, e.units, e.done = out, make(chan media.Unit, 10_000), make(chan struct{})
	go func() {
		defer close(e.done)
		out.EncodedTrack(0, source)
		for u := range e.units {
			u.DTS = u.PTS
			out.EncodedUnit(0, u)
		}
	}()
	return e, nil
}

func (e *echo) Track(media.Track) {}
func (e *echo) Unit(u media.Unit) { e.units <- u }
func (e *echo) Close() {
	close(e.units)
	<-e.done
}

func TestPipelineEndsWithEverythingOut(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := scene{fps: 30, gop: 30, audio: 48000, length: 2800 * time.Millisecond} // within rungLag
	r := newRecorder(t)
	p := NewPipeline(t.Context(), Config{Ladder: &echo{}}, []Sink{r})
	for _, tr := range s.tracks() {
		p.Track(tr)
	}
	for _, u := range s.units() {
		p.Unit(u)
	}
	p.End(errors.New("the publisher has left"))
	<-p.Done()
	require.True(t, r.ended)
	source, _ := r.samples(0, 90000)
	encoded, _ := r.samples(1, 90000)
	require.Equal(t, source, encoded, "the encoder's last pictures are in")
	p.Unit(media.Unit{}) // late calls do nothing, and do not block
	p.EncodedUnit(0, media.Unit{})
	p.End(nil)
}

func TestPipelineEndsWithItsContext(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(t.Context())
	r := newRecorder(t)
	p := NewPipeline(ctx, Config{}, []Sink{r})
	s := scene{fps: 30, gop: 30, length: 3 * time.Second}
	p.Track(s.tracks()[0])
	for _, u := range s.units() {
		p.Unit(u)
	}
	require.Eventually(t, func() bool { _, _, edge, _ := r.store.Live(); return !edge.IsZero() }, time.Second, time.Millisecond)
	cancel()
	<-p.Done()
	require.True(t, r.ended)
}

func TestBroadcastThatNeverBegins(t *testing.T) {
	r := newRecorder(t)
	c := newCore(Config{}, []Sink{r})
	c.track(videoTrack(30))
	c.track(media.Track{Kind: media.Video, Codec: media.HEVC})
	c.unit(media.Unit{Kind: media.Video, Arrived: sceneStart})
	c.encodedUnit(0, media.Unit{})
	c.encodedTrack(0, media.Track{})
	c.encoderFailed(errors.New("early"))
	c.end()
	require.Nil(t, r.renditions)
	require.False(t, r.ended)
}

func BenchmarkCore(b *testing.B) {
	s := scene{fps: 30, gop: 60, audio: 48000, length: 60 * time.Second}
	units := s.units()
	b.ReportAllocs()
	for b.Loop() {
		store := NewStore(StoreConfig{})
		c := newCore(Config{}, []Sink{store.Sink()})
		for _, tr := range s.tracks() {
			c.track(tr)
		}
		for _, u := range units {
			c.unit(u)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/60, "µs/media-second")
}
