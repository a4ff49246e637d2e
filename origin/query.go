package origin

import (
	"errors"
	"net/url"
	"strings"

	"github.com/liverelay/liverelay/segmenter"
)

const (
	// maxQuery bounds a query, in bytes.
	maxQuery = 2048
	// maxRenditions bounds the renditions of a feed (docs/protocol.md §1).
	maxRenditions = 32
)

var errQuery = errors.New("malformed query")

// parseReload reads the delivery directives of a playlist request
// (draft-pantos-hls-rfc8216bis §6.2.5.1). Other parameters are none of ours.
func parseReload(query string) (segmenter.Reload, error) {
	values, err := parseQuery(query)
	if err != nil {
		return segmenter.Reload{}, err
	}
	var r segmenter.Reload
	if r.MSN, err = number(values, "_HLS_msn"); err != nil {
		return segmenter.Reload{}, err
	}
	if r.Part, err = number(values, "_HLS_part"); err != nil {
		return segmenter.Reload{}, err
	}
	if r.Part != nil && r.MSN == nil {
		return segmenter.Reload{}, errQuery
	}
	switch skip := values.Get("_HLS_skip"); skip {
	case "":
	case "YES", "v2":
		r.Skip = true
	default:
		return segmenter.Reload{}, errQuery
	}
	return r, nil
}

func parseRenditions(list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	names := strings.Split(list, ",")
	if len(names) > maxRenditions {
		return nil, errQuery
	}
	seen := map[string]bool{}
	for _, name := range names {
		if !isName(name, maxRendition) || seen[name] {
			return nil, errQuery
		}
		seen[name] = true
	}
	return names, nil
}

// parseQuery refuses what url.ParseQuery refuses, what is too long, and a
// parameter of ours that comes twice.
func parseQuery(query string) (url.Values, error) {
	if len(query) > maxQuery {
		return nil, errQuery
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, errQuery
	}
	for _, name := range []string{"_HLS_msn", "_HLS_part", "_HLS_skip", "r", "from", "stripes", "wait", "after"} {
		if len(values[name]) > 1 {
			return nil, errQuery
		}
	}
	return values, nil
}

// number returns a parameter that is a number; nil when it is absent.
func number(values url.Values, name string) (*uint64, error) {
	if !values.Has(name) {
		return nil, nil
	}
	n, ok := parseNumber(values.Get(name))
	if !ok {
		return nil, errQuery
	}
	return &n, nil
}
