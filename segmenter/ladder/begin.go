package ladder

import (
	"context"
	"fmt"
	"time"

	"github.com/liverelay/liverelay/media"
)

// start starts ffmpeg, if it is time and there are pictures to begin with. It is
// called when the newest of them was given to no earlier run, so that no picture
// comes out twice.
func (s *supervisor) start(ctx context.Context) {
	fps := s.source.FPS
	if fps <= 0 {
		fps = s.group.fps()
	}
	now := time.Now()
	if s.run != nil || len(s.group.units) == 0 || fps <= 0 || now.Before(s.retryAt) || !usable(s.source) {
		return
	}
	rungs := s.active()
	s.book, s.watch = newBook(len(rungs)), newWatch(s.cfg.Stall, s.cfg.Lag, len(rungs))
	s.headers = make([]bool, len(rungs))
	pictures, skip, err := s.replay(now)
	if err != nil {
		s.group.clear()
		s.fail(err)
		return
	}
	p := plan{coder: s.cfg.Coder, rungs: rungs, preset: s.cfg.Preset, fps: fps, skip: skip}
	p.threads = threads(s.source.Width, s.source.Height, fps, rungs, s.cfg.Cores)
	r, err := startRun(ctx, s.cfg.FFmpeg, p.arguments(), len(rungs), s.cfg.Queue+len(pictures), s.cfg.Log)
	if err != nil {
		s.fail(err)
		return
	}
	s.run, s.began = r, now
	s.cfg.Log.Debug().Int("pid", r.cmd.Process.Pid).Int("rungs", len(rungs)).Int("threads", p.threads).Dur("skip", skip).Msg("ffmpeg started")
	r.feed(picture{config: s.source.Config})
	for _, pic := range pictures {
		s.watch.fed(now)
		r.feed(pic)
	}
}

// usable reports whether ffmpeg can be given the source.
func usable(t media.Track) bool { return t.Codec == media.H264 && len(t.Config) > 0 }

// replay labels the pictures of the group. After a failure all but the newest are
// only there to be decoded: skip is its label.
func (s *supervisor) replay(now time.Time) (pictures []picture, skip time.Duration, err error) {
	for _, u := range s.group.units {
		dts, pts, err := s.book.add(u, now)
		if err != nil {
			return nil, 0, err
		}
		pictures = append(pictures, picture{unit: u, dts: dts, pts: pts})
		if s.again {
			skip = max(skip, pts)
		}
	}
	return pictures, skip, nil
}

// feed hands a picture to the run under way.
func (s *supervisor) feed(u media.Unit) error {
	now := time.Now()
	dts, pts, err := s.book.add(u, now)
	if err != nil {
		return err
	}
	s.watch.fed(now)
	if !s.run.feed(picture{unit: u, dts: dts, pts: pts}) {
		return fmt.Errorf("%w: %d pictures wait", ErrBehind, s.cfg.Queue)
	}
	return nil
}
