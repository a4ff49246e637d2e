package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/liverelay/liverelay/media"
)

const (
	keySize       = 32
	signatureSize = 64
)

// Manifest is a broadcast's description with the certificate by which the stream's
// identity vouches for the broadcast's key.
type Manifest struct {
	media.Manifest
	Certificate []byte
}

// AppendManifest adds a manifest's body (docs/protocol.md, section 3). It fails when
// a bound is exceeded.
func AppendManifest(dst []byte, m *Manifest) ([]byte, error) {
	if err := checkManifest(m); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	start := len(dst)
	dst = append(dst, Version)
	dst = appendString(appendString(dst, m.Stream), m.Epoch)
	dst = append(append(dst, m.Identity...), m.Broadcast...)
	dst = binary.BigEndian.AppendUint64(dst, toMillis(m.NotAfter))
	dst = binary.AppendUvarint(append(dst, m.Certificate...), m.Serial)
	for _, t := range [...]time.Time{m.Issued, m.Started, m.Ended} {
		dst = binary.BigEndian.AppendUint64(dst, toMillis(t))
	}
	for _, d := range [...]time.Duration{m.Timing.PartTarget, m.Timing.PartHoldBack, m.Timing.TargetDuration} {
		dst = binary.AppendUvarint(dst, toMicros(d))
	}
	dst = appendInt(dst, len(m.Renditions))
	for i := range m.Renditions {
		dst = appendBytes(dst, appendRendition(nil, &m.Renditions[i], m.inits(i)))
	}
	if len(dst)-start > maxBody {
		return nil, fmt.Errorf("manifest of %d bytes: %w", len(dst)-start, ErrTooLong)
	}
	return dst, nil
}

// maxBody leaves room for a body's length and signature in a message.
const maxBody = MaxPayload - signatureSize - 3

func checkManifest(m *Manifest) error {
	switch {
	case len(m.Identity) != keySize, len(m.Broadcast) != keySize, len(m.Certificate) != signatureSize:
		return fmt.Errorf("keys or certificate: %w", ErrMalformed)
	case len(m.Stream) > MaxString, len(m.Epoch) > MaxString, len(m.Renditions) > MaxRenditions:
		return ErrTooLong
	}
	for i, r := range m.Renditions {
		if len(r.Name) > MaxString || len(r.Codecs) > MaxString || len(m.inits(i)) > MaxInits {
			return fmt.Errorf("rendition %d: %w", i, ErrTooLong)
		}
	}
	return nil
}

func (m *Manifest) inits(i int) [][32]byte {
	if i >= len(m.Inits) {
		return nil
	}
	return m.Inits[i]
}

func appendRendition(dst []byte, r *media.Rendition, inits [][32]byte) []byte {
	dst = appendString(append(appendString(dst, r.Name), byte(r.Kind)), r.Codecs)
	for _, v := range [...]int{
		r.Bandwidth, r.AverageBandwidth, r.Width, r.Height,
		int(math.Round(r.FPS * 1000)), r.SampleRate, r.Channels, len(inits),
	} {
		dst = appendInt(dst, v)
	}
	for i := range inits {
		dst = append(dst, inits[i][:]...)
	}
	if r.Container != media.Native {
		dst = append(dst, byte(r.Container))
	}
	return dst
}

// DecodeManifest reads a manifest's body. It copies what it keeps. Errors wrap
// ErrMalformed. No signature is looked at: Verifier does that.
func DecodeManifest(body []byte) (*Manifest, error) {
	r := &reader{b: body}
	if v := r.u8(); r.err == nil && v != Version {
		return nil, fmt.Errorf("manifest: %w: version %d", ErrMalformed, v)
	}
	m := &Manifest{}
	m.Stream, m.Epoch = r.str(MaxString, "stream"), r.str(MaxString, "epoch")
	m.Identity, m.Broadcast = clone(r.fixed(keySize)), clone(r.fixed(keySize))
	m.NotAfter = millis(r.u64())
	m.Certificate = clone(r.fixed(signatureSize))
	m.Serial = r.uvarint()
	m.Issued, m.Started, m.Ended = millis(r.u64()), millis(r.u64()), millis(r.u64())
	m.Timing = media.Timing{PartTarget: r.duration(), PartHoldBack: r.duration(), TargetDuration: r.duration()}
	n := r.number(MaxRenditions, "renditions")
	for i := 0; i < n && r.err == nil; i++ {
		rendition, inits := r.rendition(i)
		m.Renditions = append(m.Renditions, rendition)
		m.Inits = append(m.Inits, inits)
	}
	if r.err != nil {
		return nil, fmt.Errorf("manifest: %w", r.err)
	}
	return m, nil
}

func (r *reader) rendition(index int) (media.Rendition, [][32]byte) {
	in := &reader{b: r.bytes(MaxPayload, "rendition"), err: r.err}
	v := media.Rendition{Index: index, Name: in.str(MaxString, "name"), Kind: media.Kind(in.u8())}
	v.Codecs = in.str(MaxString, "codecs")
	v.Bandwidth, v.AverageBandwidth = int(in.uvarint()), int(in.uvarint())
	v.Width, v.Height = int(in.uvarint()), int(in.uvarint())
	v.FPS = float64(in.uvarint()) / 1000
	v.SampleRate, v.Channels = int(in.uvarint()), int(in.uvarint())
	raw := in.fixed(in.number(MaxInits, "init segments") * 32)
	inits := make([][32]byte, len(raw)/32)
	for i := range inits {
		copy(inits[i][:], raw[i*32:])
	}
	if in.err == nil && len(in.b) > 0 {
		v.Container = media.Container(in.u8())
	}
	if in.err == nil && v.Kind != media.Video && v.Kind != media.Audio {
		in.fail("kind")
	}
	r.err = in.err
	return v, inits
}

func clone(b []byte) []byte { return append([]byte(nil), b...) }
