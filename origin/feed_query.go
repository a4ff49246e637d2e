package origin

import (
	"slices"
	"strings"
)

const (
	// stripeCount is the number of stripes of a rendition (docs/protocol.md §4).
	stripeCount = 6
	allStripes  = 1<<stripeCount - 1
)

// feedQuery is what a feed request asks for.
type feedQuery struct {
	renditions []string
	// from holds the first numbers wanted. A rendition without one begins at the live
	// edge.
	from map[string]uint64
	// stripes has a bit for each stripe of a rendition whose media is wanted;
	// everywhere those that are wanted of all renditions.
	stripes    map[string]uint8
	everywhere uint8
	// seed: the tracker's plan gives all of these stripes to the server.
	seed bool
}

// parseFeed reads r=240p,audio and from=240p:120,audio:96 or from=live, stripes and
// seed=1 (docs/protocol.md §5).
func parseFeed(query string) (feedQuery, error) {
	values, err := parseQuery(query)
	if err != nil {
		return feedQuery{}, err
	}
	q := feedQuery{from: map[string]uint64{}, stripes: map[string]uint8{}}
	switch values.Get("seed") {
	case "":
	case "1":
		q.seed = true
	default:
		return feedQuery{}, errQuery
	}
	if q.renditions, err = parseRenditions(values.Get("r")); err != nil {
		return feedQuery{}, err
	}
	if from := values.Get("from"); from != "" && from != "live" {
		if err := q.readFrom(from); err != nil {
			return feedQuery{}, err
		}
	}
	if err := q.readStripes(values.Get("stripes")); err != nil {
		return feedQuery{}, err
	}
	return q, nil
}

// readFrom reads 240p:120,audio:96.
func (q *feedQuery) readFrom(list string) error {
	return eachPair(list, func(name, digits string) bool {
		n, ok := parseNumber(digits)
		_, twice := q.from[name]
		q.from[name] = n
		return ok && !twice
	})
}

// readStripes reads "", all, 0.3 or 0,3 for all renditions, or 240p:0.3,audio:all for
// those that are named.
func (q *feedQuery) readStripes(list string) (err error) {
	switch {
	case list == "":
		return nil
	case !strings.Contains(list, ":"):
		q.everywhere, err = parseStripes(list)
		return err
	}
	return eachPair(list, func(name, set string) bool {
		stripes, err := parseStripes(set)
		_, twice := q.stripes[name]
		q.stripes[name] = stripes
		return err == nil && !twice
	})
}

// eachPair takes a list of name:value apart; take tells whether a value is good.
func eachPair(list string, take func(name, value string) bool) error {
	pairs := strings.Split(list, ",")
	if len(pairs) > maxRenditions {
		return errQuery
	}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, ":")
		if !isName(name, maxRendition) || !take(name, value) {
			return errQuery
		}
	}
	return nil
}

// parseStripes reads a set of stripes, none of them twice.
func parseStripes(set string) (uint8, error) {
	if set == "all" {
		return allStripes, nil
	}
	var stripes uint8
	for one := range strings.SplitSeq(strings.ReplaceAll(set, ",", "."), ".") {
		if len(one) != 1 || one[0] < '0' || one[0] >= '0'+stripeCount || stripes&(1<<(one[0]-'0')) != 0 {
			return 0, errQuery
		}
		stripes |= 1 << (one[0] - '0')
	}
	return stripes, nil
}

// complete fills in all renditions when none is named, gives stripes to all of them
// when they were named for none in particular, and refuses names that the broadcast
// has not, or that the feed does not follow.
func (q *feedQuery) complete(live Live) error {
	renditions, _, _, _ := live.Media.Live()
	names := make([]string, 0, len(renditions))
	for _, r := range renditions {
		names = append(names, r.Name)
	}
	if len(q.renditions) == 0 {
		q.renditions = names
	}
	for _, name := range q.renditions {
		if !slices.Contains(names, name) {
			return errQuery
		}
		if q.everywhere != 0 {
			q.stripes[name] = q.everywhere
		}
	}
	for name := range q.stripes {
		if !slices.Contains(q.renditions, name) {
			return errQuery
		}
	}
	return nil
}
