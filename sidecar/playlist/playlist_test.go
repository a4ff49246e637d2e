package playlist_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/sidecar/playlist"
)

func base(t testing.TB) *url.URL {
	t.Helper()
	u, err := url.Parse("https://example.org/live/a/index.m3u8?token=1")
	require.NoError(t, err)
	return u
}

func TestMultivariant(t *testing.T) {
	text := "#EXTM3U\n" +
		`#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="English, 5.1",DEFAULT=YES,CHANNELS="2",URI="audio/en.m3u8?x=1"` + "\r\n" +
		`#EXT-X-STREAM-INF:BANDWIDTH=2000000,AVERAGE-BANDWIDTH=1500000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO="aac"` + "\n\n720p.m3u8\n" +
		"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=800000\n//cdn.example.net/480p.m3u8\n"
	require.True(t, playlist.IsMultivariant([]byte(text)))
	m, err := playlist.ParseMultivariant([]byte(text), base(t))
	require.NoError(t, err)
	require.Len(t, m.Variants, 2)
	require.Equal(t, "https://example.org/live/a/720p.m3u8", m.Variants[0].URI.String())
	require.Equal(t, 720, m.Variants[0].Height)
	require.Equal(t, "avc1.64001f,mp4a.40.2", m.Variants[0].Codecs)
	require.Equal(t, "https://cdn.example.net/480p.m3u8", m.Variants[1].URI.String())
	require.Equal(t, "English, 5.1", m.Media[0].Name)
	require.Equal(t, 2, m.Media[0].Channels)
	require.Equal(t, "https://example.org/live/a/audio/en.m3u8?x=1", m.Media[0].URI.String())
}

const lowLatency = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.75
#EXT-X-PART-INF:PART-TARGET=0.25
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXT-X-MAP:URI="init.mp4",BYTERANGE="600@10"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.500+0100
#EXTINF:2.00000,
s7.mp4?t=1
#EXT-X-DISCONTINUITY
#EXT-X-KEY:METHOD=AES-128,URI="key?t=1",IV=0x01
#EXT-X-PART:DURATION=0.25,URI="s8.mp4",BYTERANGE="100@0",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.25,URI="s8.mp4",BYTERANGE="50"
#EXT-X-GAP
#EXTINF:0.5,
s8.mp4
#EXT-X-KEY:METHOD=NONE
#EXT-X-BYTERANGE:10@20
#EXTINF:1,
all.ts
#EXT-X-BYTERANGE:5
#EXTINF:1,
all.ts
#EXT-X-PART:DURATION=0.25,URI="s11.0.mp4",GAP=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="s11.1.mp4"
`

func TestMediaPlaylist(t *testing.T) {
	p, err := playlist.Parse([]byte(lowLatency), base(t))
	require.NoError(t, err)
	require.Equal(t, 2*time.Second, p.TargetDuration)
	require.Equal(t, 250*time.Millisecond, p.PartTarget)
	require.True(t, p.CanBlock)
	require.Len(t, p.Segments, 5)
	require.Equal(t, uint64(11), p.Edge())
	s := p.Segments[0]
	require.Equal(t, playlist.Range{Offset: 10, Length: 600}, s.Map.Range)
	require.Equal(t, "2026-01-02T02:04:05.5Z", s.Date.UTC().Format(time.RFC3339Nano))
	require.Equal(t, "https://example.org/live/a/s7.mp4?t=1", s.URI.String())
	require.Equal(t, uint64(3), s.Discontinuity)
	s = p.Segments[1]
	require.Equal(t, uint64(4), s.Discontinuity)
	require.True(t, s.Gap)
	require.True(t, s.Date.IsZero(), "a date is not carried over a discontinuity")
	require.Equal(t, playlist.Range{Offset: 100, Length: 50}, s.Parts[1].Range)
	require.Equal(t, "0x01", s.Keys[0].IV)
	require.Nil(t, p.Segments[2].Keys)
	require.Equal(t, playlist.Range{Offset: 20, Length: 10}, p.Segments[2].Range)
	require.Equal(t, playlist.Range{Offset: 30, Length: 5}, p.Segments[3].Range)
	s = p.Segments[4]
	require.False(t, s.Complete)
	require.True(t, s.Parts[0].Gap)
	require.Equal(t, uint64(11), s.MSN)
}

func TestNoPlaylist(t *testing.T) {
	for _, text := range []string{"", "<html>", "#EXTM3U\n", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n"} {
		_, err := playlist.Parse([]byte(text), base(t))
		require.ErrorIs(t, err, playlist.ErrNoPlaylist, text)
		_, err = playlist.ParseMultivariant([]byte(text), base(t))
		require.ErrorIs(t, err, playlist.ErrNoPlaylist, text)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(lowLatency))
	f.Add([]byte("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1e300,\na\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := playlist.Parse(text, base(t))
		if err != nil {
			return
		}
		for i, s := range p.Segments {
			require.Equal(t, p.MSN+uint64(i), s.MSN)
			require.GreaterOrEqual(t, s.Duration, time.Duration(0))
			require.GreaterOrEqual(t, s.Length, int64(0))
		}
	})
}

func FuzzParseMultivariant(f *testing.F) {
	f.Add([]byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"a\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if m, err := playlist.ParseMultivariant(text, base(t)); err == nil {
			for _, v := range m.Variants {
				require.NotNil(t, v.URI)
			}
		}
	})
}
