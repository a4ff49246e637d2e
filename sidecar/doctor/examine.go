package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/liverelay/liverelay/sidecar/attach"
	"github.com/liverelay/liverelay/sidecar/mirror"
	"github.com/liverelay/liverelay/sidecar/outbound"
	"github.com/liverelay/liverelay/sidecar/playlist"
)

// Options are what an examination needs.
type Options struct {
	URL    *url.URL
	Client *outbound.Client
	Secret attach.Secrets
	// Verdict is a checker of LL-HLS: what is wrong with the stream at this address. It is
	// asked only where there are parts. May be nil.
	Verdict func(ctx context.Context, address string) ([]string, error)
	// Ports are addresses that the daemon is going to listen on, by their keys in the
	// configuration.
	Ports map[string]string
}

const (
	askWithin  = 15 * time.Second
	maxSegment = 48 << 20
	// holdBack is the distance to what comes that our player keeps.
	holdBack = time.Second
	// segmentsBehind is how many whole segments our player stays behind live.
	segmentsBehind = 3
	// direct is what a stream that is pushed to us has.
	direct = 1500 * time.Millisecond
)

// Examine looks at the address. It never fails: what went wrong is in the report.
func Examine(ctx context.Context, o Options) *Report {
	r := &Report{URL: outbound.Redacted(o.URL), Renditions: []Rendition{}, Findings: []Finding{}}
	t, err := attach.Identify(ctx, o.Client, o.URL, o.Secret)
	r.Kind, r.Title = t.Kind, t.Title
	switch {
	case errors.Is(err, attach.ErrWaiting):
		r.Attachable = true
		r.say(Note, "live", "The server is there, and the stream is not live.", "Attach all the same: viewers wait, and see it when it begins. Ask again while it is live to learn more.")
	case errors.Is(err, outbound.ErrRefused):
		r.say(Bad, "reach", "The address leads on into a private network.", "Name the host in outbound.allow_hosts if that is meant.")
	case err != nil:
		r.say(Bad, "reach", err.Error(), "")
	default:
		r.Media, r.Live, r.Attachable = outbound.Redacted(t.Media), true, true
		if t.Kind == attach.RTSP || t.Kind == attach.RTMP {
			r.knock(ctx, o.Client, t)
		} else {
			r.playlists(ctx, o, t)
		}
	}
	r.ports(ctx, o.Ports)
	if r.Attachable {
		r.paste(o)
	}
	return r
}

// knock connects to what is no HTTP.
func (r *Report) knock(ctx context.Context, client *outbound.Client, t attach.Target) {
	port := t.Media.Port()
	if port == "" {
		port = map[string]string{"rtsp": "554", "rtsps": "322", "rtmp": "1935", "rtmps": "443"}[t.Media.Scheme]
	}
	conn, err := client.Dial(ctx, "tcp", net.JoinHostPort(t.Media.Hostname(), port))
	if err != nil {
		r.Attachable, r.Live = false, false
		r.say(Bad, "reach", "Nobody answers there: "+err.Error(), "")
		return
	}
	_ = conn.Close()
	r.FloorSeconds = direct.Seconds()
	r.FloorWhy = "it is cut here, into parts of a quarter of a second"
	r.say(Good, "reach", "The server takes connections; whether it has the stream shows when it is attached to.", "")
	r.say(Note, "keyframes", "A viewer can begin, and change quality, at keyframes only.", "Set the camera or encoder to one a second, two at most.")
}

// playlists reads what there is over HTTP.
func (r *Report) playlists(ctx context.Context, o Options, t attach.Target) {
	answer, err := o.Client.Get(ctx, outbound.Request{
		URL: t.Media, MaxBytes: playlist.MaxBytes, Within: askWithin, Header: http.Header{"Origin": {"https://example.org"}},
	})
	if err != nil {
		r.Attachable, r.Live = false, false
		r.say(Bad, "playlist", err.Error(), "")
		return
	}
	r.say(Good, "reach", "The playlist can be had.", "")
	r.origins(t.Media, answer)
	from := answer
	if playlist.IsMultivariant(answer.Body) {
		if from = r.variants(ctx, o, answer); from == nil {
			return
		}
	}
	p, err := playlist.Parse(from.Body, from.URL)
	if err != nil {
		r.Attachable, r.Live = false, false
		r.say(Bad, "playlist", "A media playlist can't be read: "+err.Error(), "")
		return
	}
	r.cut(p)
	if p.Ended {
		r.Live = false
		r.say(Note, "live", "The playlist says that the broadcast is over.", "Attach all the same: the next one is found.")
		return
	}
	r.media(ctx, o.Client, p)
	r.floor(p)
	r.verdict(ctx, o, t.Media)
}

// origins says what a page of another site could do with the stream by itself.
func (r *Report) origins(u *url.URL, a *outbound.Answer) {
	switch a.Header.Get("Access-Control-Allow-Origin") {
	case "*", "https://example.org":
		r.say(Good, "cors", "Players on other sites may read it.", "")
	default:
		r.say(Note, "cors", "Players on other sites may not read it from there (no CORS). Through liverelay they may.", "")
	}
	if u.Scheme == "http" {
		r.say(Note, "mixed-content", "It comes over http:, which pages that come over https: may not load. Through liverelay they load it from there.",
			"Give liverelay HTTPS (tls.cert, or a reverse proxy and http.public_url): browsers connect viewers to each other on secure pages only.")
	} else {
		r.say(Good, "mixed-content", "It comes over https:.", "")
	}
}

// variants lists the renditions, and fetches the best one's playlist.
func (r *Report) variants(ctx context.Context, o Options, a *outbound.Answer) *outbound.Answer {
	m, err := playlist.ParseMultivariant(a.Body, a.URL)
	if err != nil {
		r.Attachable, r.Live = false, false
		r.say(Bad, "playlist", "The multivariant playlist can't be read.", "")
		return nil
	}
	r.Names = mirror.Names(m)
	best := m.Variants[0]
	for _, v := range m.Variants {
		r.Renditions = append(r.Renditions, Rendition{v.Bandwidth, v.Codecs, v.Width, v.Height})
		if v.Bandwidth > best.Bandwidth {
			best = v
		}
		if v.Codecs == "" {
			r.say(Warn, "renditions", "A variant names no CODECS: players have to find out by trying.", "Let the packager write CODECS.")
		}
	}
	if len(m.Variants) == 1 {
		r.say(Note, "renditions", "There is one bitrate: viewers with slower lines will stall.", "")
	}
	answer, err := o.Client.Get(ctx, outbound.Request{URL: best.URI, MaxBytes: playlist.MaxBytes, Within: askWithin})
	if errors.Is(err, outbound.ErrRefused) {
		r.Attachable, r.Live = false, false
		r.say(Bad, "reach", "A rendition lies in a private network.", "Name its host in outbound.allow_hosts: "+best.URI.Host)
		return nil
	}
	if err != nil {
		r.Attachable, r.Live = false, false
		r.say(Bad, "playlist", err.Error(), "")
		return nil
	}
	return answer
}

// cut says how the stream is cut.
func (r *Report) cut(p *playlist.Playlist) {
	r.LowLatency, r.PartSeconds = p.PartTarget > 0, p.PartTarget.Seconds()
	for i := range p.Segments {
		s := &p.Segments[i]
		if s.Complete {
			r.SegmentSeconds = max(r.SegmentSeconds, s.Duration.Seconds())
		}
		r.Encrypted = r.Encrypted || len(s.Keys) > 0
	}
	if r.LowLatency && !p.CanBlock {
		r.say(Warn, "latency", "There are parts, but the server holds no reloads: its playlist has to be polled.", "Set CAN-BLOCK-RELOAD where the server can.")
	}
	if r.Encrypted {
		r.say(Note, "encryption", "It is encrypted. liverelay carries it as it is, and hands AES keys on to its viewers.", "")
	}
}

// verdict is the LL-HLS checker's.
func (r *Report) verdict(ctx context.Context, o Options, at *url.URL) {
	if !r.LowLatency || o.Verdict == nil {
		return
	}
	found, err := o.Verdict(ctx, at.String())
	if err != nil {
		r.say(Note, "playlist", "The LL-HLS checker came to no verdict.", "")
		return
	}
	for _, text := range found {
		r.say(Warn, "playlist", "LL-HLS: "+text, "")
	}
	if len(found) == 0 {
		r.say(Good, "playlist", "The LL-HLS checker has nothing to say against it.", "")
	}
}

// floor works out how close to live a viewer of ours can be.
func (r *Report) floor(p *playlist.Playlist) {
	if r.LowLatency {
		floor := p.PartTarget + holdBack
		r.FloorSeconds = floor.Seconds()
		r.FloorWhy = fmt.Sprintf("a part of %.3g s, and %.3g s that our player keeps", p.PartTarget.Seconds(), holdBack.Seconds())
		return
	}
	r.FloorSeconds = segmentsBehind * r.SegmentSeconds
	r.FloorWhy = fmt.Sprintf("players stay %d segments of %.3g s behind: one is being made, one is handed on, and one is there for what comes late", segmentsBehind, r.SegmentSeconds)
	if r.SegmentSeconds > 2.5 {
		r.say(Warn, "latency", fmt.Sprintf("Segments of %.3g s keep everybody at least %.1f s behind.", r.SegmentSeconds, r.FloorSeconds),
			"Shorten segments and the keyframe interval to 1 or 2 s; or push to liverelay over RTMP (OBS, nginx's push, MediaMTX's forward): about 1.5 s.")
	}
}

// ports tries the ports that the daemon is going to listen on, on this machine.
func (r *Report) ports(ctx context.Context, all map[string]string) {
	for key, address := range all {
		var listen net.ListenConfig
		var err error
		if key == "stun.address" {
			var c net.PacketConn
			if c, err = listen.ListenPacket(ctx, "udp", address); err == nil {
				err = c.Close()
			}
		} else {
			var l net.Listener
			if l, err = listen.Listen(ctx, "tcp", address); err == nil {
				err = l.Close()
			}
		}
		if err != nil {
			r.say(Warn, "ports", fmt.Sprintf("%s, which %s names, can't be listened on here; if liverelay runs already, that is why.", address, key), "Otherwise set "+key+" to another port.")
		}
	}
}

// paste writes the command and the configuration.
func (r *Report) paste(o Options) {
	r.Command = "liverelay attach " + quoted(r.URL)
	r.Configuration = fmt.Sprintf("streams:\n  live:\n    source: %q\n", r.URL)
	if o.URL.User != nil || o.URL.RawQuery != "" {
		r.say(Note, "reach", "The address holds a password or a token, which is left out below.", "Put it back in where you paste it.")
	}
}

func quoted(s string) string { return "'" + s + "'" }
