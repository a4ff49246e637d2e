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
	"github.com/liverelay/liverelay/segmenter/poster"
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
	archive *archive
	// forwards are set before the first broadcast.
	forwards forwards
	// ffmpeg is the path of the program that makes pictures of streams; empty: none.
	ffmpeg string
	log    zerolog.Logger
	over   chan struct{} // closed when all broadcasts have ended, behind run

	ctx  context.Context //nolint:containedctx // broadcasts outlive what opens them
	stop context.CancelFunc

	mu      sync.Mutex
	closed  bool // no more broadcasts begin
	running sync.WaitGroup
}

var _ broadcast.Opener = (*stage)(nil)

// run waits until ctx has ended and the broadcasts have handed out their last parts.
// It is for close to end them.
func (s *stage) run(ctx context.Context) error {
	<-ctx.Done()
	defer close(s.over)
	defer s.stop()
	done := make(chan struct{})
	go func() {
		s.close()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(farewell):
	}
	return nil
}

// close ends all broadcasts and waits for them. With a grace period they are only
// suspended: the next run may go on with them.
func (s *stage) close() {
	reason := errEnds
	if s.config.Grace > 0 {
		reason = broadcast.ErrSuspended
	}
	s.streams.registry.Close(reason)
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.running.Wait()
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
	if !s.enter() {
		return nobody{}
	}
	p := s.perform(b)
	go func() {
		defer s.running.Done()
		<-p.Done()
		s.catalog.End(b.Stream, b.Epoch)
		s.tracker.Drop(b.Stream, b.Epoch)
	}()
	return s.forwards.join(s.ctx, b.Stream, p)
}

// enter says whether one more broadcast may begin; who enters has to leave by
// running.Done.
func (s *stage) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.running.Add(1)
	}
	return !s.closed
}

// perform puts together what a broadcast needs, from the beginning or from where
// another process left off.
func (s *stage) perform(b broadcast.Info) *performance {
	log := s.log.With().Str("stream", b.Stream).Str("broadcast", b.Epoch).Logger()
	window := s.config.HLS.Window.D()
	ladder := s.config.LadderOf(b.Stream)
	past := s.archive.take(b.Epoch)
	store := segmenter.NewStore(segmenter.StoreConfig{
		Epoch: b.Epoch, Window: window, MaxBytes: storeBytes, NoAudioOnly: !ladder.AudioOnly,
	})
	heads := publisher.New(publisher.Config{
		Identity: s.streams.all[b.Stream].identity, Stream: b.Stream, Epoch: b.Epoch, Window: window,
		Memory: past.heads(), Log: log,
	})
	p := &performance{info: b, catalog: s.catalog, keeper: s.archive.keeper(b, heads, log)}
	posters := poster.New(s.ctx, poster.Config{FFmpeg: s.ffmpeg, Log: log})
	p.Pipeline = segmenter.NewPipeline(s.ctx, segmenter.Config{
		Part: s.config.HLS.Part.D(), Segment: s.config.HLS.Segment.D(),
		Ladder: s.ladder.of(ladder, log), WithoutSource: ladder.Source == "never", Log: log,
		Resume: past.segments(), Checkpoint: p.keeper.checkpoint,
	}, []segmenter.Sink{&curtain{Sink: store.Sink(), open: &p.suspended}, &curtain{Sink: heads, open: &p.suspended}, posters})
	s.catalog.Begin(origin.Live{
		Stream: b.Stream, Epoch: b.Epoch, Started: b.Started, Media: store, Heads: heads, Poster: posters,
	})
	p.keeper.start()
	return p
}
