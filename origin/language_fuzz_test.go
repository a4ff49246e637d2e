package origin

import (
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/player"
)

func FuzzLanguage(f *testing.F) {
	catalogue, err := player.Catalogue()
	require.NoError(f, err)
	for _, header := range []string{"", "de-AT,de;q=0.9,en;q=0.8", "fr;q=0", "*;q=NaN", ";;;q=1,,-", "AR;q=1e-9"} {
		f.Add(header, "lang=es")
	}
	f.Fuzz(func(t *testing.T, header, query string) {
		tags := acceptedLanguages(header)
		require.LessOrEqual(t, len(tags), maxLanguages)
		r := &http.Request{URL: &url.URL{RawQuery: query}, Header: http.Header{"Accept-Language": {header}}}
		in := languageOf(catalogue, r)
		require.Contains(t, catalogue, in.Tag)
		require.NotEmpty(t, in.Page["liveNow"])
	})
}

func FuzzWishes(f *testing.F) {
	for _, query := range []string{"", "p2p=0&controls=0", "color=%23fff&latency=3", "start=1e308&latency=0x1p-2", "color=url(javascript:x)"} {
		f.Add(query)
	}
	form := regexp.MustCompile(`^[#a-z0-9.A-F]*$`)
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		w := readWishes(values)
		for _, value := range []string{w.P2P, w.Controls, w.Autoplay, w.Muted, w.ShowTitle, w.Color, w.Latency, w.Start} {
			require.Regexp(t, form, value)
			require.Equal(t, value, template.HTMLEscapeString(value))
		}
	})
}
