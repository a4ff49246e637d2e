package rtmp

import (
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

// sink is a session that keeps what it is given.
type sink struct {
	tracks []media.Track
	units  []media.Unit
}

func (s *sink) Track(t media.Track) error { s.tracks = append(s.tracks, t); return nil }
func (s *sink) Unit(u media.Unit) error   { s.units = append(s.units, u); return nil }
func (s *sink) Close(error)               {}
func (s *sink) Done() <-chan struct{}     { return nil }

var _ Session = (*sink)(nil)

func TestFeedUnwrapsTimestamps(t *testing.T) {
	f := newFeed(&sink{}, zerolog.Nop())
	const ms = time.Millisecond
	start := f.time(0xfffffff0)
	require.Equal(t, 0xfffffff0*ms, start)
	require.Equal(t, start+0x20*ms, f.time(0x10), "over the end of 32 bits")
	require.Equal(t, start+0x10*ms, f.time(0), "back a little")
	require.Equal(t, start, f.time(0xfffffff0), "back before the end")
}

func TestFeedUnwrapsTimestampsOf24Bits(t *testing.T) {
	f := newFeed(&sink{}, zerolog.Nop())
	const ms = time.Millisecond
	start := f.time(1<<24 - 20)
	require.Equal(t, start+40*ms, f.time(20), "a publisher without extended timestamps runs over")
	require.Equal(t, start+10*ms, f.time(1<<24-10), "the other track comes later")
	require.Equal(t, start+43*ms, f.time(23))
	f = newFeed(&sink{}, zerolog.Nop())
	start = f.time(1<<24 - 20)
	require.Equal(t, start+40*ms, f.time(1<<24+20), "one with them does not")
	require.Equal(t, start+60_040*ms, f.time(1<<24+60_020))
}

// TestFeedKeepsTime sends a day of pictures and sound with clocks that run over.
func TestFeedKeepsTime(t *testing.T) {
	for name, mask := range map[string]uint32{"24 bits": 1<<24 - 1, "32 bits": 1<<32 - 1} {
		t.Run(name, func(t *testing.T) {
			f := newFeed(&sink{}, zerolog.Nop())
			from := uint64(mask) - 3_600_000 // an hour before the first time
			for at := uint64(0); at < 24*3_600_000; at += 1013 {
				for _, late := range []uint64{0, 700} { // tracks are interleaved, more or less
					stamp := uint32(from+at+1000-late) & mask
					require.Equal(t, time.Duration(from+at+1000-late)*time.Millisecond, f.time(stamp), "at %d", at)
				}
			}
		})
	}
}

func TestFeedTakesTheFrameRateOfTheMetadata(t *testing.T) {
	s := &sink{}
	f := newFeed(s, zerolog.Nop())
	f.metadata(appendAMF(nil, onMetaData, object{{"framerate", 25.0}}))
	// The parameter sets of libx264, with the timing information cut off.
	require.NoError(t, f.video(0, []byte("\x17\x00\x00\x00\x00\x01\x42\xc0\x1e\xff\xe1\x00\x09\x67\x42\xc0\x1e\xd9\x01\x40\x16\xe8\x01\x00\x04\x68\xcb\x83\xcb")))
	require.Len(t, s.tracks, 1)
	require.Equal(t, 25.0, s.tracks[0].FPS)
}

// FuzzFeed gives a publisher's bodies to the feed, half of them audio.
func FuzzFeed(f *testing.F) {
	f.Add([]byte("\x17\x00\x00\x00\x00\x01\x42\xc0\x1e\xff\xe1\x00\x09\x67\x42\xc0\x1e\xd9\x01\x40\x16\xe8\x01\x00\x04\x68\xcb\x83\xcb"), []byte("\x17\x01\x00\x00\x00\x00\x00\x00\x02\x65\x01"), uint32(40))
	f.Add([]byte("\xaf\x00\x11\x90"), []byte("\xaf\x01\x21\x10"), uint32(21))
	f.Add([]byte("\x90Opus"), []byte("\x91Opus\x01"), uint32(1<<32-1))
	f.Fuzz(func(t *testing.T, config, frame []byte, stamp uint32) {
		s := &sink{}
		feed := newFeed(s, zerolog.Nop())
		for _, body := range [][]byte{config, frame} {
			_ = feed.video(stamp, body)
			_ = feed.audio(stamp, body)
		}
		for _, u := range s.units {
			if len(u.Data) == 0 || len(s.tracks) == 0 {
				t.Fatalf("unit %+v of tracks %+v", u, s.tracks)
			}
		}
	})
}
