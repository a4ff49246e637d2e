package origin

import (
	"net/http"
	"slices"
	"time"

	"github.com/liverelay/liverelay/media"
)

type streamsAnswer struct {
	Streams []streamAnswer `json:"streams"`
}

// streamAnswer is a stream in the API. Bytes count since the daemon's start.
type streamAnswer struct {
	Name        string            `json:"name"`
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Listed      bool              `json:"listed"`
	State       string            `json:"state"`
	Epoch       string            `json:"epoch,omitempty"`
	Started     *time.Time        `json:"started,omitempty"`
	Watch       string            `json:"watch"`
	Playlist    string            `json:"playlist"`
	Renditions  []renditionAnswer `json:"renditions"`
	Viewers     int               `json:"viewers"`
	Peers       int               `json:"peers"`
	OriginBytes int64             `json:"originBytes"`
	PeerBytes   uint64            `json:"peerBytes"`
	Warnings    []string          `json:"warnings"`
	Forwards    []Forward         `json:"forwards,omitempty"`
	Source      *Source           `json:"source,omitempty"`
}

type renditionAnswer struct {
	Name             string  `json:"name"`
	Kind             string  `json:"kind"`
	Codecs           string  `json:"codecs"`
	Bandwidth        int     `json:"bandwidth"`
	AverageBandwidth int     `json:"averageBandwidth"`
	Bitrate          int     `json:"bitrate"`
	Width            int     `json:"width,omitempty"`
	Height           int     `json:"height,omitempty"`
	FPS              float64 `json:"fps,omitempty"`
	SampleRate       int     `json:"sampleRate,omitempty"`
	Channels         int     `json:"channels,omitempty"`
	// Gap: nothing of it can be had at the live edge now.
	Gap bool `json:"gap"`
}

// serveAPI answers /api/v1/streams, which names listed streams only, and
// /api/v1/streams/{stream}.
func (s *handler) serveAPI(w http.ResponseWriter, r *http.Request, at route) {
	if at.kind == kindStream {
		stream, _ := s.config.Streams.Stream(at.stream)
		s.serveJSON(w, r, s.describe(r, stream))
		return
	}
	answer := streamsAnswer{Streams: []streamAnswer{}}
	for _, stream := range s.config.Streams.Streams() {
		if stream.Listed {
			answer.Streams = append(answer.Streams, s.describe(r, stream))
		}
	}
	s.serveJSON(w, r, answer)
}

func (s *handler) describe(r *http.Request, stream Stream) streamAnswer {
	live, phase := s.config.Catalog.Current(stream.Name)
	watch := s.addresses.base(r) + "/live/" + stream.Name
	a := streamAnswer{
		Name: stream.Name, Title: stream.title(), Description: stream.Description, Listed: stream.Listed,
		State: phase.String(), Epoch: live.Epoch, Watch: watch, Playlist: watch + "/index.m3u8",
		Renditions: []renditionAnswer{}, Warnings: append([]string{}, stream.Warnings...),
		Forwards: stream.Forwards, Source: stream.Source,
	}
	if phase != Waiting {
		started := live.Started.UTC().Truncate(time.Millisecond)
		a.Started = &started
		renditions, _, _, _ := live.Media.Live()
		gaps, rates := live.Media.Gaps(), live.Media.Rates()
		for i, one := range renditions {
			described := describeRendition(one)
			if i < len(rates) {
				described.Bitrate = rates[i]
			}
			described.Gap = slices.Contains(gaps, one.Name)
			a.Renditions = append(a.Renditions, described)
		}
	}
	figures := s.figures(stream.Name)
	a.Viewers, a.OriginBytes = figures.viewers, figures.sent
	a.Peers, a.PeerBytes = figures.swarm.Peers, figures.swarm.PeerBytes
	return a
}

func describeRendition(r media.Rendition) renditionAnswer {
	return renditionAnswer{
		Name: r.Name, Kind: r.Kind.String(), Codecs: r.Codecs,
		Bandwidth: r.Bandwidth, AverageBandwidth: r.AverageBandwidth,
		Width: r.Width, Height: r.Height, FPS: r.FPS, SampleRate: r.SampleRate, Channels: r.Channels,
	}
}

// figures holds what is counted about a stream.
type figures struct {
	viewers int
	sent    int64
	swarm   Swarm
}

// figures gathers what the origin and the tracker count. Peers of the swarm have a
// feed each as a rule; those that have none are viewers all the same.
func (s *handler) figures(stream string) figures {
	var f figures
	if a := s.audiences[stream]; a != nil {
		f.viewers, f.sent = a.viewers(s.now()), a.sent.Load()
	}
	if s.config.Signalling != nil {
		f.swarm = s.config.Signalling.Swarm(stream)
	}
	f.viewers = max(f.viewers, f.swarm.Peers)
	return f
}
