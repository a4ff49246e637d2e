package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
)

// ErrNoFFmpeg says that there is nothing to encode the demo with.
var ErrNoFFmpeg = errors.New("the demo needs ffmpeg")

// Options configure Run. Only URL has no default.
type Options struct {
	// URL is rtmp://host:port/application/key. The key never leaves this process
	// but through the RTMP connection.
	URL string
	// Width and Height are the picture's size, even numbers from 160x90 to
	// 1920x1080; the default is 640x360.
	Width, Height int
	// FPS is the frame rate, 5 to 60; the default is 30.
	FPS int
	// Bitrate is that of the picture in bit/s; the default is 1.5 Mbit/s for
	// 640x360 and as much by area for other sizes.
	Bitrate int
	// ClockCode paints a machine-readable clock along the top edge; see the
	// package's documentation.
	ClockCode bool
	// Log says what goes wrong.
	Log zerolog.Logger
}

func (o Options) withDefaults() (Options, error) {
	if o.Width == 0 && o.Height == 0 {
		o.Width, o.Height = 640, 360
	}
	if o.FPS == 0 {
		o.FPS = 30
	}
	if o.Width < 160 || o.Width > 1920 || o.Height < 90 || o.Height > 1080 || o.Width%2+o.Height%2 > 0 {
		return o, fmt.Errorf("the demo's picture can't be %dx%d: even numbers from 160x90 to 1920x1080", o.Width, o.Height)
	}
	if o.FPS < 5 || o.FPS > 60 {
		return o, fmt.Errorf("the demo's frame rate can't be %d: 5 to 60", o.FPS)
	}
	if o.Bitrate <= 0 {
		o.Bitrate = 1_500_000 * o.Width * o.Height / (640 * 360)
	}
	return o, nil
}

const (
	retryFirst, retryMost = 250 * time.Millisecond, 5 * time.Second
	// steady is how long a run must have been for the next failure to be a first one.
	steady = 10 * time.Second
)

// Run publishes the test picture until ctx ends, and begins anew whenever ffmpeg
// or the connection fails. It returns ctx's error, ErrNoFFmpeg, or what is wrong
// with the options.
func Run(ctx context.Context, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	server, key, err := splitURL(o.URL)
	if err != nil {
		return err
	}
	pause := retryFirst
	for {
		began := time.Now()
		err := show(ctx, o, server, key)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, ErrNoFFmpeg) {
			return err
		}
		if time.Since(began) > steady {
			pause = retryFirst
		}
		o.Log.Warn().Err(redact(err, key)).Dur("retry_in", pause).Msg("the demo stopped")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, retryMost)
	}
}
