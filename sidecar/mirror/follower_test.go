package mirror

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/sidecar/playlist"
)

// listed writes and reads a playlist: "name/duration" for each segment, "!" before one
// with a discontinuity.
func listed(t *testing.T, msn uint64, names ...string) *playlist.Playlist {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", msn)
	for _, name := range names {
		if rest, broken := strings.CutPrefix(name, "!"); broken {
			text.WriteString("#EXT-X-DISCONTINUITY\n")
			name = rest
		}
		fmt.Fprintf(&text, "#EXTINF:2,\n%s\n", name)
	}
	return parsed(t, text.String())
}

func parsed(t *testing.T, text string) *playlist.Playlist {
	t.Helper()
	p, err := playlist.Parse([]byte(text), &url.URL{Scheme: "http", Host: "example.org", Path: "/"})
	require.NoError(t, err)
	return p
}

// told is what a follower makes of an item: "again " and "missed n " before the name.
func told(items []item) (all []string) {
	for _, it := range items {
		name := "gap"
		if it.URI != nil {
			name = strings.TrimPrefix(it.URI.Path, "/")
		}
		if it.missed > 0 {
			name = fmt.Sprintf("missed %d %s", it.missed, name)
		}
		if it.again {
			name = "again " + name
		}
		all = append(all, name)
	}
	return all
}

func TestFollowerTakesEachSegmentOnce(t *testing.T) {
	f := follower{}
	now := time.Unix(0, 0)
	require.Equal(t, []string{"c", "d", "e", "f"}, told(f.take(listed(t, 10, "a", "b", "c", "d", "e", "f"), false, now)))
	require.Empty(t, f.take(listed(t, 10, "a", "b", "c", "d", "e", "f"), false, now))
	require.Equal(t, []string{"g"}, told(f.take(listed(t, 11, "b", "c", "d", "e", "f", "g?token=2"), false, now)))
	require.Empty(t, f.take(listed(t, 10, "a", "b", "c", "d", "e", "f"), false, now), "an old copy out of a cache")
	require.Equal(t, []string{"missed 2 j"}, told(f.take(listed(t, 19, "j"), false, now)))
}

func TestFollowerSeesANewBeginning(t *testing.T) {
	now := time.Unix(0, 0)
	begin := func() *follower {
		f := &follower{}
		f.take(listed(t, 5, "s5.ts", "s6.ts", "s7.ts"), false, now)
		return f
	}
	f := begin()
	require.Equal(t, []string{"again s0.ts"}, told(f.take(listed(t, 0, "s0.ts"), false, now)), "sequence 0")
	require.Equal(t, []string{"s1.ts"}, told(f.take(listed(t, 0, "s0.ts", "s1.ts"), false, now)))

	f = begin()
	require.Equal(t, []string{"again other.ts"}, told(f.take(listed(t, 5, "other.ts"), false, now)), "same numbers, other names")

	f = begin()
	require.Equal(t, []string{"again s5.ts"}, told(f.take(listed(t, 5, "s5.ts"), true, now)), "same names, after it was away")

	f = begin()
	require.Empty(t, f.take(listed(t, 5, "s5.ts"), false, now), "same names: may be an old copy")
	require.Empty(t, f.take(listed(t, 5, "s5.ts"), false, now.Add(time.Second)))
	require.Equal(t, []string{"again s5.ts"}, told(f.take(listed(t, 5, "s5.ts"), false, now.Add(7*time.Second))), "it stays")

	f = begin()
	require.Equal(t, []string{"again a.ts"}, told(f.take(listed(t, 7, "a.ts"), true, now)), "the same number, after it was away")

	f = begin()
	require.Equal(t, []string{"s8.ts"}, told(f.take(listed(t, 6, "s6.ts", "s7.ts", "s8.ts"), true, now)), "it was away and goes on")

	f = begin()
	require.Equal(t, []string{"again s90.ts"}, told(f.take(listed(t, 90, "s90.ts"), false, now)), "far ahead")
}

// TestFollowerCountsForUpstream: ffmpeg's single_file leaves the sequence number as it is
// while the list moves on.
func TestFollowerCountsForUpstream(t *testing.T) {
	now := time.Unix(0, 0)
	ranges := func(first, n int) *playlist.Playlist {
		text := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n"
		for i := first; i < first+n; i++ {
			text += fmt.Sprintf("#EXT-X-BYTERANGE:10@%d\n#EXTINF:2,\nall.ts\n", 10*i)
		}
		return parsed(t, text)
	}
	offsets := func(items []item) (all []int64) {
		for _, it := range items {
			require.False(t, it.again)
			require.Zero(t, it.missed)
			all = append(all, it.Offset/10)
		}
		return all
	}
	f := follower{}
	require.Equal(t, []int64{0, 1, 2}, offsets(f.take(ranges(0, 3), false, now)))
	require.Equal(t, []int64{3}, offsets(f.take(ranges(0, 4), false, now)))
	require.Equal(t, []int64{4}, offsets(f.take(ranges(1, 4), false, now)))
	require.Empty(t, f.take(ranges(1, 4), false, now))
	require.Equal(t, []int64{5, 6}, offsets(f.take(ranges(3, 4), false, now)), "two at once")
	require.Empty(t, f.take(ranges(1, 4), false, now), "an old copy")
	require.Equal(t, []int64{7}, offsets(f.take(ranges(4, 4), false, now)))
	require.Equal(t, []int64{8}, offsets(f.take(ranges(5, 4), true, now)), "it was away for a moment")
	msn, _, _ := f.next()
	require.Equal(t, uint64(4), msn, "upstream is asked in its own numbers")
}

func lowLatency(segments ...string) string {
	return "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART-INF:PART-TARGET=1\n#EXT-X-MEDIA-SEQUENCE:3\n" + strings.Join(segments, "")
}

func segmentOf(name string, parts int, complete bool) string {
	text := ""
	for i := range parts {
		text += fmt.Sprintf("#EXT-X-PART:DURATION=1,URI=\"%s.%d\"\n", name, i)
	}
	if complete {
		text += "#EXTINF:2,\n" + name + "\n"
	}
	return text
}

func TestFollowerTakesParts(t *testing.T) {
	f := follower{byParts: true}
	now := time.Unix(0, 0)
	first := parsed(t, lowLatency(segmentOf("a", 0, true), segmentOf("b", 2, true), segmentOf("c", 1, false)))
	require.Equal(t, []string{"b.0", "b.1", "c.0"}, told(f.take(first, false, now)))
	msn, part, ok := f.next()
	require.True(t, ok)
	require.Equal(t, []any{uint64(5), 1}, []any{msn, part})
	second := parsed(t, lowLatency(segmentOf("a", 0, true), segmentOf("b", 2, true), segmentOf("c", 2, true), segmentOf("d", 1, false)))
	items := f.take(second, false, now)
	require.Equal(t, []string{"c.1", "d.0"}, told(items))
	require.True(t, items[0].segmentEnd)
	// Parts that went from the list before they were taken: the segment's are no more to be had.
	late := parsed(t, strings.Replace(lowLatency(segmentOf("d", 0, true), segmentOf("e", 0, true), segmentOf("f", 1, false)), "SEQUENCE:3", "SEQUENCE:6", 1))
	require.Equal(t, []string{"gap", "f.0"}, told(f.take(late, false, now)))
}

func TestTrackPutsItemsOnTheTimeline(t *testing.T) {
	came := time.Unix(1000, 0)
	tr := track{msn: 100, start: origin, target: 2 * time.Second, clock: wallClock{zero: came.Add(-origin - 2*time.Second)}}
	whole := item{duration: 2 * time.Second, msn: 7, discontinuity: 4, independent: true, segmentEnd: true}
	parts := tr.parts(whole, make([]byte, 8000), 0, "#EXT-X-KEY:METHOD=NONE", came)
	require.Len(t, parts, 4, "slices of half a second")
	require.Equal(t, "#EXT-X-KEY:METHOD=NONE", parts[0].Lines)
	require.True(t, parts[0].Independent)
	require.False(t, parts[1].Independent)
	require.True(t, parts[3].SegmentEnd)
	require.Equal(t, origin+1500*time.Millisecond, parts[3].Start)
	require.Equal(t, came.Add(-2*time.Second), parts[0].ProgramTime)

	whole.msn, whole.missed = 9, 1
	parts = tr.parts(whole, make([]byte, 100), 0, "", came.Add(4*time.Second))
	require.Len(t, parts, 2)
	require.True(t, parts[0].Gap)
	require.Equal(t, []uint64{101, 102}, []uint64{parts[0].MSN, parts[1].MSN})
	require.Zero(t, parts[1].Discontinuity)

	whole.msn, whole.missed, whole.again, whole.discontinuity = 0, 0, true, 0
	parts = tr.parts(whole, make([]byte, 100), 1, "", came.Add(60*time.Second))
	require.Equal(t, uint64(1), parts[0].Discontinuity)
	require.Equal(t, uint64(103), parts[0].MSN)
	require.Equal(t, origin+6*time.Second, parts[0].Start, "the timeline has no hole where upstream was away")
	require.Equal(t, came.Add(58*time.Second), parts[0].ProgramTime, "but the wall clock has")
}

func TestPlannedRenditions(t *testing.T) {
	text := `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="fr",URI="fr.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en",DEFAULT=YES,URI="en.m3u8",CHANNELS="2"
#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,CODECS="avc1.4d401e,mp4a.40.2",AUDIO="a"
low.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=3000000,RESOLUTION=1280x720,CODECS="avc1.4d401f,mp4a.40.2",AUDIO="a"
high.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2000000,RESOLUTION=1280x720,CODECS="avc1.4d401f,mp4a.40.2",AUDIO="a"
mid.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=100000,CODECS="mp4a.40.2",AUDIO="a"
en.m3u8
`
	m, err := playlist.ParseMultivariant([]byte(text), &url.URL{Scheme: "http", Host: "example.org", Path: "/"})
	require.NoError(t, err)
	var names []string
	list := planned(m, nil)
	for _, s := range list {
		names = append(names, s.info.Name+" "+s.url.Path+" "+s.info.Codecs)
	}
	require.Equal(t, []string{
		"720p /high.m3u8 avc1.4d401f", "720pb /mid.m3u8 avc1.4d401f", "360p /low.m3u8 avc1.4d401e", "audio /en.m3u8 mp4a.40.2",
	}, names)
	require.Len(t, planned(m, []string{"360p"}), 2)
}
