package main

import (
	"context"
	"runtime"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/config"
	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter"
	"github.com/liverelay/liverelay/segmenter/ladder"
)

// encoder is the ffmpeg that was found on this machine; nil when there is none.
type encoder struct{ path string }

// findEncoder looks for ffmpeg where the configuration needs one. Without it the
// source is served alone, which is said once.
func findEncoder(c config.Config, log zerolog.Logger) *encoder {
	wanted := len(c.Ladder.Renditions) > 0
	for _, s := range c.Streams {
		wanted = wanted || s.Ladder != nil && len(s.Ladder.Renditions) > 0
	}
	if !wanted {
		return nil
	}
	path, err := ladder.Find()
	if err != nil {
		log.Warn().Err(err).Msg("The source is served alone, in one bitrate: install ffmpeg to have the ladder, or set ladder.renditions to [] if that is what you want")
		return nil
	}
	return &encoder{path}
}

// of returns the segmenter's view of a ladder, nil for the source alone.
func (e *encoder) of(settings config.Ladder, log zerolog.Logger) segmenter.Ladder {
	if e == nil || len(settings.Renditions) == 0 {
		return nil
	}
	rungs := &rungs{settings: ladder.Settings{WithoutSource: settings.Source == "never", Cores: runtime.NumCPU()}}
	for _, r := range settings.Renditions {
		rungs.settings.Wishes = append(rungs.settings.Wishes, ladder.Wish{Name: r.Name, Height: r.Height, Bitrate: int(r.Bitrate), FPS: r.FPS})
	}
	rungs.process = ladder.Config{FFmpeg: e.path, Cores: runtime.NumCPU(), Log: log}
	return rungs
}

// rungs is a ladder's settings behind the segmenter's interface.
type rungs struct {
	settings ladder.Settings
	process  ladder.Config
}

func (r *rungs) Choose(source media.Track) []segmenter.Rung {
	var chosen []segmenter.Rung
	for _, rung := range ladder.Choose(source, r.settings) {
		chosen = append(chosen, segmenter.Rung(rung))
	}
	return chosen
}

func (r *rungs) Start(ctx context.Context, chosen []segmenter.Rung, source media.Track, out segmenter.EncoderOutput) (segmenter.Encoder, error) {
	var list []ladder.Rung
	for _, rung := range chosen {
		list = append(list, ladder.Rung(rung))
	}
	return ladder.Start(ctx, r.process, list, source, out)
}
