package segmenter

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter/llhls"
)

// shop is a store with two renditions, and parts made by hand: four to a segment
// of two seconds.
type shop struct {
	*Store
	n [2]uint64
}

func newShop(cfg StoreConfig) *shop {
	s := &shop{Store: NewStore(cfg)}
	s.Sink().Begin([]media.Rendition{
		{Index: 0, Name: "source", Kind: media.Video, Codecs: "avc1.64000d", Bandwidth: 3_000_000, AverageBandwidth: 2_000_000, Width: 320, Height: 180, FPS: 30},
		{Index: 1, Name: "audio", Kind: media.Audio, Codecs: "mp4a.40.2", Bandwidth: 192_000, AverageBandwidth: 128_000, SampleRate: 48000, Channels: 2},
	}, media.Timing{PartTarget: 500 * time.Millisecond, PartHoldBack: 1500 * time.Millisecond, TargetDuration: 3 * time.Second})
	for i := range 2 {
		s.Sink().Init(media.Init{Rendition: i, Data: []byte{byte(i)}})
	}
	return s
}

// put stores the next n parts of a rendition.
func (s *shop) put(rendition, n int) {
	for range n {
		k := s.n[rendition]
		s.n[rendition]++
		start := time.Duration(k) * 500 * time.Millisecond
		s.Sink().Part(&media.Part{
			Rendition: rendition, Number: k, MSN: k / 4, Index: int(k % 4), Start: start,
			Duration: 500 * time.Millisecond, ProgramTime: sceneStart.Add(start), Independent: k%4 == 0,
			SegmentEnd: k%4 == 3, Data: make([]byte, 1000),
		})
	}
}

func number(n uint64) *uint64 { return &n }

func (s *shop) parse(t *testing.T, rendition string, r Reload) *llhls.Playlist {
	text, err := s.Playlist(t.Context(), rendition, r)
	require.NoError(t, err)
	p, err := llhls.Parse(text)
	require.NoError(t, err, "%s", text)
	return p
}

func TestBlockingReload(t *testing.T) {
	// Before: segment 0 whole, of segment 1 two parts (numbers 4 and 5).
	for name, test := range map[string]struct {
		reload Reload
		waits  int // parts until the answer comes
	}{
		"no directive":                            {Reload{}, 0},
		"a segment that is there":                 {Reload{MSN: number(0)}, 0},
		"a part that is there":                    {Reload{MSN: number(1), Part: number(1)}, 0},
		"the next part":                           {Reload{MSN: number(1), Part: number(2)}, 1},
		"a later part":                            {Reload{MSN: number(1), Part: number(3)}, 2},
		"the open segment, whole":                 {Reload{MSN: number(1)}, 2},
		"the next segment's part":                 {Reload{MSN: number(2), Part: number(0)}, 3},
		"the next segment, whole":                 {Reload{MSN: number(2)}, 6},
		"behind the final part of a whole one":    {Reload{MSN: number(0), Part: number(4)}, 0},
		"behind what will be the final part":      {Reload{MSN: number(1), Part: number(4)}, 3},
		"a segment that has left long ago, whole": {Reload{MSN: number(0), Part: number(99)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(StoreConfig{})
				s.put(0, 6)
				answered := false
				go func() {
					_, err := s.Playlist(t.Context(), "source", test.reload)
					answered = err == nil
				}()
				for range test.waits {
					synctest.Wait()
					require.False(t, answered, "too early")
					s.put(0, 1)
				}
				synctest.Wait()
				require.True(t, answered)
			})
		})
	}
}

// hls.js takes a playlist of nothing but parts for an empty one.
func TestPlaylistsBeginWithAWholeSegment(t *testing.T) {
	for name, reload := range map[string]Reload{"plain": {}, "blocking": {MSN: number(0), Part: number(0)}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(StoreConfig{})
				var text []byte
				var err error
				go func() { text, err = s.Playlist(t.Context(), "source", reload) }()
				for range 4 {
					synctest.Wait()
					require.Nil(t, text)
					require.NoError(t, err, "it is held, not refused")
					s.put(0, 1)
				}
				synctest.Wait()
				require.NoError(t, err)
				require.Contains(t, string(text), "#EXTINF")
			})
		})
	}
}

func TestReloadTooFar(t *testing.T) {
	s := newShop(StoreConfig{})
	s.put(0, 6)
	for _, r := range []Reload{
		{MSN: number(3)},
		{MSN: number(1 << 62)},
		{MSN: number(1<<64 - 1), Part: number(0)},
		{MSN: number(1), Part: number(2 + 6)},
		{Part: number(0)},
	} {
		_, err := s.Playlist(t.Context(), "source", r)
		require.ErrorIs(t, err, ErrTooFar)
	}
	s.put(0, 2) // segment 1 is whole: two more may be asked for
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Playlist(ctx, "source", Reload{MSN: number(3)})
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Playlist(ctx, "source", Reload{MSN: number(4)})
	require.ErrorIs(t, err, ErrTooFar)
}

func TestWaitingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(StoreConfig{})
		s.put(0, 6)
		start := time.Now()
		_, err := s.Playlist(t.Context(), "source", Reload{MSN: number(1)})
		require.ErrorIs(t, err, ErrTimeout)
		require.Equal(t, 9*time.Second, time.Since(start), "three target durations")
		_, err = s.Part(t.Context(), "source", 6)
		require.ErrorIs(t, err, ErrTimeout)

		var text []byte
		go func() { text, err = s.Playlist(t.Context(), "source", Reload{MSN: number(1)}) }()
		synctest.Wait()
		require.Nil(t, text, "it waits")
		s.Sink().End()
		synctest.Wait()
		require.NoError(t, err)
		require.Contains(t, string(text), "#EXT-X-ENDLIST")
		require.NotContains(t, string(text), "PRELOAD-HINT")
		_, err = s.Part(t.Context(), "source", 6)
		require.ErrorIs(t, err, ErrUnknown)
	})
}

func TestHeldPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(StoreConfig{})
		s.put(0, 4)
		p := s.parse(t, "source", Reload{})
		require.Equal(t, []llhls.Hint{{Type: "PART", URI: "p4.m4s"}}, p.Hints, "the hint outlives the segment")
		var got *media.Part
		go func() { got, _ = s.Part(t.Context(), "source", 4) }()
		synctest.Wait()
		require.Nil(t, got)
		s.put(0, 1)
		synctest.Wait()
		require.NotNil(t, got)
		require.EqualValues(t, 1, got.MSN)
		_, err := s.Part(t.Context(), "source", 6)
		require.ErrorIs(t, err, ErrUnknown)
	})
}

func TestStoreForgets(t *testing.T) {
	s := newShop(StoreConfig{Window: 10 * time.Second})
	s.put(0, 200)
	p := s.parse(t, "source", Reload{})
	require.EqualValues(t, 45, p.MediaSequence)
	require.Len(t, p.Segments, 5)
	_, err := s.Segment("source", 44)
	require.NoError(t, err, "what left the playlist stays for a while")
	_, err = s.Segment("source", 30)
	require.ErrorIs(t, err, ErrUnknown)
	_, err = s.Part(t.Context(), "source", 10)
	require.ErrorIs(t, err, ErrUnknown)
	_, err = s.Part(t.Context(), "source", 170)
	require.NoError(t, err)

	s = newShop(StoreConfig{MaxBytes: 20_000})
	for range 100 {
		s.put(0, 1)
		s.put(1, 1)
		require.LessOrEqual(t, s.bytes, int64(20_000))
	}
	require.EqualValues(t, 23, s.parse(t, "source", Reload{}).MediaSequence)
	require.EqualValues(t, 22, s.parse(t, "audio", Reload{}).MediaSequence)
}

func TestRatesAreOfWholeSegments(t *testing.T) {
	s := newShop(StoreConfig{})
	s.put(0, 3)
	require.Equal(t, []int{0, 0}, s.Rates(), "nothing is whole yet")
	s.put(0, 5)
	parts, err := s.Segment("source", 0)
	require.NoError(t, err)
	bytes, length := 0, time.Duration(0)
	for _, p := range parts {
		bytes += len(p.Data)
		length += p.Duration
	}
	require.Equal(t, []int{int(float64(8*bytes) / length.Seconds()), 0}, s.Rates())
}

func TestReportsAreTrueWhenSent(t *testing.T) {
	s := newShop(StoreConfig{})
	s.put(0, 6)
	require.Empty(t, s.parse(t, "source", Reload{}).Reports)
	for range 9 {
		s.put(1, 1)
		reports := s.parse(t, "source", Reload{}).Reports
		newest := s.n[1] - 1
		require.Equal(t, []llhls.Report{{
			URI: "../audio/index.m3u8", LastMSN: newest / 4, LastPart: newest % 4, HasPart: true,
		}}, reports)
	}
}

func TestDeltaUpdate(t *testing.T) {
	s := newShop(StoreConfig{})
	s.put(0, 82)
	whole := s.parse(t, "source", Reload{})
	delta := s.parse(t, "source", Reload{Skip: true})
	require.Equal(t, 18*time.Second, whole.Control.CanSkipUntil)
	require.Equal(t, len(whole.Segments)-delta.Skipped, len(delta.Segments))
	require.Positive(t, delta.Skipped)
	rest := time.Duration(0)
	for _, seg := range delta.Segments {
		rest += seg.Length()
	}
	require.GreaterOrEqual(t, rest, 18*time.Second)
	require.Less(t, rest, 22*time.Second)
	merged, err := llhls.Merge(whole, delta)
	require.NoError(t, err)
	require.Equal(t, whole, merged)
}

func TestMultivariant(t *testing.T) {
	now := sceneStart
	s := newShop(StoreConfig{Epoch: "abc", Now: func() time.Time { return now }})
	_, err := s.Multivariant()
	require.ErrorIs(t, err, ErrNotReady)
	s.put(0, 1)
	_, err = s.Multivariant()
	require.ErrorIs(t, err, ErrNotReady, "no audio yet")
	now = now.Add(startWait)
	text, err := s.Multivariant()
	require.NoError(t, err)
	require.Equal(t, `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="audio",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="abc/audio/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=3192000,AVERAGE-BANDWIDTH=2128000,CODECS="avc1.64000d,mp4a.40.2",RESOLUTION=320x180,FRAME-RATE=30.000,AUDIO="audio"
abc/source/index.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=3000000,CODECS="avc1.64000d",RESOLUTION=320x180,URI="abc/source/iframes.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=192000,AVERAGE-BANDWIDTH=128000,CODECS="mp4a.40.2",AUDIO="audio"
abc/audio/index.m3u8
`, string(text))
}

func TestUnknown(t *testing.T) {
	s := NewStore(StoreConfig{})
	_, err := s.Playlist(t.Context(), "source", Reload{})
	require.ErrorIs(t, err, ErrNotReady)
	_, err = s.Multivariant()
	require.ErrorIs(t, err, ErrNotReady)
	full := newShop(StoreConfig{})
	full.put(0, 5)
	_, err = full.Playlist(t.Context(), "../source", Reload{})
	require.ErrorIs(t, err, ErrUnknown)
	_, err = full.Init("source", 1)
	require.ErrorIs(t, err, ErrUnknown)
	_, err = full.Init("source", -1)
	require.ErrorIs(t, err, ErrUnknown)
	_, err = full.Segment("source", 1)
	require.ErrorIs(t, err, ErrUnknown, "it is not complete")
	_, timing, edge, ended := full.Live()
	require.False(t, ended)
	require.Equal(t, 3*time.Second, timing.TargetDuration)
	require.Equal(t, sceneStart.Add(2500*time.Millisecond), edge)
}

// A thousand requests wait for the next part, and are answered from one rendering.
func TestManyWait(t *testing.T) {
	const many = 1000
	s := newShop(StoreConfig{})
	s.put(0, 82)
	s.put(1, 82)
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	answers := make(chan []byte, many)
	var waiting sync.WaitGroup
	for range many {
		waiting.Add(1)
		go func() {
			waiting.Done()
			text, err := s.Playlist(context.Background(), "source", Reload{MSN: number(20), Part: number(2)})
			if err != nil {
				text = []byte(err.Error())
			}
			answers <- text
		}()
	}
	waiting.Wait()
	runtime.GC()
	runtime.ReadMemStats(&during)
	t.Logf("a waiting request costs %d bytes of heap and %d of stack",
		(int64(during.HeapInuse)-int64(before.HeapInuse))/many, (int64(during.StackInuse)-int64(before.StackInuse))/many)
	start := time.Now()
	s.put(0, 1)
	first := <-answers
	for range many - 1 {
		require.Same(t, &first[0], &(<-answers)[0])
	}
	t.Logf("the last answer came %v after the part", time.Since(start))
	require.True(t, strings.HasPrefix(string(first), "#EXTM3U"))
}

func BenchmarkPlaylist(b *testing.B) {
	for _, skip := range []bool{false, true} {
		b.Run(fmt.Sprintf("skip %v", skip), func(b *testing.B) {
			s := newShop(StoreConfig{})
			s.put(0, 82)
			s.put(1, 82)
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				s.version++
				text, err := s.Playlist(b.Context(), "source", Reload{Skip: skip})
				if err != nil {
					b.Fatal(err)
				}
				size = len(text)
			}
			b.ReportMetric(float64(size), "bytes")
		})
	}
}
