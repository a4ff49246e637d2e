package poster

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
)

const (
	// every is the least time between two pictures.
	every = 30 * time.Second
	// enough is the height of a rendition that is large enough for a picture.
	enough = 360
)

// Config is what a Maker is made with.
type Config struct {
	// FFmpeg is the path of the program; empty makes no pictures.
	FFmpeg string
	// Now is the clock; nil for the wall clock.
	Now func() time.Time
	Log zerolog.Logger
}

// Maker keeps the newest picture of one broadcast. It is a segmenter.Sink: it takes
// the first keyframe's part in each half a minute and has ffmpeg make a picture of it,
// one at a time and never in the segmenter's way. Make one with New.
type Maker struct {
	config Config
	still  func(ctx context.Context, ffmpeg string, init, part []byte) ([]byte, error)
	//nolint:containedctx // pictures are made as long as the broadcast lasts
	ctx  context.Context
	stop context.CancelFunc

	// What follows belongs to the segmenter's goroutine.
	rendition int
	inits     map[int][]byte
	madeAt    time.Time

	busy sync.WaitGroup
	mu   sync.Mutex
	jpeg []byte
	made bool // the run before is over
}

// New returns a Maker whose runs of ffmpeg end with ctx or with the broadcast.
func New(ctx context.Context, config Config) *Maker {
	if config.Now == nil {
		config.Now = time.Now
	}
	ctx, stop := context.WithCancel(ctx)
	return &Maker{config: config, still: still, ctx: ctx, stop: stop, rendition: -1, inits: map[int][]byte{}, made: true}
}

// JPEG returns the newest picture, nil while there is none. It must not be changed.
func (m *Maker) JPEG() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.jpeg
}

// Begin chooses the rendition: the smallest that is large enough, or the largest.
func (m *Maker) Begin(renditions []media.Rendition, _ media.Timing) {
	for i, r := range renditions {
		if r.Kind == media.Video && (m.rendition < 0 || better(r, renditions[m.rendition])) {
			m.rendition = i
		}
	}
}

func better(a, b media.Rendition) bool {
	if (a.Height >= enough) != (b.Height >= enough) {
		return a.Height >= enough
	}
	if a.Height >= enough {
		return a.Height < b.Height
	}
	return a.Height > b.Height
}

// Init keeps what the rendition's parts need to be decoded.
func (m *Maker) Init(i media.Init) {
	if i.Rendition != m.rendition {
		return
	}
	clear(m.inits) // parts need the newest, and those before it are no longer waited for
	m.inits[i.Number] = i.Data
}

// Part makes a picture of the part's first frame, if it is time for one.
func (m *Maker) Part(p *media.Part) {
	init := m.inits[p.Init]
	if m.config.FFmpeg == "" || p.Rendition != m.rendition || !p.Independent || p.Gap || init == nil {
		return
	}
	now := m.config.Now()
	if !m.madeAt.IsZero() && now.Sub(m.madeAt) < every || !m.claim() {
		return
	}
	m.madeAt = now
	m.busy.Add(1)
	go func() {
		defer m.busy.Done()
		m.make(init, p.Data)
	}()
}

// claim tells whether ffmpeg is free, and takes it.
func (m *Maker) claim() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	free := m.made
	m.made = false
	return free
}

func (m *Maker) make(init, part []byte) {
	jpeg, err := m.still(m.ctx, m.config.FFmpeg, init, part)
	if err != nil && m.ctx.Err() == nil {
		m.config.Log.Debug().Err(err).Msg("cannot make a picture of the stream")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made = true
	if err == nil {
		m.jpeg = jpeg
	}
}

// End stops ffmpeg. The last picture stays.
func (m *Maker) End() {
	m.stop()
	m.busy.Wait()
}
