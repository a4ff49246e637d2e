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
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/liverelay/liverelay/player"
)

//go:embed pages
var pageFiles embed.FS

const (
	styleName = "style.css"
	swarmName = "swarm.js"
	watchName = "watch.js"
)

// pages makes what people see.
type pages struct {
	templates           *template.Template
	style, swarm, watch file
	playerVersion       string
	languages           map[string]player.Words
}

// page is what a template is given. Root leads from the page to "/", relative, so
// that links hold under any path and behind any proxy; Base is the same place as
// an absolute URL, for other sites.
type page struct {
	Title         string
	Root, Base    string
	StyleVersion  string
	SwarmVersion  string
	WatchVersion  string
	PlayerVersion string
	Language      language
	Languages     map[string]player.Words
	Stream        Stream
	PublicKey     string
	// EmbedCode is the player for another page, FrameCode the same without a script.
	EmbedCode, FrameCode string
	// Audience is empty while nobody watches; HasPoster: there is a picture.
	Audience  string
	HasPoster bool
	Wishes    wishes
	// Joined is what join would answer now: the player need not ask.
	Joined *joinAnswer
	Live   []liveCard
	Advice string
}

// T returns the words of the page's language for a key.
func (p page) T(key string) string { return p.Language.Page[key] }

// liveCard is one stream on the front page.
type liveCard struct {
	Stream  Stream
	Title   string
	Started string
	// Since says when it began.
	Since     string
	Audience  string
	HasPoster bool
}

func newPages(scripts *scripts) (*pages, error) {
	templates, err := template.ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("read the pages' templates: %w", err)
	}
	p := &pages{templates: templates, playerVersion: scripts.version}
	for _, asset := range []struct {
		name, kind string
		to         *file
	}{{styleName, "text/css; charset=utf-8", &p.style}, {swarmName, scriptType, &p.swarm}, {watchName, scriptType, &p.watch}} {
		text, err := pageFiles.ReadFile("pages/" + asset.name)
		if err != nil {
			return nil, fmt.Errorf("read the pages' assets: %w", err)
		}
		*asset.to = newFile(text, asset.kind, version(text))
	}
	if p.languages, err = player.Catalogue(); err != nil {
		return nil, err
	}
	return p, nil
}

// version names a file's exact bytes.
func version(plain []byte) string {
	sum := sha256.Sum256(plain)
	return hex.EncodeToString(sum[:8])
}

// serve answers with the front page, a watch page or an embed page. The last two
// carry what the player would ask for first.
func (p *pages) serve(w http.ResponseWriter, r *http.Request, s *handler, at route) {
	if at.kind == kindIndex && !strings.HasSuffix(r.URL.Path, "/") {
		// Relative links need the slash.
		w.Header().Set("Location", path.Base(r.URL.EscapedPath())+"/")
		w.WriteHeader(http.StatusPermanentRedirect)
		return
	}
	data := p.page(r, s)
	name := "index.html"
	setCache(w, cacheChecked)
	switch at.kind {
	case kindIndex:
		data.Title, data.Live = "liverelay", liveCards(s, data.Language)
	case kindWatch, kindEmbed:
		name = string(at.kind) + ".html"
		data.Stream, _ = s.config.Streams.Stream(at.stream)
		data.Title = data.Stream.title()
		data.PublicKey = base64.RawURLEncoding.EncodeToString(data.Stream.PublicKey)
		data.EmbedCode = scriptCode(data.Base, data.Stream)
		data.FrameCode = embedCode(data.Base, data.Stream, embedWidth, embedHeight)
		data.Audience = audienceText(data.Language, s.figures(at.stream).viewers)
		data.HasPoster = s.poster(at.stream) != nil
		data.Wishes = readWishes(r.URL.Query())
		live, phase := s.config.Catalog.Current(at.stream)
		joined := s.join(r, data.Stream, live, phase)
		data.Joined = &joined
		// That is true now, and its token is this viewer's.
		setCache(w, cacheNever)
	}
	w.Header().Set("Content-Security-Policy", pagePolicy(data.Base, at.kind == kindEmbed))
	p.render(w, r, s, http.StatusOK, name, data)
}

// failure answers a person's request that cannot be answered.
func (p *pages) failure(w http.ResponseWriter, r *http.Request, s *handler, status int) {
	data := p.page(r, s)
	data.Title = http.StatusText(status)
	switch status {
	case http.StatusNotFound:
		data.Title, data.Advice = data.T("notFound"), data.T("nothingHere")
	case http.StatusServiceUnavailable:
		data.Advice = data.T("tryLater")
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	p.render(w, r, s, status, "failure.html", data)
}

func (p *pages) page(r *http.Request, s *handler) page {
	return page{
		Root: root(s.addresses.strip(r.URL.EscapedPath())), Base: s.addresses.base(r),
		StyleVersion: p.style.etag, SwarmVersion: p.swarm.etag, WatchVersion: p.watch.etag, PlayerVersion: p.playerVersion,
		Language: languageOf(p.languages, r), Languages: p.languages,
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
	w.Header().Set("Content-Language", data.Language.Tag)
	w.Header().Add("Vary", "Accept-Language")
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

// pagePolicy is the Content-Security-Policy of pages with a player. Styles and scripts
// come from here only: the player constructs its style sheets. Older browsers need the
// WebSocket's scheme spelt out.
func pagePolicy(base string, anywhere bool) string {
	ancestors := "'none'"
	if anywhere {
		ancestors = "*"
	}
	socket := strings.TrimPrefix(strings.TrimPrefix(base, "https://"), "http://")
	socket, _, _ = strings.Cut(socket, "/")
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
		"media-src 'self' blob:; connect-src 'self' ws://" + socket + " wss://" + socket + "; worker-src 'self' blob:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors " + ancestors
}

func liveCards(s *handler, in language) []liveCard {
	var cards []liveCard
	for _, stream := range s.config.Streams.Streams() {
		live, phase := s.config.Catalog.Current(stream.Name)
		if !stream.Listed || !phase.Runs() {
			continue
		}
		started := live.Started.UTC()
		since := strings.ReplaceAll(in.Page["since"], "{time}", started.Format("15:04")+" UTC")
		cards = append(cards, liveCard{
			Stream: stream, Title: stream.title(), Audience: audienceText(in, s.figures(stream.Name).viewers),
			Started: started.Format(time.RFC3339), Since: since, HasPoster: s.poster(stream.Name) != nil,
		})
	}
	return cards
}

// audienceText says how many watch. It avoids the plural, which languages have one to
// six of.
func audienceText(in language, viewers int) string {
	if viewers == 0 {
		return ""
	}
	return strings.ReplaceAll(in.Page["viewers"], "{count}", strconv.Itoa(viewers))
}
