package restream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/media/flv"
	"github.com/liverelay/liverelay/sidecar/outbound"
)

const (
	firstPause = time.Second
	lastPause  = 30 * time.Second
	// steady is how long a connection has to last for the back-off to begin anew.
	steady = 30 * time.Second
)

// Phase is where a target stands.
type Phase string

// The phases.
const (
	Idle       Phase = "idle"       // no broadcast
	Connecting Phase = "connecting" // or waiting to
	Sending    Phase = "sending"
	Failing    Phase = "failing" // it is tried again
)

// Health is how a target is doing. Nothing in it is secret: a target is known by its
// place in the configuration.
type Health struct {
	Phase Phase
	// Sent is in bytes, Dropped in units that the target was too slow for, Failures in
	// connections that failed or broke; all since the daemon's start.
	Sent, Dropped, Failures uint64
	// Fault is the last failure, empty while sending.
	Fault string
}

// Target is one place to send broadcasts to. Make one with NewTarget.
type Target struct {
	to     target
	client *outbound.Client
	log    zerolog.Logger

	mu     sync.Mutex
	health Health
}

// NewTarget returns a target for an address like rtmp://host/app/key. No error has the
// address in it.
func NewTarget(address *url.URL, client *outbound.Client, log zerolog.Logger) (*Target, error) {
	to, err := parseTarget(address)
	if err != nil {
		return nil, err
	}
	return &Target{to: to, client: client, log: log.With().Str("target", to.host).Logger(), health: Health{Phase: Idle}}, nil
}

// Health may be called from any goroutine.
func (t *Target) Health() Health {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.health
}

func (t *Target) update(change func(h *Health)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.health)
}

// Feed sends one broadcast to one target. Its methods never block; it is a reader of the
// broadcast's units.
type Feed struct {
	target *Target
	queue  *queue
	done   chan struct{}
}

// Start begins to send a broadcast; it ends with End or with ctx.
func (t *Target) Start(ctx context.Context) *Feed {
	f := &Feed{target: t, queue: newQueue(), done: make(chan struct{})}
	go func() {
		defer close(f.done)
		f.run(ctx)
		t.update(func(h *Health) { h.Phase, h.Fault = Idle, "" })
	}()
	return f
}

// Track takes a track.
func (f *Feed) Track(t media.Track) { f.queue.track(t) }

// Unit takes a unit.
func (f *Feed) Unit(u media.Unit) { f.queue.unit(u) }

// End says that nothing follows.
func (f *Feed) End(error) { f.queue.end() }

// Done is closed when everything was sent, or given up, after End.
func (f *Feed) Done() <-chan struct{} { return f.done }

// run connects again and again until the broadcast ends.
func (f *Feed) run(ctx context.Context) {
	pause := firstPause
	for {
		ready, ended := f.queue.hasMedia()
		if ended || ctx.Err() != nil {
			return
		}
		if !ready {
			select {
			case <-ctx.Done():
			case <-f.queue.wake:
			}
			continue
		}
		began := time.Now()
		err := f.connection(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		if time.Since(began) > steady {
			pause = firstPause
		}
		f.failed(err, pause)
		if !f.rest(ctx, pause+rand.N(pause/4)) {
			return
		}
		pause = min(2*pause, lastPause)
		f.queue.restart()
	}
}

// rest waits; false when the broadcast ended meanwhile.
func (f *Feed) rest(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-f.queue.wake:
			if _, ended := f.queue.hasMedia(); ended {
				return false
			}
		}
	}
}

func (f *Feed) failed(err error, pause time.Duration) {
	first, fault := false, shown(err)
	f.target.update(func(h *Health) {
		first = h.Phase != Failing || h.Fault != fault
		h.Failures++
		h.Phase, h.Fault = Failing, fault
	})
	if first {
		f.target.log.Warn().Err(err).Dur("again_in", pause).Msg("forwarding failed; it is tried again and again")
	}
}

// shown is what everybody may read of a failure: no host, no address.
func shown(err error) string {
	var network *net.OpError
	switch {
	case errors.Is(err, errRefused):
		return errRefused.Error()
	case errors.Is(err, outbound.ErrRefused):
		return "the address leads into a private network"
	case errors.As(err, &network) && network.Op == "dial":
		return "the server can't be reached"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "the server is too slow"
	default:
		return "the connection broke"
	}
}

// connection sends over one connection; nil when the broadcast ended.
func (f *Feed) connection(ctx context.Context) error {
	f.target.update(func(h *Health) {
		if h.Phase == Idle {
			h.Phase = Connecting
		}
	})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := dial(ctx, f.target.client, f.target.to, f.fourCCs())
	if err != nil {
		return err
	}
	f.target.update(func(h *Health) { h.Phase, h.Fault = Sending, "" })
	f.target.log.Info().Msg("forwarding")
	over := make(chan error, 1)
	pongs := make(chan message, 4)
	go func() {
		over <- c.drain(func(m message) {
			select {
			case pongs <- m:
			default:
			}
		})
	}()
	err = f.send(ctx, c, over, pongs)
	if err == nil {
		c.goodbye(f.target.to.key)
	}
	_ = c.conn.Close()
	<-over
	return err
}

func (f *Feed) send(ctx context.Context, c *client, over chan error, pongs <-chan message) error {
	w := writer{client: c}
	for {
		events, ended := f.queue.take()
		for _, e := range events {
			n, err := w.event(e)
			if err != nil {
				return fmt.Errorf("send: %w", err)
			}
			f.target.update(func(h *Health) { h.Sent += uint64(n) })
		}
		if dropped := f.queue.drops(); dropped != w.dropped {
			f.target.update(func(h *Health) { h.Dropped += dropped - w.dropped })
			w.dropped = dropped
		}
		if ended {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-over:
			over <- err // for the one who waits at the end
			return fmt.Errorf("the server closed the connection: %w", err)
		case m := <-pongs:
			if err := c.pong(m); err != nil {
				return err
			}
		case <-f.queue.wake:
		}
	}
}

// fourCCs names the codecs that need Enhanced RTMP.
func (f *Feed) fourCCs() []string {
	f.queue.mu.Lock()
	defer f.queue.mu.Unlock()
	var all []string
	for _, t := range f.queue.tracks {
		if t == nil {
			continue
		}
		if name := map[media.Codec]string{media.HEVC: "hvc1", media.AV1: "av01", media.Opus: "Opus"}[t.Codec]; name != "" {
			all = append(all, name)
		}
	}
	return all
}

// writer turns tracks and units into messages.
type writer struct {
	client  *client
	tracks  [3]*media.Track
	begun   bool
	zero    time.Duration
	last    time.Duration // timestamp that was sent last
	dropped uint64
	buffer  []byte
}

var errNoTrack = errors.New("a unit without a track")

func (w *writer) event(e event) (int, error) {
	if e.track != nil {
		w.tracks[e.track.Kind] = e.track
		if err := w.metadata(); err != nil {
			return 0, err
		}
		return w.tag(e.track.Kind, w.last, w.config(*e.track))
	}
	u := e.unit
	t := w.tracks[u.Kind]
	if t == nil {
		return 0, errNoTrack
	}
	if !w.begun {
		w.begun, w.zero = true, u.DTS
	}
	body := flv.AppendAudio(w.buffer[:0], flv.AudioTag{Codec: t.Codec, Type: flv.Frames, Data: u.Data})
	if u.Kind == media.Video {
		body = flv.AppendVideo(w.buffer[:0], flv.VideoTag{
			Codec: t.Codec, Keyframe: u.Keyframe, Type: flv.Frames, CompositionTime: u.PTS - u.DTS, Data: u.Data,
		})
	}
	w.buffer = body
	w.last = max(0, u.DTS-w.zero)
	return w.tag(u.Kind, w.last, body)
}

func (w *writer) config(t media.Track) []byte {
	if t.Kind == media.Video {
		return flv.AppendVideo(nil, flv.VideoTag{Codec: t.Codec, Keyframe: true, Type: flv.Config, Data: t.Config})
	}
	return flv.AppendAudio(nil, flv.AudioTag{Codec: t.Codec, Type: flv.Config, Data: t.Config})
}

func (w *writer) tag(kind media.Kind, at time.Duration, body []byte) (int, error) {
	m := message{kind: typeAudio, stream: w.client.stream, timestamp: uint32(at.Milliseconds()), body: body}
	channel := byte(4)
	if kind == media.Video {
		m.kind, channel = typeVideo, 6
	}
	return len(body), w.client.send(channel, m)
}

// metadata is onMetaData, which servers show and some need.
func (w *writer) metadata() error {
	var all []property
	if v := w.tracks[media.Video]; v != nil {
		all = append(all, property{"width", float64(v.Width)}, property{"height", float64(v.Height)}, property{"framerate", v.FPS})
		if v.Codec == media.H264 {
			all = append(all, property{"videocodecid", 7.0})
		}
	}
	if a := w.tracks[media.Audio]; a != nil {
		all = append(all, property{"audiosamplerate", float64(a.SampleRate)}, property{"stereo", a.Channels > 1})
		if a.Codec == media.AAC {
			all = append(all, property{"audiocodecid", 10.0})
		}
	}
	all = append(all, property{"encoder", "liverelay"})
	body := appendMap(appendAMF(nil, "@setDataFrame", "onMetaData"), all)
	return w.client.send(4, message{kind: typeData, stream: w.client.stream, body: body})
}
