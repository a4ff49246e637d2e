package origin

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/player"
)

func TestWatchPage(t *testing.T) {
	d := newDaemon(t)
	a := d.get("/live/demo", "Accept", "text/html")
	require.Equal(t, http.StatusOK, a.StatusCode)
	require.Equal(t, "text/html; charset=utf-8", a.Header.Get("Content-Type"))
	for _, part := range []string{
		`<title>A demo</title>`, `<h1>A demo</h1>`,
		`<live-relay src="../live/demo" public-key="a2V5" lang="en" keys="page" remote>`,
		`<script type="module" src="../player.js?v=`,
		`<a href="../live/demo/index.m3u8">`,
		`property="og:title" content="A demo"`,
		`property="og:video" content="` + d.url + `/embed/demo"`,
		`type="application/json+oembed"`,
		`href="` + d.url + `/oembed?url=http%3a%2f%2f127.0.0.1%3a`,
	} {
		require.Contains(t, a.body, part)
	}
}

// TestPagesCarryTheFirstAnswer: what join would say is in the page, and whatever a
// stream is called, it stays within its element.
func TestPagesCarryTheFirstAnswer(t *testing.T) {
	d := newDaemon(t)
	d.begin("nasty", "nastyepoch")
	inline := regexp.MustCompile(`(?s)<script type="application/json">(.*?)</script>`)
	for _, path := range []string{"/live/demo", "/embed/demo", "/embed/quiet", "/live/nasty"} {
		page := d.get(path)
		require.Equal(t, "no-store", page.Header.Get("Cache-Control"), path)
		found := inline.FindStringSubmatch(page.body)
		require.NotNil(t, found, path)
		var inPage, asked joinAnswer
		require.NoError(t, json.Unmarshal([]byte(found[1]), &inPage), path)
		join := d.get("/live/" + path[strings.LastIndex(path, "/")+1:] + "/join")
		require.NoError(t, json.Unmarshal([]byte(join.body), &asked), path)
		inPage.Token, asked.Token = "", ""
		require.Equal(t, asked, inPage, path)
	}
	require.NotContains(t, d.get("/").body, "application/json\">")
}

// TestPagesWorkBeforeAnybodyIsLive: the pages of a stream without a broadcast are
// the same, for the player waits.
func TestPagesWorkBeforeAnybodyIsLive(t *testing.T) {
	d := newDaemon(t)
	for _, path := range []string{"/live/quiet", "/embed/quiet"} {
		a := d.get(path)
		require.Equal(t, http.StatusOK, a.StatusCode)
		require.Contains(t, a.body, `<live-relay src="../live/quiet" lang="en" keys="page" remote>`)
	}
	require.Contains(t, d.get("/embed/quiet?p2p=0&controls=0").body, `<live-relay src="../live/quiet" p2p="none" controls="false" lang="en" keys="page" remote>`)
	require.Contains(t, d.get("/embed/quiet?p2p=%22%3E&controls=x&color=%22%3E&start=-1&latency=NaN&lang=%22").body, `<live-relay src="../live/quiet" lang="en" keys="page" remote>`)
	require.Equal(t, http.StatusNotFound, d.get("/live/unknown").StatusCode)
	require.Equal(t, http.StatusNotFound, d.get("/embed/unknown").StatusCode)
}

func TestPagesKeepToThemselves(t *testing.T) {
	d := newDaemon(t)
	links := regexp.MustCompile(`(?:src|href|action)="([^"]*)"`)
	for _, path := range []string{"/", "/live/demo", "/live/nasty", "/embed/demo", "/nothing/here"} {
		a := d.get(path, "Accept", "text/html")
		require.Empty(t, a.Header.Get("Set-Cookie"), path)
		require.Equal(t, "nosniff", a.Header.Get("X-Content-Type-Options"), path)
		require.NotEmpty(t, a.Header.Get("Referrer-Policy"), path)
		policy := a.Header.Get("Content-Security-Policy")
		require.True(t, strings.HasPrefix(policy, "default-src 'none'; "), path)
		require.NotContains(t, policy, "unsafe", path)
		require.Equal(t, path == "/embed/demo", strings.Contains(policy, "frame-ancestors *"), path)
		for _, link := range links.FindAllStringSubmatch(a.body, -1) {
			at := link[1]
			ours := strings.HasPrefix(at, d.url+"/") || strings.HasPrefix(at, ".") || strings.HasPrefix(at, "live/") || at == "data:," || strings.HasPrefix(at, "?lang=")
			require.True(t, ours, "%s has %s", path, at)
		}
		require.NotRegexp(t, `<script[^>]*>[^<]`, strings.ReplaceAll(a.body, `<script type="application/json">`, ""), "no inline script")
		require.NotRegexp(t, ` on[a-z]+=`, strings.ReplaceAll(a.body, "&#34;", ""), "no inline handler")
	}
}

func TestAbuse11NamesAndTitlesAreEscaped(t *testing.T) {
	d := newDaemon(t)
	d.begin("nasty", "nastyepoch")
	for _, path := range []string{
		"/", "/live/nasty", "/embed/nasty", "/live/nasty/join", "/api/v1/streams", "/api/v1/streams/nasty",
		"/oembed?url=" + url.QueryEscape(d.url+"/live/nasty"),
		"/live/%3Cscript%3Ealert(1)%3C/script%3E", "/%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/oembed?url=%3Cscript%3Ealert(1)%3C/script%3E",
		"/live/demo/join?after=%3Cscript%3Ealert(1)%3C/script%3E", base + "240p/index.m3u8?_HLS_msn=%3Cscript%3Ealert(1)%3C/script%3E",
	} {
		for _, accept := range []string{"text/html", "*/*"} {
			a := d.get(path, "Accept", accept)
			require.NotContains(t, a.body, "<script>", path)
			require.NotContains(t, a.body, "alert(1)</", path)
			require.NotEmpty(t, a.Header.Get("Content-Type"), path)
		}
	}
	require.Contains(t, d.get("/live/nasty").body, "&lt;script&gt;alert(1)")
	bad := d.get("/live/demo", "Host", `x"><script>`)
	require.NotContains(t, bad.body, "<script>")
}

func TestErrorPages(t *testing.T) {
	d := newDaemon(t)
	a := d.get("/live/unknown/deeper", "Accept", "text/html,*/*")
	require.Equal(t, http.StatusNotFound, a.StatusCode)
	require.Contains(t, a.body, "<h1>Not found</h1>")
	require.Contains(t, a.body, `href="../../assets/style.css`)
	require.NotContains(t, a.body, "unknown")
	require.Equal(t, "Not Found\n", d.get("/live/unknown", "Accept", "*/*").body)
}

func TestFrontPageListsWhatIsLiveAndListed(t *testing.T) {
	d := newDaemon(t)
	a := d.get("/")
	require.Contains(t, a.body, `<a href="live/demo">`)
	require.Contains(t, a.body, "A demo")
	require.Contains(t, a.body, "Viewers: 3")
	require.Contains(t, a.body, "<time datetime=\"2026-11-22T03:00:00Z\">since 03:00 UTC</time>")
	require.NotContains(t, a.body, "quiet")
	require.NotContains(t, a.body, "live/nasty")
	d.begin("quiet", "quiet")
	require.NotContains(t, d.get("/").body, "live/quiet")
	d.Catalog.End("demo", epoch)
	require.Contains(t, d.get("/").body, "Nobody is live")
}

// TestSubPath: with a path in public_url everything is served below it, as well as
// without it, and every link of a page holds in both cases.
func TestSubPath(t *testing.T) {
	d := newDaemon(t, func(s *Server) { s.PublicURL = "https://example.org/tv/" })
	links := regexp.MustCompile(`(?:src|href)="([^"]*)"`)
	for _, prefix := range []string{"", "/tv"} {
		for _, path := range []string{"/", "/live/demo", "/embed/demo"} {
			page := d.get(prefix + path)
			require.Equal(t, http.StatusOK, page.StatusCode, prefix+path)
			at, err := url.Parse(d.url + prefix + path)
			require.NoError(t, err)
			for _, link := range links.FindAllStringSubmatch(page.body, -1) {
				to, err := at.Parse(strings.ReplaceAll(link[1], "&amp;", "&"))
				require.NoError(t, err)
				if to.Host == "example.org" {
					require.True(t, strings.HasPrefix(to.Path, "/tv/"), link[1])
					to.Path = strings.TrimPrefix(to.Path, "/tv")
				}
				if to.Scheme == "data" || strings.HasPrefix(link[1], "?lang=") || strings.HasPrefix(link[1], "../live/demo") && strings.HasSuffix(link[1], "demo") {
					continue
				}
				require.Equal(t, http.StatusOK, d.get(to.RequestURI()).StatusCode, "%s: %s", prefix+path, link[1])
			}
		}
		require.Equal(t, http.StatusOK, d.get(prefix+base+"240p/p1.m4s").StatusCode)
		require.Equal(t, http.StatusOK, d.get(prefix+"/live/demo/index.m3u8").StatusCode)
		require.Equal(t, "tracker", d.get(prefix+"/tracker").body)
	}
	a := d.get("/tv")
	require.Equal(t, http.StatusPermanentRedirect, a.StatusCode)
	require.Equal(t, "tv/", a.Header.Get("Location"))
	require.Equal(t, http.StatusNotFound, d.get("/tvlive/demo").StatusCode)
	require.Contains(t, d.get("/live/demo").body, `<link rel="canonical" href="https://example.org/tv/live/demo">`)
}

func TestPlayerScript(t *testing.T) {
	d := newDaemon(t)
	version := newScripts("", zerolog.Nop()).version
	for path, cache := range map[string]string{
		"/player.js": cacheScript, "/player.js?v=" + version: cacheForever, "/player.js?v=old": cacheScript, "/player/" + version + ".js": cacheForever,
	} {
		a := d.get(path)
		require.Equal(t, http.StatusOK, a.StatusCode, path)
		require.Equal(t, scriptType, a.Header.Get("Content-Type"))
		require.Equal(t, cache, a.Header.Get("Cache-Control"), path)
		require.Equal(t, "*", a.Header.Get("Access-Control-Allow-Origin"))
		require.Contains(t, a.body, "live-relay")
		packed := d.get(path, "Accept-Encoding", "gzip")
		require.Equal(t, "gzip", packed.Header.Get("Content-Encoding"))
		require.Equal(t, a.body, gunzip(t, packed.body))
		require.Equal(t, http.StatusNotModified, d.get(path, "If-None-Match", a.Header.Get("ETag")).StatusCode)
	}
	require.Equal(t, http.StatusNotFound, d.get("/player/0000000000000000.js").StatusCode)
	require.Equal(t, http.StatusNotFound, d.get("/assets/watch.html").StatusCode)
}

func TestOEmbed(t *testing.T) {
	d := newDaemon(t)
	own := d.url + "/live/demo"
	a := d.get("/oembed?url=" + url.QueryEscape(own) + "&maxwidth=320")
	require.Equal(t, http.StatusOK, a.StatusCode)
	var got oembed
	require.NoError(t, json.Unmarshal([]byte(a.body), &got))
	require.Equal(t, "1.0", got.Version)
	require.Equal(t, "video", got.Type)
	require.Equal(t, "A demo", got.Title)
	require.Equal(t, []int{320, 180}, []int{got.Width, got.Height})
	require.Contains(t, got.HTML, `<iframe src="`+d.url+`/embed/demo" width="320" height="180"`)
	for query, status := range map[string]int{
		"":                                           404,
		"url=" + own + "&format=xml":                 501,
		"url=" + own + "&format=json":                200,
		"url=" + own + "?t=1":                        200,
		"url=" + d.url + "/embed/demo":               404,
		"url=" + d.url + "/live/unknown":             404,
		"url=" + d.url + "/":                         404,
		"url=http://169.254.169.254/latest":          404,
		"url=http://localhost/live/demo":             404,
		"url=file:///live/demo":                      404,
		"url=//" + d.url[7:] + "/live/demo":          404,
		"url=http://u:p@" + d.url[7:] + "/live/demo": 404,
		"url=%zz": 400,
	} {
		require.Equal(t, status, d.get("/oembed?"+query).StatusCode, query)
	}
}

func TestFit(t *testing.T) {
	for query, want := range map[string][2]int{
		"": {640, 360}, "maxwidth=1000&maxheight=1000": {640, 360}, "maxheight=180": {320, 180}, "maxwidth=320&maxheight=90": {160, 90},
		"maxwidth=-5": {120, 67}, "maxwidth=x": {640, 360}, "maxheight=1": {119, 67},
	} {
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		width, height := fit(values)
		require.Equal(t, want, [2]int{width, height}, query)
	}
}

func TestAddresses(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	request := func(remote, host string, header ...string) *http.Request {
		r := &http.Request{RemoteAddr: remote, Host: host, Header: http.Header{}}
		for i := 0; i < len(header); i += 2 {
			r.Header.Add(header[i], header[i+1])
		}
		return r
	}
	a, err := newAddresses("", trusted, false)
	require.NoError(t, err)
	for _, c := range []struct {
		r            *http.Request
		client, base string
	}{
		{request("192.0.2.1:5", "h"), "192.0.2.1", "http://h"},
		{request("192.0.2.1:5", "h", "X-Forwarded-For", "1.1.1.1", "X-Forwarded-Proto", "https"), "192.0.2.1", "http://h"},
		{request("10.0.0.1:5", "h:81", "X-Forwarded-For", "1.1.1.1", "X-Forwarded-Proto", "https"), "1.1.1.1", "https://h:81"},
		{request("10.0.0.1:5", "h", "X-Forwarded-For", "6.6.6.6, 1.1.1.1, 10.0.0.2", "X-Forwarded-Proto", "ftp"), "1.1.1.1", "http://h"},
		{request("10.0.0.1:5", "h", "X-Forwarded-For", "6.6.6.6", "X-Forwarded-For", "1.1.1.1"), "1.1.1.1", "http://h"},
		{request("10.0.0.1:5", "h", "X-Forwarded-For", "garbage"), "10.0.0.1", "http://h"},
		{request("[::1]:5", "h", "X-Forwarded-For", "::ffff:1.1.1.1"), "1.1.1.1", "http://h"},
		{request("", `"><`), "invalid IP", "http://localhost"},
	} {
		require.Equal(t, c.client, a.client(c.r).String())
		require.Equal(t, c.base, a.base(c.r))
	}
	s := &Server{TrustedProxies: trusted, PublicURL: "https://tv.example/x"}
	require.Equal(t, "1.1.1.1", s.ClientAddress(request("10.0.0.1:5", "h", "X-Forwarded-For", "1.1.1.1")).String())
	for _, c := range [][3]string{
		{"", "h", ""}, {"http://h", "h", ""}, {"http://H:81", "h:81", ""}, {"https://tv.example", "h", ""}, {"https://Blog.example", "h", "https://blog.example"}, {"null", "h", "null"},
	} {
		require.Equal(t, c[2], s.Site(request("", c[1], "Origin", c[0])), c[0])
	}
	for _, bad := range []string{"example.org", "ftp://x", "http://", "http://a b", "http://x\x00"} {
		_, err := newAddresses(bad, nil, false)
		require.Error(t, err, bad)
	}
}

func TestWishesOfAnEmbeddingPage(t *testing.T) {
	for query, want := range map[string]wishes{
		"":                                  {},
		"autoplay=0&muted=false&title=0":    {Autoplay: "false", Muted: "false", ShowTitle: "false"},
		"autoplay=1&muted=1&controls=1":     {},
		"p2p=0&controls=0":                  {P2P: "none", Controls: "false"},
		"p2p=ask":                           {P2P: "ask"},
		"p2p=auto":                          {},
		"color=2f9e94&latency=2.50&start=9": {Color: "#2f9e94", Latency: "2.5", Start: "9"},
		"color=%23abc&latency=99&start=1e9": {Color: "#abc", Latency: "30", Start: "3600"},
		"color=red;x&latency=-1&start=Inf":  {Start: ""},
		"color=url(x)&latency=NaN&start=x":  {},
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			values = url.Values{}
		}
		require.Equal(t, want, readWishes(values), query)
	}
}

func TestPagesSpeakTheReadersLanguage(t *testing.T) {
	d := newDaemon(t)
	for header, want := range map[string]string{
		"":                               `<html lang="en" dir="ltr">`,
		"de-AT,de;q=0.9,en;q=0.8":        `<html lang="de" dir="ltr">`,
		"tlh, ar;q=0.5, fr;q=0.4":        `<html lang="ar" dir="rtl">`,
		"en;q=0.1, es;q=0.7":             `<html lang="es" dir="ltr">`,
		"fr;q=0, de;q=oops, en;q=0.01":   `<html lang="en" dir="ltr">`,
		strings.Repeat("x,", 100) + "fr": `<html lang="en" dir="ltr">`,
	} {
		a := d.get("/", "Accept-Language", header)
		require.Contains(t, a.body, want, header)
		require.Contains(t, a.Header.Values("Vary"), "Accept-Language")
	}
	a := d.get("/live/demo?lang=fr", "Accept-Language", "de")
	require.Equal(t, "fr", a.Header.Get("Content-Language"))
	require.Contains(t, a.body, "Spectateurs : 3")
	require.Contains(t, d.get("/nothing?lang=ar", "Accept", "text/html").body, `dir="rtl"`)
}

// TestCatalogueIsWhole: a word that is missing in one language would leave a hole in a
// page.
func TestCatalogueIsWhole(t *testing.T) {
	catalogue, err := player.Catalogue()
	require.NoError(t, err)
	require.Subset(t, slices.Collect(maps.Keys(catalogue)), []string{"en", "fr", "es", "de", "ar"})
	used := regexp.MustCompile(`\.T "([A-Za-z]+)"`)
	for tag, words := range catalogue {
		require.NotEmpty(t, words.Language, tag)
		require.Contains(t, []string{"ltr", "rtl"}, words.Direction, tag)
		require.Contains(t, words.Page["viewers"], "{count}", tag)
		require.Contains(t, words.Page["since"], "{time}", tag)
		for _, name := range []string{"layout", "watch", "index", "failure"} {
			text, err := pageFiles.ReadFile("pages/" + name + ".html")
			require.NoError(t, err)
			for _, key := range used.FindAllStringSubmatch(string(text), -1) {
				require.NotEmpty(t, words.Page[key[1]], "%s: %s", tag, key[1])
			}
		}
	}
}

// still is a Poster with one picture.
type still []byte

func (s still) JPEG() []byte { return s }

func TestPoster(t *testing.T) {
	d := newDaemon(t)
	require.Equal(t, http.StatusNotFound, d.get("/live/demo/poster.jpg").StatusCode)
	require.NotContains(t, d.get("/live/demo").body, "poster.jpg")
	var picture bytes.Buffer
	require.NoError(t, jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 64, 36)), nil))
	d.Catalog.Begin(Live{Stream: "demo", Epoch: "second", Media: d.media, Heads: d.heads, Poster: still(picture.Bytes())})
	_, phase := d.Catalog.wait(t.Context(), "demo", func(l Live, p Phase) bool { return p == Playable && l.Epoch == "second" })
	require.Equal(t, Playable, phase)
	a := d.get("/live/demo/poster.jpg")
	require.Equal(t, http.StatusOK, a.StatusCode)
	require.Equal(t, "image/jpeg", a.Header.Get("Content-Type"))
	require.Equal(t, "public, max-age=30", a.Header.Get("Cache-Control"))
	require.Equal(t, "cross-origin", a.Header.Get("Cross-Origin-Resource-Policy"))
	require.Equal(t, picture.String(), a.body)
	require.Contains(t, d.get("/").body, `<img src="live/demo/poster.jpg" alt=""`)
	watch := d.get("/live/demo").body
	require.Contains(t, watch, `property="og:image" content="`+d.url+`/live/demo/poster.jpg"`)
	require.Contains(t, watch, ` poster="../live/demo/poster.jpg"`)
	var card oembed
	require.NoError(t, json.Unmarshal([]byte(d.get("/oembed?url="+url.QueryEscape(d.url+"/live/demo")).body), &card))
	require.Equal(t, d.url+"/live/demo/poster.jpg", card.ThumbnailURL)
	require.Equal(t, []int{64, 36}, []int{card.ThumbnailWidth, card.ThumbnailHeight})
	require.Contains(t, card.ScriptHTML, `integrity="`+player.Integrity()+`"`)
	require.Contains(t, card.ScriptHTML, ` public-key="a2V5"`)
}
