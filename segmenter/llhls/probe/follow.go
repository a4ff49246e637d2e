package probe

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/liverelay/liverelay/segmenter/llhls"
)

// prompt is how late 95 % of blocking reloads may be answered, beyond the earliest.
const prompt = 500 * time.Millisecond

// playlist fetches and reads one.
func (c *check) playlist(ctx context.Context, r *rendition, address string, patience time.Duration) (*llhls.Playlist, *answer, error) {
	a, err := c.fetch.get(ctx, address, playlistBytes, patience, "")
	if err == nil {
		err = a.ok()
	}
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	c.book.say(ruleReachable, err == nil, "%s: %v", r.name, err)
	if err != nil {
		return nil, nil, err
	}
	p, err := llhls.Parse(a.body)
	c.book.say(ruleSyntax, err == nil, "%s: %v", r.name, err)
	return p, a, err
}

// patience is how long a server may hold an answer, and some more for the way.
func patience(p *llhls.Playlist) time.Duration {
	return min(3*p.TargetDuration+5*time.Second, time.Minute)
}

// follow reloads a playlist as a player does.
func (c *check) follow(ctx context.Context, r *rendition) {
	p, _, err := c.playlist(ctx, r, r.url, firstPatience)
	if err != nil {
		return
	}
	c.note(r, p)
	end := time.Now().Add(c.options.Watch)
	failed := 0
	for time.Now().Before(end) && ctx.Err() == nil && failed < 3 && !r.last.Ended {
		if err := c.reload(ctx, r); err != nil {
			failed++
		}
	}
	if n := len(r.late); n >= 10 {
		off := percentile(r.late, 0.95) - percentile(r.late, 0)
		c.book.say(rulePrompt, off <= prompt, "%s: %v", r.name, off.Round(time.Millisecond))
	}
}

// reload asks for what comes next.
func (c *check) reload(ctx context.Context, r *rendition) error {
	before := r.last
	msn, part, ok := before.Last()
	if !ok {
		return c.poll(ctx, r, time.Second)
	}
	if !before.Control.BlockReload {
		return c.poll(ctx, r, max(before.TargetDuration/2, 500*time.Millisecond))
	}
	want := position{msn, part + 1}
	if s := before.Segments[len(before.Segments)-1]; !s.Open() || before.PartTarget == 0 {
		want = position{msn + 1, 0}
	}
	address := want.ask(r.url, before.PartTarget > 0)
	p, a, err := c.playlist(ctx, r, address, patience(before))
	if err != nil {
		return err
	}
	have := newest(p)
	c.book.say(ruleHeld, p.Ended || !have.before(want), "%s: asked for %s after %v got up to %s", r.name, want, a.took.Round(time.Millisecond), have)
	if have == want {
		r.lateness(p, a.at)
	}
	c.note(r, p)
	return nil
}

func (c *check) poll(ctx context.Context, r *rendition, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	}
	p, _, err := c.playlist(ctx, r, r.url, firstPatience)
	if err == nil {
		c.note(r, p)
	}
	return err
}

// note checks a playlist, by itself and against the one before, and remembers it.
func (c *check) note(r *rendition, p *llhls.Playlist) {
	c.book.all(rulePlaylist, r.name, llhls.CheckPlaylist(p))
	if r.last != nil {
		c.book.all(ruleReload, r.name, llhls.CheckReload(r.last, p))
	} else {
		r.first = p
	}
	r.reloads++
	r.last = p
	for i, s := range p.Segments {
		if old, ok := r.seen[s.MSN]; ok && len(old.Parts) > len(s.Parts) {
			s.Parts = old.Parts
		}
		r.seen[s.MSN], r.sequence[s.MSN] = s, p.Sequence(i)
	}
	const kept = 200
	for msn := range r.seen {
		if msn+kept < p.MediaSequence {
			delete(r.seen, msn)
			delete(r.sequence, msn)
		}
	}
}

// lateness compares the clock with the program time at the playlist's end.
func (r *rendition) lateness(p *llhls.Playlist, now time.Time) {
	var end time.Time
	for _, s := range p.Segments {
		if !s.ProgramTime.IsZero() {
			end = s.ProgramTime
		}
		if !end.IsZero() {
			end = end.Add(s.Length())
		}
	}
	if !end.IsZero() && len(r.late) < 10_000 {
		r.late = append(r.late, now.Sub(end))
	}
}

// position is a part's place.
type position struct {
	msn  uint64
	part int
}

func (p position) String() string { return fmt.Sprintf("%d.%d", p.msn, p.part) }

func (p position) before(o position) bool { return p.msn < o.msn || p.msn == o.msn && p.part < o.part }

func (p position) ask(address string, parts bool) string {
	if !parts {
		return with(address, "_HLS_msn", strconv.FormatUint(p.msn, 10))
	}
	return with(address, "_HLS_msn", strconv.FormatUint(p.msn, 10), "_HLS_part", strconv.Itoa(p.part))
}

// newest is the last part that a playlist lists.
func newest(p *llhls.Playlist) position {
	msn, part, ok := p.Last()
	if !ok {
		return position{}
	}
	return position{msn, max(part, 0)}
}

// pastFinal asks for a part behind a whole segment's last, and for one behind what
// will be the open segment's last.
func (c *check) pastFinal(ctx context.Context, r *rendition) {
	if r.last.PartTarget == 0 || !r.last.Control.BlockReload || r.last.Ended {
		return
	}
	for i := len(r.last.Segments) - 1; i >= 0; i-- {
		s := r.last.Segments[i]
		if s.Open() || len(s.Parts) == 0 {
			continue
		}
		past := position{s.MSN, len(s.Parts)}
		p, _, err := c.playlist(ctx, r, past.ask(r.url, true), patience(r.last))
		if ctx.Err() != nil {
			return
		}
		c.book.say(rulePastFinal, err == nil && !newest(p).before(position{s.MSN + 1, 0}), "%s: asked for %s: %v", r.name, past, err)
		if err == nil {
			c.note(r, p)
		}
		return
	}
}

// farFuture asks for what will not be there for long.
func (c *check) farFuture(ctx context.Context, r *rendition) {
	msn, _, ok := r.last.Last()
	if !ok || !r.last.Control.BlockReload || r.last.Ended {
		return
	}
	far := position{msn + 1000, 0}
	a, err := c.fetch.get(ctx, far.ask(r.url, r.last.PartTarget > 0), playlistBytes, 3*time.Second, "")
	switch {
	case ctx.Err() != nil:
	case errors.Is(err, context.DeadlineExceeded):
		c.book.say(ruleFarFuture, false, "%s: no answer within 3 s", r.name)
	case err != nil:
		c.book.say(ruleFarFuture, false, "%s: %v", r.name, err)
	default:
		c.book.say(ruleFarFuture, a.status == 400, "%s: status %d", r.name, a.status)
	}
}
