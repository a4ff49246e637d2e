package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/liverelay/liverelay/broadcast"
	"github.com/liverelay/liverelay/config"
	"github.com/liverelay/liverelay/origin"
	"github.com/liverelay/liverelay/vault"
)

// stream is a configured stream with its secrets.
type stream struct {
	config.Stream
	key string
	// keyFile is the file of a key that was made here, else empty.
	keyFile  string
	identity ed25519.PrivateKey
}

// streams are all streams of the configuration, or the one called main. It is
// the origin's view of them.
type streams struct {
	config   config.Config
	names    []string
	all      map[string]stream
	registry *broadcast.Registry
	forwards forwards
	sources  *attachments
}

var _ origin.Streams = (*streams)(nil)

// defaultStream is there when the configuration has none.
const defaultStream = "main"

func openStreams(c config.Config, v *vault.Vault) (*streams, error) {
	s := &streams{config: c, all: map[string]stream{}}
	if len(c.Streams) == 0 {
		key, file, _, err := v.StreamKey(defaultStream)
		if err != nil {
			return nil, err
		}
		s.all[defaultStream] = stream{Stream: config.Stream{Title: defaultStream}, key: key, keyFile: file}
	}
	for name, settings := range c.Streams {
		one := stream{Stream: settings, key: settings.Key}
		if settings.Source != "" {
			one.key = rand.Text() // for what is played from there; nobody else learns of it
		}
		s.all[name] = one
	}
	for name, one := range s.all {
		identity, err := v.Identity(name)
		if err != nil {
			return nil, fmt.Errorf("stream %s: %w", name, err)
		}
		one.identity = identity
		s.all[name] = one
		s.names = append(s.names, name)
	}
	slices.Sort(s.names)
	return s, nil
}

func (s *streams) forRegistry() []broadcast.Stream {
	var list []broadcast.Stream
	for _, name := range s.names {
		list = append(list, broadcast.Stream{Name: name, Key: s.all[name].key})
	}
	return list
}

// Stream implements origin.Streams.
func (s *streams) Stream(name string) (origin.Stream, bool) {
	one, found := s.all[name]
	if !found {
		return origin.Stream{}, false
	}
	return s.describe(name, one), true
}

// Streams implements origin.Streams.
func (s *streams) Streams() []origin.Stream {
	list := make([]origin.Stream, 0, len(s.names))
	for _, name := range s.names {
		list = append(list, s.describe(name, s.all[name]))
	}
	return list
}

func (s *streams) describe(name string, one stream) origin.Stream {
	p2p := s.config.P2POf(name)
	if one.Title == "" {
		one.Title = s.sources.title(name)
	}
	return origin.Stream{
		Name: name, Title: one.Title, Description: one.Description, Listed: one.IsListed(),
		PublicKey: one.identity.Public().(ed25519.PublicKey),
		P2P:       origin.P2P{Mode: p2p.Mode, MinAudience: p2p.MinAudience, MaxUpload: int64(p2p.MaxUpload)},
		Warnings:  s.warnings(name),
		Forwards:  s.forwards.health(name),
		Source:    s.sources.state(name),
	}
}

func (s *streams) warnings(name string) []string {
	if s.registry == nil {
		return nil
	}
	for _, state := range s.registry.Streams() {
		if state.Name == name {
			return state.Warnings
		}
	}
	return nil
}
