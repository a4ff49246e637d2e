package ladder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/media/flv"
)

// picture is what the writer turns into one FLV tag: a source picture under its
// labels, or the decoder configuration.
type picture struct {
	config   []byte
	unit     media.Unit
	dts, pts time.Duration
}

// event is one thing that a run gave.
type event struct {
	rung int
	tag  flv.VideoTag
	// pts is the label of the picture in tag.
	pts time.Duration
	// err says that the rung's output is broken.
	err error
	// over: ffmpeg has ended; err says how. It is the last event.
	over bool
}

// run is one run of ffmpeg. Its goroutines (a writer, a reader for each rung, one
// for stderr, one that waits) end when ffmpeg does, or when kill is called.
type run struct {
	cmd    *exec.Cmd
	events chan event
	queue  chan picture
	// dead is closed by kill: nobody takes events any more.
	dead     chan struct{}
	finished bool
	stderr   *complaints
	// ours are the daemon's ends of the pipes.
	ours  []*os.File
	over  chan struct{}
	tasks sync.WaitGroup
}

// startRun starts ffmpeg with an output pipe for each rung.
func startRun(ctx context.Context, path string, args []string, rungs, queue int, log zerolog.Logger) (*run, error) {
	r := &run{
		events: make(chan event, 64), queue: make(chan picture, queue+1),
		dead: make(chan struct{}), over: make(chan struct{}), stderr: newComplaints(log),
	}
	r.cmd = exec.CommandContext(ctx, path, args...)
	r.cmd.Env = environment()
	ownGroup(r.cmd)
	r.cmd.Cancel = func() error { killGroup(r.cmd.Process); return nil }
	if err := r.start(rungs); err != nil {
		return nil, fmt.Errorf("start ffmpeg: %w", err)
	}
	return r, nil
}

// start makes the pipes, starts the process and the goroutines around it.
func (r *run) start(rungs int) error {
	var theirs []*os.File
	defer func() { closeAll(theirs) }()
	pipe := func(inward bool) (*os.File, error) {
		read, write, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		if inward {
			read, write = write, read
		}
		r.ours, theirs = append(r.ours, read), append(theirs, write)
		return write, nil
	}
	var err error
	for i := 0; err == nil && i < rungs+2; i++ {
		var f *os.File
		f, err = pipe(i == 0)
		switch {
		case err != nil:
		case i == 0:
			r.cmd.Stdin = f
		case i == 1:
			r.cmd.Stderr = f
		default:
			r.cmd.ExtraFiles = append(r.cmd.ExtraFiles, f)
		}
	}
	if err == nil {
		err = r.cmd.Start()
	}
	if err != nil {
		closeAll(r.ours)
		return err
	}
	r.tasks.Go(func() { r.write(r.ours[0]) })
	r.tasks.Go(func() { r.stderr.read(r.ours[1]) })
	for i, f := range r.ours[2:] {
		r.tasks.Go(func() { r.read(i, f) })
	}
	go r.wait()
	return nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// feed queues a picture. It returns false when the queue is full.
func (r *run) feed(p picture) bool {
	select {
	case r.queue <- p:
		return true
	default:
		return false
	}
}

// finish ends ffmpeg's input behind what is queued.
func (r *run) finish() {
	if !r.finished {
		r.finished = true
		close(r.queue)
	}
}

// write turns the queue into FLV on ffmpeg's standard input. It ends when the
// queue does, or with ffmpeg.
func (r *run) write(f *os.File) {
	defer f.Close() //nolint:errcheck // ffmpeg's end of it is gone, or is told so by this
	w := flv.NewWriter(f, true, false)
	var body []byte
	for {
		var p picture
		var ok bool
		select {
		case <-r.dead:
			return
		case p, ok = <-r.queue:
			if !ok {
				return
			}
		}
		t := flv.VideoTag{Codec: media.H264, Type: flv.Config, Keyframe: true, Data: p.config}
		if p.config == nil {
			t = flv.VideoTag{
				Codec: media.H264, Type: flv.Frames, Keyframe: p.unit.Keyframe,
				CompositionTime: p.pts - p.dts, Data: p.unit.Data,
			}
		}
		body = flv.AppendVideo(body[:0], t)
		if w.Write(flv.Tag{Type: flv.TypeVideo, Timestamp: p.dts, Data: body}) != nil {
			return
		}
	}
}

// read turns a rung's FLV into events. It goes on taking bytes after garbage, so
// that no pipe is left full.
func (r *run) read(rung int, f *os.File) {
	defer f.Close() //nolint:errcheck // only read from
	in := flv.NewReader(f)
	for {
		e, err := next(in)
		if errors.Is(err, io.EOF) {
			return
		}
		e.rung, e.err = rung, err
		select {
		case r.events <- e:
		case <-r.dead:
			return
		}
		if err != nil {
			_, _ = io.Copy(io.Discard, f)
			return
		}
	}
}

// next returns the next video tag.
func next(in *flv.Reader) (event, error) {
	for {
		tag, err := in.Next()
		if err != nil {
			return event{}, err
		}
		if tag.Type != flv.TypeVideo {
			continue
		}
		v, err := flv.ParseVideo(tag.Data)
		if err != nil {
			return event{}, err
		}
		return event{tag: v, pts: tag.Timestamp + v.CompositionTime}, nil
	}
}

// wait collects the process and sends the last event.
func (r *run) wait() {
	defer close(r.over)
	err := r.cmd.Wait()
	r.tasks.Wait()
	if err == nil {
		err = errors.New("with exit status 0")
	}
	if last := r.stderr.last(); last != "" {
		err = fmt.Errorf("%w: %s", err, last)
	}
	select {
	case r.events <- event{over: true, err: err}:
	case <-r.dead:
	}
}

// kill ends ffmpeg and its children at once, and waits for the end, though not
// for ever. It may be called after ffmpeg ended.
func (r *run) kill() {
	select {
	case <-r.over:
		return
	default:
	}
	close(r.dead)
	killGroup(r.cmd.Process)
	closeAll(r.ours)
	select {
	case <-r.over:
	case <-time.After(2 * time.Second):
		r.stderr.log.Error().Int("pid", r.cmd.Process.Pid).Msg("ffmpeg does not end though it was killed")
	}
}
