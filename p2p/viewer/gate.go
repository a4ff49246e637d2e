package viewer

import (
	"context"
	"errors"
	"sync"
)

// errShut: the way to the tracker is cut.
var errShut = errors.New("the way to the tracker is cut")

// gate is the way to the tracker of all sessions of a fleet. While it is shut nobody
// passes, and shutting it throws out who is there.
type gate struct {
	mu   sync.Mutex
	shut bool
	out  chan struct{} // closed when it is shut
}

func newGate() *gate { return &gate{out: make(chan struct{})} }

// pass gives a context that ends when the gate is shut; leave has to be called.
func (g *gate) pass(ctx context.Context) (inner context.Context, leave func(), err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return ctx, nil, errShut
	}
	inner, cancel := context.WithCancel(ctx)
	out := g.out
	stop := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		select {
		case <-out:
			cancel()
		case <-stop:
		}
	})
	return inner, func() { close(stop); group.Wait(); cancel() }, nil
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
	close(g.out)
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut, g.out = false, make(chan struct{})
}
