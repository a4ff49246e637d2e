package origin

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

//go:embed pages
var pageFiles embed.FS

const (
	styleName = "style.css"
	swarmName = "swarm.js"
)

// pages makes what people see.
type pages struct {
	templates     *template.Template
	style, swarm  file
	playerVersion string
}

// page is what a template is given. Root leads from the page to "/", relative, so
// that links hold under any path and behind any proxy; Base is the same place as
// an absolute URL, for other sites.
type page struct {
	Title         string
	Root, Base    string
	StyleVersion  string
	SwarmVersion  string
	PlayerVersion string
	Stream        Stream
	PublicKey     string
	EmbedCode     string
	// P2P and Controls are attributes of the player; empty for the defaults.
	P2P, Controls string
	Live          []liveCard
	Advice        string
}

// liveCard is one stream on the front page.
type liveCard struct {
	Stream   Stream
	Title    string
	Started  string
	Clock    string
	Audience string
}

func newPages(scripts *scripts) (*pages, error) {
	templates, err := template.ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("read the pages' templates: %w", err)
	}
	style, err := pageFiles.ReadFile("pages/" + styleName)
	if err != nil {
		return nil, fmt.Errorf("read the pages' style: %w", err)
	}
	swarm, err := pageFiles.ReadFile("pages/" + swarmName)
	if err != nil {
		return nil, fmt.Errorf("read the pages' script: %w", err)
	}
	return &pages{
		templates:     templates,
		style:         newFile(style, "text/css; charset=utf-8", version(style)),
		swarm:         newFile(swarm, scriptType, version(swarm)),
		playerVersion: scripts.version,
	}, nil
}

// version names a file's exact bytes.
func version(plain []byte) string {
	sum := sha256.Sum256(plain)
	return hex.EncodeToString(sum[:8])
}

// serve answers with the front page, a watch page or an embed page. The last two
// are the same whether anybody is live or not: the player finds out.
func (p *pages) serve(w http.ResponseWriter, r *http.Request, s *handler, at route) {
	if at.kind == kindIndex && !strings.HasSuffix(r.URL.Path, "/") {
		// Relative links need the slash.
		w.Header().Set("Location", path.Base(r.URL.EscapedPath())+"/")
		w.WriteHeader(http.StatusPermanentRedirect)
		return
	}
	data := p.page(r, s)
	name := "index.html"
	switch at.kind {
	case kindIndex:
		data.Title, data.Live = "liverelay", liveCards(s)
	case kindWatch, kindEmbed:
		name = string(at.kind) + ".html"
		data.Stream, _ = s.config.Streams.Stream(at.stream)
		data.Title = data.Stream.title()
		data.PublicKey = base64.RawURLEncoding.EncodeToString(data.Stream.PublicKey)
		data.EmbedCode = embedCode(data.Base, data.Stream, embedWidth, embedHeight)
		data.wishes(r.URL.Query())
	}
	setCache(w, cacheChecked)
	w.Header().Set("Content-Security-Policy", pagePolicy(data.Base, at.kind == kindEmbed))
	p.render(w, r, s, http.StatusOK, name, data)
}

// wishes reads what an embedding page asks of the player: p2p=0 and controls=0
// switch these off.
func (p *page) wishes(query url.Values) {
	if query.Get("p2p") == "0" {
		p.P2P = "none"
	}
	if query.Get("controls") == "0" {
		p.Controls = "false"
	}
}

// failure answers a person's request that cannot be answered.
func (p *pages) failure(w http.ResponseWriter, r *http.Request, s *handler, status int) {
	data := p.page(r, s)
	data.Title = http.StatusText(status)
	data.Advice = map[int]string{
		http.StatusNotFound:           "There is nothing at this address.",
		http.StatusServiceUnavailable: "Please try again in a moment.",
	}[status]
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	p.render(w, r, s, status, "failure.html", data)
}

func (p *pages) page(r *http.Request, s *handler) page {
	return page{
		Root: root(s.addresses.strip(r.URL.EscapedPath())), Base: s.addresses.base(r),
		StyleVersion: p.style.etag, SwarmVersion: p.swarm.etag, PlayerVersion: p.playerVersion,
	}
}

func (p *pages) render(w http.ResponseWriter, r *http.Request, s *handler, status int, name string, data page) {
	var text bytes.Buffer
	if err := p.templates.ExecuteTemplate(&text, name, data); err != nil {
		s.config.Log.Error().Err(err).Str("page", name).Msg("cannot make a page")
		status = http.StatusInternalServerError
		text.Reset()
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	s.texts.write(w, r, status, text.Bytes())
}

// root returns the way from a path back to "/".
func root(path string) string {
	depth := strings.Count(path, "/") - 1
	if depth <= 0 {
		return "./"
	}
	return strings.Repeat("../", depth)
}

// pagePolicy is the Content-Security-Policy of pages with a player. Styles may be
// inline, for a player's controls bring theirs with them; scripts come from here
// only. Older browsers need the WebSocket's scheme spelt out.
func pagePolicy(base string, anywhere bool) string {
	ancestors := "'none'"
	if anywhere {
		ancestors = "*"
	}
	socket := strings.TrimPrefix(strings.TrimPrefix(base, "https://"), "http://")
	socket, _, _ = strings.Cut(socket, "/")
	return "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
		"media-src 'self' blob:; connect-src 'self' ws://" + socket + " wss://" + socket + "; worker-src 'self' blob:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors " + ancestors
}

func liveCards(s *handler) []liveCard {
	var cards []liveCard
	for _, stream := range s.config.Streams.Streams() {
		live, phase := s.config.Catalog.Current(stream.Name)
		if !stream.Listed || !phase.Runs() {
			continue
		}
		started := live.Started.UTC()
		cards = append(cards, liveCard{
			Stream: stream, Title: stream.title(), Audience: audienceText(s.figures(stream.Name).viewers),
			Started: started.Format(time.RFC3339), Clock: started.Format("15:04") + " UTC",
		})
	}
	return cards
}

func audienceText(viewers int) string {
	switch viewers {
	case 0:
		return ""
	case 1:
		return "1 viewer"
	default:
		return fmt.Sprintf("%d viewers", viewers)
	}
}
