package segmenter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/liverelay/liverelay/media"
)

// The errors of a Store, for the HTTP server to tell apart.
var (
	// ErrNotReady: the broadcast has nothing to show yet (503).
	ErrNotReady = errors.New("nothing to play yet")
	// ErrUnknown: there is no such rendition, segment, part or init segment, or not
	// yet, or not any more (404).
	ErrUnknown = errors.New("no such resource")
	// ErrTooFar: a blocking reload asks for what is too far ahead, or for a part
	// without a segment (400; draft-pantos-hls-rfc8216bis §6.2.5.2).
	ErrTooFar = errors.New("reload asks for what is too far ahead")
	// ErrTimeout: what was waited for did not come in three target durations, or in a
	// minute (503).
	ErrTimeout = errors.New("waited too long")
)

// The defaults of StoreConfig.
const (
	DefaultWindow   = 40 * time.Second
	DefaultMaxBytes = 512 << 20
)

// longestWait bounds how long a request is held, for attached streams have target
// durations of any length.
const longestWait = time.Minute

// StoreConfig configures a Store. The zero value means the defaults.
type StoreConfig struct {
	// Epoch is the broadcast's id, the folder of its renditions as the multivariant
	// playlist sees them; empty when they are its siblings.
	Epoch string
	// Window is how much a media playlist lists.
	Window time.Duration
	// MaxBytes bounds the media kept, over all renditions.
	MaxBytes int64
	// NoAudioOnly leaves the audio-only variant out of the multivariant playlist.
	NoAudioOnly bool
	// NoIFrames leaves I-frame playlists out: for parts that this package did not pack.
	NoIFrames bool
	// Now is the wall clock; nil means time.Now.
	Now func() time.Time
}

// startWait is how long the multivariant playlist waits for the first part of
// every rendition.
const startWait = 3 * time.Second

// Store keeps the newest parts of one broadcast, which its Sink takes, and answers
// HTTP's questions. Safe for concurrent use.
type Store struct {
	cfg StoreConfig

	mu         sync.Mutex
	begun      time.Time
	renditions []media.Rendition
	timing     media.Timing
	shelves    []*shelf
	bytes      int64
	version    uint64 // grows with every part of any rendition
	ended      bool
}

// NewStore returns an empty store.
func NewStore(cfg StoreConfig) *Store {
	if cfg.Window <= 0 {
		cfg.Window = DefaultWindow
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = DefaultMaxBytes
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Store{cfg: cfg}
}

// shrink keeps the store within MaxBytes: the oldest segment of all goes first.
func (s *Store) shrink() {
	for s.bytes > s.cfg.MaxBytes {
		var oldest *shelf
		for _, sh := range s.shelves {
			if len(sh.segments) > 1 && (oldest == nil || sh.segments[0].msn < oldest.segments[0].msn) {
				oldest = sh
			}
		}
		if oldest == nil {
			return
		}
		s.bytes -= oldest.drop()
	}
}

// Live returns the renditions and constants, empty before the broadcast has
// begun, the program time at the live edge, and whether the broadcast is over.
func (s *Store) Live() (renditions []media.Rendition, timing media.Timing, edge time.Time, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.shelves) > 0 {
		if p := s.shelves[0].newest(); p != nil {
			edge = p.ProgramTime.Add(p.Duration)
		}
	}
	return s.renditions, s.timing, edge, s.ended
}

// Gaps names the renditions whose newest part is a gap: the publisher is away, or
// what makes the rendition is.
func (s *Store) Gaps() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, sh := range s.shelves {
		if p := sh.newest(); p != nil && p.Gap && !s.ended {
			names = append(names, sh.info.Name)
		}
	}
	return names
}

// measured is over how much of a rendition its rate is taken.
const measured = 10 * time.Second

// Rates returns how much media, in bit/s, each rendition really had lately, in the order
// of Live's renditions: 0 for one that has no whole segment yet.
func (s *Store) Rates() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	rates := make([]int, len(s.shelves))
	for i, sh := range s.shelves {
		rates[i] = sh.rate()
	}
	return rates
}

// Init returns an init segment, or ErrUnknown.
func (s *Store) Init(rendition string, number int) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh, err := s.shelf(rendition)
	if err != nil {
		return nil, err
	}
	if number < 0 || number >= len(sh.inits) || sh.inits[number] == nil {
		return nil, fmt.Errorf("init segment %d of %s: %w", number, rendition, ErrUnknown)
	}
	return sh.inits[number], nil
}

// Segment returns the parts of a complete segment, or ErrUnknown.
func (s *Store) Segment(rendition string, msn uint64) ([]*media.Part, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh, err := s.shelf(rendition)
	if err != nil {
		return nil, err
	}
	seg := sh.segment(msn)
	if seg == nil || !seg.complete {
		return nil, fmt.Errorf("segment %d of %s: %w", msn, rendition, ErrUnknown)
	}
	return seg.parts[:len(seg.parts):len(seg.parts)], nil
}

// Part returns a part. A request for the next part, which the playlist's
// preload hint names, is held until the part exists, three target durations and a minute at
// most (then ErrTimeout); one for a later part gets ErrUnknown.
func (s *Store) Part(ctx context.Context, rendition string, number uint64) (*media.Part, error) {
	var p *media.Part
	err := s.wait(ctx, rendition, func(sh *shelf) (bool, error) {
		p = sh.part(number)
		if p == nil && (number != sh.next || s.ended) {
			return false, fmt.Errorf("part %d of %s: %w", number, rendition, ErrUnknown)
		}
		return p != nil, nil
	})
	return p, err
}

// shelf finds a rendition; the lock is held.
func (s *Store) shelf(rendition string) (*shelf, error) {
	if len(s.shelves) == 0 {
		return nil, ErrNotReady
	}
	for _, sh := range s.shelves {
		if sh.info.Name == rendition {
			return sh, nil
		}
	}
	return nil, fmt.Errorf("rendition %q: %w", rendition, ErrUnknown)
}

// wait asks ready, under the lock, now and after each new part of the rendition,
// until it says yes or fails.
func (s *Store) wait(ctx context.Context, rendition string, ready func(*shelf) (bool, error)) error {
	var timeout <-chan time.Time
	for {
		s.mu.Lock()
		sh, err := s.shelf(rendition)
		var done bool
		var changed <-chan struct{}
		if err == nil {
			done, err = ready(sh)
			changed = sh.changed
		}
		limit := min(3*s.timing.TargetDuration, longestWait)
		s.mu.Unlock()
		if err != nil || done {
			return err
		}
		if timeout == nil {
			timer := time.NewTimer(limit)
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-changed:
		case <-timeout:
			return fmt.Errorf("rendition %s: %w", rendition, ErrTimeout)
		case <-ctx.Done():
			return fmt.Errorf("wait for rendition %s: %w", rendition, ctx.Err())
		}
	}
}
