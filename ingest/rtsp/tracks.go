package rtsp

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/media/flv"
)

// Session takes what comes in. Its methods may be called from several goroutines, units
// of a track in order. An error ends the connection.
type Session interface {
	Track(t media.Track) error
	Unit(u media.Unit) error
	// Close is called once nothing follows.
	Close(reason error)
	// Done is closed when the session has ended, for whatever reason.
	Done() <-chan struct{}
}

var errNoTrack = errors.New("there is neither H.264 nor H.265 video, nor AAC or Opus sound")

// input is one track that is understood.
type input struct {
	media  *description.Media
	format format.Format
	take   func(pkt *rtp.Packet, pts time.Duration) error
}

// headroom keeps timestamps above zero: pictures are decoded before they are shown.
const headroom = time.Second

// inputs finds at most one track of each kind that is understood. Tracks are announced
// before their first unit, sound only once there is a picture to go with it: who takes
// units makes up his mind about the tracks when they begin.
func inputs(d *description.Session, to Session) ([]input, error) {
	var found []input
	shows := &atomic.Bool{}
	shows.Store(true)
	for _, kind := range [...]media.Kind{media.Video, media.Audio} {
		if in, ok, err := first(d, kind, to, shows); err != nil {
			return nil, err
		} else if ok {
			found = append(found, in)
			shows.Store(kind != media.Video)
		}
	}
	if len(found) == 0 {
		return nil, errNoTrack
	}
	return found, nil
}

func first(d *description.Session, kind media.Kind, to Session, shows *atomic.Bool) (input, bool, error) {
	for _, m := range d.Medias {
		for _, f := range m.Formats {
			take, is, err := taker(f, to, shows)
			if err != nil {
				return input{}, false, err
			}
			if take != nil && is == kind && !m.IsBackChannel {
				return input{m, f, take}, true, nil
			}
		}
	}
	return input{}, false, nil
}

// taker returns what turns a format's packets into units, nil for one that is not
// understood. shows is set with the first picture, and sound waits for it.
func taker(f format.Format, to Session, shows *atomic.Bool) (func(*rtp.Packet, time.Duration) error, media.Kind, error) {
	switch f := f.(type) {
	case *format.H264:
		decoder, err := f.CreateDecoder()
		v := &video{session: to, shows: shows, codec: media.H264, sets: [][]byte{f.SPS, f.PPS}}
		return func(pkt *rtp.Packet, pts time.Duration) error {
			nals, err := decoder.Decode(pkt)
			if err != nil {
				return nil //nolint:nilerr // a frame that is not whole yet, or that lost a packet
			}
			return v.take(nals, pts)
		}, media.Video, err
	case *format.H265:
		decoder, err := f.CreateDecoder()
		v := &video{session: to, shows: shows, codec: media.HEVC, sets: [][]byte{f.VPS, f.SPS, f.PPS}}
		return func(pkt *rtp.Packet, pts time.Duration) error {
			nals, err := decoder.Decode(pkt)
			if err != nil {
				return nil //nolint:nilerr // likewise
			}
			return v.take(nals, pts)
		}, media.Video, err
	case *format.MPEG4Audio:
		return aac(f, to, shows)
	case *format.Opus:
		return opus(f, to, shows)
	default:
		return nil, 0, nil
	}
}

func aac(f *format.MPEG4Audio, to Session, shows *atomic.Bool) (func(*rtp.Packet, time.Duration) error, media.Kind, error) {
	if f.Config == nil {
		return nil, 0, nil
	}
	config, err := f.Config.Marshal()
	if err != nil {
		return nil, 0, err
	}
	decoder, err := f.CreateDecoder()
	if err != nil {
		return nil, 0, err
	}
	sound := &audio{session: to, shows: shows, frame: 1024 * time.Second / time.Duration(f.Config.SampleRate)}
	return func(pkt *rtp.Packet, pts time.Duration) error {
		frames, err := decoder.Decode(pkt)
		if err != nil {
			return nil //nolint:nilerr // likewise
		}
		return sound.take(frames, pts)
	}, media.Audio, announceSound(to, media.AAC, config)
}

func opus(f *format.Opus, to Session, shows *atomic.Bool) (func(*rtp.Packet, time.Duration) error, media.Kind, error) {
	decoder, err := f.CreateDecoder()
	if err != nil {
		return nil, 0, err
	}
	// OpusHead (RFC 7845 §5.1), as FLV and MP4 want it.
	config := append([]byte("OpusHead"), 1, byte(f.ChannelCount), 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0)
	sound := &audio{session: to, shows: shows}
	return func(pkt *rtp.Packet, pts time.Duration) error {
		frame, err := decoder.Decode(pkt)
		if err != nil {
			return nil //nolint:nilerr // likewise
		}
		return sound.take([][]byte{frame}, pts)
	}, media.Audio, announceSound(to, media.Opus, config)
}

// audio makes units of sound.
type audio struct {
	session Session
	shows   *atomic.Bool
	frame   time.Duration // of one frame
}

// announceSound tells of a track of sound, whose configuration is known beforehand.
func announceSound(to Session, codec media.Codec, config []byte) error {
	t, err := flv.AudioTrack(codec, config)
	if err != nil {
		return err
	}
	return to.Track(t)
}

func (a *audio) take(frames [][]byte, pts time.Duration) error {
	if !a.shows.Load() {
		return nil
	}
	for i, data := range frames {
		at := max(0, pts+headroom+time.Duration(i)*a.frame)
		if err := a.session.Unit(media.Unit{Kind: media.Audio, DTS: at, PTS: at, Keyframe: true, Data: data}); err != nil {
			return err
		}
	}
	return nil
}
