package viewer

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/peer"
	"github.com/liverelay/liverelay/p2p/wire"
)

// begin joins, checks the manifest, and starts what runs beside the loop.
func (v *session) begin(ctx context.Context) error {
	in, err := v.client.join(ctx, v.watch)
	if err != nil {
		return err
	}
	v.in = in
	v.clock.Set(time.UnixMilli(in.Now), in.sent, in.received)
	identity, err := base64.RawURLEncoding.DecodeString(in.PublicKey)
	if err != nil || len(identity) != ed25519.PublicKeySize {
		return fmt.Errorf("join: public key: %w", errors.Join(err, wire.ErrMalformed))
	}
	v.verifier = wire.NewVerifier(in.Stream, in.Epoch, identity)
	m, err := v.verifier.Manifest(in.Manifest, v.clock.Now(time.Now()))
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	chosen, err := choose(m.Renditions, v.rendition)
	if err != nil {
		return err
	}
	v.core = peer.New(peer.Config{Stream: in.Stream, Epoch: in.Epoch, Agent: agent, Upload: v.uploadBytes()})
	v.do(ctx, v.core.Follow(v.now(), chosen))
	v.play = newPlayback(m.Timing, chosen...)
	if err := v.startSwarm(ctx); err != nil {
		return err
	}
	names := make([]string, len(chosen))
	for i, r := range chosen {
		names[i] = m.Renditions[r].Name
		v.getInit(ctx, m, r)
	}
	v.group.Go(func() { v.feed(ctx, names) })
	return nil
}

// choose gives the indices of the video rendition with the name ("" for the first),
// and of audio.
func choose(renditions []media.Rendition, name string) ([]int, error) {
	var chosen []int
	for _, kind := range []media.Kind{media.Video, media.Audio} {
		at := slices.IndexFunc(renditions, func(r media.Rendition) bool {
			return r.Kind == kind && (kind == media.Audio || name == "" || r.Name == name)
		})
		if at >= 0 {
			chosen = append(chosen, at)
		} else if kind == media.Video && name != "" {
			return nil, fmt.Errorf("the broadcast has no rendition %q", name)
		}
	}
	if len(chosen) == 0 || len(chosen) > maxTracks {
		return nil, errors.New("the broadcast has no renditions")
	}
	return chosen, nil
}

// uploadBytes is the core's upload limit in bytes a second.
func (v *session) uploadBytes() int64 {
	limit := v.upload
	if limit == serverUpload {
		limit = max(v.in.P2P.MaxUpload, 0)
	}
	if limit > 0 {
		return max(limit/8, 1)
	}
	return limit
}

// getInit takes a rendition's newest init segment, as a player has to.
func (v *session) getInit(ctx context.Context, m *wire.Manifest, rendition int) {
	n := len(m.Inits[rendition]) - 1
	if n < 0 {
		return
	}
	want := m.Inits[rendition][n]
	address := v.in.address(fmt.Sprintf("%s/init%d.mp4", m.Renditions[rendition].Name, n))
	v.group.Go(func() {
		data, err := v.client.whole(ctx, address, maxInit)
		if err == nil && sha256.Sum256(data) != want {
			err = errors.New("the init segment does not have the manifest's hash")
		}
		if err != nil && ctx.Err() == nil {
			v.log.Warn().Err(err).Msg("No init segment")
		}
	})
}
