package wire_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/p2p/internal/vector"
	"github.com/liverelay/liverelay/p2p/wire"
)

func corpus(f *testing.F) *wireFile {
	var file wireFile
	vector.Load(f, "wire.json", &file)
	return &file
}

func seed(f *testing.F, vectors []bad) {
	for _, v := range vectors {
		f.Add([]byte(v.Hex))
	}
}

func FuzzDecode(f *testing.F) {
	file := corpus(f)
	for _, v := range file.Messages {
		f.Add([]byte(v.Hex))
	}
	seed(f, file.Bad)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := wire.Decode(b)
		if err != nil {
			require.ErrorIs(t, err, wire.ErrMalformed)
			return
		}
		require.Equal(t, b, m.Append(nil), "a message has one encoding")
	})
}

func FuzzDecodeBatch(f *testing.F) {
	file := corpus(f)
	for _, v := range file.Batches {
		f.Add([]byte(v.Hex))
	}
	seed(f, file.BadBatch)
	f.Fuzz(func(t *testing.T, b []byte) {
		heads, err := wire.DecodeBatch(b)
		if err != nil {
			require.ErrorIs(t, err, wire.ErrMalformed)
			return
		}
		again, err := wire.AppendBatch(nil, heads)
		require.NoError(t, err)
		same, err := wire.DecodeBatch(again)
		require.NoError(t, err)
		require.Equal(t, heads, same)
	})
}

func FuzzDecodeManifest(f *testing.F) {
	file := corpus(f)
	for _, v := range file.Manifest {
		f.Add([]byte(v.Hex))
	}
	seed(f, file.BadMan)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := wire.DecodeManifest(b)
		if err != nil {
			require.ErrorIs(t, err, wire.ErrMalformed)
			return
		}
		again, err := wire.AppendManifest(nil, m)
		if err != nil {
			require.ErrorIs(t, err, wire.ErrTooLong)
			return
		}
		same, err := wire.DecodeManifest(again)
		require.NoError(t, err)
		require.Equal(t, vector.FromManifest(m), vector.FromManifest(same))
	})
}

func FuzzFrames(f *testing.F) {
	file := corpus(f)
	for _, v := range file.Feeds {
		f.Add([]byte(v.Hex))
	}
	seed(f, file.BadFeeds)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := wire.NewFrameReader(bytes.NewReader(b))
		for {
			_, payload, err := r.Next()
			if err != nil {
				return
			}
			require.LessOrEqual(t, len(payload), wire.MaxPayload)
		}
	})
}

func FuzzVerifier(f *testing.F) {
	var file signatureFile
	vector.Load(f, "signatures.json", &file)
	for _, c := range file.Cases {
		for _, s := range c.Steps {
			f.Add([]byte(s.Payload))
		}
	}
	good := map[string]bool{}
	for _, c := range file.Cases {
		for _, s := range c.Steps {
			good[string(s.Payload)] = good[string(s.Payload)] || s.Result == "ok" || s.Result == "stale"
		}
	}
	first := file.Cases[0].Steps[1]
	f.Fuzz(func(t *testing.T, b []byte) {
		v := wire.NewVerifier("demo", epochA, nil)
		require.NoError(t, verifyStep(v, first))
		_, err := v.Heads(b)
		if err == nil {
			require.True(t, good[string(b)], "took bytes that nobody signed")
		}
		_, err = v.Manifest(b, began())
		if err == nil {
			require.True(t, good[string(b)], "took a manifest that nobody signed")
		}
	})
}
