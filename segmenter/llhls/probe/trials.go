package probe

import (
	"bytes"
	"context"
	"net/url"
	"time"

	"github.com/liverelay/liverelay/segmenter/llhls"
)

// delta asks for the same moment twice, whole and as an update, and compares.
func (c *check) delta(ctx context.Context, r *rendition) {
	if r.last.Control.CanSkipUntil == 0 || r.last.Ended {
		return
	}
	for range 4 { // until both are of the same moment
		whole, _, err := c.playlist(ctx, r, r.url, firstPatience)
		if err != nil {
			return
		}
		c.note(r, whole)
		update, _, err := c.playlist(ctx, r, with(r.url, "_HLS_skip", "YES"), firstPatience)
		if err != nil {
			return
		}
		if newest(whole) != newest(update) || whole.MediaSequence != update.MediaSequence {
			continue
		}
		c.compare(r, whole, update)
		return
	}
}

func (c *check) compare(r *rendition, whole, update *llhls.Playlist) {
	merged, err := llhls.Merge(whole, update)
	c.book.say(ruleDelta, err == nil, "%s: %v", r.name, err)
	if err != nil {
		return
	}
	found := llhls.CheckReload(whole, merged)
	if len(merged.Segments) != len(whole.Segments) {
		found = append(found, "another number of segments")
	}
	c.book.all(ruleDelta, r.name, found)
	var rest time.Duration
	for _, s := range update.Segments {
		rest += s.Length()
	}
	if update.Skipped > 0 {
		c.book.say(ruleBoundary, rest >= whole.Control.CanSkipUntil, "%s: %v is left behind what was skipped, of %v", r.name, rest, whole.Control.CanSkipUntil)
	}
}

// reports takes the other renditions' playlists before and after one with reports
// on them: what is reported lies in between.
func (c *check) reports(ctx context.Context, r *rendition) {
	if r.last.PartTarget == 0 || r.last.Ended || len(c.renditions) < 2 {
		return
	}
	before := c.edges(ctx)
	p, _, err := c.playlist(ctx, r, r.url, firstPatience)
	if err != nil {
		return
	}
	c.note(r, p)
	after := c.edges(ctx)
	for _, report := range p.Reports {
		at, err := resolve(r.base, report.URI)
		if err != nil {
			c.book.say(ruleReports, false, "%s: %v", r.name, err)
			continue
		}
		at = bare(at)
		low, ok := before[at]
		high, ok2 := after[at]
		if !ok || !ok2 {
			continue
		}
		said := position{report.LastMSN, int(min(report.LastPart, 1<<20))}
		c.book.say(ruleReports, !said.before(low) && !high.before(said), "%s reports %s of %s, which was at %s to %s", r.name, said, report.URI, low, high)
	}
}

// edges is where each rendition is now.
func (c *check) edges(ctx context.Context) map[string]position {
	all := map[string]position{}
	for _, r := range c.renditions {
		if r.last == nil {
			continue
		}
		if p, _, err := c.playlist(ctx, r, r.url, firstPatience); err == nil {
			all[bare(r.url)] = newest(p)
		}
	}
	return all
}

// bare is an address without its query, which may be a session's.
func bare(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}

// hint asks for the part that is announced, and then looks whether it came.
func (c *check) hint(ctx context.Context, r *rendition) {
	p, _, err := c.playlist(ctx, r, r.url, firstPatience)
	if err != nil {
		return
	}
	c.note(r, p)
	for _, h := range p.Hints {
		if h.Type != "PART" {
			continue
		}
		at, err := resolve(r.base, h.URI)
		if err != nil {
			c.book.say(ruleHint, false, "%s: %v", r.name, err)
			return
		}
		a, err := c.fetch.get(ctx, at, mediaBytes, patience(p), "")
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = a.ok()
		}
		later, _, failed := c.playlist(ctx, r, r.url, firstPatience)
		if failed != nil {
			return
		}
		c.note(r, later)
		part, listed := find(later, h.URI)
		c.book.say(ruleHint, listed && (part.Gap || err == nil), "%s: %s: listed %v, %v", r.name, h.URI, listed, err)
		if err != nil || !listed || part.Gap {
			return
		}
		again, err := c.fetch.get(ctx, at, mediaBytes, firstPatience, "")
		c.book.say(ruleHint, err == nil && bytes.Equal(a.body, again.body), "%s: %s is another one now: %v", r.name, h.URI, err)
		return
	}
}

func find(p *llhls.Playlist, uri string) (llhls.Part, bool) {
	for _, s := range p.Segments {
		for _, part := range s.Parts {
			if part.URI == uri {
				return part, true
			}
		}
	}
	return llhls.Part{}, false
}
