package broadcast

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

const grace = 30 * time.Second

// publishing connects to the stream demo and announces both tracks.
func publishing(t *testing.T, r *Registry) *Session {
	t.Helper()
	s, err := r.Publish("the-key-of-demo", remote)
	require.NoError(t, err)
	require.NoError(t, s.Track(video("v")))
	require.NoError(t, s.Track(audio("a")))
	return s
}

func demo(r *Registry) State { return r.Streams()[2] }

func TestGraceOneBroadcastOverManyConnections(t *testing.T) {
	for name, reason := range map[string]error{"a clean end": nil, "a lost connection": errors.New("lost")} {
		t.Run(name, func(t *testing.T) {
			r, j, c, _ := fixture(t, WithGrace(grace))
			s := publishing(t, r)
			require.NoError(t, s.Unit(picture(0)))
			c.move(33 * ms)
			require.NoError(t, s.Unit(picture(33)))
			epoch := demo(r).Epoch
			s.Close(reason)
			c.move(10 * time.Second)
			r.sweep()
			require.True(t, demo(r).Live)
			require.True(t, demo(r).Away)

			s = publishing(t, r) // with other timestamps
			require.NoError(t, s.Unit(sound(600000)), "before the keyframe")
			c.move(ms)
			require.NoError(t, s.Unit(picture(600030)))
			require.False(t, demo(r).Away)
			require.NoError(t, s.Unit(sound(600040)))
			require.NoError(t, s.Unit(picture(600063)))
			require.Equal(t, epoch, demo(r).Epoch)

			s.Close(reason)
			c.move(grace - 1)
			r.sweep()
			require.True(t, demo(r).Live)
			c.move(1)
			r.sweep()
			require.Equal(t, State{Name: "demo"}, demo(r))
			r.Close(nil)
			end := "1 end <nil>"
			if reason != nil {
				end = "1 end lost"
			}
			require.Equal(t, []string{
				"1 open", "1 track video v", "1 track audio a", "1 unit video 0", "1 unit video 33",
				"1 away 33ms", "1 back 10.034s", "1 track video v", "1 track audio a",
				"1 unit video 10034", "1 unit audio 10044", "1 unit video 10067", "1 away 10.034s", end,
			}, j.text())
		})
	}
}

func TestTakeoverGoesOnWithTheBroadcast(t *testing.T) {
	r, j, c, _ := fixture(t, WithGrace(grace))
	old := publishing(t, r)
	require.NoError(t, old.Unit(picture(0)))
	epoch := demo(r).Epoch
	c.move(takeover - 1)
	_, err := r.Publish("the-key-of-demo", remote)
	require.ErrorIs(t, err, ErrBusy)
	c.move(1)
	fresh := publishing(t, r)
	<-old.Done()
	require.ErrorIs(t, old.Unit(picture(1)), ErrReplaced)
	require.NoError(t, fresh.Unit(picture(900)))
	old.Close(errors.New("late")) // changes nothing
	require.Equal(t, epoch, demo(r).Epoch)
	require.False(t, demo(r).Away)
	r.Close(nil)
	require.Equal(t, []string{
		"1 open", "1 track video v", "1 track audio a", "1 unit video 0",
		"1 away 0s", "1 back 2s", "1 track video v", "1 track audio a", "1 unit video 2000", "1 end <nil>",
	}, j.text())
}

func TestSilenceIsAbsence(t *testing.T) {
	for name, after := range map[string]struct {
		burst []media.Unit // what was held back, all at once
		then  []media.Unit // a frame's time apart
		want  []string
	}{
		"what was held back is late": {
			burst: []media.Unit{picture(33), picture(1200), picture(3000)},
			then:  []media.Unit{picture(5010), picture(5040)},
			want:  []string{"back 5.01s", "unit video 5010", "unit video 5040"},
		},
		"a clock that stood still goes on after a second": {
			burst: []media.Unit{picture(33)},
			then:  []media.Unit{picture(60), picture(1020), picture(1050), picture(1080), picture(1090)},
			want:  []string{"back 6.017s", "unit video 6017", "unit video 6047", "unit video 6057"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, j, c, _ := fixture(t, WithGrace(grace))
			s := publishing(t, r)
			require.NoError(t, s.Unit(picture(0)))
			c.move(silence - 1)
			r.sweep()
			require.False(t, demo(r).Away)
			c.move(1)
			r.sweep()
			r.sweep()
			require.True(t, demo(r).Away)
			c.move(2 * time.Second)
			for _, u := range after.burst {
				require.NoError(t, s.Unit(u))
			}
			last := after.burst[len(after.burst)-1].DTS
			for i, u := range after.then {
				if i == 0 && len(after.burst) > 1 {
					last = u.DTS - 10*ms
				}
				c.move(u.DTS - last)
				last = u.DTS
				require.NoError(t, s.Unit(u))
			}
			r.Close(nil)
			lines := j.text()
			require.Equal(t, []string{"1 unit video 0", "1 away 0s", "1 " + after.want[0], "1 track video v", "1 track audio a"}, lines[3:8])
			for i, w := range after.want[1:] {
				require.Equal(t, "1 "+w, lines[8+i])
			}
			require.Len(t, lines, 8+len(after.want))
		})
	}
}

func TestSilenceBeyondTheGracePeriod(t *testing.T) {
	r, j, c, _ := fixture(t, WithGrace(5*time.Second))
	s := publishing(t, r)
	require.NoError(t, s.Unit(picture(0)))
	c.move(silence)
	r.sweep()
	c.move(5*time.Second - silence)
	r.sweep()
	require.False(t, demo(r).Live, "the connection is open, but nothing comes")
	require.NoError(t, s.Unit(picture(30)))
	require.True(t, demo(r).Live, "it comes again: a new broadcast")
	r.Close(nil)
	require.Len(t, j.infos, 2)
	require.NotEqual(t, j.infos[0].Epoch, j.infos[1].Epoch)
}

func TestARareKeyframeIsWaitedForBeyondTheGracePeriod(t *testing.T) {
	r, _, c, _ := fixture(t, WithGrace(4*time.Second))
	s := publishing(t, r)
	require.NoError(t, s.Unit(picture(0)))
	epoch := demo(r).Epoch
	s.Close(nil)
	c.move(3 * time.Second)
	s = publishing(t, r)
	for i := range 9 {
		require.NoError(t, s.Unit(picture(i*1000+31)), "no keyframe")
		c.move(time.Second)
		r.sweep()
	}
	require.NoError(t, s.Unit(picture(9000)))
	require.Equal(t, epoch, demo(r).Epoch)
	require.False(t, demo(r).Away)
}

func TestSoundGoesOnWhenNoKeyframeComes(t *testing.T) {
	r, j, c, _ := fixture(t, WithGrace(grace))
	s := publishing(t, r)
	require.NoError(t, s.Unit(picture(0)))
	s.Close(nil)
	s = publishing(t, r)
	require.NoError(t, s.Unit(sound(0)))
	c.move(keyframeWait + 1)
	require.NoError(t, s.Unit(sound(10000)))
	require.NoError(t, s.Unit(picture(10001)), "no keyframe")
	c.move(9 * time.Second)
	require.NoError(t, s.Unit(sound(12990)))
	require.NoError(t, s.Unit(picture(12990)), "a keyframe")
	require.NoError(t, s.Unit(picture(13001)))
	r.Close(nil)
	require.Equal(t, []string{
		"1 unit video 0", "1 away 0s", "1 back 10.000000001s", "1 track audio a", "1 unit audio 10000",
		"1 unit audio 12990", "1 track video v", "1 unit video 12990", "1 unit video 13001", "1 end <nil>",
	}, j.text()[3:])
}

func TestTracksThatDoNotFitBeginAnew(t *testing.T) {
	first := func(t *testing.T) (*Registry, *journal, *Session, string) {
		r, j, _, _ := fixture(t, WithGrace(grace))
		s, err := r.Publish("the-key-of-demo", remote)
		require.NoError(t, err)
		require.NoError(t, s.Track(audio("a")))
		require.NoError(t, s.Unit(sound(0)))
		return r, j, s, demo(r).Epoch
	}
	t.Run("a second track soon after the first", func(t *testing.T) {
		r, _, s, epoch := first(t)
		require.NoError(t, s.Unit(sound(490)))
		require.NoError(t, s.Track(video("v")))
		require.NoError(t, s.Unit(picture(510)))
		require.Equal(t, epoch, demo(r).Epoch)
		require.Len(t, demo(r).Tracks, 2)
	})
	t.Run("a picture that appears later", func(t *testing.T) {
		r, j, s, epoch := first(t)
		require.NoError(t, s.Unit(sound(2000)))
		require.NoError(t, s.Track(video("v")))
		require.NoError(t, s.Unit(picture(2001)), "no keyframe")
		require.NoError(t, s.Unit(sound(2010)))
		require.Equal(t, epoch, demo(r).Epoch, "it was announced; it has not come")
		require.NoError(t, s.Unit(picture(2040)))
		require.NoError(t, s.Unit(sound(2045)))
		require.NotEqual(t, epoch, demo(r).Epoch)
		r.Close(nil)
		require.Equal(t, []string{
			"1 unit audio 2010", "1 end " + ErrOtherTracks.Error(),
			"2 open", "2 track video v", "2 track audio a", "2 unit video 0", "2 unit audio 5", "2 end <nil>",
		}, j.text()[4:])
	})
	t.Run("another codec or sample rate", func(t *testing.T) {
		for _, other := range []media.Track{
			{Kind: media.Audio, Codec: media.Opus},
			{Kind: media.Audio, Codec: media.AAC, SampleRate: 44100, Config: []byte("b")},
		} {
			r, _, s, epoch := first(t)
			require.NoError(t, s.Track(other))
			require.NoError(t, s.Unit(sound(20)))
			require.NotEqual(t, epoch, demo(r).Epoch)
		}
	})
	t.Run("sound that appears later waits for a keyframe, but not for ever", func(t *testing.T) {
		r, _, now, _ := fixture(t, WithGrace(grace))
		s, err := r.Publish("the-key-of-demo", remote)
		require.NoError(t, err)
		require.NoError(t, s.Track(video("v")))
		require.NoError(t, s.Unit(picture(0)))
		epoch := demo(r).Epoch
		require.NoError(t, s.Unit(picture(2001)), "no keyframe")
		require.NoError(t, s.Track(audio("a")))
		require.NoError(t, s.Unit(sound(2002)))
		require.Equal(t, epoch, demo(r).Epoch)
		now.move(keyframeWait)
		require.NoError(t, s.Unit(sound(12_002)))
		require.Equal(t, epoch, demo(r).Epoch)
		now.move(time.Millisecond)
		require.NoError(t, s.Unit(sound(12_003)))
		require.NotEqual(t, epoch, demo(r).Epoch)
	})
	t.Run("a publisher that comes back with more than it had", func(t *testing.T) {
		r, _, s, epoch := first(t)
		s.Close(nil)
		s = publishing(t, r)
		require.NoError(t, s.Unit(picture(0)))
		require.NotEqual(t, epoch, demo(r).Epoch)
	})
	t.Run("a publisher that comes back with less", func(t *testing.T) {
		r, j, _, _ := fixture(t, WithGrace(grace))
		s := publishing(t, r)
		require.NoError(t, s.Unit(picture(0)))
		epoch := demo(r).Epoch
		s.Close(nil)
		s, err := r.Publish("the-key-of-demo", remote)
		require.NoError(t, err)
		require.NoError(t, s.Track(audio("a")))
		require.NoError(t, s.Unit(sound(0)))
		require.Equal(t, epoch, demo(r).Epoch)
		r.Close(nil)
		require.Equal(t, []string{"1 back 0s", "1 track audio a", "1 unit audio 0", "1 end <nil>"}, j.text()[5:])
	})
}

func TestAnotherProcessGoesOn(t *testing.T) {
	r, _, c, _ := fixture(t, WithGrace(grace))
	_, found := r.Past("demo")
	require.False(t, found)
	s := publishing(t, r)
	require.NoError(t, s.Unit(picture(0)))
	c.move(990 * ms)
	require.NoError(t, s.Unit(picture(990)))
	past, found := r.Past("demo")
	require.True(t, found)
	require.Equal(t, 990*ms, past.Edge)

	other, j, c, _ := fixture(t, WithGrace(grace))
	c.move(20 * time.Second)
	require.True(t, other.Resume(past))
	require.False(t, other.Resume(past), "it is live")
	require.False(t, other.Resume(Past{Stream: "unknown"}))
	require.Equal(t, Info{Stream: "demo", Epoch: past.Epoch, Started: past.Started}, j.infos[0])
	require.True(t, demo(other).Away)
	c.move(grace - 1)
	other.sweep()
	s = publishing(t, other)
	require.NoError(t, s.Unit(picture(77010)))
	require.Equal(t, past.Epoch, demo(other).Epoch)
	require.Equal(t, uint64(9), demo(other).BytesIn)
	other.Close(ErrSuspended)
	require.Equal(t, []string{
		"1 open", "1 away 990ms", "1 back 49.999999999s", "1 track video v", "1 track audio a",
		"1 unit video 49999", "1 end " + ErrSuspended.Error(),
	}, j.text())

	third, j, c, _ := fixture(t, WithGrace(grace))
	c.move(time.Second)
	require.True(t, third.Resume(past))
	c.move(grace)
	third.sweep()
	require.False(t, demo(third).Live)
	third.Close(nil)
	require.Equal(t, []string{"1 open", "1 away 990ms", "1 end " + ErrRestarted.Error()}, j.text(), "this is the end")
}

func TestWithoutGraceThereIsNoAbsence(t *testing.T) {
	r, j, c, _ := fixture(t)
	s := publishing(t, r)
	require.NoError(t, s.Unit(picture(0)))
	c.move(time.Minute)
	r.sweep()
	require.False(t, demo(r).Away)
	s.Close(nil)
	require.False(t, demo(r).Live)
	r.Close(nil)
	require.Equal(t, "1 end <nil>", j.text()[4])
}
