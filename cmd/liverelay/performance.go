package main

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/liverelay/liverelay/broadcast"
	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/origin"
	"github.com/liverelay/liverelay/segmenter"
)

// performance is a broadcast's reader: it is cut, and all who have to do with it are
// told how it goes.
type performance struct {
	*segmenter.Pipeline
	info      broadcast.Info
	catalog   *origin.Catalog
	keeper    *keeper
	suspended atomic.Bool
}

var _ broadcast.Reader = (*performance)(nil)

// Away implements broadcast.Reader.
func (p *performance) Away(at time.Time) {
	p.catalog.Away(p.info.Stream, p.info.Epoch, true)
	p.Pipeline.Away(at)
}

// Back implements broadcast.Reader.
func (p *performance) Back(at time.Time) {
	p.Pipeline.Back(at)
	p.catalog.Away(p.info.Stream, p.info.Epoch, false)
}

// End implements broadcast.Reader. Of a broadcast that is only suspended, nobody hears
// that it is over.
func (p *performance) End(reason error) {
	suspended := errors.Is(reason, broadcast.ErrSuspended)
	p.suspended.Store(suspended)
	p.keeper.end(suspended)
	p.Pipeline.End(reason)
}

// curtain is a sink that hears of the end only when the broadcast is over.
type curtain struct {
	segmenter.Sink
	open *atomic.Bool
}

// End implements segmenter.Sink.
func (c *curtain) End() {
	if !c.open.Load() {
		c.Sink.End()
	}
}

// nobody is the reader of a broadcast that begins when the daemon ends.
type nobody struct{}

func (nobody) Track(media.Track) {}
func (nobody) Unit(media.Unit)   {}
func (nobody) Away(time.Time)    {}
func (nobody) Back(time.Time)    {}
func (nobody) End(error)         {}
