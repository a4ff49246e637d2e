package mirror

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/sidecar/outbound"
	"github.com/liverelay/liverelay/sidecar/playlist"
)

// Sink takes what a broadcast brings. Its methods are called one at a time and must not
// block. Begin comes first and End last; an init segment comes before the first part
// that needs it.
type Sink interface {
	Begin(renditions []media.Rendition, timing media.Timing)
	Init(i media.Init)
	Part(p *media.Part)
	End()
}

// Opener makes a new broadcast's sink. key finds a decryption key by its number.
type Opener func(key func(number int) []byte) (Sink, error)

// DefaultGrace is how long a broadcast waits for an upstream that is away.
const DefaultGrace = 30 * time.Second

// Mirror attaches to one playlist.
type Mirror struct {
	// URL is the multivariant or media playlist.
	URL *url.URL
	// Client fetches everything.
	Client *outbound.Client
	// Renditions are the names of those that are wanted; empty means all.
	Renditions []string
	// Grace is how long upstream may be away before the broadcast ends; 0 means
	// DefaultGrace.
	Grace time.Duration
	Open  Opener
	Log   zerolog.Logger
}

// ErrNotLive: the playlist is a recording's, or has ended.
var ErrNotLive = errors.New("the playlist is over, and nothing is live")

// Run mirrors one broadcast, from its first media to its end; nil when upstream ended
// it. Who wants the next one runs it again.
func (m *Mirror) Run(ctx context.Context) error {
	sources, err := m.sources(ctx)
	if err != nil {
		return err
	}
	grace := m.Grace
	if grace == 0 {
		grace = DefaultGrace
	}
	k := &keys{client: m.Client}
	d := newDesk(sources, k, func(k *keys) (Sink, error) { return m.Open(k.Key) })
	defer d.end()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	faults := make(chan error, len(sources))
	var all sync.WaitGroup
	for i, s := range sources {
		r := &runner{
			index: i, source: s, client: m.Client, desk: d, grace: grace, sources: m.sources,
			log: m.Log.With().Str("rendition", s.info.Name).Logger(),
		}
		all.Add(1)
		go func() {
			defer all.Done()
			faults <- r.run(ctx)
		}()
	}
	err = m.first(faults, len(sources), cancel)
	cancel()
	all.Wait()
	return err
}

// first waits for the end of all renditions, or of the first that fails. After the first
// end of a playlist the others have a moment to come to theirs.
func (m *Mirror) first(faults <-chan error, n int, cancel func()) error {
	ended := false
	for range n {
		err := <-faults
		switch {
		case errors.Is(err, errTooLate):
			m.Log.Warn().Msg("a rendition came too late, and is left out of this broadcast")
		case errors.Is(err, errEnded):
			if !ended {
				defer time.AfterFunc(together, cancel).Stop()
			}
			ended = true
		case ended && errors.Is(err, context.Canceled):
		default:
			return err
		}
	}
	return nil
}

// sources finds the playlists of the renditions.
func (m *Mirror) sources(ctx context.Context) ([]source, error) {
	answer, err := m.Client.Get(ctx, outbound.Request{URL: m.URL, MaxBytes: playlist.MaxBytes, Within: 15 * time.Second})
	if err != nil {
		return nil, err
	}
	if playlist.IsMultivariant(answer.Body) {
		parsed, err := playlist.ParseMultivariant(answer.Body, answer.URL)
		if err != nil {
			return nil, err
		}
		list := planned(parsed, m.Renditions)
		if len(list) == 0 {
			return nil, fmt.Errorf("none of the renditions %q is there, but %q", m.Renditions, Names(parsed))
		}
		return list, nil
	}
	p, err := playlist.Parse(answer.Body, answer.URL)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", outbound.Redacted(m.URL), err)
	}
	if p.Ended {
		return nil, ErrNotLive
	}
	return []source{{m.URL, media.Rendition{Name: "source"}}}, nil
}
