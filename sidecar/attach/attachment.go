package attach

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/sidecar/mirror"
	"github.com/liverelay/liverelay/sidecar/outbound"
)

const (
	soon = time.Second
	late = 10 * time.Second
)

// Attachment stays attached to one address.
type Attachment struct {
	At     *url.URL
	Client *outbound.Client
	Secret Secrets
	// Renditions are the names of those that are wanted; empty means all.
	Renditions []string
	// Grace is how long a broadcast waits for an upstream that is away.
	Grace time.Duration
	// Open makes the sink of a mirrored broadcast.
	Open mirror.Opener
	// Pull plays from a camera or an RTMP server until that ends. nil where that can't be
	// done.
	Pull func(ctx context.Context, t Target) error
	Log  zerolog.Logger

	mu     sync.Mutex
	state  State
	poster []byte
}

// State is how an attachment is doing.
type State struct {
	// Kind is empty before the address was understood.
	Kind Kind
	// Title is what the server calls the stream; may be empty.
	Title string
	// Attached: media comes, or came until a moment ago.
	Attached bool
	// Fault is the last reason for which nothing came, empty while something does.
	Fault string
}

// State tells how it is doing. It may be called from any goroutine.
func (a *Attachment) State() State {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state
}

func (a *Attachment) set(s State) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.state = s
}

// Run mirrors broadcast after broadcast until ctx ends.
func (a *Attachment) Run(ctx context.Context) error {
	pause, said := soon, ""
	for {
		began := time.Now()
		t, err := Identify(ctx, a.Client, a.At, a.Secret)
		if err == nil {
			err = a.attach(ctx, t)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		fault := shown(err)
		a.set(State{Kind: t.Kind, Title: t.Title, Fault: fault})
		if fault != said {
			a.Log.Info().AnErr("reason", err).Str("state", fault).Msg("nothing to attach to; it is tried again and again")
		}
		if said = fault; time.Since(began) > late {
			pause = soon
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		pause = min(late, pause*3/2)
	}
}

// shown is what everybody may read of a failure: no host, no path.
func shown(err error) string {
	if err == nil {
		return "the other server ended its broadcast"
	}
	for _, known := range []error{ErrUnknown, ErrWaiting, ErrForbidden, mirror.ErrNotLive, outbound.ErrRefused} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "the other server can't be reached, or its answer can't be used"
}

func (a *Attachment) attach(ctx context.Context, t Target) error {
	if t.Kind == RTSP || t.Kind == RTMP {
		if a.Pull == nil {
			return errors.New("this version can't play from " + string(t.Kind))
		}
		a.set(State{Kind: t.Kind, Title: t.Title, Attached: true})
		return a.Pull(ctx, t)
	}
	painting, stop := context.WithCancel(ctx)
	var painter sync.WaitGroup
	painter.Go(func() { a.paint(painting, t.Poster) })
	defer painter.Wait()
	defer stop()
	m := mirror.Mirror{
		URL: t.Media, Client: a.Client, Renditions: a.Renditions, Grace: a.Grace, Log: a.Log,
		Open: func(key func(int) []byte) (mirror.Sink, error) {
			a.set(State{Kind: t.Kind, Title: t.Title, Attached: true})
			a.Log.Info().Str("kind", string(t.Kind)).Msg("attached")
			return a.Open(key)
		},
	}
	return m.Run(ctx)
}
