package origin

import (
	"net/url"
	"regexp"
	"strconv"
)

// wishes is what an embedding page asks of the player in the query of /embed/, as
// attributes of the player (docs/player.md). Empty fields leave the defaults.
type wishes struct {
	P2P, Controls, Autoplay, Muted, ShowTitle string
	Color, Latency, Start                     string
}

const (
	maxLatency = 30   // seconds
	maxStart   = 3600 // seconds
)

// readWishes takes what is well-formed, and leaves out the rest. Switches are 0 or 1,
// as in PeerTube's and YouTube's parameters.
func readWishes(query url.Values) wishes {
	return wishes{
		P2P:       p2pWish(query.Get("p2p")),
		Controls:  switchWish(query.Get("controls")),
		Autoplay:  switchWish(query.Get("autoplay")),
		Muted:     switchWish(query.Get("muted")),
		ShowTitle: switchWish(query.Get("title")),
		Color:     colorWish(query.Get("color")),
		Latency:   secondsWish(query.Get("latency"), maxLatency),
		Start:     secondsWish(query.Get("start"), maxStart),
	}
}

func p2pWish(value string) string {
	switch value {
	case "0", "none":
		return "none"
	case "ask", "relays":
		return value
	}
	return ""
}

// switchWish is about what is on unless it is switched off.
func switchWish(value string) string {
	if value == "0" || value == "false" {
		return "false"
	}
	return ""
}

// colorWish takes a colour in hexadecimal digits, with or without the number sign,
// which a query would have to escape.
func colorWish(value string) string {
	digits := match(regexp.MustCompile(`^#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$`), value)
	if digits == "" || digits[0] == '#' {
		return digits
	}
	return "#" + digits
}

func secondsWish(value string, most float64) string {
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil || !(seconds > 0) {
		return ""
	}
	return strconv.FormatFloat(min(seconds, most), 'f', -1, 64)
}

func match(form *regexp.Regexp, value string) string {
	if len(value) <= maxQuery && form.MatchString(value) {
		return value
	}
	return ""
}
