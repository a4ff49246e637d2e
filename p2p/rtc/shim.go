package rtc

import (
	"math/rand/v2"
	"sync"
	"time"
)

// shim delays messages, in order, to stand for a longer way than a machine's own.
type shim struct {
	options Options
	write   func([]byte) bool
	queue   chan delayed
	quit    chan struct{}
	group   sync.WaitGroup
	once    sync.Once
}

type delayed struct {
	due   time.Time
	bytes []byte
}

func newShim(options Options, write func([]byte) bool) *shim {
	s := &shim{options: options, write: write, queue: make(chan delayed, 1024), quit: make(chan struct{})}
	s.group.Go(s.run)
	return s
}

// push queues a message; it reports false when too many wait.
func (s *shim) push(b []byte) bool {
	delay := s.options.Delay
	if rand.Float64() < s.options.Loss {
		delay *= 3
	}
	select {
	case s.queue <- delayed{time.Now().Add(delay), b}:
		return true
	default:
		return false
	}
}

func (s *shim) run() {
	for {
		select {
		case <-s.quit:
			return
		case d := <-s.queue:
			wait := time.NewTimer(time.Until(d.due))
			select {
			case <-s.quit:
				wait.Stop()
				return
			case <-wait.C:
			}
			s.write(d.bytes)
		}
	}
}

func (s *shim) stop() {
	s.once.Do(func() { close(s.quit) })
	s.group.Wait()
}
