package viewer

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
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
	v.core = peer.New(peer.Config{
		ID: rand.Text(), Stream: in.Stream, Epoch: in.Epoch, Agent: agent, Upload: v.uploadBytes(),
	})
	v.following = chosen
	v.play = newPlayback(m.Timing, chosen...)
	if err := v.startSwarm(ctx); err != nil {
		return err
	}
	v.do(ctx, v.core.Follow(v.now(), chosen))
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

// lends is what the tracker is told of the upload, in bit/s; −1 when it is unknown.
func (v *session) lends() int64 {
	switch bytes := v.uploadBytes(); {
	case bytes < 0:
		return 0
	case v.claim > 0:
		return v.claim
	case v.uplink.Rate > 0 && (bytes == 0 || v.uplink.Rate < bytes*8):
		return v.uplink.Rate
	case bytes == 0:
		return -1
	default:
		return bytes * 8
	}
}
