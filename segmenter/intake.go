package segmenter

import "github.com/liverelay/liverelay/media"

// intake is a Store as the pipeline sees it.
type intake Store

var _ Sink = (*intake)(nil)

// Sink returns the store's intake.
func (s *Store) Sink() Sink { return (*intake)(s) }

// Begin implements Sink.
func (s *intake) Begin(renditions []media.Rendition, timing media.Timing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = s.cfg.Now()
	s.renditions, s.timing = renditions, timing
	for _, r := range renditions {
		s.shelves = append(s.shelves, newShelf(r))
	}
}

// Init implements Sink.
func (s *intake) Init(i media.Init) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.shelves[i.Rendition]
	for len(sh.inits) <= i.Number {
		sh.inits = append(sh.inits, nil)
	}
	sh.inits[i.Number] = i.Data
}

// Part implements Sink.
func (s *intake) Part(p *media.Part) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.shelves[p.Rendition]
	sh.put(p)
	s.bytes += int64(len(p.Data))
	sh.slide(s.cfg.Window)
	s.bytes -= sh.evict(s.cfg.Window + 4*s.timing.TargetDuration)
	(*Store)(s).shrink()
	s.version++
	sh.wake()
}

// End implements Sink.
func (s *intake) End() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.version++
	for _, sh := range s.shelves {
		sh.finish()
		sh.wake()
	}
}
