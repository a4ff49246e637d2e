package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/liverelay/liverelay/config"
	"github.com/liverelay/liverelay/ingest/rtsp"
	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/origin"
	"github.com/liverelay/liverelay/p2p/publisher"
	"github.com/liverelay/liverelay/segmenter"
	"github.com/liverelay/liverelay/sidecar/attach"
	"github.com/liverelay/liverelay/sidecar/mirror"
	"github.com/liverelay/liverelay/sidecar/outbound"
	"github.com/liverelay/liverelay/sidecar/restream"
)

type attachCommand struct {
	configFlags
	URL        string   `arg:"" help:"A playlist (…m3u8), a camera (rtsp://), an RTMP stream, a PeerTube watch page, an Owncast or MediaMTX server."`
	Name       string   `default:"live" help:"Name of the stream here: the watch address is /live/NAME."`
	Title      string   `help:"Shown on the watch page; by default what PeerTube or Owncast say."`
	Token      string   `env:"ATTACH_TOKEN" help:"OAuth token for a private stream of PeerTube. Better in the environment: arguments can be seen by other users of the machine."`
	Instance   string   `placeholder:"URL" help:"Address of the PeerTube server, when the address is a video's UUID alone."`
	Renditions []string `placeholder:"NAME" help:"Names of the renditions that are wanted, as doctor shows them. Default: all."`
	Password   string   `env:"ATTACH_PASSWORD" help:"Password of a PeerTube video; likewise."`
	Snippet    bool     `help:"Print what the host's page and reverse proxy need, and end."`
}

// Run is run with one more stream, attached to the address.
func (c attachCommand) Run(ctx context.Context, out io.Writer) error {
	loaded, err := c.load()
	if err != nil {
		return err
	}
	wanted := config.Stream{
		Source: c.URL, SourceInstance: c.Instance, SourceRenditions: c.Renditions, SourceToken: c.Token, SourcePassword: c.Password, Title: c.Title,
	}
	if _, err := typedSource(wanted); err != nil {
		return usageError{err}
	}
	if loaded.Streams == nil {
		loaded.Streams = map[string]config.Stream{}
	}
	loaded.Streams[c.Name] = wanted
	if !takesPublishers(loaded) {
		// Their ports may be taken by the server that is attached to.
		loaded.RTMP.Address, loaded.RTSP.Address = "", ""
	}
	if err := loaded.Validate(); err != nil {
		return usageError{err}
	}
	if c.Snippet {
		return snippet(out, loaded, c.Name)
	}
	return serve(ctx, out, loaded, false)
}

func takesPublishers(c config.Config) bool {
	for _, s := range c.Streams {
		if s.Key != "" {
			return true
		}
	}
	return len(c.Streams) == 0
}

// pull plays from a camera or an RTMP server and publishes that on the stream.
func (d *daemon) pull(ctx context.Context, client *outbound.Client, stream string, t attach.Target) error {
	session, err := d.registry.Publish(d.streams.all[stream].key, stream)
	if err != nil {
		return err
	}
	if t.Kind == attach.RTSP {
		source := rtsp.Source{URL: t.Media, Dial: client.Dial}
		err = source.Play(ctx, session)
	} else {
		err = restream.Pull(ctx, client, t.Media, session)
	}
	session.Close(err)
	return err
}

// newRTSP takes publishers over RTSP.
func (d *daemon) newRTSP() *rtsp.Server {
	return &rtsp.Server{
		Log: d.log.With().Str("room", "rtsp").Logger(),
		Publisher: rtsp.PublisherFunc(func(key, remote string) (rtsp.Session, error) {
			session, err := d.registry.Publish(key, remote)
			if err != nil {
				return nil, err
			}
			return session, nil
		}),
	}
}

// typedSource reads a source that was typed on the command line.
func typedSource(s config.Stream) (*url.URL, error) {
	if s.IsBareVideo() {
		return nil, errors.New("that looks like the id of a PeerTube video: give the address of its page, or name its server (--instance https://…)")
	}
	return attach.Parse(s.SourceAddress())
}

// shownSource is an address without what may be secret in it.
func shownSource(address string) string {
	u, err := attach.Parse(address)
	if err != nil {
		return "an address that can't be read"
	}
	return outbound.Redacted(u)
}

// attachments are the streams that have a source instead of a publisher.
type attachments struct {
	all map[string]*attach.Attachment
}

// attachAll prepares an attachment for each stream with a source.
func attachAll(d *daemon) (*attachments, error) {
	list := &attachments{all: map[string]*attach.Attachment{}}
	for _, name := range d.streams.names {
		settings := d.streams.all[name]
		if settings.Source == "" {
			continue
		}
		at, err := attach.Parse(settings.SourceAddress())
		if err != nil {
			return nil, fmt.Errorf("streams.%s.source: %w", name, err)
		}
		secret := attach.Secrets{Token: settings.SourceToken, Password: settings.SourcePassword}
		client, err := outbound.New(outbound.Config{
			Allow: d.config.Outbound.AllowHosts, Typed: []*url.URL{at}, Header: secret.Header(), Agent: "liverelay/" + version,
		})
		if err != nil {
			return nil, fmt.Errorf("outbound.allow_hosts: %w", err)
		}
		list.all[name] = &attach.Attachment{
			At: at, Client: client, Grace: d.config.Grace.D(),
			Secret: secret, Renditions: settings.SourceRenditions,
			Pull: func(ctx context.Context, t attach.Target) error { return d.pull(ctx, client, name, t) },
			Open: func(key func(int) []byte) (mirror.Sink, error) {
				return d.stage.mirrored(name, key, list.all[name]), nil
			},
			Log: d.log.With().Str("room", "attach").Str("stream", name).Logger(),
		}
	}
	return list, nil
}

// state is what the API says of the server that a stream is attached to.
func (a *attachments) state(stream string) *origin.Source {
	if a == nil || a.all[stream] == nil {
		return nil
	}
	s := a.all[stream].State()
	return &origin.Source{Kind: string(s.Kind), Attached: s.Attached, Fault: s.Fault}
}

// title is what the other server calls the stream.
func (a *attachments) title(stream string) string {
	if a == nil || a.all[stream] == nil {
		return ""
	}
	return a.all[stream].State().Title
}

func (a *attachments) services() []service {
	var all []service
	for name, one := range a.all {
		all = append(all, service{"attach " + name, one.Run})
	}
	return all
}

// mirrored sets up a broadcast of media that is cut already: a store for HTTP and the
// signed record for the swarm.
func (s *stage) mirrored(stream string, key func(int) []byte, poster origin.Poster) mirror.Sink {
	epoch := strings.ToLower(rand.Text())[:16]
	window := max(s.config.HLS.Window.D(), time.Minute) // segments of others are longer
	store := segmenter.NewStore(segmenter.StoreConfig{Epoch: epoch, Window: window, MaxBytes: storeBytes, NoIFrames: true})
	heads := publisher.New(publisher.Config{
		Identity: s.streams.all[stream].identity, Stream: stream, Epoch: epoch, Window: window,
		Log: s.log.With().Str("stream", stream).Str("broadcast", epoch).Logger(),
	})
	if !s.enter() {
		return &mirrorSink{end: func() {}}
	}
	s.catalog.Begin(origin.Live{Stream: stream, Epoch: epoch, Started: time.Now(), Media: store, Heads: heads, Key: key, Poster: poster})
	return &mirrorSink{[]segmenter.Sink{store.Sink(), heads}, func() {
		s.catalog.End(stream, epoch)
		s.tracker.Drop(stream, epoch)
		s.running.Done()
	}}
}

var errSnippet = errors.New("the address of the page is not known: set http.public_url")

// snippet prints what an administrator pastes.
func snippet(out io.Writer, c config.Config, name string) error {
	base := strings.TrimSuffix(c.HTTP.PublicURL, "/")
	if base == "" {
		return usageError{errSnippet}
	}
	listen := reachable(c.HTTP.Address)
	_, err := fmt.Fprintf(out, `<!-- the player, on any page -->
<script type="module" src="%[1]s/player.js"></script>
<live-relay src="%[1]s/live/%[2]s"></live-relay>

<!-- or, where scripts of others are not allowed -->
<iframe src="%[1]s/embed/%[2]s" width="640" height="360" allow="autoplay; fullscreen; picture-in-picture" style="border:0"></iframe>

# nginx, in front of liverelay at %[3]s (then set http.trusted_proxies: [127.0.0.1])
location / {
    proxy_pass http://%[3]s;
    proxy_http_version 1.1;
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    proxy_buffering off;
    proxy_read_timeout 1h;
}
# beside it, in http { }:
map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
`, base, name, listen)
	return err
}

// mirrorSink hands a mirrored broadcast to all who need it.
type mirrorSink struct {
	sinks []segmenter.Sink
	end   func()
}

func (m *mirrorSink) Begin(renditions []media.Rendition, timing media.Timing) {
	for _, s := range m.sinks {
		s.Begin(renditions, timing)
	}
}

func (m *mirrorSink) Init(i media.Init) {
	for _, s := range m.sinks {
		s.Init(i)
	}
}

func (m *mirrorSink) Part(p *media.Part) {
	for _, s := range m.sinks {
		s.Part(p)
	}
}

func (m *mirrorSink) End() {
	for _, s := range m.sinks {
		s.End()
	}
	m.end()
}
