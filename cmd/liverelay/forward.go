package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/liverelay/liverelay/broadcast"
	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/origin"
	"github.com/liverelay/liverelay/sidecar/attach"
	"github.com/liverelay/liverelay/sidecar/outbound"
	"github.com/liverelay/liverelay/sidecar/restream"
)

// forwards are the places that streams are sent on to, by stream.
type forwards map[string][]*restream.Target

// openForwards prepares the targets of all streams. No error has an address in it: it
// holds the other server's key.
func openForwards(d *daemon) (forwards, error) {
	all := forwards{}
	for _, name := range d.streams.names {
		for i, text := range d.streams.all[name].Forward {
			at := fmt.Sprintf("streams.%s.forward[%d]", name, i)
			address, err := attach.Parse(text)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", at, err)
			}
			client, err := outbound.New(outbound.Config{Allow: d.config.Outbound.AllowHosts, Typed: []*url.URL{address}})
			if err != nil {
				return nil, fmt.Errorf("outbound.allow_hosts: %w", err)
			}
			to, err := restream.NewTarget(address, client, d.log.With().Str("room", "forward").Str("stream", name).Logger())
			if err != nil {
				return nil, fmt.Errorf("%s: %w", at, err)
			}
			all[name] = append(all[name], to)
		}
	}
	return all, nil
}

// health is what the API says of a stream's targets, in the order of the configuration.
func (f forwards) health(stream string) []origin.Forward {
	var list []origin.Forward
	for _, t := range f[stream] {
		h := t.Health()
		list = append(list, origin.Forward{
			State: string(h.Phase), Sent: h.Sent, Dropped: h.Dropped, Failures: h.Failures, Fault: h.Fault,
		})
	}
	return list
}

// join lets a broadcast's units go to its targets too. Nothing that a target does holds
// up the reader.
func (f forwards) join(ctx context.Context, stream string, first broadcast.Reader) broadcast.Reader {
	if len(f[stream]) == 0 {
		return first
	}
	all := &fan{first: first}
	for _, t := range f[stream] {
		all.feeds = append(all.feeds, t.Start(ctx))
	}
	return all
}

// fan hands a broadcast to its reader and to the feeds of its targets.
type fan struct {
	first broadcast.Reader
	feeds []*restream.Feed
}

func (f *fan) Track(t media.Track) {
	for _, one := range f.feeds {
		one.Track(t)
	}
	f.first.Track(t)
}

func (f *fan) Unit(u media.Unit) {
	for _, one := range f.feeds {
		one.Unit(u)
	}
	f.first.Unit(u)
}

// Away and Back are not for the targets: for them the picture stands still meanwhile.
func (f *fan) Away(at time.Time) { f.first.Away(at) }
func (f *fan) Back(at time.Time) { f.first.Back(at) }

func (f *fan) End(reason error) {
	for _, one := range f.feeds {
		one.End(reason)
	}
	f.first.End(reason)
}
