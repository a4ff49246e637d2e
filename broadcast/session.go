package broadcast

import (
	"bytes"
	"sync"
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
	// was announced; then the broadcast begins with what there is.
	keyframeWait = 10 * time.Second
)

// Session is one connection of a publisher to a stream. Its methods may be called
// from any goroutine; units of a track must come in order.
type Session struct {
	registry *Registry
	channel  *channel
	log      zerolog.Logger
	after    <-chan struct{} // the end of the stream's broadcast before
	last     atomic.Int64    // when media came last, in ns since 1970
	done     chan struct{}

	mu      sync.Mutex
	err     error // why the session ended
	tracks  [media.Audio + 1]*media.Track
	configs int
	first   time.Time // arrival of the first unit that could be played
	dropped int       // units without a track, without data, before the first keyframe
	live    *live     // nil until the first unit that can be played
}

func newSession(r *Registry, c *channel, now time.Time) *Session {
	s := &Session{
		registry: r, channel: c, after: c.after, done: make(chan struct{}),
		log: r.log.With().Str("stream", c.name).Logger(),
	}
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
	if s.push(t) {
		s.end(ErrTracks)
		s.registry.release(s)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// push takes a track and says whether that was one change too many.
func (s *Session) push(t media.Track) (tooMany bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.tracks[t.Kind]
	if s.err != nil || old != nil && sameTrack(*old, t) {
		return false
	}
	if s.configs++; s.configs > maxConfigs {
		return true
	}
	s.tracks[t.Kind] = &t
	logTrack(s.log, t)
	if s.live != nil {
		s.live.track(t)
	}
	return false
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
	now := s.registry.now()
	s.last.Store(now.UnixNano())
	if u.Arrived.IsZero() {
		u.Arrived = now
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if len(u.Data) == 0 || s.tracks[u.Kind] == nil {
		s.drop(zerolog.WarnLevel, "media without data or codec configuration is dropped")
		return nil
	}
	if s.live == nil {
		if !s.ready(u) {
			s.drop(zerolog.InfoLevel, "waiting for the first keyframe") // sound mostly comes first
			return nil
		}
		s.live = goLive(s.registry.opener, s.channel.name, s.known(), s.after, u.Arrived, s.log)
	}
	s.live.unit(u)
	return nil
}

// ready says whether a broadcast can begin with this unit.
func (s *Session) ready(u media.Unit) bool {
	if s.first.IsZero() {
		s.first = u.Arrived
	}
	if u.Kind == media.Video {
		return u.Keyframe
	}
	return s.tracks[media.Video] == nil || u.Arrived.Sub(s.first) > keyframeWait
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
	s.endWith(ErrClosed, reason)
	s.registry.release(s)
}

// end ends the session from within; its methods return err from now on.
func (s *Session) end(err error) { s.endWith(err, err) }

func (s *Session) endWith(err, reason error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.err = err
	close(s.done)
	if s.live != nil {
		s.live.end(reason)
	}
	s.log.Info().AnErr("reason", reason).Int("dropped", s.dropped).Msg("publisher gone")
}

// over says that the session has ended.
func (s *Session) over() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// ended is closed when the reader of the session's broadcast has seen its end, or
// if there was none, that of the one before. Only for a session that has ended.
func (s *Session) ended() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil {
		return s.after
	}
	return s.live.done()
}

// known lists the tracks, video first. The caller holds the lock.
func (s *Session) known() []media.Track {
	var tracks []media.Track
	for _, t := range s.tracks {
		if t != nil {
			tracks = append(tracks, *t)
		}
	}
	return tracks
}

// lastMedia is when a unit came last, or when the session began.
func (s *Session) lastMedia() time.Time { return time.Unix(0, s.last.Load()) }

func (s *Session) state() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := State{Name: s.channel.name}
	if s.live == nil || s.err != nil {
		return st
	}
	st.Live, st.Epoch, st.Started = true, s.live.info.Epoch, s.live.info.Started
	st.Tracks, st.BytesIn, st.Warnings = s.known(), s.live.bytes, s.live.advisor.warnings()
	return st
}
