package origin

import (
	"net/http"
	"sync"
	"time"
)

const (
	// pictureAge is how old a picture may be: however many look at it, the tracker
	// draws it once in that time.
	pictureAge = time.Second
	// maxPeers bounds the peers in one picture.
	maxPeers = 1000
	// shownID is how much of a peer's id is shown.
	shownID = 6
	// swarmPolicy is the Content-Security-Policy of the page that draws it.
	swarmPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// pictureAnswer is who feeds whom. Peers that are not shown are counted.
type pictureAnswer struct {
	Stream     string            `json:"stream"`
	Renditions []renditionAnswer `json:"renditions"`
	Total      int               `json:"total"`
	Peers      []peerAnswer      `json:"peers"`
}

type peerAnswer struct {
	ID          string              `json:"id"`
	Rendition   int                 `json:"rendition"`
	Cluster     int                 `json:"cluster"`
	Leaf        bool                `json:"leaf"`
	Depth       int                 `json:"depth"`
	Hops        int                 `json:"hops"`
	Holds       []int               `json:"holds"`
	Parents     [stripeCount]string `json:"parents"`
	Standbys    [stripeCount]string `json:"standbys"`
	Slots       int                 `json:"slots"`
	Used        int                 `json:"used"`
	Connections int                 `json:"connections"`
}

// pictures remembers the last picture of each stream for a moment.
type pictures struct {
	painter Painter

	mu   sync.Mutex
	last map[string]picture
}

type picture struct {
	peers []Peer
	at    time.Time
}

func newPictures(p Painter) *pictures { return &pictures{painter: p, last: map[string]picture{}} }

func (p *pictures) of(stream string, now time.Time) []Peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	last, known := p.last[stream]
	if !known || now.Sub(last.at) >= pictureAge {
		last = picture{p.painter.Picture(stream), now}
		p.last[stream] = last
	}
	return last.peers
}

// serveSwarm answers with the live picture of a swarm, or with the page that draws it.
func (s *handler) serveSwarm(w http.ResponseWriter, r *http.Request, at route) {
	if s.pictures == nil {
		s.fail(w, r, http.StatusNotFound)
		return
	}
	if at.kind == kindPicture {
		s.serveJSON(w, r, s.picture(at.stream))
		return
	}
	data := s.pages.page(r, s)
	data.Stream, _ = s.config.Streams.Stream(at.stream)
	data.Title = "Swarm of " + data.Stream.title()
	setCache(w, cacheChecked)
	w.Header().Set("Content-Security-Policy", swarmPolicy)
	s.pages.render(w, r, s, http.StatusOK, "swarm.html", data)
}

func (s *handler) picture(stream string) pictureAnswer {
	peers := s.pictures.of(stream, s.now())
	a := pictureAnswer{Stream: stream, Renditions: []renditionAnswer{}, Total: len(peers), Peers: []peerAnswer{}}
	if live, phase := s.config.Catalog.Current(stream); phase != Waiting {
		renditions, _, _, _ := live.Media.Live()
		for _, one := range renditions {
			a.Renditions = append(a.Renditions, describeRendition(one))
		}
	}
	for _, p := range peers[:min(len(peers), maxPeers)] {
		shown := peerAnswer{
			ID: short(p.ID), Rendition: p.Rendition, Cluster: p.Cluster, Leaf: p.Leaf, Depth: p.Depth, Hops: p.Hops,
			Holds: append([]int{}, p.Holds...), Slots: p.Slots, Used: p.Used, Connections: p.Connections,
		}
		for i := range p.Parents {
			shown.Parents[i], shown.Standbys[i] = short(p.Parents[i]), short(p.Standbys[i])
		}
		a.Peers = append(a.Peers, shown)
	}
	return a
}

func short(id string) string { return id[:min(len(id), shownID)] }
