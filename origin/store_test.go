package origin

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter"
)

// shelves is a broadcast in the segmenter's own store: one rendition, segments of
// four parts of 250 ms.
type shelves struct {
	*segmenter.Store
	parts uint64
}

func newShelves() *shelves {
	s := &shelves{Store: segmenter.NewStore(segmenter.StoreConfig{Epoch: "real"})}
	s.Sink().Begin(
		[]media.Rendition{{Name: "source", Kind: media.Video, Codecs: "avc1.42c01e", Width: 640, Height: 360, FPS: 30, Bandwidth: 1}},
		media.Timing{PartTarget: 250 * time.Millisecond, PartHoldBack: 750 * time.Millisecond, TargetDuration: time.Second})
	s.Sink().Init(media.Init{Data: []byte("ftyp and moov")})
	return s
}

func (s *shelves) grow() {
	n := s.parts
	s.parts++
	at := time.Duration(n) * 250 * time.Millisecond
	s.Sink().Part(&media.Part{
		Number: n, MSN: n / 4, Index: int(n % 4), Start: at, Duration: 250 * time.Millisecond,
		ProgramTime: time.Unix(1_800_000_000, 0).Add(at), Independent: n%4 == 0, SegmentEnd: n%4 == 3,
		Data: bytes.Repeat([]byte{byte('a' + n)}, 100),
	})
}

// TestTheSegmentersStoreOverHTTP walks as a player does: multivariant playlist,
// media playlist, init segment, a blocking reload, the hinted part, the segment.
func TestTheSegmentersStoreOverHTTP(t *testing.T) {
	d := newDaemon(t)
	s := newShelves()
	const live = "/live/quiet/real/source/"
	d.Catalog.Begin(Live{Stream: "quiet", Epoch: "real", Media: s.Store})
	for range 6 {
		s.grow()
	}
	require.Contains(t, d.get("/live/quiet/index.m3u8").body, "\nreal/source/index.m3u8\n")
	playlist := d.get(live + "index.m3u8")
	require.Equal(t, http.StatusOK, playlist.StatusCode)
	require.Contains(t, playlist.body, `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p6.m4s"`)
	require.Contains(t, playlist.body, "\ns0.m4s\n")
	require.Equal(t, "ftyp and moov", d.get(live+"init0.mp4").body)

	reload := d.later(live + "index.m3u8?_HLS_msn=1&_HLS_part=2")
	d.untilHeld(kindPlaylist)
	hinted := d.later(live + "p6.m4s")
	d.untilHeld(kindPart)
	s.grow()
	require.Equal(t, strings.Repeat("g", 100), (<-hinted).body)
	held := <-reload
	require.Contains(t, held.body, `URI="p6.m4s"`)
	require.Equal(t, "public, max-age=6", held.Header.Get("Cache-Control"))

	segment := d.get(live + "s0.m4s")
	require.Equal(t, strings.Repeat("a", 100)+strings.Repeat("b", 100)+strings.Repeat("c", 100)+strings.Repeat("d", 100), segment.body)
	for path, status := range map[string]int{
		"p8.m4s": 404, "p9007199254740991.m4s": 404, "s1.m4s": 404, "init1.mp4": 404, "init9007199254740991.mp4": 404,
		"index.m3u8?_HLS_msn=9": 400, "index.m3u8?_HLS_msn=9007199254740991&_HLS_part=9007199254740991": 400,
	} {
		require.Equal(t, status, d.get(live+path).StatusCode, path)
	}
	s.Sink().End()
	d.Catalog.End("quiet", "real")
	require.Contains(t, d.get(live+"index.m3u8").body, "#EXT-X-ENDLIST")
	require.Equal(t, http.StatusNotFound, d.get(live+"p7.m4s").StatusCode, "no part follows")
}
