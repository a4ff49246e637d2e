package wire

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/liverelay/liverelay/media"
)

// Contexts of what is signed (docs/protocol.md, section 2).
const (
	contextCertificate = "liverelay/1 certificate\x00"
	contextManifest    = "liverelay/1 manifest\x00"
	contextHeads       = "liverelay/1 heads\x00"
)

// Signer signs one broadcast's manifests and heads. It may be used by several
// goroutines.
type Signer struct {
	stream, epoch string
	identity      ed25519.PublicKey
	key           ed25519.PrivateKey
	notAfter      time.Time
	certificate   []byte
}

// NewSigner certifies key, fresh for this broadcast, by the stream's identity until
// notAfter (milliseconds count).
func NewSigner(identity, key ed25519.PrivateKey, stream, epoch string, notAfter time.Time) *Signer {
	notAfter = millis(toMillis(notAfter))
	public := key.Public().(ed25519.PublicKey)
	return &Signer{
		stream: stream, epoch: epoch, key: key, notAfter: notAfter,
		identity:    identity.Public().(ed25519.PublicKey),
		certificate: ed25519.Sign(identity, certified(stream, epoch, public, notAfter)),
	}
}

// Manifest gives the payload for m: body and signature. Stream, epoch, keys and
// certificate are filled in.
func (s *Signer) Manifest(m media.Manifest) ([]byte, error) {
	m.Stream, m.Epoch = s.stream, s.epoch
	m.Identity, m.Broadcast = s.identity, s.key.Public().(ed25519.PublicKey)
	m.NotAfter = s.notAfter
	body, err := AppendManifest(nil, &Manifest{Manifest: m, Certificate: s.certificate})
	if err != nil {
		return nil, err
	}
	return seal(body, ed25519.Sign(s.key, append([]byte(contextManifest), body...))), nil
}

// Heads gives the payload for a batch of heads.
func (s *Signer) Heads(heads []media.Head) ([]byte, error) {
	body, err := AppendBatch(nil, heads)
	if err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("batch of %d bytes: %w", len(body), ErrTooLong)
	}
	return seal(body, ed25519.Sign(s.key, headsSigned(s.stream, s.epoch, body))), nil
}

func seal(body, signature []byte) []byte {
	return append(appendBytes(make([]byte, 0, len(body)+signatureSize+4), body), signature...)
}

func certified(stream, epoch string, key ed25519.PublicKey, notAfter time.Time) []byte {
	b := appendString(appendString([]byte(contextCertificate), stream), epoch)
	return binary.BigEndian.AppendUint64(append(b, key...), toMillis(notAfter))
}

func headsSigned(stream, epoch string, body []byte) []byte {
	return append(appendString(appendString([]byte(contextHeads), stream), epoch), body...)
}

// open splits a payload into body and signature.
func open(payload []byte) (body, signature []byte, err error) {
	if len(payload) > MaxPayload {
		return nil, nil, fmt.Errorf("%w: payload of %d bytes", ErrMalformed, len(payload))
	}
	r := &reader{b: payload}
	body, signature = r.bytes(MaxPayload, "body"), r.fixed(signatureSize)
	return body, signature, r.end()
}

// Verifier checks the manifests and heads of one broadcast. It belongs to one
// goroutine.
type Verifier struct {
	stream, epoch string
	identity      ed25519.PublicKey
	current       *Manifest
}

// NewVerifier takes the stream, the epoch ("" for that of the first manifest) and
// the identity that is expected (nil for that of the first manifest).
func NewVerifier(stream, epoch string, identity ed25519.PublicKey) *Verifier {
	return &Verifier{stream: stream, epoch: epoch, identity: identity}
}

// Current is the newest manifest that was taken, nil before the first.
func (v *Verifier) Current() *Manifest { return v.current }

// Manifest checks a payload by the rules of docs/protocol.md, section 3, and takes
// the manifest. Errors: ErrMalformed, ErrForeign, ErrForged, ErrExpired, ErrStale.
// now is the tracker's clock.
func (v *Verifier) Manifest(payload []byte, now time.Time) (*Manifest, error) {
	body, signature, err := open(payload)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	m, err := DecodeManifest(body)
	if err != nil {
		return nil, err
	}
	if err := v.vouched(m, now); err != nil {
		return nil, fmt.Errorf("manifest %d: %w", m.Serial, err)
	}
	if !ed25519.Verify(m.Broadcast, append([]byte(contextManifest), body...), signature) {
		return nil, fmt.Errorf("manifest %d: %w", m.Serial, ErrForged)
	}
	if v.current != nil && m.Serial <= v.current.Serial {
		return nil, fmt.Errorf("manifest %d: %w", m.Serial, ErrStale)
	}
	v.current, v.identity, v.epoch = m, m.Identity, m.Epoch
	return m, nil
}

// vouched checks who speaks: stream, epoch, identity, certificate and its end.
func (v *Verifier) vouched(m *Manifest, now time.Time) error {
	switch {
	case m.Stream != v.stream, v.epoch != "" && m.Epoch != v.epoch,
		v.identity != nil && !v.identity.Equal(ed25519.PublicKey(m.Identity)):
		return ErrForeign
	case !ed25519.Verify(m.Identity, certified(m.Stream, m.Epoch, m.Broadcast, m.NotAfter), m.Certificate):
		return fmt.Errorf("certificate: %w", ErrForged)
	case now.After(m.NotAfter):
		return ErrExpired
	}
	return nil
}

// Heads checks a payload and gives its heads. Errors: ErrNoManifest, ErrMalformed,
// ErrForged.
func (v *Verifier) Heads(payload []byte) ([]media.Head, error) {
	if v.current == nil {
		return nil, ErrNoManifest
	}
	body, signature, err := open(payload)
	if err != nil {
		return nil, fmt.Errorf("heads: %w", err)
	}
	if !ed25519.Verify(v.current.Broadcast, headsSigned(v.stream, v.epoch, body), signature) {
		return nil, fmt.Errorf("heads: %w", ErrForged)
	}
	heads, err := DecodeBatch(body)
	if err != nil {
		return nil, err
	}
	for i := range heads {
		if heads[i].Rendition >= len(v.current.Renditions) {
			return nil, fmt.Errorf("heads: %w: rendition %d", ErrMalformed, heads[i].Rendition)
		}
	}
	return heads, nil
}
