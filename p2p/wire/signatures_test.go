package wire_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/internal/vector"
	"github.com/liverelay/liverelay/p2p/wire"
)

type signatureFile struct {
	About     string          `json:"about"`
	Identity  keyPair         `json:"identity"`
	Broadcast keyPair         `json:"broadcast"`
	Cases     []signatureCase `json:"cases"`
}

type keyPair struct {
	Seed   vector.Hex `json:"seed"`
	Public vector.Hex `json:"public"`
}

// signatureCase is what one verifier sees, in order.
type signatureCase struct {
	Name string `json:"name"`
	// Stream and Epoch joined ("" takes the manifest's), identity expected ("" takes
	// the first one seen).
	Stream   string     `json:"stream"`
	Epoch    string     `json:"epoch"`
	Identity vector.Hex `json:"identity"`
	Steps    []sigStep  `json:"steps"`
}

type sigStep struct {
	Name    string     `json:"name"`
	Kind    string     `json:"kind"` // manifest or heads
	Now     int64      `json:"now"`  // the tracker's clock, ms
	Payload vector.Hex `json:"payload"`
	// Result is "ok", or why it is refused: malformed, forged, foreign, stale,
	// expired, no manifest.
	Result string `json:"result"`
}

func TestSignatureVectors(t *testing.T) {
	if *update {
		vector.Save(t, "signatures.json", buildSignatures(t))
	}
	var file signatureFile
	vector.Load(t, "signatures.json", &file)
	results := map[string]error{
		"ok": nil, "malformed": wire.ErrMalformed, "forged": wire.ErrForged, "foreign": wire.ErrForeign,
		"stale": wire.ErrStale, "expired": wire.ErrExpired, "no manifest": wire.ErrNoManifest,
	}
	for _, c := range file.Cases {
		v := wire.NewVerifier(c.Stream, c.Epoch, ed25519.PublicKey(c.Identity))
		if len(c.Identity) == 0 {
			v = wire.NewVerifier(c.Stream, c.Epoch, nil)
		}
		for _, s := range c.Steps {
			want, known := results[s.Result]
			require.True(t, known, s.Result)
			err := verifyStep(v, s)
			require.ErrorIs(t, err, want, "%s: %s", c.Name, s.Name)
			if want == nil {
				require.NoError(t, err, "%s: %s", c.Name, s.Name)
			}
		}
	}
}

func verifyStep(v *wire.Verifier, s sigStep) error {
	if s.Kind == "manifest" {
		_, err := v.Manifest(s.Payload, time.UnixMilli(s.Now))
		return err
	}
	_, err := v.Heads(s.Payload)
	return err
}

// forger makes the payloads of the cases.
type forger struct {
	t   *testing.T
	now int64
}

func (f forger) signer(identity, broadcast byte, stream, epoch string) *wire.Signer {
	return wire.NewSigner(key(identity), key(broadcast), stream, epoch, began().Add(24*time.Hour))
}

func (f forger) manifest(s *wire.Signer, serial uint64) []byte {
	p, err := s.Manifest(testManifest(serial))
	require.NoError(f.t, err)
	return p
}

func (f forger) heads(s *wire.Signer, heads ...media.Head) []byte {
	p, err := s.Heads(heads)
	require.NoError(f.t, err)
	return p
}

func (f forger) step(name, kind string, payload []byte, result string) sigStep {
	return sigStep{name, kind, f.now, payload, result}
}

// flip changes one bit.
func flip(b []byte, at int) []byte {
	out := bytes.Clone(b)
	out[(at+len(b))%len(b)] ^= 1
	return out
}

const (
	epochA = "abcdefghijklmnop"
	epochB = "bbcdefghijklmnop"
)

func buildSignatures(t *testing.T) *signatureFile {
	public := func(seed byte) vector.Hex { return vector.Hex(key(seed).Public().(ed25519.PublicKey)) }
	pair := func(seed byte) keyPair { return keyPair{key(seed).Seed(), public(seed)} }
	f := forger{t, began().UnixMilli() + 1000}
	good := f.signer(1, 2, "demo", epochA)
	m1, m2 := f.manifest(good, 1), f.manifest(good, 2)
	head, other := testHead(0, 7, 5000), testHead(1, 7, 1500)
	h := f.heads(good, head, other)
	first := f.step("manifest 1", "manifest", m1, "ok")
	file := &signatureFile{
		About:    "What a verifier takes and what it refuses; see README.md in this folder.",
		Identity: pair(1), Broadcast: pair(2),
	}
	add := func(name, epoch string, identity vector.Hex, steps ...sigStep) {
		file.Cases = append(file.Cases, signatureCase{name, "demo", epoch, identity, steps})
	}
	add("a broadcast", epochA, public(1), f.step("heads before a manifest", "heads", h, "no manifest"), first,
		f.step("a batch", "heads", h, "ok"), f.step("the same batch", "heads", h, "ok"),
		f.step("manifest 2", "manifest", m2, "ok"), f.step("manifest 2 again", "manifest", m2, "stale"),
		f.step("manifest 1 replayed", "manifest", m1, "stale"))
	add("no identity or epoch named: the first one seen counts", "", nil, first,
		f.step("another identity", "manifest", f.manifest(f.signer(3, 2, "demo", epochA), 9), "foreign"),
		f.step("another epoch", "manifest", f.manifest(f.signer(1, 2, "demo", epochB), 9), "foreign"))
	add("an impostor's manifests", epochA, public(1),
		f.step("another identity", "manifest", f.manifest(f.signer(3, 2, "demo", epochA), 1), "foreign"),
		f.step("another stream", "manifest", f.manifest(f.signer(1, 2, "other", epochA), 1), "foreign"),
		f.step("an older broadcast", "manifest", f.manifest(f.signer(1, 2, "demo", epochB), 1), "foreign"),
		f.step("a certificate by another identity", "manifest", grafted(t), "forged"),
		f.step("a bit of the body", "manifest", flip(m1, 200), "forged"),
		f.step("a bit of the signature", "manifest", flip(m1, -1), "forged"),
		f.step("cut off", "manifest", m1[:len(m1)-1], "malformed"),
		f.step("a byte left over", "manifest", append(bytes.Clone(m1), 0), "malformed"),
		f.step("empty", "manifest", nil, "malformed"))
	add("an impostor's heads", epochA, public(1), first,
		f.step("another key", "heads", f.heads(f.signer(1, 4, "demo", epochA), head), "forged"),
		f.step("replayed from an older broadcast with the same key", "heads", f.heads(f.signer(1, 2, "demo", epochB), head), "forged"),
		f.step("replayed from another stream with the same key", "heads", f.heads(f.signer(1, 2, "other", epochA), head), "forged"),
		f.step("a manifest's payload", "heads", m1, "forged"),
		f.step("a bit of the body", "heads", flip(h, 20), "forged"),
		f.step("a bit of the signature", "heads", flip(h, -1), "forged"),
		f.step("a rendition that the manifest has not", "heads", f.heads(good, testHead(2, 7, 5000)), "malformed"),
		f.step("cut off", "heads", h[:len(h)-1], "malformed"),
		f.step("still good", "heads", h, "ok"))
	late := f
	late.now = began().Add(24*time.Hour).UnixMilli() + 1
	add("after the certificate's end", epochA, public(1), late.step("manifest 1", "manifest", m1, "expired"),
		f.step("on a clock that is right", "manifest", m1, "ok"))
	return file
}

// grafted is a manifest that names identity 1 but was certified by identity 3.
func grafted(t *testing.T) []byte {
	f := forger{t: t}
	payload := f.manifest(f.signer(3, 4, "demo", epochA), 1)
	body, err := wire.DecodeManifest(payload[2 : len(payload)-64])
	require.NoError(t, err)
	body.Identity = key(1).Public().(ed25519.PublicKey)
	b, err := wire.AppendManifest(nil, body)
	require.NoError(t, err)
	signature := ed25519.Sign(key(4), append([]byte("liverelay/1 manifest\x00"), b...))
	return append(append(append([]byte{}, payload[:2]...), b...), signature...)
}
