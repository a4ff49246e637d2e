package segmenter

import (
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter/cmaf"
)

const (
	// videoLag is how far a leading picture may stay behind the sound, audioLag and
	// rungLag how far a follower may stay behind the source, before gaps fill in; the
	// gaps of a rung that is known to be dead stay deadLag behind, for it needs some
	// time to encode when it is back.
	videoLag = time.Second
	audioLag = time.Second
	rungLag  = 3 * time.Second
	deadLag  = 500 * time.Millisecond
)

// track is one rendition at work.
type track struct {
	format cmaf.Format
	info   media.Track
	index  int // of the rendition
	cutter *cutter
	pace   pace
	line   audioLine
	inits  [][]byte // all init segments
	dead   bool
}

// core is the pipeline as a plain state machine: tracks and units in, calls of
// the sinks out. Time is what the units carry.
type core struct {
	cfg   Config
	sinks []Sink
	log   zerolog.Logger
	// start starts the encoder; nil without a ladder.
	start func(rungs []Rung, source media.Track) (Encoder, error)

	gather                gather
	begun, closing, ended bool

	renditions []media.Rendition
	timing     media.Timing
	clock      *clock
	wall       wallClock
	shift      time.Duration // added to the source's decode times
	offset     time.Duration // added to the publisher's times
	source     *track        // nil without video
	sound      *track        // nil without audio
	rungs      []*track
	encoder    Encoder
	lag        time.Duration // videoLag, or three frames of a slower source
	absence    absence
	heard      time.Time // when sound came last
	silent     bool      // silence fills in for it
	blank      bool      // no picture comes, and a still fills in for it
	sparse     bool      // it did so before, between two pictures
	hidden     bool      // the source is not shown
	chosen     []Rung
	fps        float64
	saved      uint64 // media sequence number of the segment of the last checkpoint, plus 1
}

func newCore(cfg Config, sinks []Sink) *core {
	cfg = cfg.withDefaults()
	return &core{cfg: cfg, sinks: sinks, log: cfg.Log}
}

// track takes a new track of the publisher, or a new configuration of one.
func (c *core) track(t media.Track) {
	if !c.begun {
		c.gather.track(t, c.log)
		return
	}
	format, err := cmaf.Parse(t)
	if err != nil {
		c.log.Warn().Err(err).Msg("the publisher's new codec configuration can't be used; the old one stays")
		return
	}
	own := c.source
	if t.Kind == media.Audio {
		own = c.sound
	} else {
		c.absence.picture = true
	}
	if own == nil {
		c.log.Warn().Str("kind", t.Kind.String()).Msg("a track that appears during a broadcast is left out")
		return
	}
	if string(t.Config) == string(own.info.Config) {
		return
	}
	own.info, own.format = t, format
	if t.Kind == media.Audio {
		own.cutter.rescale(format.Timescale)
		own.line = audioLine{scale: int64(format.Timescale), frame: int64(format.FrameSamples)}
	}
	c.newInit(own, format)
	c.clock.breaks = true
	if c.encoder != nil && own == c.source {
		c.encoder.Track(t)
	}
}

// unit takes the publisher's next unit.
func (c *core) unit(u media.Unit) {
	if c.begun {
		c.place(u)
		return
	}
	if c.gather.unit(u) {
		c.begin()
	}
}

// begin fixes the broadcast's renditions and constants, and goes through what was
// gathered until now.
func (c *core) begin() {
	plan := c.gather.plan()
	if plan == nil {
		return
	}
	c.begun = true
	if c.gather.blind {
		c.log.Warn().Msg("the publisher announced a picture and sends none; the broadcast begins with the sound alone")
	}
	plan.rungs = c.chooseRungs(plan)
	c.chosen, c.fps = plan.rungs, plan.rate.fps
	c.timing = plan.timing(c.cfg)
	c.renditions = plan.renditions()
	c.shift = plan.shift
	c.wall.start(plan.offset)
	c.clock = newClock(c.cfg.Segment, segmentLimit(c.timing), c.timing.PartTarget, plan.start, &c.wall)
	c.lag = max(videoLag, 3*plan.frame())
	c.show(c.cfg.WithoutSource && len(plan.rungs) > 0)
	c.tracks(plan)
	for _, t := range c.all() {
		if t.info.Config != nil {
			c.newInit(t, t.format)
		}
	}
	c.log.Info().Int("renditions", len(c.renditions)).Float64("fps", plan.rate.fps).
		Dur("part", c.timing.PartTarget).Msg("cutting begins")
	units := c.gather.take()
	for _, u := range units {
		c.place(u)
	}
	c.checkpoint()
}

// tracks makes the renditions' tracks, in the order of plan.renditions.
func (c *core) tracks(p *plan) {
	index := 0
	if p.video != nil {
		c.source = c.newTrack(p.video, index, true)
		c.source.pace.nominal = frameTicks(p.rate.fps)
		index++
	}
	for _, r := range p.rungs {
		fps := r.FPS
		if fps <= 0 {
			fps = p.rate.fps
		}
		t := c.newTrack(&found{format: cmaf.Format{Timescale: cmaf.VideoTimescale}}, index, false)
		t.pace.nominal = frameTicks(fps)
		c.rungs = append(c.rungs, t)
		index++
	}
	if p.audio != nil {
		c.sound = c.newTrack(p.audio, index, p.video == nil)
		c.sound.line = audioLine{
			scale: int64(c.sound.format.Timescale), frame: int64(c.sound.format.FrameSamples),
		}
	}
}

func frameTicks(fps float64) int64 { return max(1, int64(cmaf.VideoTimescale/fps+0.5)) }

func (c *core) newTrack(f *found, index int, leads bool) *track {
	t := &track{format: f.format, info: f.info, index: index}
	audio := f.info.Kind == media.Audio
	t.cutter = newCutter(index, f.format.Timescale, audio, leads, c.clock, c.timing.PartTarget, c.part)
	return t
}

// newInit hands out an init segment when it differs from the one before.
func (c *core) newInit(t *track, f cmaf.Format) {
	r := c.renditions[t.index]
	data, err := f.Init(r.AverageBandwidth, r.Bandwidth)
	if err != nil {
		c.log.Warn().Err(err).Str("rendition", r.Name).Msg("no init segment could be written")
		return
	}
	if n := len(t.inits); n > 0 && string(data) == string(t.inits[n-1]) {
		return
	}
	t.cutter.use(len(t.inits))
	c.addInit(t, data)
}

func (c *core) addInit(t *track, data []byte) {
	for _, s := range c.sinks {
		s.Init(media.Init{Rendition: t.index, Number: len(t.inits), Data: data})
	}
	t.inits = append(t.inits, data)
}

func (c *core) part(p *media.Part) {
	for _, s := range c.sinks {
		s.Part(p)
	}
}
