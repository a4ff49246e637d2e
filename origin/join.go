package origin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/liverelay/liverelay/origin/egress"
)

// joinHold is how long join?wait=1 is held at most (docs/protocol.md §7).
const joinHold = 25 * time.Second

// joinSize is about what an answer takes, in bytes: when a broadcast begins, all who
// wait for it are answered at once.
const joinSize = 2048

// joinAnswer is what a viewer needs to begin (docs/protocol.md §7). URLs are
// relative to the answer's own.
type joinAnswer struct {
	Stream     string      `json:"stream"`
	Title      string      `json:"title"`
	State      string      `json:"state"`
	Epoch      string      `json:"epoch"`
	Base       string      `json:"base"`
	Playlist   string      `json:"playlist"`
	Manifest   string      `json:"manifest"`
	PublicKey  string      `json:"publicKey"`
	Tracker    string      `json:"tracker"`
	Token      string      `json:"token"`
	ICEServers []iceServer `json:"iceServers"`
	P2P        p2pAnswer   `json:"p2p"`
	Now        int64       `json:"now"`
	Version    string      `json:"version"`
}

// iceServer is an RTCIceServer (WebRTC §4.2.4).
type iceServer struct {
	URLs []string `json:"urls"`
}

type p2pAnswer struct {
	Mode        string `json:"mode"`
	MinAudience int    `json:"minAudience"`
	MaxUpload   int64  `json:"maxUpload"`
}

// serveJoin answers join, at once or, with wait=1, when a broadcast other than
// after is live.
func (s *handler) serveJoin(w *response, r *http.Request, at route) {
	values, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		s.fail(w, r, http.StatusBadRequest)
		return
	}
	live, phase := s.config.Catalog.Current(at.stream)
	if values.Get("wait") == "1" {
		ctx, cancel := context.WithTimeout(r.Context(), joinHold)
		defer cancel()
		release := s.metrics.hold(kindJoin)
		after := values.Get("after")
		live, phase = s.config.Catalog.wait(ctx, at.stream, func(l Live, p Phase) bool {
			return p.Runs() && l.Epoch != after
		})
		release()
	}
	done, ok := s.open(w, r, egress.Join, joinSize)
	if !ok {
		return
	}
	defer done()
	stream, _ := s.config.Streams.Stream(at.stream)
	s.serveJSON(w, r, s.join(r, stream, live, phase))
}

func (s *handler) join(r *http.Request, stream Stream, live Live, phase Phase) joinAnswer {
	now := s.now()
	a := joinAnswer{
		Stream: stream.Name, Title: stream.title(), State: phase.String(),
		PublicKey:  base64.RawURLEncoding.EncodeToString(stream.PublicKey),
		ICEServers: []iceServer{},
		P2P:        p2pAnswer{Mode: stream.P2P.Mode, MinAudience: stream.P2P.MinAudience, MaxUpload: stream.P2P.MaxUpload},
		Now:        now.UnixMilli(), Version: s.config.Version,
	}
	if phase != Waiting {
		a.Epoch, a.Base, a.Playlist = live.Epoch, live.Epoch+"/", "index.m3u8"
		a.Manifest = base64.StdEncoding.EncodeToString(live.manifest())
	}
	if s.config.Signalling == nil || stream.P2P.Mode == "none" {
		a.P2P.Mode = "none"
		return a
	}
	a.Tracker = "../../tracker"
	if s.config.Admission != nil {
		a.Token = s.config.Admission.Mint(stream.Name, s.addresses.site(r), now)
	}
	if s.config.STUNPort != 0 {
		address := joinHostPort(s.addresses.hostname(r), s.config.STUNPort)
		a.ICEServers = []iceServer{{URLs: []string{"stun:" + address}}}
	}
	return a
}

// serveJSON answers with v, never to be cached.
func (s *handler) serveJSON(w http.ResponseWriter, r *http.Request, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		s.config.Log.Error().Err(err).Msg("cannot answer in JSON")
		s.fail(w, r, http.StatusInternalServerError)
		return
	}
	setCache(w, cacheNever)
	w.Header().Set("Content-Type", "application/json")
	s.texts.write(w, r, http.StatusOK, text)
}

func (s Stream) title() string {
	if s.Title == "" {
		return s.Name
	}
	return s.Title
}
