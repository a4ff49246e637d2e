package bench

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter"
	"github.com/liverelay/liverelay/segmenter/ladder"
)

// BenchmarkTagToPart measures, in real time, how long after the last picture of a part
// has come in (the end of its RTMP message) the part is there to be sent, for the
// source and for each rung: go test ./bench -run '^$' -bench TagToPart -benchtime 1x
func BenchmarkTagToPart(b *testing.B) {
	const fps = 30
	path, err := ladder.Find()
	require.NoError(b, err)
	file := ladderSource(b, "1280x720", "3000k", fps)
	track, units := ladderRead(b, file)
	wishes := []ladder.Wish{{Height: 480}, {Height: 240}}
	for b.Loop() {
		sink := &partClock{frame: time.Second / fps, waits: map[string][]time.Duration{}}
		p := segmenter.NewPipeline(b.Context(), segmenter.Config{Ladder: realLadder{path, wishes}}, []segmenter.Sink{sink})
		p.Track(track)
		sink.start(time.Now())
		for _, u := range units {
			wait(b.Context(), time.Until(sink.begun.Add(u.DTS)))
			u.Arrived = time.Now()
			p.Unit(u)
		}
		p.End(nil)
		<-p.Done()
		for name, waits := range sink.waits {
			require.Greater(b, len(waits), ladderSeconds())
			b.ReportMetric(percentileMS(waits, 0.5), name+"-p50-ms")
			b.ReportMetric(percentileMS(waits, 0.95), name+"-p95-ms")
		}
	}
}

// realLadder is ffmpeg behind the segmenter's interface.
type realLadder struct {
	path   string
	wishes []ladder.Wish
}

func (l realLadder) Choose(source media.Track) []segmenter.Rung {
	var all []segmenter.Rung
	for _, r := range ladder.Choose(source, ladder.Settings{Wishes: l.wishes}) {
		all = append(all, segmenter.Rung(r))
	}
	return all
}

func (l realLadder) Start(ctx context.Context, rungs []segmenter.Rung, source media.Track, out segmenter.EncoderOutput) (segmenter.Encoder, error) {
	var all []ladder.Rung
	for _, r := range rungs {
		all = append(all, ladder.Rung(r))
	}
	return ladder.Start(ctx, ladder.Config{FFmpeg: l.path}, all, source, out)
}

// partClock is a sink that looks at the clock.
type partClock struct {
	mu         sync.Mutex
	begun      time.Time
	frame      time.Duration
	renditions []media.Rendition
	waits      map[string][]time.Duration
}

func (c *partClock) start(begun time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun = begun
}

// Begin implements segmenter.Sink.
func (c *partClock) Begin(renditions []media.Rendition, _ media.Timing) { c.renditions = renditions }

// Init implements segmenter.Sink.
func (c *partClock) Init(media.Init) {}

// End implements segmenter.Sink.
func (c *partClock) End() {}

// Part implements segmenter.Sink.
func (c *partClock) Part(p *media.Part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.Gap || p.Start < 3*time.Second { // behind the start
		return
	}
	last := c.begun.Add(p.Start + p.Duration - c.frame)
	name := c.renditions[p.Rendition].Name
	c.waits[name] = append(c.waits[name], time.Since(last))
}
