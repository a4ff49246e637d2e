package rtmp

import (
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/media/flv"
)

// feed turns a publisher's messages into tracks and units. What is broken is
// dropped, counted and mentioned once of its kind; it never ends the session.
type feed struct {
	session Session
	log     zerolog.Logger
	fps     float64 // as the metadata declares it

	begun bool
	last  uint32        // the last timestamp, modulo 2^32 ms
	at    time.Duration // the same, unwrapped

	tracks  [media.Audio + 1]*media.Track
	dropped map[string]int
}

func newFeed(s Session, log zerolog.Logger) *feed {
	return &feed{session: s, log: log, dropped: map[string]int{}}
}

// metadata takes the frame rate, for publishers that don't put it into the
// parameter sets.
func (f *feed) metadata(payload []byte) { f.fps = frameRate(payload) }

// video takes the body of a video message; body is kept. An error is the session's.
func (f *feed) video(stamp uint32, body []byte) error {
	dts := f.time(stamp)
	tag, err := flv.ParseVideo(body)
	if err != nil {
		f.drop(unreadable(media.Video, err), err)
		return nil
	}
	switch tag.Type {
	case flv.Config:
		t, err := flv.VideoTrack(tag.Codec, tag.Data)
		if err == nil && t.FPS == 0 {
			t.FPS = f.fps
		}
		return f.track(t, err)
	case flv.Frames:
		if why := f.unplayable(media.Video, tag.Codec, tag.Data); why != "" {
			f.drop(why, nil)
			return nil
		}
		return f.session.Unit(media.Unit{
			Kind: media.Video, DTS: dts, PTS: dts + tag.CompositionTime, Data: tag.Data, Arrived: time.Now(),
			Keyframe: tag.Keyframe || randomAccess(tag.Codec, tag.Data), // some publishers never say so
		})
	default:
		return nil
	}
}

// audio takes the body of an audio message; body is kept. An error is the session's.
func (f *feed) audio(stamp uint32, body []byte) error {
	dts := f.time(stamp)
	tag, err := flv.ParseAudio(body)
	if err != nil {
		f.drop(unreadable(media.Audio, err), err)
		return nil
	}
	switch tag.Type {
	case flv.Config:
		return f.track(flv.AudioTrack(tag.Codec, tag.Data))
	case flv.Frames:
		if why := f.unplayable(media.Audio, tag.Codec, tag.Data); why != "" {
			f.drop(why, nil)
			return nil
		}
		return f.session.Unit(media.Unit{
			Kind: media.Audio, DTS: dts, PTS: dts, Keyframe: true, Data: tag.Data, Arrived: time.Now(),
		})
	default:
		return nil
	}
}

func (f *feed) track(t media.Track, err error) error {
	if err != nil {
		f.drop("codec configurations that can't be read are dropped", err)
		return nil
	}
	f.tracks[t.Kind] = &t
	return f.session.Track(t)
}

// unplayable says what is wrong with a frame, nothing if all is well.
func (f *feed) unplayable(kind media.Kind, codec media.Codec, data []byte) string {
	t := f.tracks[kind]
	switch {
	case t == nil || t.Codec != codec:
		return kind.String() + " before its codec configuration is dropped"
	case len(data) == 0:
		return "empty " + kind.String() + " frames are dropped"
	case (codec == media.H264 || codec == media.HEVC) && !wholeNALs(data):
		return "video frames with broken NAL units are dropped"
	default:
		return ""
	}
}

// time unwraps a timestamp, which runs over every 49 days.
func (f *feed) time(stamp uint32) time.Duration {
	if !f.begun {
		f.begun, f.last, f.at = true, stamp, time.Duration(stamp)*time.Millisecond
	}
	f.at += time.Duration(step(f.last, stamp)) * time.Millisecond
	f.last = stamp
	return f.at
}

// step is the distance of two timestamps in milliseconds. Some publishers know nothing
// of extended timestamps (RTMP 1.0 §5.3.1.3) and run over after 24 bits, every 4 h 39 min
// 37 s: a step of about that length is none.
func step(from, to uint32) int64 {
	const short, near = 1 << 24, 10_000
	d := int64(int32(to - from))
	for _, over := range [...]int64{-short, short} {
		if off := d - over; off >= -near && off <= near {
			return off
		}
	}
	return d
}

// drop counts what is dropped; the first of its kind is worth a line.
func (f *feed) drop(why string, err error) {
	if f.dropped[why]++; f.dropped[why] == 1 {
		f.log.Warn().Err(err).Msg(why)
	}
}

// sum logs what was dropped in all.
func (f *feed) sum() {
	for why, n := range f.dropped {
		f.log.Warn().Int("messages", n).Msg(why)
	}
}

func unreadable(kind media.Kind, err error) string {
	if errors.Is(err, flv.ErrCodec) {
		return fmt.Sprintf("%s in an unsupported codec is dropped; send H.264 (or HEVC, AV1) and AAC (or Opus)", kind)
	}
	return fmt.Sprintf("%s messages that can't be read are dropped", kind)
}
