package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/config"
	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter"
	"github.com/liverelay/liverelay/segmenter/ladder"
)

// encoder is the ffmpeg that was found on this machine, with the coders that were
// tried; nil when there is none.
type encoder struct {
	path   string
	coders map[string]ladder.Coder // by what the configuration calls them
}

// findEncoder looks for ffmpeg where the configuration needs one. Without it the
// source is served alone, which is said once; with it, a coder that is asked for and
// does not work is an error.
func findEncoder(c config.Config, log zerolog.Logger) (*encoder, error) {
	e := &encoder{coders: map[string]ladder.Coder{}}
	for _, l := range ladders(c) {
		if len(l.Renditions) > 0 {
			e.coders[l.Encoder] = ""
		}
	}
	if len(e.coders) == 0 {
		return nil, nil //nolint:nilnil // none is wanted
	}
	path, err := ladder.Find()
	if err != nil {
		log.Warn().Err(err).Msg("The source is served alone, in one bitrate: install ffmpeg to have the ladder, or set ladder.renditions to [] if that is what you want")
		return nil, nil //nolint:nilnil // none is there, which was said
	}
	e.path = path
	for wish := range e.coders {
		coder, err := ladder.Resolve(context.Background(), path, ladder.Coder(wish))
		if err != nil {
			return nil, fmt.Errorf("ladder.encoder: %w", err)
		}
		if e.coders[wish] = coder; coder != ladder.X264 {
			log.Info().Str("encoder", string(coder)).Msg("the ladder is encoded by the machine's own")
		}
	}
	return e, nil
}

// ladders returns the general ladder and those of streams.
func ladders(c config.Config) []config.Ladder {
	all := []config.Ladder{c.Ladder}
	for _, s := range c.Streams {
		if s.Ladder != nil {
			all = append(all, *s.Ladder)
		}
	}
	return all
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
	rungs.process = ladder.Config{FFmpeg: e.path, Coder: e.coders[settings.Encoder], Cores: runtime.NumCPU(), Log: log}
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
