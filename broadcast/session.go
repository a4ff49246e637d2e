package broadcast

import (
	"bytes"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
)

const (
	// maxConfigs bounds how often a session may change its codec configuration: each
	// change costs every viewer a new init segment and the ladder a new encoder.
	maxConfigs = 64
	// keyframeWait is how long audio waits for the first keyframe of a track that
	// was announced; then the broadcast begins, or goes on, with what there is.
	keyframeWait = 10 * time.Second
)

// Session is one connection of a publisher to a stream. Its methods may be called
// from any goroutine; units of a track must come in order.
type Session struct {
	channel *channel
	log     zerolog.Logger
	last    atomic.Int64 // when media came last, in ns since 1970
	done    chan struct{}

	// What follows is guarded by channel.mu.
	err     error // why the session ended
	tracks  [media.Audio + 1]*media.Track
	entered [media.Audio + 1]bool // the track is in the broadcast
	configs int
	dropped int       // units without a track, without data, before the first keyframe
	on      bool      // its units are the broadcast's
	wasOn   bool      // they were, before a silence
	first   time.Time // arrival of the first unit, at the beginning or after a silence
	outside time.Time // since when sound that does not fit waits for a keyframe
}

func newSession(c *channel, now time.Time) *Session {
	s := &Session{channel: c, done: make(chan struct{}), log: c.log}
	s.last.Store(now.UnixNano())
	s.log.Info().Msg("publisher connected")
	return s
}

// Stream returns the name of the stream that the key belongs to.
func (s *Session) Stream() string { return s.channel.name }

// Done is closed when the session has ended, also when that was not its
// publisher's doing: the connection is to be closed then.
func (s *Session) Done() <-chan struct{} { return s.done }

// Track announces a track or the new configuration of one; the same again is
// ignored. It returns ErrClosed, ErrReplaced or, after 64 changes, ErrTracks.
func (s *Session) Track(t media.Track) error {
	c := s.channel
	c.mu.Lock()
	defer c.mu.Unlock()
	old := s.tracks[t.Kind]
	if s.err != nil || old != nil && sameTrack(*old, t) {
		return s.err
	}
	if s.configs++; s.configs > maxConfigs {
		c.leave(s, ErrTracks, ErrTracks)
		return s.err
	}
	s.tracks[t.Kind] = &t
	logTrack(s.log, t)
	if s.on && s.entered[t.Kind] && c.live.fits(t) {
		c.live.track(t) // a new track comes with its first unit
	}
	return nil
}

func logTrack(log zerolog.Logger, t media.Track) {
	e := log.Info().Stringer("track", t.Kind).Str("codec", string(t.Codec))
	if t.Kind == media.Video {
		e = e.Int("width", t.Width).Int("height", t.Height).Float64("fps", t.FPS)
	} else {
		e = e.Int("sample_rate", t.SampleRate).Int("channels", t.Channels)
	}
	e.Msg("track announced")
}

func sameTrack(a, b media.Track) bool {
	return a.Codec == b.Codec && a.FPS == b.FPS && bytes.Equal(a.Config, b.Config)
}

// Unit hands over an access unit with the publisher's own timestamps. What can't
// be played is dropped: units without data, of a track that was not announced, and
// pictures before the first keyframe. It returns ErrClosed or ErrReplaced.
func (s *Session) Unit(u media.Unit) error {
	c := s.channel
	now := c.now()
	s.last.Store(now.UnixNano())
	if u.Arrived.IsZero() {
		u.Arrived = now
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if len(u.Data) == 0 || s.tracks[u.Kind] == nil {
		s.drop(zerolog.WarnLevel, "media without data or codec configuration is dropped")
		return nil
	}
	c.take(s, u)
	return nil
}

// ready says whether a broadcast can begin, or go on, with this unit.
func (s *Session) ready(u media.Unit) bool {
	if s.first.IsZero() {
		s.first = u.Arrived
	}
	if s.enters(u) {
		return u.Kind == media.Video || s.tracks[media.Video] == nil || u.Arrived.Sub(s.first) > keyframeWait
	}
	return false
}

// enters says whether a track can begin with this unit.
func (s *Session) enters(u media.Unit) bool { return u.Kind == media.Audio || u.Keyframe }

// renews says whether a new broadcast begins with u, because a track of the session does
// not fit into the present one. Where there are pictures, that is at a keyframe, so that
// the new one has both at once; sound does not wait for one for ever.
func (s *Session) renews(u media.Unit, fits bool) bool {
	switch {
	case fits && u.Kind == media.Audio:
		s.outside = time.Time{}
		return false
	case fits && (s.outside.IsZero() || !u.Keyframe):
		return false
	case !fits && u.Kind == media.Audio && s.entered[media.Video]:
		if s.outside.IsZero() {
			s.outside = u.Arrived
		}
		if u.Arrived.Sub(s.outside) <= keyframeWait {
			return false
		}
	case !fits && !s.enters(u):
		return false
	}
	s.outside = time.Time{}
	return true
}

// present lists the tracks that a broadcast is to have that begins with u, video
// first. With sound in spite of a track of video, no keyframe has come for long: the
// picture is left out until it has one.
func (s *Session) present(u media.Unit) []media.Track {
	var tracks []media.Track
	for _, t := range s.tracks {
		if t != nil && (t.Kind == media.Audio || u.Kind == media.Video) {
			tracks = append(tracks, *t)
		}
	}
	for _, t := range tracks {
		s.entered[t.Kind] = true
	}
	return tracks
}

// pause takes the session's units out of the broadcast until the next keyframe. A
// nil session is one that is gone.
func (s *Session) pause() {
	if s == nil {
		return
	}
	s.wasOn = s.wasOn || s.on
	s.on, s.first, s.outside, s.entered = false, time.Time{}, time.Time{}, [media.Audio + 1]bool{}
}

// drop counts a unit that can't be played and says so once.
func (s *Session) drop(level zerolog.Level, why string) {
	if s.dropped++; s.dropped == 1 {
		s.log.WithLevel(level).Msg(why)
	}
}

// Close ends the session; reason is nil if the publisher ended it properly. A
// second call changes nothing.
func (s *Session) Close(reason error) {
	s.channel.mu.Lock()
	defer s.channel.mu.Unlock()
	s.channel.leave(s, ErrClosed, reason)
}

// lastMedia is when a unit came last, or when the session began.
func (s *Session) lastMedia() time.Time { return time.Unix(0, s.last.Load()) }
