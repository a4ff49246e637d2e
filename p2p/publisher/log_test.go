package publisher_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/publisher"
	"github.com/liverelay/liverelay/p2p/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const part = 250 * time.Millisecond

// stage is a log with a clock that the test moves.
type stage struct {
	*publisher.Log
	now      time.Time
	verifier *wire.Verifier
}

func newStage(t *testing.T) *stage {
	t.Helper()
	identity := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
	s := &stage{now: dawn()}
	s.Log = publisher.New(publisher.Config{
		Identity: identity, Stream: "demo", Epoch: "abcdefghijklmnop",
		Window: 10 * time.Second, Now: func() time.Time { return s.now },
	})
	s.verifier = wire.NewVerifier("demo", "abcdefghijklmnop", identity.Public().(ed25519.PublicKey))
	return s
}

func (s *stage) begin() {
	s.Begin([]media.Rendition{
		{Index: 0, Name: "source", Kind: media.Video}, {Index: 1, Name: "audio", Kind: media.Audio},
	}, media.Timing{PartTarget: part, PartHoldBack: 3 * part, TargetDuration: 2 * time.Second})
	s.Init(media.Init{Rendition: 0, Data: []byte("video")})
	s.Init(media.Init{Rendition: 1, Data: []byte("audio")})
}

// parts adds video and audio parts from number from to number to, without it.
func (s *stage) parts(from, to uint64) {
	for n := from; n < to; n++ {
		for r := range 2 {
			s.Part(&media.Part{
				Rendition: r, Number: n, Start: time.Duration(n) * part, Duration: part,
				Independent: r == 1 || n%8 == 0, Data: bytes.Repeat([]byte{byte(n)}, 5000),
			})
		}
		s.now = s.now.Add(part)
	}
}

// read collects what a feed gives until want says that it is enough.
type read struct {
	serials []uint64
	heads   map[int][]uint64
}

var errEnough = errors.New("enough")

func (s *stage) feed(ctx context.Context, t *testing.T, names []string, from map[string]uint64, enough func(*read) bool) (*read, error) {
	t.Helper()
	got := &read{heads: map[int][]uint64{}}
	err := s.Feed(ctx, names, from, func(frame []byte) error {
		s.take(t, got, frame)
		if enough != nil && enough(got) {
			return errEnough
		}
		return nil
	})
	return got, err
}

func (s *stage) take(t *testing.T, got *read, frame []byte) {
	t.Helper()
	typ, payload, err := wire.NewFrameReader(bytes.NewReader(frame)).Next()
	require.NoError(t, err)
	if typ == wire.TypeManifest {
		m, err := wire.NewVerifier("demo", "", nil).Manifest(payload, dawn())
		require.NoError(t, err)
		got.serials = append(got.serials, m.Serial)
		_, _ = s.verifier.Manifest(payload, dawn())
		return
	}
	heads, err := s.verifier.Heads(payload)
	require.NoError(t, err)
	for _, h := range heads {
		got.heads[h.Rendition] = append(got.heads[h.Rendition], h.Number)
	}
}

func numbers(from, to uint64) []uint64 {
	var out []uint64
	for n := from; n <= to; n++ {
		out = append(out, n)
	}
	return out
}

func TestManifest(t *testing.T) {
	s := newStage(t)
	require.Nil(t, s.Manifest())
	s.begin()
	s.parts(0, 21) // 5.25 s: one heartbeat
	m, err := s.verifier.Manifest(s.Manifest(), s.now)
	require.NoError(t, err)
	require.EqualValues(t, 4, m.Serial, "begin, two init segments, one heartbeat")
	require.Equal(t, sha256.Sum256([]byte("audio")), m.Inits[1][0])
	require.True(t, m.Ended.IsZero())
	s.End()
	s.End()
	m, err = s.verifier.Manifest(s.Manifest(), s.now)
	require.NoError(t, err)
	require.EqualValues(t, 5, m.Serial)
	require.Equal(t, s.now.UTC(), m.Ended)
}

func TestCertificateIsRenewed(t *testing.T) {
	s := newStage(t)
	s.begin()
	for day := range uint64(3) {
		s.now = s.now.Add(24 * time.Hour)
		s.parts(day, day+1)
		_, err := s.verifier.Manifest(s.Manifest(), s.now)
		require.NoError(t, err)
	}
}

func TestFeedBegins(t *testing.T) {
	ended := func(s *stage, names []string, from map[string]uint64) *read {
		s.End()
		got, err := s.feed(t.Context(), t, names, from, nil)
		require.NoError(t, err)
		return got
	}
	t.Run("at the last independent part behind the hold-back, audio with it", func(t *testing.T) {
		s := newStage(t)
		s.begin()
		s.parts(0, 30) // edge at 7.5 s, hold-back from 6.75 s = part 27, keyframe at 24
		got := ended(s, []string{"source", "audio"}, nil)
		require.Equal(t, numbers(24, 29), got.heads[0])
		require.Equal(t, numbers(24, 29), got.heads[1])
		require.Len(t, got.serials, 1, "the newest manifest, which is the last")
	})
	t.Run("audio alone closer to the edge", func(t *testing.T) {
		s := newStage(t)
		s.begin()
		s.parts(0, 30)
		require.Equal(t, map[int][]uint64{1: numbers(27, 29)}, ended(s, []string{"audio"}, nil).heads)
	})
	t.Run("at given numbers", func(t *testing.T) {
		s := newStage(t)
		s.begin()
		s.parts(0, 30)
		got := ended(s, nil, map[string]uint64{"source": 28, "audio": 29})
		require.Equal(t, map[int][]uint64{0: numbers(28, 29), 1: {29}}, got.heads)
	})
	t.Run("at the window's beginning when asked for less", func(t *testing.T) {
		s := newStage(t)
		s.begin()
		s.parts(0, 100) // 25 s, window 10 s
		got := ended(s, []string{"source"}, map[string]uint64{"source": 0})
		require.Equal(t, numbers(60, 99), got.heads[0])
	})
	t.Run("with an unknown rendition", func(t *testing.T) {
		s := newStage(t)
		s.begin()
		_, err := s.feed(t.Context(), t, []string{"source", "4k"}, nil, nil)
		require.ErrorIs(t, err, publisher.ErrUnknownRendition)
	})
}

func TestFeedGoesOn(t *testing.T) {
	s := newStage(t)
	type result struct {
		got *read
		err error
	}
	done, seen := make(chan result), make(chan int, 100)
	go func() { // starts before Begin, and sees all of it
		got, err := s.feed(context.Background(), t, []string{"source"}, map[string]uint64{"source": 0}, func(r *read) bool {
			seen <- len(r.heads[0])
			return false
		})
		done <- result{got, err}
	}()
	s.begin()
	s.parts(0, 3)
	for n := range seen {
		if n == 3 {
			break
		}
	}
	s.parts(3, 5)
	s.End()
	r := <-done
	require.NoError(t, r.err)
	require.Equal(t, numbers(0, 4), r.got.heads[0])
	last := r.got.serials[len(r.got.serials)-1]
	require.EqualValues(t, 4, last)
}

func TestFeedEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newStage(t)
	s.begin()
	s.parts(0, 1)
	_, err := s.feed(ctx, t, nil, nil, func(r *read) bool { cancel(); return false })
	require.ErrorIs(t, err, context.Canceled)

	before := newStage(t)
	_, err = before.feed(ctx, t, nil, nil, nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestSlowReaderHoldsNothingUp(t *testing.T) {
	s := newStage(t)
	s.begin()
	s.parts(0, 1)
	block, blocked := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	var got []uint64
	other := wire.NewVerifier("demo", "", nil)
	go func() {
		first := true
		done <- s.Feed(context.Background(), []string{"source"}, nil, func(frame []byte) error {
			if first {
				first = false
				close(blocked)
				<-block
			}
			typ, payload, _ := wire.NewFrameReader(bytes.NewReader(frame)).Next()
			if typ == wire.TypeManifest {
				_, err := other.Manifest(payload, dawn())
				return err
			}
			heads, err := other.Heads(payload)
			got = append(got, heads[0].Number)
			return err
		})
	}()
	<-blocked
	s.parts(1, 100)
	s.End()
	close(block)
	require.NoError(t, <-done)
	require.Equal(t, append([]uint64{0}, numbers(60, 99)...), got, "what left the window meanwhile is left out")
}

func TestPartTooBigIsNotSigned(t *testing.T) {
	s := newStage(t)
	s.begin()
	s.Part(&media.Part{Number: 0, Data: make([]byte, wire.MaxPart+1)})
	s.parts(1, 2)
	s.End()
	got, err := s.feed(t.Context(), t, []string{"source"}, nil, nil)
	require.NoError(t, err)
	require.Equal(t, []uint64{1}, got.heads[0])
}

func dawn() time.Time { return time.UnixMilli(1_700_000_000_000) }
