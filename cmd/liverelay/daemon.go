package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/broadcast"
	"github.com/liverelay/liverelay/config"
	"github.com/liverelay/liverelay/ingest/rtmp"
	"github.com/liverelay/liverelay/origin"
	"github.com/liverelay/liverelay/segmenter/poster"
	"github.com/liverelay/liverelay/tracker"
	"github.com/liverelay/liverelay/tracker/admission"
	"github.com/liverelay/liverelay/tracker/stun"
	"github.com/liverelay/liverelay/vault"
)

// daemon is the house, put together and not yet running.
type daemon struct {
	config   config.Config
	log      zerolog.Logger
	streams  *streams
	registry *broadcast.Registry
	stage    *stage
	rtmp     *rtmp.Server
	origin   *origin.Server
	tracker  *tracker.Tracker
	sources  *attachments
	doors    doors
}

// build puts the rooms together; nothing listens yet.
func build(c config.Config, v *vault.Vault, log zerolog.Logger) (*daemon, error) {
	d := &daemon{config: c, log: log}
	var err error
	if d.streams, err = openStreams(c, v); err != nil {
		return nil, err
	}
	office, err := openOffice(v)
	if err != nil {
		return nil, err
	}
	catalog := origin.NewCatalog(nil)
	if d.origin, err = newOrigin(d, catalog, office); err != nil {
		return nil, err
	}
	d.tracker = newTracker(d, catalog, office)
	d.origin.Signalling = signalling{d.tracker}
	if c.Tracker.Picture {
		d.origin.Painter = painter{d.tracker}
	}
	if err = d.setStage(catalog, v); err != nil {
		return nil, err
	}
	d.origin.Permit = func(key, address string) bool { return d.registry.Knows(key, address) == nil }
	if d.rtmp, err = d.newRTMP(); err != nil {
		return nil, err
	}
	if d.sources, err = attachAll(d); err != nil {
		return nil, err
	}
	if d.stage.forwards, err = openForwards(d); err != nil {
		return nil, err
	}
	d.streams.sources, d.streams.forwards = d.sources, d.stage.forwards
	return d, nil
}

func newOrigin(d *daemon, catalog *origin.Catalog, office *admission.Office) (*origin.Server, error) {
	c := d.config
	trusted, err := proxies(c.HTTP.TrustedProxies)
	if err != nil {
		return nil, err
	}
	return &origin.Server{
		Address: c.HTTP.Address, MetricsAddress: c.Metrics.Address,
		CertFile: c.TLS.Cert, KeyFile: c.TLS.Key,
		PublicURL: c.HTTP.PublicURL, TrustedProxies: trusted,
		PlayerFolder: filepath.Join(c.Data, "players"), MaxEgress: int64(c.Origin.MaxEgress),
		Version: version, STUNPort: portOf(c.STUN.Address),
		Streams: d.streams, Catalog: catalog, Admission: office,
		Log: d.log.With().Str("room", "origin").Logger(),
	}, nil
}

// setStage makes the registry and the stage for its broadcasts, which know each other.
func (d *daemon) setStage(catalog *origin.Catalog, v *vault.Vault) error {
	grace := d.config.Grace.D()
	coder, err := findEncoder(d.config, d.log)
	if err != nil {
		return err
	}
	d.stage = &stage{
		config: d.config, streams: d.streams, catalog: catalog, tracker: d.tracker,
		ladder: coder, ffmpeg: poster.Find(), log: d.log, over: make(chan struct{}),
		archive: &archive{vault: v, grace: grace, log: d.log, past: map[string]*record{}},
	}
	d.stage.ctx, d.stage.stop = context.WithCancel(context.Background())
	d.registry = broadcast.New(d.streams.forRegistry(), d.stage,
		d.log.With().Str("room", "broadcast").Logger(), broadcast.WithGrace(grace))
	d.streams.registry, d.stage.archive.registry = d.registry, d.registry
	return nil
}

func openOffice(v *vault.Vault) (*admission.Office, error) {
	secret, err := v.Secret("tracker")
	if err != nil {
		return nil, err
	}
	return admission.New(secret, 0)
}

func (d *daemon) newRTMP() (*rtmp.Server, error) {
	server := &rtmp.Server{
		Address:   d.config.RTMP.Address,
		Publisher: publisherOf(d.registry),
		Log:       d.log.With().Str("room", "rtmp").Logger(),
	}
	if d.config.TLS.Cert != "" {
		secure, err := origin.LoadTLS(d.config.TLS.Cert, d.config.TLS.Key, d.log)
		if err != nil {
			return nil, fmt.Errorf("load the certificate (tls.cert, tls.key): %w", err)
		}
		server.TLS = secure
	}
	return server, nil
}

func publisherOf(registry *broadcast.Registry) rtmp.Publisher {
	return rtmp.PublisherFunc(func(key, remote string) (rtmp.Session, error) {
		session, err := registry.Publish(key, remote)
		if err != nil {
			return nil, err
		}
		return session, nil
	})
}

// services returns everything that runs, on the doors that open has opened.
func (d *daemon) services() []service {
	all := []service{
		{"broadcasts", d.stage.run},
		{"http", d.stage.outlived(d.origin.Run)},
		{"tracker", d.stage.outlived(d.tracker.Run)},
		{"registry", func(ctx context.Context) error {
			d.registry.Run(ctx)
			return nil
		}},
	}
	if d.doors.rtmp != nil {
		all = append(all, service{"rtmp", func(ctx context.Context) error { return d.rtmp.Serve(ctx, d.doors.rtmp) }})
	}
	if d.doors.rtsp != nil {
		all = append(all, service{"rtsp", func(ctx context.Context) error { return d.newRTSP().Serve(ctx, d.doors.rtsp) }})
	}
	if d.doors.stun != nil {
		all = append(all, service{"stun", func(ctx context.Context) error { return stun.Serve(ctx, d.doors.stun, stun.Config{}) }})
	}
	return append(all, d.sources.services()...)
}

func proxies(values []string) ([]netip.Prefix, error) {
	var trusted []netip.Prefix
	for _, value := range values {
		if one, err := netip.ParseAddr(value); err == nil {
			trusted = append(trusted, netip.PrefixFrom(one, one.BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(value)
		if err != nil {
			return nil, fmt.Errorf("http.trusted_proxies: %w", err)
		}
		trusted = append(trusted, network)
	}
	return trusted, nil
}

// portOf returns the port of a listening address; 0 for none.
func portOf(address string) int {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return 0
	}
	return number
}

// farewell is how long broadcasts may take to hand out their last parts when the
// daemon ends.
const farewell = 3 * time.Second

// lastWords is how long viewers' connections outlive the last broadcast, so that its
// signed end reaches them: players then wait for the next one.
const lastWords = 250 * time.Millisecond
