package ladder

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
)

var (
	// ErrCodec says that the source can't be given to ffmpeg: its codec isn't H.264.
	ErrCodec = errors.New("the ladder needs an H.264 source")
	// ErrBehind says that the machine encodes more slowly than pictures come.
	ErrBehind = errors.New("ffmpeg can't keep up")
	// ErrStalled says that a rung gave nothing for too long while input flowed.
	ErrStalled = errors.New("ffmpeg stalled")
	// ErrOutput says that ffmpeg's output makes no sense.
	ErrOutput = errors.New("ffmpeg's output is broken")
	// ErrExited says that ffmpeg ended without being told to.
	ErrExited = errors.New("ffmpeg ended")
)

// Output takes what the ladder makes. All methods are called from one goroutine;
// rung is an index of the rungs that Start was given.
//
// EncodedTrack comes before a rung's first unit, and again after each restart of
// ffmpeg; the unit that follows it is a keyframe. A unit's PTS is that of the
// source picture it was made from, and its DTS is the same.
//
// EncoderFailed says that no unit follows until the next EncodedTrack. The error
// wraps one of ErrBehind, ErrStalled, ErrOutput and ErrExited, or says why ffmpeg
// could not be started. The ladder goes on trying; repeated failures are told once.
type Output interface {
	EncodedTrack(rung int, t media.Track)
	EncodedUnit(rung int, u media.Unit)
	EncoderFailed(err error)
}

// Config configures a Process. Only FFmpeg has no default.
type Config struct {
	// FFmpeg is the path that Find returned.
	FFmpeg string
	// Coder is what Resolve returned; the default is X264.
	Coder Coder
	// Preset is x264's; the default is veryfast.
	Preset string
	// Queue is how many pictures may wait for ffmpeg before it counts as too slow;
	// the default is 240.
	Queue int
	// Lag is how far behind pictures may come out, once they came out in time, before
	// ffmpeg counts as too slow; the default is 2 s. Later pictures would be of no use
	// to viewers at the live edge.
	Lag time.Duration
	// Stall is how long a rung may give nothing while input flows; the default is
	// 3 s, three times as much for the first picture.
	Stall time.Duration
	// RetryFirst and RetryMost bound the pause before a new start, which doubles
	// with each failure; the defaults are 250 ms and 10 s.
	RetryFirst, RetryMost time.Duration
	// Cores is the number of processors; 0 means unknown.
	Cores int
	// Log takes ffmpeg's complaints and what is done about them.
	Log zerolog.Logger
}

func (c Config) withDefaults() Config {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	set(&c.Stall, 3*time.Second)
	set(&c.Lag, 2*time.Second)
	set(&c.RetryFirst, 250*time.Millisecond)
	set(&c.RetryMost, 10*time.Second)
	if c.Preset == "" {
		c.Preset = "veryfast"
	}
	if c.Queue <= 0 {
		c.Queue = 240
	}
	return c
}

// Process is a running ladder. Track, Unit and Close are for one goroutine.
type Process struct {
	in         chan input
	quit, done chan struct{}
	once       sync.Once
	// hole: units were lost on the way to the supervisor.
	hole bool
}

// input is one call of Track or Unit.
type input struct {
	track *media.Track
	unit  media.Unit
	// hole: units before this one were lost.
	hole bool
}

// inputs is how many calls may wait for the supervisor, which itself never waits
// but for Output.
const inputs = 256

// Start starts the ladder of a broadcast. ffmpeg itself is started at the first
// keyframe. ctx ends everything at once; Close ends it in good order.
func Start(ctx context.Context, cfg Config, rungs []Rung, source media.Track, out Output) (*Process, error) {
	if cfg.FFmpeg == "" {
		return nil, fmt.Errorf("start ladder: %w", ErrMissing)
	}
	if len(rungs) == 0 {
		return nil, errors.New("start ladder: no rungs")
	}
	if !usable(source) {
		return nil, fmt.Errorf("start ladder: %w, not %s", ErrCodec, source.Codec)
	}
	p := &Process{in: make(chan input, inputs), quit: make(chan struct{}), done: make(chan struct{})}
	s := newSupervisor(cfg.withDefaults(), rungs, source, out)
	go func() {
		defer close(p.done)
		s.loop(ctx, p.in, p.quit)
	}()
	return p, nil
}

// Track announces a new configuration of the source, which begins with the next
// unit. It never blocks; audio is ignored.
func (p *Process) Track(t media.Track) {
	if t.Kind == media.Video {
		p.send(input{track: &t})
	}
}

// Unit hands a picture over, in decoding order. It never blocks: when the
// supervisor can't take it, the picture is lost and ffmpeg begins anew. Audio is
// ignored.
func (p *Process) Unit(u media.Unit) {
	if u.Kind == media.Video {
		p.send(input{unit: u})
	}
}

func (p *Process) send(in input) {
	in.hole = p.hole
	select {
	case p.in <- in:
		p.hole = false
	default:
		p.hole = true
	}
}

// Close ends ffmpeg, hands out what it still gives within a second, and returns
// when no call of Output is under way or will follow.
func (p *Process) Close() {
	p.once.Do(func() { close(p.quit) })
	<-p.done
}
