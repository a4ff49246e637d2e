package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	// ahead is how much further the sound is than the picture, so that no picture
	// waits in ffmpeg's muxer for the sound beside it.
	ahead = 150 * time.Millisecond
	// lost is how far the pictures may fall behind before all begins anew.
	lost = 2 * time.Second
)

// show connects and publishes until something ends, and says what.
func show(ctx context.Context, o Options, server, key string) error {
	p, err := connect(ctx, server, key)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	e, err := startEncoder(ctx, o)
	if err != nil {
		p.close()
		return err
	}
	o.Log.Debug().Int("pid", e.cmd.Process.Pid).Msg("the demo began")
	tasks := []func() error{
		func() error { return paint(ctx, o, e) },
		func() error { return forward(e, p) },
		p.drain,
	}
	ended := make(chan error, len(tasks))
	for _, task := range tasks {
		go func() { ended <- task() }()
	}
	// The first task to end, or ctx, takes the others along.
	left := len(tasks)
	select {
	case <-ctx.Done():
		err = ctx.Err()
	case err = <-ended:
		left--
	}
	cancel(err)
	p.close()
	for range left {
		<-ended
	}
	if werr := e.wait(); err == nil || errors.Is(err, io.EOF) {
		err = werr
	}
	return err
}

// forward sends what ffmpeg makes. It ends with io.EOF when ffmpeg does.
func forward(e *encoder, p *publisher) error {
	for {
		tag, err := e.out.Next()
		if err != nil {
			return fmt.Errorf("read ffmpeg's output: %w", err)
		}
		if err := p.write(tag); err != nil {
			return err
		}
	}
}

// paint feeds ffmpeg with pictures and sound in real time.
func paint(ctx context.Context, o Options, e *encoder) error {
	defer e.picture.Close() //nolint:errcheck // ffmpeg sees the end
	defer e.sound.Close()   //nolint:errcheck // likewise
	painter := NewPainter(o.Width, o.Height, o.ClockCode)
	begin := time.Now()
	sound := tone{begin: begin}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := 0; ; n++ {
		due := begin.Add(time.Duration(n) * time.Second / time.Duration(o.FPS))
		timer.Reset(time.Until(due))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		now := time.Now()
		if now.Sub(due) > lost {
			return fmt.Errorf("pictures are %s late: the machine is too busy", now.Sub(due).Round(time.Millisecond))
		}
		if _, err := e.sound.Write(sound.until(due.Add(ahead))); err != nil {
			return fmt.Errorf("write sound: %w", err)
		}
		if _, err := e.picture.Write(painter.Paint(now)); err != nil {
			return fmt.Errorf("write picture: %w", err)
		}
	}
}
