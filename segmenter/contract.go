package segmenter

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
)

// Sink takes what a Pipeline makes. All methods are called from the pipeline's
// one goroutine and must not block.
type Sink interface {
	// Begin is called once, before anything else, with the broadcast's fixed set of
	// renditions and the constants of its playlists.
	Begin(renditions []media.Rendition, timing media.Timing)
	// Init is called before the first part that needs the init segment.
	Init(i media.Init)
	// Part is called in order of Number within a rendition; renditions interleave.
	// The part is immutable and may be kept.
	Part(p *media.Part)
	// End is called once when the broadcast ended, if Begin was called.
	End()
}

// Rung is one rendition that an encoder makes of the source's video.
type Rung struct {
	// Name is the rendition's name, [a-z0-9]{1,16}.
	Name string
	// Width and Height are in pixels.
	Width, Height int
	// FPS is the frame rate of the rung; 0 means the source's.
	FPS float64
	// Bitrate is the average and MaxBitrate the peak, both of the video in bit/s.
	// MaxBitrate 0 means one and a half times the average.
	Bitrate, MaxBitrate int
	// Codecs is what CODECS will say of the encoder's output (RFC 6381); empty
	// means H.264 main profile at the level that the picture's size asks for.
	Codecs string
}

// Encoder is the input side of a running encoder. No method blocks for longer
// than it takes to queue the value: when the encoder can't keep up, it drops,
// and says so by EncoderOutput.EncoderFailed.
type Encoder interface {
	Track(t media.Track)
	Unit(u media.Unit)
	// Close ends the encoder and returns when no EncoderOutput call is under way or
	// will follow.
	Close()
}

// EncoderOutput takes what an encoder makes. Its methods may be called from any
// goroutine, in order within a rung, and may block for a short time. rung is an
// index of the rungs that the encoder was started with.
//
// An encoded unit's PTS equals the PTS of a source unit exactly, and its DTS
// equals its PTS (no B-frames), so that one segment clock rules all renditions.
// Every source keyframe is a keyframe in every rung. The first unit of a rung,
// and the first after EncodedTrack, is a keyframe.
type EncoderOutput interface {
	EncodedTrack(rung int, t media.Track)
	EncodedUnit(rung int, u media.Unit)
	// EncoderFailed says that no more units follow until the next EncodedTrack; the
	// rungs publish gaps meanwhile.
	EncoderFailed(err error)
}

// Ladder makes the renditions beside the source.
type Ladder interface {
	// Choose returns the rungs for a source track, best first. It returns none when
	// there is nothing to encode, or nothing to encode with.
	Choose(source media.Track) []Rung
	// Start starts one encoder for all rungs. The units that it is fed begin with a
	// keyframe of source.
	Start(ctx context.Context, rungs []Rung, source media.Track, out EncoderOutput) (Encoder, error)
}

// Config configures a Pipeline. The zero value means the defaults.
type Config struct {
	// Part is the wished length of a part, 100 ms to 1 s; the default is 250 ms.
	Part time.Duration
	// Segment is the wished length of a segment, 1 s to 10 s; the default is 2 s.
	Segment time.Duration
	// Ladder is nil when there is only the source.
	Ladder Ladder
	// WithoutSource keeps the source from the sinks, whenever there are rungs to show
	// in its place.
	WithoutSource bool
	// Resume goes on with a broadcast that another Pipeline began, as if its publisher
	// was away; nil begins anew.
	Resume *Resume
	// Checkpoint takes what Resume needs, whenever a segment has ended. It is called from
	// the pipeline's goroutine and must not block; what it gets is its own. May be nil.
	Checkpoint func(Resume)
	// Log takes warnings for the streamer; the zero value is silent.
	Log zerolog.Logger
}

// The defaults of Config.
const (
	DefaultPart    = 250 * time.Millisecond
	DefaultSegment = 2 * time.Second
)

func (c Config) withDefaults() Config {
	if c.Part <= 0 {
		c.Part = DefaultPart
	}
	if c.Segment <= 0 {
		c.Segment = DefaultSegment
	}
	return c
}
