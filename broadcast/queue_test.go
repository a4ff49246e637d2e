package broadcast

import (
	"errors"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

func TestGate(t *testing.T) {
	key := media.Unit{Kind: media.Video, Keyframe: true, Data: []byte{1}}
	delta := media.Unit{Kind: media.Video, Data: []byte{1}}
	sound := media.Unit{Kind: media.Audio, Keyframe: true, Data: []byte{1}}
	for name, full := range map[string]struct {
		units int
		bytes int64
	}{"units": {maxUnits, 0}, "bytes": {0, maxBytes}} {
		t.Run(name, func(t *testing.T) {
			var g gate
			require.True(t, g.admit(delta, true, 0, 0))
			require.False(t, g.admit(delta, true, full.units, full.bytes))
			require.False(t, g.admit(delta, true, 0, 0), "there is room, but no keyframe")
			require.False(t, g.admit(sound, true, 0, 0), "audio waits for it too")
			require.False(t, g.admit(key, true, full.units*3/4, full.bytes*3/4), "a keyframe, but hardly any room")
			require.True(t, g.admit(key, true, full.units/2, full.bytes/2))
			require.True(t, g.admit(delta, true, 0, 0))
			require.Equal(t, 4, g.dropped)
		})
	}
	t.Run("without pictures", func(t *testing.T) {
		var g gate
		require.False(t, g.admit(sound, false, maxUnits, 0))
		require.True(t, g.admit(sound, false, 0, 0))
	})
}

// slow is a reader that waits to be let go.
type slow struct {
	entered chan struct{}
	let     chan struct{}
	tracks  []media.Track
	units   []media.Unit
	reason  error
}

func (s *slow) Track(t media.Track) { s.tracks = append(s.tracks, t) }
func (s *slow) End(reason error)    { s.reason = reason }
func (s *slow) Away(time.Time)      {}
func (s *slow) Back(time.Time)      {}
func (s *slow) Unit(u media.Unit) {
	if len(s.units) == 0 {
		close(s.entered)
		<-s.let
	}
	s.units = append(s.units, u)
}

func TestQueueDropsWholeGroupsOfPictures(t *testing.T) {
	s := &slow{entered: make(chan struct{}), let: make(chan struct{})}
	q := startQueue(func() Reader { return s }, nil, zerolog.Nop())
	q.track(media.Track{Kind: media.Video, Width: 1})
	for i := range 2 * maxUnits {
		q.unit(picture(i), true)
		if i == 0 {
			<-s.entered
		}
	}
	require.True(t, q.gate.dropping)
	for i := range 2 * maxConfigs { // changes of configuration don't fill it up
		q.track(media.Track{Kind: media.Video, Width: 2 + i})
	}
	close(s.let)
	require.Eventually(t, func() bool { return len(q.items) == 0 && q.bytes.Load() == 0 }, patience, tick)
	for i := range 100 {
		q.unit(picture(2*maxUnits+1+i), true)
	}
	gone := errors.New("gone")
	q.end(gone)
	<-q.done

	require.Equal(t, gone, s.reason)
	require.Equal(t, []media.Track{{Kind: media.Video, Width: 1}, {Kind: media.Video, Width: 1 + 2*maxConfigs}}, s.tracks)
	require.Less(t, len(s.units), 2*maxUnits)
	for i, u := range s.units[1:] {
		follows := u.DTS == s.units[i].DTS+ms
		require.True(t, follows || u.Keyframe, "unit %d stands without what it refers to", i+1)
	}
	require.Equal(t, picture(2*maxUnits+100).DTS, s.units[len(s.units)-1].DTS)
}
