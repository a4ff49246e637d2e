package origin

import (
	"context"
	"math"
	"math/bits"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/origin/egress"
)

// guard keeps what viewers are sent within Server.MaxEgress: package egress decides,
// and here it is asked. A nil guard lets everything through.
type guard struct {
	now func() time.Time

	mu     sync.Mutex
	budget *egress.Budget
	// running has what ends each feed.
	running map[*egress.Feed]context.CancelFunc

	refused, ended [egress.Classes]int64
}

// newGuard returns nil for a limit of 0, which is in bit/s.
func newGuard(limit int64, now func() time.Time) *guard {
	if limit <= 0 {
		return nil
	}
	return &guard{now: now, budget: egress.New(max(limit/8, 1), now()), running: map[*egress.Feed]context.CancelFunc{}}
}

// spent pays for bytes that went out over any connection.
func (g *guard) spent(bytes int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	g.budget.Sent(bytes, now)
	if feed := g.budget.Shed(now); feed != nil {
		g.end(feed)
	}
}

// end ends a feed that has to make room. The lock is held.
func (g *guard) end(feed *egress.Feed) {
	g.ended[feed.Class()]++
	g.running[feed]()
	delete(g.running, feed)
}

// patience is how long a request may wait for its turn. What is refused later than
// that would have been better refused at once.
const patience = 400 * time.Millisecond

// pause lets a moment of scarcity pass, such as the one when a part goes to all feeds.
func (g *guard) pause(ctx context.Context, class egress.Class) {
	for until := time.Now().Add(patience); ; {
		g.mu.Lock()
		wait := g.budget.Wait(class, g.now())
		g.mu.Unlock()
		if wait <= 0 || time.Now().Add(wait).After(until) {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C: // others may have been first
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// admit tells whether an answer of about so many bytes is given; done follows when it
// was written.
func (g *guard) admit(ctx context.Context, class egress.Class, bytes int) (done func(), ok bool) {
	if g == nil {
		return func() {}, true
	}
	g.pause(ctx, class)
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.budget.Ask(class, bytes, g.now()) {
		g.refused[class]++
		return nil, false
	}
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.budget.Done(bytes)
	}, true
}

// follow tells whether a feed of about so many bytes a second is given. Its context
// ends when it has to make room; done follows in any case.
func (g *guard) follow(ctx context.Context, class egress.Class, rate float64) (within context.Context, done func(), ok bool) {
	if g == nil {
		return ctx, func() {}, true
	}
	g.pause(ctx, class)
	g.mu.Lock()
	defer g.mu.Unlock()
	feed, ended := g.budget.Follow(class, rate, g.now())
	for _, other := range ended {
		g.end(other)
	}
	if feed == nil {
		g.refused[class]++
		return ctx, nil, false
	}
	within, cancel := context.WithCancel(ctx)
	g.running[feed] = cancel
	return within, func() {
		cancel()
		g.mu.Lock()
		defer g.mu.Unlock()
		g.budget.End(feed)
		delete(g.running, feed)
	}, true
}

// retry is after what time somebody who was refused may come again.
func (g *guard) retry() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.budget.Retry(g.now(), rand.Float64())
}

// open answers a request that is not served now, and says so. Otherwise done follows
// when the answer was written.
func (s *handler) open(w http.ResponseWriter, r *http.Request, class egress.Class, bytes int) (done func(), ok bool) {
	done, ok = s.guard.admit(r.Context(), class, bytes)
	if !ok {
		s.refuse(w, r)
	}
	return done, ok
}

func (s *handler) refuse(w http.ResponseWriter, r *http.Request) {
	wait := s.guard.retry()
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	w.Header().Set("Retry-After-Ms", strconv.FormatInt(wait.Milliseconds(), 10))
	s.fail(w, r, http.StatusServiceUnavailable)
}

// mediaClass says what a request for media is for. Who polls playlists plays by them;
// all others take from here what the swarm failed to bring.
func (s *handler) mediaClass(r *http.Request, live Live, at route) egress.Class {
	switch {
	case s.guard == nil, at.kind == kindInit:
		return egress.Basic
	case at.kind == kindSegment, s.audiences[at.stream].polls(s.addresses.client(r), r.UserAgent(), s.now()):
		return egress.Plain
	}
	renditions, _, _, _ := live.Media.Live()
	lowest := ""
	for i, least := 0, 0; i < len(renditions); i++ {
		one := renditions[i]
		if one.Name == at.rendition && one.Kind == media.Audio {
			return egress.Basic
		}
		if one.Kind == media.Video && (lowest == "" || one.Bandwidth < least) {
			lowest, least = one.Name, one.Bandwidth
		}
	}
	if at.rendition == lowest {
		return egress.Basic
	}
	return egress.Rescue
}

// headRate is about what the heads of one rendition take, in bytes a second.
const headRate = 700

// cost says how important a feed is, and about how many bytes a second it takes.
func (q *feedQuery) cost(live Live) (class egress.Class, rate float64) {
	renditions, _, _, _ := live.Media.Live()
	rates := live.Rates()
	for i, one := range renditions {
		stripes := bits.OnesCount8(q.stripes[one.Name])
		switch {
		case q.seed, stripes == 0:
		case stripes > stripeCount/2:
			class = egress.Join
		default:
			class = max(class, egress.Rescue)
		}
		rate += float64(rates[i]) / 8 * float64(stripes) / stripeCount
	}
	return class, rate + headRate*float64(len(q.renditions))
}
