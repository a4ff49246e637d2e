package publisher_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/wire"
)

// script is a feed as a reader sees it, a word for each frame: "m" a manifest,
// "h0:5" the head of part 5 of rendition 0, "d0:5/3" its chunk 3, "i0:1" an init segment.
type script struct {
	words []string
	parts map[string][]byte // chunks put together, by "0:5"
}

func (s *stage) script(t *testing.T, feed []byte) script {
	t.Helper()
	got := script{parts: map[string][]byte{}}
	for r := wire.NewFrameReader(bytes.NewReader(feed)); ; {
		typ, payload, err := r.Next()
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			return got
		}
		switch typ {
		case wire.TypeManifest:
			_, _ = s.verifier.Manifest(payload, dawn())
			got.words = append(got.words, "m")
		case wire.TypeHeads:
			heads, err := s.verifier.Heads(payload)
			require.NoError(t, err)
			for _, h := range heads {
				got.words = append(got.words, fmt.Sprintf("h%d:%d", h.Rendition, h.Number))
			}
		case wire.TypeData:
			d, err := wire.DecodeData(payload)
			require.NoError(t, err)
			part := fmt.Sprintf("%d:%d", d.Rendition, d.Number)
			got.words = append(got.words, fmt.Sprintf("d%s/%d", part, d.Chunk))
			got.parts[part] = append(got.parts[part], d.Bytes...)
		case wire.TypeInit:
			i, err := wire.DecodeInit(payload)
			require.NoError(t, err)
			got.words = append(got.words, fmt.Sprintf("i%d:%d", i.Rendition, i.Number))
		default:
			t.Fatalf("frame of type %d", typ)
		}
	}
}

// serve gives all that a feed brings until the broadcast ends.
func (s *stage) serve(t *testing.T, from map[string]uint64, stripes map[string]uint8) script {
	t.Helper()
	var feed []byte
	require.NoError(t, s.Serve(t.Context(), nil, from, stripes, func(frames [][]byte) error {
		feed = append(feed, bytes.Join(frames, nil)...)
		return nil
	}))
	return s.script(t, feed)
}

const all = 1<<wire.Stripes - 1

func TestFeedCarriesStripes(t *testing.T) {
	from := map[string]uint64{"source": 3, "audio": 4}
	begin := func() *stage {
		s := newStage(t)
		s.begin()
		s.parts(0, 5) // 5,000 bytes: six chunks
		s.End()
		return s
	}
	t.Run("two of one rendition", func(t *testing.T) {
		got := begin().serve(t, from, map[string]uint8{"source": 1<<0 | 1<<3})
		require.Equal(t, []string{"m", "i0:0", "h0:3", "d0:3/0", "d0:3/3", "h0:4", "d0:4/0", "d0:4/3", "h1:4"}, got.words)
	})
	t.Run("all of all", func(t *testing.T) {
		got := begin().serve(t, from, map[string]uint8{"source": all, "audio": all})
		require.Equal(t, []string{"i0:0", "h0:3"}, got.words[1:3])
		require.Equal(t, []string{"i1:0", "h1:4"}, got.words[len(got.words)-8:][:2])
		for _, part := range []string{"0:3", "0:4", "1:4"} {
			require.Equal(t, bytes.Repeat([]byte{part[2] - '0'}, 5000), got.parts[part])
		}
		require.Len(t, got.parts, 3)
	})
	t.Run("none", func(t *testing.T) {
		require.Equal(t, []string{"m", "h0:3", "h0:4", "h1:4"}, begin().serve(t, from, nil).words)
	})
}

// TestSmallPartsGoAroundTheStripes: a part of one chunk belongs to the stripe whose turn
// it is; a gap has nothing to carry.
func TestSmallPartsGoAroundTheStripes(t *testing.T) {
	s := newStage(t)
	s.begin()
	for n := range uint64(8) {
		s.Part(&media.Part{Number: n, Start: time.Duration(n) * part, Duration: part, Independent: true, Data: bytes.Repeat([]byte{1}, 100)})
	}
	s.Part(&media.Part{Number: 8, Start: 8 * part, Duration: part, Gap: true})
	s.End()
	got := s.serve(t, map[string]uint64{"source": 0}, map[string]uint8{"source": 1 << 1})
	require.Equal(t, []string{"m", "i0:0", "h0:0", "h0:1", "h0:2", "d0:2/0", "h0:3", "h0:4", "h0:5", "h0:6", "h0:7", "d0:7/0", "h0:8"}, got.words)
}

func TestAnInitSegmentComesBeforeWhatNeedsIt(t *testing.T) {
	s := newStage(t)
	s.begin()
	s.parts(0, 1)
	s.Init(media.Init{Rendition: 0, Number: 1, Data: []byte("other video")})
	for n := uint64(1); n < 3; n++ {
		s.Part(&media.Part{Number: n, Start: time.Duration(n) * part, Duration: part, Init: 1, Data: []byte{1}})
	}
	s.End()
	got := s.serve(t, map[string]uint64{"source": 0, "audio": 9}, map[string]uint8{"source": 1 << 5})
	require.Equal(t, []string{"m", "i0:0", "h0:0", "d0:0/5", "i0:1", "h0:1", "h0:2"}, got.words)
}

func TestAnInitSegmentTooLongForAFrame(t *testing.T) {
	s := newStage(t)
	s.Begin([]media.Rendition{{Name: "source", Kind: media.Video}}, media.Timing{})
	s.Init(media.Init{Data: make([]byte, wire.MaxPayload)})
	s.Part(&media.Part{Data: []byte{1}})
	s.End()
	require.Equal(t, []string{"m", "h0:0", "d0:0/0"}, s.serve(t, nil, map[string]uint8{"source": all}).words)
}

// TestASlowReaderGetsNoStaleMedia: what waited for it for more than 3 s comes without
// its media, so that it is at the edge again; its heads all come, once.
func TestASlowReaderGetsNoStaleMedia(t *testing.T) {
	s := newStage(t)
	s.begin()
	s.parts(0, 2)
	block, blocked, done := make(chan struct{}), make(chan struct{}), make(chan error)
	var feed []byte
	go func() {
		first := true
		done <- s.Serve(context.Background(), []string{"source"}, map[string]uint64{"source": 0}, map[string]uint8{"source": all}, func(frames [][]byte) error {
			feed = append(feed, bytes.Join(frames, nil)...)
			if first {
				first = false
				close(blocked)
				<-block
			}
			return nil
		})
	}()
	<-blocked
	s.parts(2, 30) // 7 s
	s.End()
	close(block)
	require.NoError(t, <-done)
	got := s.script(t, feed)
	for n := range 30 {
		name := fmt.Sprintf("0:%d", n)
		require.Equal(t, 1, count(got.words, "h"+name), name)
		fresh := n < 2 || n >= 18 // 3 s before the end, to a part
		require.Equal(t, fresh, len(got.parts[name]) == 5000, name)
	}
}

func count(words []string, word string) (n int) {
	for _, w := range words {
		if w == word {
			n++
		}
	}
	return n
}

// TestMediaIsBounded: beyond the bound the oldest parts are kept as heads alone.
func TestMediaIsBounded(t *testing.T) {
	s := newStage(t)
	s.begin()
	big := make([]byte, wire.MaxPart)
	for n := range uint64(20) { // 320 MiB, one slice
		s.Part(&media.Part{Number: n, Start: time.Duration(n) * part, Duration: part, Data: big})
	}
	s.End()
	var carried []int
	require.NoError(t, s.Serve(t.Context(), []string{"source"}, map[string]uint64{"source": 0}, map[string]uint8{"source": 1}, func(frames [][]byte) error {
		carried = append(carried, len(frames))
		return nil
	}))
	total := 0
	for _, n := range carried {
		total += n
	}
	chunks := wire.ChunkCount(wire.MaxPart) / wire.Stripes
	require.Equal(t, 2+20+16*2*chunks, total, "manifest, init, 20 heads, 16 parts' chunks")
}
