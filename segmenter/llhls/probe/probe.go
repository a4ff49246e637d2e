package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/liverelay/liverelay/segmenter/llhls"
)

// Options bound a check. The zero value means the defaults.
type Options struct {
	// Watch is how long the playlists are followed, 12 s by default. Trials and reading
	// media come on top.
	Watch time.Duration
	// WithoutMedia reads playlists only.
	WithoutMedia bool
	// AllowHosts are hosts in private networks that playlists and redirects may lead to,
	// beside that of the address itself.
	AllowHosts []string
	// MaxBytes is how much may be fetched in all, 512 MiB by default.
	MaxBytes int64
	// Dial connects in place of what AllowHosts bounds; nil is usual.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is for servers with certificates of their own making; nil is usual.
	TLS *tls.Config
}

const (
	defaultWatch = 12 * time.Second
	defaultBytes = 512 << 20
	// maxRenditions are followed.
	maxRenditions = 12
	// firstPatience is how long the first answers may take.
	firstPatience = 20 * time.Second
)

// Check proves the HLS at an address, of a multivariant or a media playlist. It
// takes about Watch and some seconds; the error is for an address that gives no
// playlist at all. ctx ends it early.
func Check(ctx context.Context, address string, o Options) (Report, error) {
	if o.Watch <= 0 {
		o.Watch = defaultWatch
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultBytes
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return Report{}, fmt.Errorf("check %q: not an address", address)
	}
	begun := time.Now()
	c := &check{options: o, fetch: newFetcher(u.Hostname(), o), book: book{rules: allRules()}}
	defer c.fetch.close()
	if err := c.open(ctx, address); err != nil {
		return Report{}, fmt.Errorf("check %s: %w", u.Redacted(), err)
	}
	c.run(ctx)
	report := Report{URL: u.Redacted(), LowLatency: c.lowLatency(), Rules: c.book.close(), Seconds: time.Since(begun).Seconds()}
	for _, r := range c.renditions {
		report.Renditions = append(report.Renditions, r.summary())
	}
	return report, ctx.Err()
}

// check is one run.
type check struct {
	options    Options
	fetch      *fetcher
	book       book
	renditions []*rendition
	iframes    []string
}

// rendition is one media playlist and what was seen of it.
type rendition struct {
	name string
	url  string
	base *url.URL
	// best marks the video rendition of the highest rate; audio the ones without picture.
	best, audio bool

	first, last *llhls.Playlist
	// seen has every segment as it was listed last, and with its parts.
	seen     map[uint64]llhls.Segment
	sequence map[uint64]uint64 // discontinuity sequence numbers
	reloads  int
	late     []time.Duration // behind the program time
	keys     []time.Duration // presentation times of keyframes
	from, to time.Duration   // what of the media was read
}

func (c *check) lowLatency() bool {
	for _, r := range c.renditions {
		if r.last != nil && r.last.PartTarget > 0 && r.last.Control.BlockReload {
			return true
		}
	}
	return false
}

func (r *rendition) summary() Rendition {
	s := Rendition{Name: r.name, URL: r.url, Reloads: r.reloads}
	for _, seg := range r.seen {
		s.Parts += len(seg.Parts)
	}
	if len(r.late) > 0 {
		s.Uneven = (percentile(r.late, 0.95) - percentile(r.late, 0)).Seconds()
	}
	return s
}

// open reads the first playlist and finds the renditions.
func (c *check) open(ctx context.Context, address string) error {
	a, err := c.fetch.get(ctx, address, playlistBytes, firstPatience, "")
	if err == nil {
		err = a.ok()
	}
	if err != nil {
		return err
	}
	if !llhls.IsMultivariant(a.body) {
		c.add("", a.url.String(), a.url, false)
		c.renditions[0].best = true
		return nil
	}
	m, err := llhls.ParseMultivariant(a.body)
	c.book.say(ruleSyntax, err == nil, "multivariant playlist: %v", err)
	if err != nil {
		return err
	}
	c.choose(m, a.url)
	return nil
}

// choose takes the media playlists that a multivariant playlist names.
func (c *check) choose(m *llhls.Multivariant, base *url.URL) {
	audio := map[string]bool{}
	for _, r := range m.Media {
		if r.Type == "AUDIO" && r.URI != "" {
			audio[r.URI] = true
		}
	}
	var best uint64
	soundOnly := false
	for _, v := range m.Variants {
		sound := audio[v.URI] || v.Resolution == "" && v.Codecs != "" && !hasPicture(v.Codecs)
		soundOnly = soundOnly || sound
		r := c.add(v.URI, v.URI, base, sound)
		if r != nil && !sound && v.Bandwidth > best {
			best = v.Bandwidth
			for _, other := range c.renditions {
				other.best = other == r
			}
		}
	}
	for uri := range audio {
		c.add(uri, uri, base, true)
	}
	if soundOnly {
		c.book.say(ruleAudioOnly, true, "")
	}
	for _, v := range m.IFrames {
		if at, err := resolve(base, v.URI); err == nil && len(c.iframes) < maxRenditions {
			c.iframes = append(c.iframes, at)
		}
	}
}

func hasPicture(codecs string) bool {
	for _, one := range strings.Split(codecs, ",") {
		kind, _, _ := strings.Cut(strings.TrimSpace(one), ".")
		switch kind {
		case "avc1", "avc3", "hvc1", "hev1", "av01", "vp09", "vp8":
			return true
		}
	}
	return false
}

// add takes one media playlist, once.
func (c *check) add(name, uri string, base *url.URL, audio bool) *rendition {
	at, err := resolve(base, uri)
	c.book.say(ruleReachable, err == nil, "%q: %v", uri, err)
	if err != nil {
		return nil
	}
	for _, r := range c.renditions {
		if r.url == at {
			return r
		}
	}
	u, err := url.Parse(at)
	if err != nil || len(c.renditions) >= maxRenditions {
		return nil
	}
	if name == "" || len(name) > 60 {
		name = path.Base(u.Path)
	}
	r := &rendition{name: name, url: at, base: u, audio: audio, seen: map[uint64]llhls.Segment{}, sequence: map[uint64]uint64{}}
	c.renditions = append(c.renditions, r)
	return r
}

// run follows the renditions, then tries things one by one.
func (c *check) run(ctx context.Context) {
	c.each(func(r *rendition) { c.follow(ctx, r) })
	for _, r := range c.renditions {
		if r.last == nil || ctx.Err() != nil {
			continue
		}
		c.pastFinal(ctx, r)
		c.farFuture(ctx, r)
		c.delta(ctx, r)
		c.reports(ctx, r)
		c.hint(ctx, r)
	}
	c.together()
	if c.options.WithoutMedia {
		return
	}
	c.each(func(r *rendition) { c.media(ctx, r) })
	c.keyframes()
	for _, at := range c.iframes {
		c.iframe(ctx, at)
	}
}

func (c *check) each(do func(*rendition)) {
	var tasks sync.WaitGroup
	for _, r := range c.renditions {
		tasks.Go(func() { do(r) })
	}
	tasks.Wait()
}

// together compares renditions.
func (c *check) together() {
	all := map[string]*llhls.Playlist{}
	for _, r := range c.renditions {
		if r.last != nil {
			all[r.name] = r.last
		}
	}
	for _, r := range c.renditions {
		if r.last != nil && r.last.PartTarget > 0 {
			c.book.all(ruleProfile, r.name, llhls.CheckProfile(r.last, len(all)-1))
		}
	}
	if len(all) < 2 {
		return
	}
	c.book.all(ruleConstants, "renditions", llhls.CheckRenditions(all))
	for _, a := range c.renditions {
		for _, b := range c.renditions {
			if a.last == nil || b.last == nil || a == b {
				continue
			}
			for msn, sequence := range a.sequence {
				if other, ok := b.sequence[msn]; ok {
					c.book.say(ruleSequence, sequence == other, "segment %d: %d in %s, %d in %s", msn, sequence, a.name, other, b.name)
				}
			}
		}
	}
}
