package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/broadcast"
	"github.com/liverelay/liverelay/p2p/publisher"
	"github.com/liverelay/liverelay/segmenter"
	"github.com/liverelay/liverelay/vault"
)

// errEnds ends broadcasts that nobody will go on with.
var errEnds = errors.New("the daemon ends")

// recordVersion is of the form of a record; others are not read.
const recordVersion = 1

// record is what the data folder holds of a broadcast that is on: enough for the next
// run of the daemon to go on with it, whatever ended this one. It is secret.
type record struct {
	Version   int               `json:"version"`
	Written   time.Time         `json:"written"`
	Broadcast broadcast.Past    `json:"broadcast"`
	Heads     publisher.Memory  `json:"heads"`
	Segments  *segmenter.Resume `json:"segments,omitempty"`
}

// heads returns what the log of heads needs; nil for a broadcast that is new.
func (r *record) heads() *publisher.Memory {
	if r == nil {
		return nil
	}
	return &r.Heads
}

// segments returns what the segmenter needs; nil for a broadcast that is new.
func (r *record) segments() *segmenter.Resume {
	if r == nil {
		return nil
	}
	return r.Segments
}

// archive holds the records of broadcasts that the run before left, until they are
// gone on with, and writes those of this one.
type archive struct {
	vault    *vault.Vault
	registry *broadcast.Registry
	grace    time.Duration
	log      zerolog.Logger
	past     map[string]*record // by epoch
}

// resume opens the broadcasts again that were on less than the grace period ago. It is
// called before anything listens, so that no viewer ever hears that they are gone.
func (a *archive) resume(now time.Time) {
	kept, err := a.vault.Kept()
	if err != nil {
		a.log.Warn().Err(err).Msg("A broadcast that was on can't be gone on with")
	}
	for stream, data := range kept {
		r, err := readRecord(stream, data, now, a.grace)
		if err == nil {
			a.past[r.Broadcast.Epoch] = r
			if a.registry.Resume(r.Broadcast) {
				continue
			}
			err = errors.New("the stream is not in the configuration")
		}
		a.log.Info().Str("stream", stream).AnErr("reason", err).Msg("A broadcast of an earlier run is over")
		if err := a.vault.Forget(stream); err != nil {
			a.log.Warn().Err(err).Msg("A broadcast's record can't be removed")
		}
	}
}

// readRecord reads a record and says whether it can be gone on with.
func readRecord(stream string, data []byte, now time.Time, grace time.Duration) (*record, error) {
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	switch b := r.Broadcast; {
	case r.Version != recordVersion:
		return nil, fmt.Errorf("its record is of version %d", r.Version)
	case b.Stream != stream || len(b.Epoch) != 16 || b.Edge < 0:
		return nil, errors.New("its record is damaged")
	case r.Segments == nil:
		return nil, errors.New("it had nothing to show yet")
	case now.Sub(r.Written) >= grace:
		return nil, fmt.Errorf("the grace period (%s) is over", grace)
	default:
		return &r, nil
	}
}

// take hands out the record of a broadcast, nil for a new one. Broadcasts of earlier
// runs are opened before there are new ones, one after the other.
func (a *archive) take(epoch string) *record {
	return a.past[epoch]
}
