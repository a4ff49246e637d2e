package segmenter

import "github.com/liverelay/liverelay/media"

// withoutSource is a sink that hands on all renditions but the first, which is the
// source: its pictures still drive the segment clock and feed the encoder.
type withoutSource struct{ sinks []Sink }

var _ Sink = withoutSource{}

// Begin implements Sink.
func (w withoutSource) Begin(renditions []media.Rendition, timing media.Timing) {
	rest := append([]media.Rendition(nil), renditions[1:]...)
	for i := range rest {
		rest[i].Index = i
	}
	for _, s := range w.sinks {
		s.Begin(rest, timing)
	}
}

// Init implements Sink.
func (w withoutSource) Init(i media.Init) {
	if i.Rendition == 0 {
		return
	}
	i.Rendition--
	for _, s := range w.sinks {
		s.Init(i)
	}
}

// Part implements Sink.
func (w withoutSource) Part(p *media.Part) {
	if p.Rendition == 0 {
		return
	}
	shown := *p
	shown.Rendition--
	for _, s := range w.sinks {
		s.Part(&shown)
	}
}

// End implements Sink.
func (w withoutSource) End() {
	for _, s := range w.sinks {
		s.End()
	}
}
