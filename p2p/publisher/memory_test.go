package publisher_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/publisher"
	"github.com/liverelay/liverelay/p2p/wire"
)

// manifest gives the newest manifest to the verifier that has seen all before.
func (s *stage) manifestNow(t *testing.T) *wire.Manifest {
	t.Helper()
	m, err := s.verifier.Manifest(s.Manifest(), s.now)
	require.NoError(t, err, "who has seen the manifests before must take it")
	return m
}

func TestAnotherProcessGoesOn(t *testing.T) {
	first := newStage(t)
	first.begin()
	first.parts(0, 100)
	before := first.manifestNow(t)

	kept, err := json.Marshal(first.Memory())
	require.NoError(t, err)
	var memory publisher.Memory
	require.NoError(t, json.Unmarshal(kept, &memory))
	second := &stage{now: first.now.Add(10 * time.Second), verifier: first.verifier}
	second.Log = publisher.New(publisher.Config{
		Identity: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32)), Stream: "demo", Epoch: "abcdefghijklmnop",
		Window: 10 * time.Second, Now: func() time.Time { return second.now }, Memory: &memory,
	})
	second.begin() // the same init segments
	m := second.manifestNow(t)
	require.Equal(t, before.Broadcast, m.Broadcast)
	require.Equal(t, before.Started, m.Started)
	require.Equal(t, before.Inits, m.Inits)
	require.Greater(t, m.Serial, before.Serial+500, "more may have been issued than was written down")

	second.Init(media.Init{Rendition: 0, Data: []byte("others")})
	second.Init(media.Init{Rendition: 0, Number: 3, Data: []byte("later")})
	inits := second.manifestNow(t).Inits[0]
	require.Len(t, inits, 4, "numbers may be left out")
	require.Equal(t, before.Inits[0][0], inits[0], "a number that was used keeps its meaning")
	require.Equal(t, sha256.Sum256([]byte("later")), inits[3])

	second.parts(200, 220)
	got, err := second.feed(context.Background(), t, nil, nil, func(r *read) bool { return len(r.heads[0]) > 0 && len(r.heads[1]) > 0 })
	require.ErrorIs(t, err, errEnough)
	require.GreaterOrEqual(t, got.heads[0][0], uint64(200))
}

func TestADamagedMemoryIsNoHindrance(t *testing.T) {
	l := publisher.New(publisher.Config{
		Identity: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32)), Stream: "demo", Epoch: "abcdefghijklmnop",
		Memory: &publisher.Memory{Seed: []byte("short"), Serial: 7, Inits: [][][]byte{{{1}}, nil, nil}},
	})
	l.Begin([]media.Rendition{{Name: "source", Kind: media.Video}}, media.Timing{PartTarget: part, PartHoldBack: 3 * part, TargetDuration: time.Second})
	l.Init(media.Init{Data: []byte("video")})
	m, err := wire.NewVerifier("demo", "", nil).Manifest(l.Manifest(), time.Now())
	require.NoError(t, err)
	require.Equal(t, [][][32]byte{{sha256.Sum256([]byte("video"))}}, m.Inits)
}
