package broadcast

import (
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

// TestTimelineKeepsPictureAndSoundTogether sends sound and pictures interleaved, over
// clocks that do what publishers' clocks do, and compares where units are placed with
// where they truly belong.
func TestTimelineKeepsPictureAndSoundTogether(t *testing.T) {
	for name, c := range map[string]struct {
		// clock turns the true time of a unit into the publisher's timestamp.
		clock func(r *rand.Rand) func(at time.Duration) time.Duration
		// within is how far a unit may be from its true place, apart how far the tracks from
		// each other.
		within, apart time.Duration
	}{
		"a straight clock from anywhere": {func(r *rand.Rand) func(time.Duration) time.Duration {
			from := time.Duration(r.Int64N(int64(1000 * time.Hour)))
			return func(at time.Duration) time.Duration { return at + from }
		}, 0, ms},
		"timestamps in whole 10 ms, many of them equal": {func(*rand.Rand) func(time.Duration) time.Duration {
			return func(at time.Duration) time.Duration { return at.Truncate(10 * ms) }
		}, 10 * ms, 10 * ms},
		"jitter of up to 15 ms": {func(r *rand.Rand) func(time.Duration) time.Duration {
			return func(at time.Duration) time.Duration { return at + time.Duration(r.Int64N(int64(15*ms))) }
		}, 30 * ms, 20 * ms},
		"ten jumps of up to an hour, back and forth": {func(r *rand.Rand) func(time.Duration) time.Duration {
			var jumps [10]time.Duration
			for i := range jumps {
				for jumps[i].Abs() < 5*time.Second {
					jumps[i] = time.Duration(r.Int64N(int64(2*time.Hour))) - time.Hour
				}
			}
			return func(at time.Duration) time.Duration {
				stamp := at
				for i, by := range jumps {
					if at >= time.Duration(i+1)*5*time.Second {
						stamp += by
					}
				}
				return stamp
			}
		}, 10 * 45 * ms, 5 * ms}, // each is closed up by what is usual between two units
		"a clock that runs over every 20 s": {func(*rand.Rand) func(time.Duration) time.Duration {
			return func(at time.Duration) time.Duration { return at % (20 * time.Second) }
		}, 3 * 45 * ms, 5 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) {
				r := rand.New(rand.NewPCG(seed, 1))
				checkTogether(t, fmt.Sprintf("seed %d", seed), c.clock(r), c.within, c.apart)
			}
		})
	}
}

// checkTogether places a minute of 30 pictures and 47 frames of sound a second.
func checkTogether(t *testing.T, label string, clock func(time.Duration) time.Duration, within, apart time.Duration) {
	t.Helper()
	var line timeline
	var off [media.Audio + 1]time.Duration
	var last [media.Audio + 1]time.Duration
	nextVideo, nextAudio := 0, 0
	for {
		video := time.Duration(nextVideo) * time.Second / 30
		audio := time.Duration(nextAudio) * 1024 * time.Second / 48000
		kind, at := media.Video, video
		if audio < video {
			kind, at = media.Audio, audio
			nextAudio++
		} else {
			nextVideo++
		}
		if at > time.Minute {
			return
		}
		stamp := clock(at).Truncate(ms)
		got, _, g := line.place(kind, stamp, stamp)
		if g == beforeTheShow {
			continue
		}
		require.GreaterOrEqual(t, got, last[kind], "%s: %s at %s goes back", label, kind, at)
		last[kind], off[kind] = got, got-at
		require.LessOrEqual(t, off[kind].Abs(), within+ms, "%s: %s of %s is at %s", label, kind, at, got)
		if at > time.Second {
			require.LessOrEqual(t, (off[media.Video] - off[media.Audio]).Abs(), apart, "%s: at %s the tracks are apart", label, at)
		}
	}
}

// FuzzPublishers lets publishers come, send, fall silent and go, and checks what a
// reader is promised.
func FuzzPublishers(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 2, 3, 4, 200, 9, 0, 1, 2, 3, 9, 250, 9, 250, 9, 250, 9, 250})
	f.Add([]byte{0, 1, 2, 10, 40, 9, 3, 10, 2, 5, 2, 6, 7, 0, 1, 3, 3, 2, 8, 0, 2, 2, 9})
	f.Fuzz(func(t *testing.T, script []byte) {
		c := &clock{now: start()}
		w := &witness{t: t}
		r := New([]Stream{{"demo", "the-key-of-demo"}}, w, zerolog.New(io.Discard), WithClock(c.Now), WithGrace(10*time.Second))
		var s *Session
		stamp := time.Duration(0)
		for _, b := range script[:min(len(script), 400)] {
			if s == nil || b%11 == 0 {
				if fresh, err := r.Publish("the-key-of-demo", remote); err == nil {
					s = fresh
				}
			}
			if s != nil {
				act(s, b, &stamp)
			}
			c.move(time.Duration(b) * 5 * ms)
			stamp += time.Duration(b) * 5 * ms
			r.sweep()
		}
		r.Close(nil)
		if w.open != 0 {
			t.Fatal("a reader was not ended")
		}
	})
}

func act(s *Session, b byte, stamp *time.Duration) {
	u := media.Unit{Kind: media.Video, DTS: *stamp, PTS: *stamp, Data: []byte{1}}
	switch b % 11 {
	case 1:
		_ = s.Track(video(string(rune('a' + b%4))))
		_ = s.Track(audio("a"))
	case 2:
		u.Keyframe = true
		_ = s.Unit(u)
	case 3:
		_ = s.Unit(u)
	case 4, 5:
		u.Kind, u.Keyframe = media.Audio, true
		_ = s.Unit(u)
	case 6:
		*stamp -= time.Duration(b) * time.Second
	case 7:
		s.Close(nil)
	case 8:
		_ = s.Track(media.Track{Kind: media.Audio, Codec: media.Opus})
	case 9:
		_ = s.Track(audio("a"))
	}
}

// witness checks that its readers are told what Reader promises.
type witness struct {
	t    *testing.T
	open int
}

func (w *witness) Open(Info) Reader {
	if w.open++; w.open > 1 {
		w.t.Error("two broadcasts at once")
	}
	return &testimony{witness: w}
}

type testimony struct {
	*witness
	away, begun bool
	told, seen  [media.Audio + 1]bool
	last        [media.Audio + 1]time.Duration
	edge        time.Duration
	arrived     time.Time
}

func (r *testimony) check(ok bool, what string) {
	if !ok {
		r.t.Error(what)
	}
}

func (r *testimony) Track(t media.Track) {
	r.check(!r.away, "a track while away")
	r.told[t.Kind] = true
}

func (r *testimony) Unit(u media.Unit) {
	r.check(!r.away, "a unit while away")
	r.check(r.told[u.Kind], "a unit without a track")
	r.check(r.seen[u.Kind] || u.Kind == media.Audio || u.Keyframe, "the first picture is no keyframe")
	r.check(u.DTS >= r.last[u.Kind] && u.PTS >= 0, "time goes back")
	if !r.begun {
		r.check(u.DTS == max(r.edge+u.Arrived.Sub(r.arrived), r.edge) || r.arrived.IsZero() && u.DTS == 0, "not where it belongs")
	}
	r.begun, r.seen[u.Kind] = true, true
	r.last[u.Kind], r.edge, r.arrived = u.DTS, max(r.edge, u.DTS), u.Arrived
}

func (r *testimony) Away(at time.Time) {
	r.check(!r.away && at.Equal(r.arrived), "away twice, or at another time")
	r.away = true
}

func (r *testimony) Back(time.Time) {
	r.check(r.away, "back without away")
	r.away, r.begun = false, false
	r.told, r.seen = [media.Audio + 1]bool{}, [media.Audio + 1]bool{}
}

func (r *testimony) End(error) { r.open-- }
