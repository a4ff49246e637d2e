package main

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/broadcast"
	"github.com/liverelay/liverelay/config"
	"github.com/liverelay/liverelay/origin"
	"github.com/liverelay/liverelay/p2p/publisher"
	"github.com/liverelay/liverelay/segmenter"
	"github.com/liverelay/liverelay/tracker"
)

// storeBytes bounds the media that a broadcast keeps in memory: a window of 40 s
// at 50 Mbit/s over all renditions.
const storeBytes = 256 << 20

// stage sets up each new broadcast: a segmenter, its store for HTTP and the signed
// record for the swarm. It is the registry's opener.
type stage struct {
	config  config.Config
	streams *streams
	catalog *origin.Catalog
	tracker *tracker.Tracker
	ladder  *encoder
	// forwards are set before the first broadcast.
	forwards forwards
	log      zerolog.Logger

	mu      sync.Mutex
	running sync.WaitGroup
	over    chan struct{}   // closed when all broadcasts have ended, behind run
	ctx     context.Context //nolint:containedctx // broadcasts live as long as run does
}

var _ broadcast.Opener = (*stage)(nil)

// run holds the broadcasts' context; when ctx ends it lets them hand out their
// last parts.
func (s *stage) run(ctx context.Context) error {
	lasting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	s.mu.Lock()
	s.ctx = lasting
	s.mu.Unlock()
	<-ctx.Done()
	defer close(s.over)
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(farewell):
	}
	return nil
}

// outlived lets a service run until the broadcasts have ended, and a little longer.
func (s *stage) outlived(run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		lasting, stop := context.WithCancel(context.WithoutCancel(ctx))
		defer stop()
		defer context.AfterFunc(ctx, func() {
			<-s.over
			time.AfterFunc(lastWords, stop)
		})()
		return run(lasting)
	}
}

// Open implements broadcast.Opener.
func (s *stage) Open(b broadcast.Info) broadcast.Reader {
	log := s.log.With().Str("stream", b.Stream).Str("broadcast", b.Epoch).Logger()
	window := s.config.HLS.Window.D()
	ladder := s.config.LadderOf(b.Stream)
	store := segmenter.NewStore(segmenter.StoreConfig{
		Epoch: b.Epoch, Window: window, MaxBytes: storeBytes, NoAudioOnly: !ladder.AudioOnly,
	})
	heads := publisher.New(publisher.Config{
		Identity: s.streams.all[b.Stream].identity, Stream: b.Stream, Epoch: b.Epoch, Window: window, Log: log,
	})
	s.mu.Lock()
	ctx := s.ctx
	s.mu.Unlock()
	if ctx == nil {
		ctx = context.Background()
	}
	pipeline := segmenter.NewPipeline(ctx, segmenter.Config{
		Part: s.config.HLS.Part.D(), Segment: s.config.HLS.Segment.D(),
		Ladder: s.ladder.of(ladder, log), WithoutSource: ladder.Source == "never", Log: log,
	}, []segmenter.Sink{store.Sink(), heads})
	s.catalog.Begin(origin.Live{Stream: b.Stream, Epoch: b.Epoch, Started: b.Started, Media: store, Heads: heads})
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		<-pipeline.Done()
		s.catalog.End(b.Stream, b.Epoch)
		s.tracker.Drop(b.Stream, b.Epoch)
	}()
	return s.forwards.join(ctx, b.Stream, pipeline)
}
