package main

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/broadcast"
	"github.com/liverelay/liverelay/p2p/publisher"
	"github.com/liverelay/liverelay/segmenter"
)

const (
	// keepGap is the least time between two writes of a record: each waits for the disk.
	keepGap = time.Second
	// keepLatest is the most, so that the record stays younger than the grace period.
	keepLatest = 2 * time.Second
)

// keeper writes down how far a broadcast has come, in a goroutine of its own, so that
// a slow disk holds nobody up.
type keeper struct {
	archive *archive
	info    broadcast.Info
	heads   *publisher.Log
	log     zerolog.Logger

	news chan struct{}
	stop chan struct{}
	done chan struct{}

	mu       sync.Mutex
	segments *segmenter.Resume
	failed   bool // said already
}

func (a *archive) keeper(b broadcast.Info, heads *publisher.Log, log zerolog.Logger) *keeper {
	return &keeper{
		archive: a, info: b, heads: heads, log: log, segments: a.take(b.Epoch).segments(),
		news: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
}

// start begins to write. Without a grace period there is nothing to keep.
func (k *keeper) start() {
	if k.archive.grace <= 0 {
		close(k.done)
		return
	}
	go func() {
		defer close(k.done)
		k.run()
	}()
}

// checkpoint takes the segmenter's state; it does not block.
func (k *keeper) checkpoint(r segmenter.Resume) {
	k.mu.Lock()
	k.segments = &r
	k.mu.Unlock()
	select {
	case k.news <- struct{}{}:
	default:
	}
}

func (k *keeper) run() {
	gap := time.NewTimer(0)
	defer gap.Stop()
	for {
		select {
		case <-k.stop:
			return
		case <-gap.C:
		}
		latest := time.NewTimer(keepLatest - keepGap)
		select {
		case <-k.stop:
		case <-k.news:
		case <-latest.C:
		}
		latest.Stop()
		k.write()
		gap.Reset(keepGap)
	}
}

// write writes the record. A disk that is full or gone is no reason to stop: live goes
// on, and that it can't be resumed is said once.
func (k *keeper) write() {
	past, on := k.archive.registry.Past(k.info.Stream)
	if !on || past.Epoch != k.info.Epoch {
		return
	}
	k.mu.Lock()
	r := record{Version: recordVersion, Written: time.Now(), Broadcast: past, Heads: k.heads.Memory(), Segments: k.segments}
	k.mu.Unlock()
	data, err := json.Marshal(r)
	if err == nil {
		err = k.archive.vault.Keep(k.info.Stream, data)
	}
	if err != nil && !k.failed {
		k.log.Error().Err(err).Msg("The broadcast's state can't be kept: it goes on, but would not survive a restart of the daemon")
	}
	k.failed = err != nil
}

// end ends the writing. Of a broadcast that is over nothing is kept.
func (k *keeper) end(suspended bool) {
	close(k.stop)
	<-k.done
	if suspended || k.archive.grace <= 0 {
		return
	}
	if err := k.archive.vault.Forget(k.info.Stream); err != nil {
		k.log.Warn().Err(err).Msg("The broadcast's record can't be removed")
	}
}
