package broadcast

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

// pictures feeds n pictures of 30 fps with a keyframe every interval of them.
func pictures(a *advisor, from, n, interval int, comp ...time.Duration) {
	for i := from; i < from+n; i++ {
		dts := time.Duration(i) * time.Second / 30
		u := media.Unit{Kind: media.Video, DTS: dts, PTS: dts, Keyframe: i%interval == 0}
		if len(comp) > 0 {
			u.PTS += comp[i%len(comp)]
		}
		a.observe(u)
	}
}

func TestAdvisor(t *testing.T) {
	t.Run("good settings", func(t *testing.T) {
		var a advisor
		a.observe(media.Unit{Kind: media.Audio, PTS: time.Hour})
		pictures(&a, 0, 200, 60)
		require.Empty(t, a.warnings())
	})
	t.Run("keyframes of 4 s are all right", func(t *testing.T) {
		var a advisor
		pictures(&a, 0, 300, 120)
		require.Empty(t, a.warnings())
	})
	t.Run("the default of OBS", func(t *testing.T) {
		var a advisor
		pictures(&a, 0, 120, 250)
		require.Empty(t, a.warnings(), "too early to tell")
		pictures(&a, 120, 10, 250)
		require.Len(t, a.warnings(), 1)
		require.Contains(t, a.warnings()[0], "no keyframe for more than 4 s")
		pictures(&a, 130, 130, 250)
		require.Contains(t, a.warnings()[0], "Keyframes are 8.3 s apart")
		require.Contains(t, a.warnings()[0], "Keyframe Interval")
	})
	t.Run("the warning goes when the cause does", func(t *testing.T) {
		var a advisor
		pictures(&a, 0, 251, 250)
		require.NotEmpty(t, a.warnings())
		pictures(&a, 300, 61, 60)
		require.Empty(t, a.warnings())
	})
	t.Run("B-frames", func(t *testing.T) {
		var a advisor
		pictures(&a, 0, 60, 60, 66*ms, 166*ms, 0)
		require.Len(t, a.warnings(), 1)
		require.Contains(t, a.warnings()[0], "B-frames")
		require.Contains(t, a.warnings()[0], "about 66 ms", "what a keyframe waits")
	})
	t.Run("a constant shift is no B-frame", func(t *testing.T) {
		var a advisor
		pictures(&a, 0, 60, 60, 80*ms)
		require.Empty(t, a.warnings())
	})
}
