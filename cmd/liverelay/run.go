package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/config"
	"github.com/liverelay/liverelay/demo"
	"github.com/liverelay/liverelay/vault"
)

type runCommand struct {
	configFlags
	Demo bool `help:"Publish a moving test picture with a clock and a tone on the first stream."`
}

// Run starts the daemon and returns when it was told to end, or failed.
func (c runCommand) Run(ctx context.Context, out io.Writer) error {
	loaded, err := c.load()
	if err != nil {
		return err
	}
	if c.Demo && loaded.RTMP.Address == "" {
		return usageError{errors.New("--demo publishes over RTMP, and rtmp.address is empty")}
	}
	return serve(ctx, out, loaded, c.Demo)
}

// serve runs the daemon.
func serve(ctx context.Context, out io.Writer, loaded config.Config, withDemo bool) error {
	log := newLogger(loaded.Log, os.Stderr)
	for _, warning := range loaded.Warnings() {
		log.Warn().Msg(warning)
	}
	store, err := vault.Open(loaded.Data)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	house, err := build(loaded, store, log)
	if err != nil {
		return err
	}
	house.stage.archive.resume(time.Now())
	if err := house.open(ctx); err != nil {
		house.stage.close()
		return err
	}
	services := house.services()
	if withDemo {
		services = append(services, house.demo())
	}
	house.greet(out)
	return together(ctx, services)
}

// newLogger writes as the configuration says; times are UTC.
func newLogger(settings config.Log, out io.Writer) zerolog.Logger {
	level, err := zerolog.ParseLevel(settings.Level)
	if err != nil {
		level = zerolog.InfoLevel
	}
	if settings.Format == "console" {
		out = zerolog.ConsoleWriter{Out: out, TimeFormat: time.TimeOnly, NoColor: !isTerminal(out)}
	}
	return zerolog.New(out).Level(level).With().Timestamp().Logger()
}

func isTerminal(stream any) bool {
	file, isFile := stream.(*os.File)
	if !isFile {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// service is a part of the daemon that runs until its context ends.
type service struct {
	name string
	run  func(context.Context) error
}

// together runs all services. When one fails, or ctx ends, all end; it returns
// when they have, with the first fault.
func together(ctx context.Context, services []service) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, len(services))
	for _, s := range services {
		go func() {
			err := s.run(ctx)
			if err != nil && !errors.Is(err, context.Canceled) {
				err = fmt.Errorf("%s: %w", s.name, err)
			}
			ended <- err
		}()
	}
	var first error
	for range services {
		err := <-ended
		if err != nil && first == nil && !errors.Is(err, context.Canceled) {
			first = err
			stop()
		}
	}
	return first
}

// demo publishes the test picture on the first stream, over RTMP like anybody
// else.
func (d *daemon) demo() service {
	return service{"demo", func(ctx context.Context) error {
		return demo.Run(ctx, demo.Options{
			URL:       d.pushURL(d.streams.names[0]),
			ClockCode: true,
			Log:       d.log.With().Str("room", "demo").Logger(),
		})
	}}
}
