package attach

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/liverelay/liverelay/sidecar/outbound"
)

// Kind is what an address turned out to be.
type Kind string

// The kinds.
const (
	HLS      Kind = "hls"
	PeerTube Kind = "peertube"
	Owncast  Kind = "owncast"
	MediaMTX Kind = "mediamtx"
	RTSP     Kind = "rtsp"
	RTMP     Kind = "rtmp"
)

// Target is where media comes from.
type Target struct {
	Kind Kind
	// Media is the playlist, or the camera's or server's address.
	Media *url.URL
	// Title and Poster are what the server says of the stream; may be empty.
	Title  string
	Poster *url.URL
	// Live: there is something to attach to now.
	Live bool
}

var (
	// ErrUnknown: nothing at the address can be attached to.
	ErrUnknown = errors.New("no stream was found there: give the address of a playlist (…/index.m3u8), a camera (rtsp://), an RTMP stream, a PeerTube watch page, or an Owncast or MediaMTX server")
	// ErrWaiting: the server knows the stream, and it is not live.
	ErrWaiting = errors.New("the stream is not live yet")
	// ErrForbidden: the server wants a token or a password.
	ErrForbidden = errors.New("the server wants a token or a password")
)

const (
	askWithin = 12 * time.Second
	maxPage   = 4 << 20
)

// Parse reads an address as an administrator types it.
func Parse(text string) (*url.URL, error) {
	text = strings.TrimSpace(text)
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("that is no address") // without the text: it may hold a password
	}
	switch u.Scheme {
	case "http", "https", "rtsp", "rtsps", "rtmp", "rtmps":
	default:
		return nil, fmt.Errorf("%q addresses can't be attached to: it has to be http, https, rtsp, rtsps, rtmp or rtmps", u.Scheme)
	}
	if u.Hostname() == "" {
		return nil, errors.New("the address has no host")
	}
	return u, nil
}

// asker asks one server.
type asker struct {
	ctx    context.Context //nolint:containedctx // it lives for one Identify
	client *outbound.Client
	secret Secrets
}

// Secrets are for private streams.
type Secrets struct {
	// Token is an OAuth bearer token, Password that of a video.
	Token, Password string
}

// Header is what the server is told of them; it is for the client, which knows whom it
// may tell.
func (s Secrets) Header() http.Header {
	header := http.Header{}
	if s.Token != "" {
		header.Set("Authorization", "Bearer "+s.Token)
	}
	if s.Password != "" {
		header.Set("X-Peertube-Video-Password", s.Password)
	}
	return header
}

// Identify finds out what an address is. Its errors are ErrUnknown, ErrWaiting,
// ErrForbidden, or the network's.
func Identify(ctx context.Context, client *outbound.Client, at *url.URL, secret Secrets) (Target, error) {
	switch at.Scheme {
	case "rtsp", "rtsps":
		return Target{Kind: RTSP, Media: at, Live: true}, nil
	case "rtmp", "rtmps":
		return Target{Kind: RTMP, Media: at, Live: true}, nil
	}
	a := asker{ctx, client, secret}
	if id := peertubeID(at.Path); id != "" {
		if t, err := a.peertube(at, id); !errors.Is(err, ErrUnknown) {
			return t, err
		}
	}
	page, err := a.get(at)
	if err != nil {
		return Target{}, err
	}
	if isPlaylist(page) {
		return Target{Kind: HLS, Media: at, Live: true}, nil
	}
	if strings.HasSuffix(at.Path, ".m3u8") {
		return Target{Kind: HLS}, noPlaylist(page.Status)
	}
	if t, err := a.owncast(at); !errors.Is(err, ErrUnknown) {
		return t, err
	}
	return a.folder(at, page)
}

// noPlaylist says why an address that can only be a playlist's gave none. Many servers
// have no file before the stream begins.
func noPlaylist(status int) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return ErrForbidden
	case http.StatusNotFound, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return ErrWaiting
	default:
		return ErrUnknown
	}
}

func isPlaylist(a *outbound.Answer) bool {
	return a.Status == http.StatusOK && bytes.HasPrefix(bytes.TrimPrefix(a.Body, []byte("\ufeff")), []byte("#EXTM3U"))
}

func (a asker) get(u *url.URL) (*outbound.Answer, error) {
	return a.client.Do(a.ctx, outbound.Request{URL: u, MaxBytes: maxPage, Within: askWithin})
}

// json asks for an object; ErrUnknown when there is none.
func (a asker) json(u *url.URL, into any) error {
	answer, err := a.get(u)
	switch {
	case err != nil:
		return err
	case answer.Status == http.StatusUnauthorized || answer.Status == http.StatusForbidden:
		return ErrForbidden
	case answer.Status != http.StatusOK || json.Unmarshal(answer.Body, into) != nil:
		return ErrUnknown
	}
	return nil
}

// peertubeID takes the id out of the path of a watch, embed or API address.
func peertubeID(path string) string {
	match := regexp.MustCompile(`^/(?:w|videos/watch|videos/embed|api/v1/videos)/([0-9A-Za-z-]{6,64})/?$`).FindStringSubmatch(path)
	if match == nil {
		return ""
	}
	return match[1]
}

// video is what PeerTube's REST answers to GET /api/v1/videos/{id}, as far as it is of
// use here.
type video struct {
	Name        string `json:"name"`
	IsLive      *bool  `json:"isLive"`
	PreviewPath string `json:"previewPath"`
	State       struct {
		ID int `json:"id"`
	} `json:"state"`
	Playlists []struct {
		URL string `json:"playlistUrl"`
	} `json:"streamingPlaylists"`
}

// published is PeerTube's VideoState of what can be seen now.
const published = 1

func (a asker) peertube(at *url.URL, id string) (Target, error) {
	var v video
	if err := a.json(at.ResolveReference(&url.URL{Path: "/api/v1/videos/" + id}), &v); err != nil {
		return Target{}, err
	}
	if v.IsLive == nil {
		return Target{}, ErrUnknown
	}
	t := Target{Kind: PeerTube, Title: v.Name}
	if poster, err := at.Parse(v.PreviewPath); err == nil && v.PreviewPath != "" {
		t.Poster = poster
	}
	if !*v.IsLive || v.State.ID != published || len(v.Playlists) == 0 {
		return t, ErrWaiting
	}
	media, err := at.Parse(v.Playlists[0].URL)
	if err != nil {
		return t, ErrUnknown
	}
	if media.Host == at.Host {
		media = a.withToken(media)
	}
	t.Media, t.Live = media, true
	return t, nil
}

// withToken adds the token to a playlist of a private stream, which PeerTube asks for in
// the query there, and tells it to write it to all that it names.
func (a asker) withToken(u *url.URL) *url.URL {
	if a.secret.Token == "" {
		return u
	}
	q := u.Query()
	q.Set("reinjectVideoFileToken", "true")
	q.Set("videoFileToken", a.secret.Token)
	u.RawQuery = q.Encode()
	return u
}

func (a asker) owncast(at *url.URL) (Target, error) {
	if at.Path != "" && at.Path != "/" && !strings.HasPrefix(at.Path, "/embed") {
		return Target{}, ErrUnknown
	}
	var status struct {
		Online  *bool  `json:"online"`
		Version string `json:"versionNumber"`
	}
	if err := a.json(at.ResolveReference(&url.URL{Path: "/api/status"}), &status); err != nil {
		return Target{}, ErrUnknown
	}
	if status.Online == nil || status.Version == "" {
		return Target{}, ErrUnknown
	}
	t := Target{Kind: Owncast, Poster: at.ResolveReference(&url.URL{Path: "/thumbnail.jpg"})}
	var about struct {
		Name string `json:"name"`
	}
	if a.json(at.ResolveReference(&url.URL{Path: "/api/config"}), &about) == nil {
		t.Title = about.Name
	}
	t.Media = at.ResolveReference(&url.URL{Path: "/hls/stream.m3u8"})
	if t.Live = *status.Online; !t.Live {
		return t, ErrWaiting
	}
	return t, nil
}

// folder looks for a playlist where servers put it: MediaMTX and most others below the
// stream's path, some beside it.
func (a asker) folder(at *url.URL, page *outbound.Answer) (Target, error) {
	base := strings.TrimSuffix(at.Path, "/")
	for _, path := range [...]string{base + "/index.m3u8", base + ".m3u8", base + "/stream.m3u8", base + "/playlist.m3u8"} {
		if path == ".m3u8" {
			continue
		}
		u := at.ResolveReference(&url.URL{Path: path, RawQuery: at.RawQuery})
		answer, err := a.get(u)
		if err != nil {
			return Target{}, err
		}
		if isPlaylist(answer) {
			return Target{Kind: a.server(page, answer), Media: u, Live: true}, nil
		}
	}
	if a.server(page) == MediaMTX {
		return Target{Kind: MediaMTX}, ErrWaiting
	}
	if page.Status == http.StatusUnauthorized || page.Status == http.StatusForbidden {
		return Target{}, ErrForbidden
	}
	return Target{}, ErrUnknown
}

// server tells a MediaMTX by its signature.
func (a asker) server(answers ...*outbound.Answer) Kind {
	for _, one := range answers {
		if strings.EqualFold(one.Header.Get("Server"), "mediamtx") {
			return MediaMTX
		}
	}
	return HLS
}
