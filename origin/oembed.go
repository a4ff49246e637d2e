package origin

import (
	"bytes"
	"encoding/base64"
	"html/template"
	"image/jpeg"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/liverelay/liverelay/player"
)

const (
	embedWidth, embedHeight = 640, 360
	// minEmbed keeps a player usable however small a consumer wants it.
	minEmbed = 120
)

// oembed is a rich answer of type video (https://oembed.com, §2.3.4.2).
type oembed struct {
	Version      string `json:"version"`
	Type         string `json:"type"`
	Title        string `json:"title"`
	ProviderName string `json:"provider_name"`
	ProviderURL  string `json:"provider_url"`
	Width        int    `json:"width"`
	Height       int    `json:"height"`
	HTML         string `json:"html"`
	// ThumbnailURL and the size of the picture are absent while there is none.
	ThumbnailURL    string `json:"thumbnail_url,omitempty"`
	ThumbnailWidth  int    `json:"thumbnail_width,omitempty"`
	ThumbnailHeight int    `json:"thumbnail_height,omitempty"`
	// ScriptHTML is the player without a frame, pinned to its bytes and to the
	// stream's key: none of oEmbed's fields, but of use to who may add scripts.
	ScriptHTML string `json:"script_html"`
	CacheAge   int    `json:"cache_age"`
}

// serveOEmbed answers for the watch pages of this server only. It compares the
// address asked about and fetches nothing.
func (s *handler) serveOEmbed(w http.ResponseWriter, r *http.Request) {
	values, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		s.fail(w, r, http.StatusBadRequest)
		return
	}
	if format := values.Get("format"); format != "" && format != "json" {
		s.fail(w, r, http.StatusNotImplemented)
		return
	}
	stream, ok := s.ownWatchPage(r, values.Get("url"))
	if !ok {
		s.fail(w, r, http.StatusNotFound)
		return
	}
	base := s.addresses.base(r)
	width, height := fit(values)
	answer := oembed{
		Version: "1.0", Type: "video", Title: stream.title(), ProviderName: "liverelay", ProviderURL: base + "/",
		Width: width, Height: height, HTML: embedCode(base, stream, width, height), CacheAge: 3600,
		ScriptHTML: scriptCode(base, stream),
	}
	if size, err := jpeg.DecodeConfig(bytes.NewReader(s.poster(stream.Name))); err == nil {
		answer.ThumbnailURL = base + "/live/" + stream.Name + "/poster.jpg"
		answer.ThumbnailWidth, answer.ThumbnailHeight = size.Width, size.Height
	}
	s.serveJSON(w, r, answer)
}

// ownWatchPage finds the stream whose watch page an address names.
func (s *handler) ownWatchPage(r *http.Request, address string) (Stream, bool) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return Stream{}, false
	}
	base, err := url.Parse(s.addresses.base(r))
	if err != nil || !strings.EqualFold(u.Host, base.Host) {
		return Stream{}, false
	}
	path, ok := strings.CutPrefix(u.EscapedPath(), base.EscapedPath())
	if !ok {
		return Stream{}, false
	}
	at, _ := parsePath(path)
	if at.kind != kindWatch {
		return Stream{}, false
	}
	return s.config.Streams.Stream(at.stream)
}

// fit returns the size of the player within maxwidth and maxheight, 16:9.
func fit(values url.Values) (width, height int) {
	width, height = embedWidth, embedHeight
	if limit, err := strconv.Atoi(values.Get("maxwidth")); err == nil && limit < width {
		width = max(limit, minEmbed)
		height = width * 9 / 16
	}
	if limit, err := strconv.Atoi(values.Get("maxheight")); err == nil && limit < height {
		height = max(limit, minEmbed*9/16)
		width = height * 16 / 9
	}
	return width, height
}

// embedCode returns the HTML that shows a stream on another site.
func embedCode(base string, stream Stream, width, height int) string {
	return `<iframe src="` + template.HTMLEscapeString(base+"/embed/"+stream.Name) +
		`" width="` + strconv.Itoa(width) + `" height="` + strconv.Itoa(height) +
		`" title="` + template.HTMLEscapeString(stream.title()) +
		`" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen style="border:0"></iframe>`
}

// scriptCode returns the HTML that shows a stream on a page that may have scripts: the
// player of this very version, with the hash of its bytes, and the stream's key.
func scriptCode(base string, stream Stream) string {
	key := ""
	if len(stream.PublicKey) > 0 {
		key = `" public-key="` + base64.RawURLEncoding.EncodeToString(stream.PublicKey)
	}
	escaped := template.HTMLEscapeString(base)
	return `<script type="module" src="` + escaped + "/player/" + player.Version() + `.js" integrity="` + player.Integrity() +
		`" crossorigin></script>` + "\n" + `<live-relay src="` + escaped + "/live/" + stream.Name + key + `"></live-relay>`
}
