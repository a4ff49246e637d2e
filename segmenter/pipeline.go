package segmenter

import (
	"context"
	"time"

	"github.com/liverelay/liverelay/media"
)

const (
	// queued is how many events may wait for the pipeline.
	queued = 256
	// farewell is how long an encoder may take to hand out its last pictures.
	farewell = 2 * time.Second
)

// Pipeline cuts one broadcast. Its Track, Unit and End are called in order by the
// broadcast; they block for a short time when the pipeline is busy. One goroutine
// of its own does the work and calls the sinks.
type Pipeline struct {
	events chan func(*core)
	done   chan struct{}
}

var _ EncoderOutput = (*Pipeline)(nil)

// NewPipeline starts a pipeline. It ends, and tells the sinks, with End or with
// the context.
func NewPipeline(ctx context.Context, cfg Config, sinks []Sink) *Pipeline {
	p := &Pipeline{events: make(chan func(*core), queued), done: make(chan struct{})}
	c := newCore(cfg, sinks)
	encoding, stop := context.WithCancel(ctx)
	if cfg.Ladder != nil {
		c.start = func(rungs []Rung, source media.Track) (Encoder, error) {
			return cfg.Ladder.Start(encoding, rungs, source, p)
		}
	}
	go func() {
		defer close(p.done)
		defer stop()
		if cfg.Resume != nil {
			c.resume(*cfg.Resume, time.Now())
		}
		p.run(ctx, c)
	}()
	return p
}

// Track takes a new track, or a new codec configuration of one.
func (p *Pipeline) Track(t media.Track) { p.post(func(c *core) { c.track(t) }) }

// Away takes that the publisher is gone: the playlists go on with gaps, until a unit
// comes behind Back.
func (p *Pipeline) Away(at time.Time) { p.post(func(c *core) { c.away(at) }) }

// Back takes that the publisher is there again. Its tracks as they now are come next,
// then units; with the first keyframe all renditions go on behind a discontinuity.
func (p *Pipeline) Back(at time.Time) { p.post(func(c *core) { c.back(at) }) }

// Unit takes the next unit.
func (p *Pipeline) Unit(u media.Unit) { p.post(func(c *core) { c.unit(u) }) }

// End ends the broadcast; the reason is for the log. It does not wait for the
// last parts: Done does.
func (p *Pipeline) End(reason error) {
	p.post(func(c *core) {
		c.log.Info().AnErr("reason", reason).Msg("cutting ends")
		c.closing = true
	})
}

// Done is closed when the sinks have got everything.
func (p *Pipeline) Done() <-chan struct{} { return p.done }

// EncodedTrack implements EncoderOutput.
func (p *Pipeline) EncodedTrack(rung int, t media.Track) {
	p.post(func(c *core) { c.encodedTrack(rung, t) })
}

// EncodedUnit implements EncoderOutput.
func (p *Pipeline) EncodedUnit(rung int, u media.Unit) {
	p.post(func(c *core) { c.encodedUnit(rung, u) })
}

// EncoderFailed implements EncoderOutput.
func (p *Pipeline) EncoderFailed(err error) { p.post(func(c *core) { c.encoderFailed(err) }) }

func (p *Pipeline) post(event func(*core)) {
	select {
	case p.events <- event:
	case <-p.done:
	}
}

func (p *Pipeline) run(ctx context.Context, c *core) {
	ticker := time.NewTicker(gapPace)
	defer ticker.Stop()
	for ctx.Err() == nil && !c.closing {
		var ticks <-chan time.Time
		if c.absence.waiting {
			ticks = ticker.C
		}
		select {
		case event := <-p.events:
			event(c)
		case <-ticks:
			c.tick(time.Now())
		case <-ctx.Done():
		}
	}
	p.farewell(c)
	c.end()
}

// farewell closes the encoder, and takes what it still hands out meanwhile.
func (p *Pipeline) farewell(c *core) {
	if c.encoder == nil {
		return
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		c.encoder.Close()
	}()
	timeout := time.NewTimer(farewell)
	defer timeout.Stop()
	for {
		select {
		case event := <-p.events:
			event(c)
		case <-closed:
			p.drain(c)
			return
		case <-timeout.C:
			c.log.Warn().Msg("the encoder does not end")
			return
		}
	}
}

// drain takes what was queued.
func (p *Pipeline) drain(c *core) {
	for {
		select {
		case event := <-p.events:
			event(c)
		default:
			return
		}
	}
}
