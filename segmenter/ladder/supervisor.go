package ladder

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/media/flv"
)

const (
	// tick is how often the watchdog looks.
	tick = 100 * time.Millisecond
	// farewell is how long ffmpeg may take to end after its input did.
	farewell = time.Second
)

// supervisor owns everything about a ladder: the picture group, the run of ffmpeg
// there may be, and what is under way through it. It lives in one goroutine.
type supervisor struct {
	cfg   Config
	rungs []Rung
	out   Output

	source media.Track
	group  group
	pause  backoff
	// retryAt is when ffmpeg may be started again.
	retryAt time.Time
	// again: ffmpeg has failed since the last keyframe of a track's beginning, so
	// that the next run leaves out what has passed.
	again bool
	// shed is how many of the largest rungs the machine can't keep in real time, late
	// when it was too slow last, shedAt when a rung was given up last.
	shed         int
	late, shedAt time.Time
	// up: a track was announced after the last failure.
	up, failed bool

	run     *run // nil when there is none
	began   time.Time
	book    *book
	watch   *watch
	headers []bool
	// leaving is when a run that was told to end is killed; zero when it was not.
	leaving time.Time
}

func newSupervisor(cfg Config, rungs []Rung, source media.Track, out Output) *supervisor {
	return &supervisor{
		cfg: cfg, rungs: rungs, source: source, out: out,
		pause: backoff{first: cfg.RetryFirst, most: cfg.RetryMost},
	}
}

func (s *supervisor) loop(ctx context.Context, in <-chan input, quit <-chan struct{}) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	defer s.end()
	for {
		var events <-chan event
		if s.run != nil {
			events = s.run.events
		}
		select {
		case <-ctx.Done():
			return
		case <-quit:
			s.drain(ctx)
			return
		case i := <-in:
			s.input(ctx, i)
		case e := <-events:
			s.event(ctx, e)
		case now := <-ticker.C:
			s.look(ctx, now)
		}
	}
}

// input takes one call of the pipeline.
func (s *supervisor) input(ctx context.Context, i input) {
	if i.hole {
		s.group.clear()
		s.fail(fmt.Errorf("%w: the daemon lost pictures", ErrBehind))
	}
	if i.track != nil {
		s.newTrack(*i.track)
		return
	}
	s.group.add(i.unit)
	switch {
	case s.run == nil:
		s.start(ctx)
	case s.leaving.IsZero():
		if err := s.feed(i.unit); err != nil {
			s.fail(err)
		}
	}
}

// newTrack lets the run under way finish its pictures; the next one begins with
// the keyframe that follows.
func (s *supervisor) newTrack(t media.Track) {
	if bytes.Equal(t.Config, s.source.Config) {
		return
	}
	s.source = t
	s.group.clear()
	s.again = false
	if s.run != nil && s.leaving.IsZero() {
		s.run.finish()
		s.leaving = time.Now().Add(farewell)
	}
}

// event takes what came out of ffmpeg.
func (s *supervisor) event(ctx context.Context, e event) {
	switch {
	case e.over && !s.leaving.IsZero():
		s.drop()
		s.start(ctx)
	case e.over:
		s.fail(fmt.Errorf("%w: %w", ErrExited, e.err))
	case e.err != nil:
		s.fail(fmt.Errorf("%s: %w: %w", s.active()[e.rung].Name, ErrOutput, e.err))
	default:
		if err := s.tag(e); err != nil {
			s.fail(fmt.Errorf("%s: %w", s.active()[e.rung].Name, err))
		}
	}
}

// tag hands an encoded picture, or a rung's configuration, to the output.
func (s *supervisor) tag(e event) error {
	switch e.tag.Type {
	case flv.Config:
		t, err := flv.VideoTrack(e.tag.Codec, e.tag.Data)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrOutput, err)
		}
		s.up, s.failed, s.headers[e.rung] = true, false, true
		if fps := s.active()[e.rung].FPS; fps > 0 {
			t.FPS = fps
		}
		s.out.EncodedTrack(s.shed+e.rung, t)
	case flv.Frames:
		from, ok := s.book.answer(e.rung, e.pts)
		if !ok || !s.headers[e.rung] {
			return fmt.Errorf("%w: a picture at %s that nobody asked for", ErrOutput, e.pts)
		}
		s.out.EncodedUnit(s.shed+e.rung, media.Unit{
			Kind: media.Video, DTS: from.pts, PTS: from.pts, Keyframe: e.tag.Keyframe,
			Data: e.tag.Data, Arrived: from.arrived,
		})
		if now := time.Now(); s.watch.heard(e.rung, from.fed, now) {
			return fmt.Errorf("%w: pictures come out after %s", ErrBehind, now.Sub(from.fed).Round(time.Millisecond))
		}
	}
	return nil
}

// look is the watchdog's round.
func (s *supervisor) look(ctx context.Context, now time.Time) {
	s.restore(now)
	switch {
	case s.run == nil:
	case !s.leaving.IsZero():
		if now.After(s.leaving) {
			s.drop()
			s.start(ctx)
		}
	case len(s.run.events) > 0: // it is the supervisor that was late
	default:
		if rung, yes := s.watch.stalled(now); yes {
			s.fail(fmt.Errorf("%w: nothing of %s", ErrStalled, s.active()[rung].Name))
		}
	}
}

// fail kills the run and sees to a new one.
func (s *supervisor) fail(err error) {
	now := time.Now()
	var ran time.Duration
	if s.run != nil {
		ran = now.Sub(s.began)
		s.drop()
	}
	pause := s.pause.after(ran)
	s.lighten(err, now)
	s.retryAt, s.again = now.Add(pause), true
	s.cfg.Log.Warn().Err(err).Dur("ran", ran).Dur("retry_in", pause).Msg("the ladder's ffmpeg failed")
	if s.up || !s.failed {
		s.up, s.failed = false, true
		s.out.EncoderFailed(err)
	}
}

// drop kills the run, if it still lives, and forgets it.
func (s *supervisor) drop() {
	s.run.kill()
	s.run, s.leaving = nil, time.Time{}
}

// drain lets ffmpeg end by itself, and hands out what it still gives.
func (s *supervisor) drain(ctx context.Context) {
	if s.run == nil {
		return
	}
	s.run.finish()
	limit := time.NewTimer(farewell)
	defer limit.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-limit.C:
			return
		case e := <-s.run.events:
			if e.over || e.err != nil || s.tag(e) != nil {
				return
			}
		}
	}
}

func (s *supervisor) end() {
	if s.run != nil {
		s.drop()
	}
}
