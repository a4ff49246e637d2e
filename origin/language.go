package origin

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/liverelay/liverelay/player"
)

const (
	// plainLanguage is spoken to those whose languages are not in the catalogue.
	plainLanguage = "en"
	// maxLanguages bounds how many of a browser's languages are looked at.
	maxLanguages = 16
)

// language is one that pages can speak.
type language struct {
	Tag string
	player.Words
}

// languageOf returns the language of a request's answer: what the query says, else
// what the browser prefers (RFC 9110 §12.5.4), else English.
func languageOf(catalogue map[string]player.Words, r *http.Request) language {
	wishes := append([]string{r.URL.Query().Get("lang")}, acceptedLanguages(r.Header.Get("Accept-Language"))...)
	for _, wish := range wishes {
		tag, _, _ := strings.Cut(strings.ToLower(wish), "-")
		if words, ok := catalogue[tag]; ok {
			return language{tag, words}
		}
	}
	return language{plainLanguage, catalogue[plainLanguage]}
}

// acceptedLanguages returns the languages of a header, the most wanted first; those of
// equal weight as they stand.
func acceptedLanguages(header string) []string {
	var tags []string
	var weights []float64
	for i, item := range strings.Split(header, ",") {
		if i == maxLanguages {
			break
		}
		tag, weight := languageRange(item)
		if weight <= 0 {
			continue
		}
		at := len(tags)
		for at > 0 && weights[at-1] < weight {
			at--
		}
		tags = append(tags[:at], append([]string{tag}, tags[at:]...)...)
		weights = append(weights[:at], append([]float64{weight}, weights[at:]...)...)
	}
	return tags
}

// languageRange reads "de-AT;q=0.8"; what can't be read weighs nothing.
func languageRange(item string) (tag string, weight float64) {
	tag, parameters, _ := strings.Cut(item, ";")
	weight = 1
	if value, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q="); ok {
		q, err := strconv.ParseFloat(value, 64)
		if err != nil || q < 0 || q > 1 {
			return "", 0
		}
		weight = q
	}
	return strings.TrimSpace(tag), weight
}
