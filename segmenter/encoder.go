package segmenter

import "github.com/liverelay/liverelay/media"

// show tells the sinks what there will be.
func (c *core) show(hidden bool) {
	if c.hidden = hidden; hidden {
		c.sinks = []Sink{withoutSource{c.sinks}}
	}
	for _, s := range c.sinks {
		s.Begin(c.renditions, c.timing)
	}
}

// chooseRungs starts the encoder, and returns what it makes.
func (c *core) chooseRungs(p *plan) []Rung {
	if c.cfg.Ladder == nil || p.video == nil {
		return nil
	}
	source := p.video.info
	source.FPS = p.rate.fps
	rungs := c.cfg.Ladder.Choose(source)
	if !c.startEncoder(p.rate.fps, &p.video.info, rungs) {
		return nil
	}
	return rungs
}

func (c *core) startEncoder(fps float64, video *media.Track, rungs []Rung) bool {
	if c.start == nil || video == nil || len(rungs) == 0 {
		return false
	}
	source := *video
	source.FPS = fps
	encoder, err := c.start(rungs, source)
	if err != nil {
		c.log.Warn().Err(err).Msg("the encoder can't be started; what it makes is missing")
		return false
	}
	c.encoder = encoder
	return true
}
