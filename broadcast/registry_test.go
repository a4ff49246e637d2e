package broadcast

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	patience = 5 * time.Second
	tick     = time.Millisecond
	remote   = "192.0.2.1:5000"
)

// clock is a time that stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// journal is an opener whose readers write down what they see.
type journal struct {
	mu    sync.Mutex
	infos []Info
	lines []string
	hold  chan struct{} // the first reader's End waits for it, if set
}

func (j *journal) Open(b Info) Reader {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.infos = append(j.infos, b)
	r := &page{journal: j, n: len(j.infos)}
	j.lines = append(j.lines, fmt.Sprintf("%d open", r.n))
	return r
}

func (j *journal) text() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.lines...)
}

type page struct {
	*journal
	n int
}

func (p *page) line(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, fmt.Sprintf("%d ", p.n)+fmt.Sprintf(format, args...))
}

func (p *page) Track(t media.Track) { p.line("track %s %s", t.Kind, t.Config) }
func (p *page) Unit(u media.Unit)   { p.line("unit %s %d", u.Kind, u.DTS.Milliseconds()) }
func (p *page) Away(at time.Time)   { p.line("away %s", at.Sub(start())) }
func (p *page) Back(at time.Time)   { p.line("back %s", at.Sub(start())) }
func (p *page) End(reason error) {
	if p.hold != nil && p.n == 1 {
		<-p.hold
	}
	p.line("end %v", reason)
}

func picture(i int) media.Unit {
	return media.Unit{Kind: media.Video, DTS: time.Duration(i) * ms, PTS: time.Duration(i) * ms, Keyframe: i%30 == 0, Data: []byte{1, 2, 3}}
}

func sound(i int) media.Unit {
	return media.Unit{Kind: media.Audio, DTS: time.Duration(i) * ms, PTS: time.Duration(i) * ms, Keyframe: true, Data: []byte{1}}
}

func video(config string) media.Track {
	return media.Track{Kind: media.Video, Codec: media.H264, Config: []byte(config)}
}

func audio(config string) media.Track {
	return media.Track{Kind: media.Audio, Codec: media.AAC, Config: []byte(config)}
}

func fixture(t *testing.T, options ...Option) (*Registry, *journal, *clock, *bytes.Buffer) {
	j := &journal{}
	c := &clock{now: start()}
	var log bytes.Buffer
	r := New([]Stream{{"demo", "the-key-of-demo"}, {"band", "the-key-of-band"}, {"attached", ""}}, j, zerolog.New(&log), append(options, WithClock(c.Now))...)
	t.Cleanup(func() { r.Close(nil) })
	return r, j, c, &log
}

func TestBroadcastFromBeginningToEnd(t *testing.T) {
	r, j, c, log := fixture(t)
	s, err := r.Publish("the-key-of-demo", remote)
	require.NoError(t, err)
	require.Equal(t, "demo", s.Stream())
	require.NoError(t, s.Track(video("v1")))
	require.NoError(t, s.Track(video("v1")), "the same again")
	require.NoError(t, s.Track(audio("a1")))
	require.Equal(t, []State{{Name: "attached"}, {Name: "band"}, {Name: "demo"}}, r.Streams(), "no broadcast without media")

	require.NoError(t, s.Unit(sound(70000)), "before the first keyframe")
	require.NoError(t, s.Unit(picture(70001)), "before the first keyframe")
	require.NoError(t, s.Unit(picture(70020)))
	require.NoError(t, s.Unit(sound(70025)))
	require.NoError(t, s.Track(video("v2")))
	require.NoError(t, s.Unit(picture(70053)))
	state := r.Streams()[2]
	require.True(t, state.Live)
	require.Regexp(t, "^[a-z2-7]{16}$", state.Epoch)
	require.Equal(t, c.Now(), state.Started)
	require.Equal(t, uint64(7), state.BytesIn)
	require.Equal(t, []media.Track{video("v2"), audio("a1")}, state.Tracks)

	s.Close(nil)
	s.Close(errors.New("twice"))
	<-s.Done()
	r.Close(nil)
	require.Equal(t, []string{
		"1 open", "1 track video v1", "1 track audio a1",
		"1 unit video 0", "1 unit audio 5", "1 track video v2", "1 unit video 33", "1 end <nil>",
	}, j.text())
	require.Equal(t, Info{"demo", state.Epoch, c.Now()}, j.infos[0])
	require.ErrorIs(t, s.Unit(picture(0)), ErrClosed)
	require.ErrorIs(t, s.Track(video("v3")), ErrClosed)
	require.Equal(t, State{Name: "demo"}, r.Streams()[2])
	require.Contains(t, log.String(), `"broadcast":"`+state.Epoch+`"`)
	require.NotContains(t, log.String(), "the-key-of")
	require.NotContains(t, log.String(), "192.0.2.1")
}

func TestSoundWithoutPictures(t *testing.T) {
	r, j, c, _ := fixture(t)
	s, err := r.Publish("the-key-of-demo", remote)
	require.NoError(t, err)
	require.NoError(t, s.Unit(sound(0)), "before its track")
	require.NoError(t, s.Track(audio("a")))
	require.NoError(t, s.Unit(media.Unit{Kind: media.Audio}), "without data")
	require.NoError(t, s.Unit(sound(21)))
	s.Close(nil)

	// A video track was announced, but no keyframe ever comes.
	s, err = r.Publish("the-key-of-demo", remote)
	require.NoError(t, err)
	require.NoError(t, s.Track(audio("a")))
	require.NoError(t, s.Track(video("v")))
	require.NoError(t, s.Unit(sound(0)))
	c.move(keyframeWait)
	require.NoError(t, s.Unit(sound(100)))
	c.move(1)
	require.NoError(t, s.Unit(sound(121)))
	r.Close(errors.New("over"))
	require.Equal(t, []string{
		"1 open", "1 track audio a", "1 unit audio 0", "1 end <nil>",
		"2 open", "2 track audio a", "2 unit audio 0", "2 end over",
	}, j.text())
	require.NotEqual(t, j.infos[0].Epoch, j.infos[1].Epoch)
}

func TestOnePublisherAStream(t *testing.T) {
	r, j, c, _ := fixture(t)
	first, err := r.Publish("the-key-of-demo", remote)
	require.NoError(t, err)
	require.NoError(t, first.Track(video("v")))
	require.NoError(t, first.Unit(picture(0)))
	c.move(takeover - 1)
	_, err = r.Publish("the-key-of-demo", remote)
	require.ErrorIs(t, err, ErrBusy)
	other, err := r.Publish("the-key-of-band", remote)
	require.NoError(t, err, "another stream is not touched")
	other.Close(nil)

	j.hold = make(chan struct{})
	c.move(1)
	second, err := r.Publish("the-key-of-demo", remote)
	require.NoError(t, err, "silent for 2 s")
	<-first.Done()
	require.ErrorIs(t, first.Unit(picture(1)), ErrReplaced)
	require.ErrorIs(t, first.Track(video("w")), ErrReplaced)
	first.Close(nil) // must not end the second
	require.NoError(t, second.Track(video("v")))
	require.NoError(t, second.Unit(picture(0)))
	require.True(t, r.Streams()[2].Live)
	_, err = r.Publish("the-key-of-demo", remote)
	require.ErrorIs(t, err, ErrBusy)

	close(j.hold)
	r.Close(nil)
	require.Equal(t, []string{
		"1 open", "1 track video v", "1 unit video 0", "1 end " + ErrReplaced.Error(),
		"2 open", "2 track video v", "2 unit video 0", "2 end <nil>",
	}, j.text(), "a broadcast begins when the one before has ended")
	_, err = r.Publish("the-key-of-demo", remote)
	require.ErrorIs(t, err, ErrUnknownKey, "closed")
}

func TestASessionThatEndedMakesRoomAtOnce(t *testing.T) {
	r, _, _, _ := fixture(t)
	for range 3 {
		s, err := r.Publish("the-key-of-demo", remote)
		require.NoError(t, err)
		s.Close(nil)
	}
}

func TestTooManyConfigurations(t *testing.T) {
	r, j, _, _ := fixture(t)
	s, err := r.Publish("the-key-of-demo", remote)
	require.NoError(t, err)
	for i := range maxConfigs {
		require.NoError(t, s.Track(video(fmt.Sprint(i))))
		require.NoError(t, s.Unit(picture(i*30)))
	}
	require.ErrorIs(t, s.Track(video("one more")), ErrTracks)
	<-s.Done()
	require.ErrorIs(t, s.Unit(picture(0)), ErrTracks)
	s.Close(nil)
	r.Close(nil)
	lines := j.text()
	require.Equal(t, "1 end "+ErrTracks.Error(), lines[len(lines)-1])
}

func TestAbuse07KeyGuessing(t *testing.T) {
	r, _, c, log := fixture(t)
	for _, key := range []string{"", "demo", "the-key-of-dem", "the-key-of-demo ", "the-key-of-demo\x00"} {
		_, err := r.Publish(key, "192.0.2.9:1")
		if err == nil {
			t.Fatalf("%q was taken", key)
		}
	}
	_, err := r.Publish("the-key-of-demo", "192.0.2.9:2")
	require.ErrorIs(t, err, ErrBackOff, "a guesser isn't told a right key from a wrong one")
	s, err := r.Publish("the-key-of-demo", remote)
	require.NoError(t, err, "others are not affected")
	s.Close(nil)
	c.move(longestBackOff)
	s, err = r.Publish("the-key-of-demo", "192.0.2.9:2")
	require.NoError(t, err, "it passes")
	s.Close(nil)
	require.NotContains(t, log.String(), "the-key")
	require.NotContains(t, fmt.Sprintf("%+v", r.Streams()), "the-key")
	for d := range r.keys {
		require.NotContains(t, string(d[:]), "the-key", "only digests are kept")
	}
}

func TestAbuse08PublishingToSomebodyElse(t *testing.T) {
	r, _, c, _ := fixture(t)
	victim, err := r.Publish("the-key-of-demo", remote)
	require.NoError(t, err)
	require.NoError(t, victim.Track(video("v")))
	require.NoError(t, victim.Unit(picture(0)))
	c.move(time.Hour) // silent for long, so that the right key would do
	_, err = r.Publish("demo", "192.0.2.9:1")
	require.ErrorIs(t, err, ErrUnknownKey)
	thief, err := r.Publish("the-key-of-band", "192.0.2.9:1")
	require.NoError(t, err)
	require.Equal(t, "band", thief.Stream())
	thief.Close(nil)
	require.NoError(t, victim.Unit(picture(33)), "still on")
}

func TestWarningsAreInTheStateAndOnceInTheLog(t *testing.T) {
	r, _, _, log := fixture(t)
	s, err := r.Publish("the-key-of-demo", remote)
	require.NoError(t, err)
	require.NoError(t, s.Track(video("v")))
	for i := range 1000 {
		u := picture(i * 33)
		u.Keyframe = i%250 == 0
		require.NoError(t, s.Unit(u))
	}
	w := r.Streams()[2].Warnings
	require.Len(t, w, 1)
	require.Contains(t, w[0], "8.2 s apart")
	require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("Keyframes are")))
}

func TestSessionsFromManyGoroutines(t *testing.T) {
	r, _, c, _ := fixture(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 50 {
				s, err := r.Publish("the-key-of-demo", fmt.Sprintf("192.0.2.%d:1", i))
				if err != nil {
					c.move(time.Second)
					continue
				}
				_ = s.Track(video(fmt.Sprint(n)))
				_ = s.Unit(picture(0))
				r.Streams()
				s.Close(nil)
			}
		})
	}
	wg.Wait()
}

func start() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }
