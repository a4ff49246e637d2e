package mirror

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/sidecar/outbound"
	"github.com/liverelay/liverelay/sidecar/playlist"
)

const (
	queued     = 64 // items that wait to be handed on
	concurrent = 3  // of a rendition's fetches
	// pace is the share of its duration over which a whole segment is handed to the swarm:
	// players have three segments' time, and uplinks are asked evenly.
	pace       = 0.75
	maxSegment = 48 << 20
	maxInit    = 1 << 20
)

var (
	// errEnded: the playlist says that nothing follows.
	errEnded = errors.New("upstream has ended its broadcast")
	// errAway: nothing new came for too long.
	errAway = errors.New("upstream is away")
)

// runner mirrors one rendition.
type runner struct {
	index  int
	source source
	client *outbound.Client
	desk   *desk
	// sources finds the renditions anew: their addresses may belong to a session that the
	// server has forgotten.
	sources func(ctx context.Context) ([]source, error)
	grace   time.Duration
	log     zerolog.Logger

	follow  follower
	target  time.Duration
	fresh   time.Time // when something new was listed last
	opening opening
	hadKeys bool
	inits   map[string][]byte
	slots   chan struct{}
}

// job is an item that is being fetched.
type job struct {
	item       item
	init, data []byte
	lines      string
	came       time.Time
	done       chan struct{}
}

// run polls and hands on until ctx ends, upstream ends, or it is away for too long.
func (r *runner) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.slots, r.inits, r.fresh = make(chan struct{}, concurrent), map[string][]byte{}, time.Now()
	queue := make(chan *job, queued)
	handed := make(chan error, 1)
	go func() {
		err := r.hand(ctx, queue)
		cancel()
		handed <- err
	}()
	err := r.poll(ctx, queue)
	close(queue)
	if errors.Is(err, errEnded) {
		if fault := <-handed; fault != nil {
			return fault
		}
		return err
	}
	cancel()
	if fault := <-handed; fault != nil && !errors.Is(fault, context.Canceled) {
		return fault
	}
	return err
}

// poll reads the playlist again and again, and begins to fetch what is new.
func (r *runner) poll(ctx context.Context, queue chan<- *job) error {
	canBlock, away, failures := false, false, 0
	for {
		asked := time.Now()
		p, err := r.playlist(ctx, canBlock)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, outbound.ErrRefused), errors.Is(err, outbound.ErrScheme):
			return err
		case err != nil:
			if failures++; failures == 1 {
				r.log.Warn().Err(err).Msg("upstream does not answer")
			}
			away, canBlock = true, false
			r.seek(ctx, failures)
		default:
			if failures > 0 {
				r.log.Info().Int("failures", failures).Msg("upstream is back")
			}
			if err := r.took(ctx, p, away, queue); err != nil {
				return err
			}
			failures, away = 0, false
			canBlock = p.CanBlock && (r.follow.byParts || p.PartTarget == 0)
		}
		if time.Since(r.fresh) > max(r.grace, 3*r.target) {
			return errAway
		}
		if err := wait(ctx, r.pause(canBlock, failures, asked)); err != nil {
			return err
		}
	}
}

// took begins to fetch what is new in a playlist; away says that upstream did not answer
// before it. errEnded is for the last playlist.
func (r *runner) took(ctx context.Context, p *playlist.Playlist, away bool, queue chan<- *job) error {
	if p.Ended && !r.follow.started {
		return ErrNotLive
	}
	items := r.news(p, away)
	if err := r.enqueue(ctx, queue, items); err != nil {
		return err
	}
	if p.Ended {
		return errEnded
	}
	if len(items) > 0 {
		r.fresh = time.Now()
	}
	return nil
}

// seek looks for the rendition's address after some failures.
func (r *runner) seek(ctx context.Context, failures int) {
	const every = 3
	if failures%every != every-1 {
		return
	}
	list, err := r.sources(ctx)
	if err != nil {
		return // nobody is there yet
	}
	for _, s := range list {
		if s.info.Name == r.source.info.Name {
			r.source.url = s.url
		}
	}
}

// pause is how long to wait before the playlist is asked for again.
func (r *runner) pause(canBlock bool, failures int, asked time.Time) time.Duration {
	switch {
	case failures > 0:
		return min(time.Duration(failures)*250*time.Millisecond, 3*time.Second)
	case canBlock:
		return max(0, 50*time.Millisecond-time.Since(asked)) // the server holds the answer
	case r.follow.byParts:
		return max(20*time.Millisecond, r.opening.partTarget/2)
	default:
		return max(400*time.Millisecond, r.target/5)
	}
}

// playlist fetches the playlist; a server that can hold the answer until there is
// something new is asked to.
func (r *runner) playlist(ctx context.Context, block bool) (*playlist.Playlist, error) {
	u := *r.source.url
	if msn, part, ok := r.follow.next(); ok && block {
		directive := "_HLS_msn=" + strconv.FormatUint(msn, 10)
		if r.follow.byParts {
			directive += "&_HLS_part=" + strconv.Itoa(part)
		}
		if u.RawQuery != "" {
			directive = u.RawQuery + "&" + directive
		}
		u.RawQuery = directive
	}
	answer, err := r.client.Get(ctx, outbound.Request{URL: &u, MaxBytes: playlist.MaxBytes, Within: max(10*time.Second, 4*r.target)})
	if err != nil {
		return nil, err
	}
	p, err := playlist.Parse(answer.Body, answer.URL)
	if err == nil {
		r.target = p.TargetDuration
	}
	return p, err
}

// news is what the follower finds, and on the first occasion what it means for the
// broadcast.
func (r *runner) news(p *playlist.Playlist, away bool) []item {
	if !r.follow.started {
		r.follow.byParts = p.PartTarget > 0
	}
	before := r.follow.started
	items := r.follow.take(p, away, time.Now())
	if len(items) > 0 && !before && r.opening.target == 0 {
		r.opening = opening{
			first: items[0], came: time.Now(), info: r.source.info,
			target: p.TargetDuration, partTarget: p.PartTarget, partHoldBack: p.PartHoldBack,
		}
		for _, it := range items {
			r.opening.ahead += it.duration
			r.opening.longest = max(r.opening.longest, it.duration)
		}
	}
	if len(items) > 0 && items[0].again {
		r.log.Info().Msg("upstream began anew")
		r.desk.keys.forget()
		r.inits = map[string][]byte{}
	}
	return items
}

func (r *runner) enqueue(ctx context.Context, queue chan<- *job, items []item) error {
	for _, it := range items {
		j := &job{item: it, done: make(chan struct{})}
		if it.init != nil {
			j.init = r.init(ctx, it.init)
			j.item.gap = j.item.gap || j.init == nil
		}
		lines, err := r.desk.keys.lines(ctx, it, r.hadKeys)
		if err != nil {
			r.log.Warn().Err(err).Msg("a segment can't be decrypted, and becomes a gap")
			j.item.gap = true
		}
		j.lines, r.hadKeys = lines, r.hadKeys || len(it.keys) > 0
		select {
		case <-ctx.Done():
			return ctx.Err()
		case r.slots <- struct{}{}:
		}
		go func() {
			defer close(j.done)
			defer func() { <-r.slots }()
			j.data = r.fetch(ctx, j.item)
			j.came = time.Now()
		}()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case queue <- j:
		}
	}
	return nil
}

// init fetches an init segment, once; nil when it can't be had.
func (r *runner) init(ctx context.Context, from *playlist.Resource) []byte {
	name := from.URI.String() + "#" + strconv.FormatInt(from.Offset, 10) + "+" + strconv.FormatInt(from.Length, 10)
	if data, known := r.inits[name]; known {
		return data
	}
	data := r.retried(ctx, *from, maxInit)
	if len(data) > 0 && len(r.inits) < maxInits {
		r.inits[name] = data
	}
	return data
}

// fetch gets an item's bytes; none for a gap, or when they can't be had.
func (r *runner) fetch(ctx context.Context, it item) []byte {
	if it.gap || it.URI == nil {
		return nil
	}
	return r.retried(ctx, it.Resource, maxSegment)
}

// retried asks again while that can still help: what is not there twice is gone.
func (r *runner) retried(ctx context.Context, from playlist.Resource, limit int64) []byte {
	until := time.Now().Add(max(6*time.Second, 2*r.target))
	for try := 1; ; try++ {
		answer, err := r.client.Get(ctx, outbound.Request{
			URL: from.URI, Offset: from.Offset, Length: from.Length, MaxBytes: limit, Within: max(10*time.Second, 2*r.target),
		})
		if err == nil {
			return answer.Body
		}
		var status outbound.StatusError
		isGone := errors.As(err, &status) && status.Status < 500 && try >= 2
		isFinal := errors.Is(err, outbound.ErrRefused) || errors.Is(err, outbound.ErrScheme) || errors.Is(err, outbound.ErrTooLarge)
		if isGone || isFinal || time.Now().After(until) || wait(ctx, time.Duration(try)*200*time.Millisecond) != nil {
			if ctx.Err() == nil {
				r.log.Warn().Err(err).Msg("a part can't be had, and becomes a gap")
			}
			return nil
		}
	}
}

// hand gives what was fetched to the desk, in order.
func (r *runner) hand(ctx context.Context, queue <-chan *job) error {
	isReady := false
	for j := range queue {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-j.done:
		}
		if !isReady {
			if len(j.data) == 0 {
				continue // a broadcast does not begin with a gap
			}
			if err := r.desk.ready(ctx, r.index, r.opened(j)); err != nil {
				return err
			}
			isReady = true
		}
		parts, err := r.desk.put(r.index, j.item, j.init, j.data, j.lines, j.came)
		if err != nil {
			return err
		}
		if err := r.release(ctx, parts, j.item.duration, queue); err != nil {
			return err
		}
	}
	return nil
}

// opened completes what the broadcast has to know of the rendition by its first media.
func (r *runner) opened(j *job) opening {
	o := r.opening
	o.first.date = j.item.date
	o.info.Container = sniffed(j.init, j.data)
	describe(&o.info, j.init, j.data)
	if o.info.Bandwidth == 0 && j.item.duration > 0 {
		o.info.AverageBandwidth = int(float64(len(j.data)) * 8 / j.item.duration.Seconds())
		o.info.Bandwidth = o.info.AverageBandwidth * 5 / 4
	}
	return o
}

// release hands parts on; the slices of a whole segment one after the other, so that
// viewers' uplinks aren't asked for all of it in a moment, unless more waits already.
func (r *runner) release(ctx context.Context, parts []*media.Part, duration time.Duration, queue <-chan *job) error {
	for i, p := range parts {
		r.desk.give(p)
		if i == len(parts)-1 || len(queue) > 0 || p.Gap {
			continue
		}
		if err := wait(ctx, time.Duration(float64(duration)*pace/float64(len(parts)))); err != nil {
			return err
		}
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
