package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/broadcast"
	"github.com/liverelay/liverelay/config"
	"github.com/liverelay/liverelay/segmenter"
	"github.com/liverelay/liverelay/vault"
)

func TestRecordsThatAreNotGoneOnWith(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	good := record{
		Version: recordVersion, Written: now.Add(-10 * time.Second), Segments: &segmenter.Resume{},
		Broadcast: broadcast.Past{Stream: "demo", Epoch: "abcdefghijklmnop"},
	}
	for name, c := range map[string]struct {
		change func(*record)
		want   string
	}{
		"a good one":       {func(*record) {}, ""},
		"another version":  {func(r *record) { r.Version = 2 }, "of version 2"},
		"another stream's": {func(r *record) { r.Broadcast.Stream = "band" }, "damaged"},
		"a short epoch":    {func(r *record) { r.Broadcast.Epoch = "../.." }, "damaged"},
		"before any part":  {func(r *record) { r.Segments = nil }, "nothing to show"},
		"too old":          {func(r *record) { r.Written = now.Add(-30 * time.Second) }, "the grace period (30s) is over"},
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			c.change(&r)
			data, err := json.Marshal(r)
			require.NoError(t, err)
			got, err := readRecord("demo", data, now, 30*time.Second)
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
				return
			}
			require.NoError(t, err)
			require.Equal(t, r, *got)
		})
	}
	_, err := readRecord("demo", []byte(`{"version": 1, "wri`), now, 30*time.Second)
	require.ErrorContains(t, err, "read the record")
}

// TestADamagedFolderIsNoHindrance starts on records that nobody can go on with: they
// are removed, and the daemon begins anew.
func TestADamagedFolderIsNoHindrance(t *testing.T) {
	v, err := vault.Open(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, v.Close()) }()
	require.NoError(t, v.Keep("main", []byte("not a record")))
	written, err := json.Marshal(record{
		Version: recordVersion, Written: time.Now(), Segments: &segmenter.Resume{},
		Broadcast: broadcast.Past{Stream: "gone", Epoch: "abcdefghijklmnop"},
	})
	require.NoError(t, err)
	require.NoError(t, v.Keep("gone", written), "of a stream that is no longer configured")
	d, err := build(config.Default(), v, zerolog.Nop())
	require.NoError(t, err)
	d.stage.archive.resume(time.Now())
	require.False(t, d.registry.Streams()[0].Live)
	kept, err := v.Kept()
	require.NoError(t, err)
	require.Empty(t, kept)
	d.stage.close()
}
