package admission

import (
	"net/http"
	"strings"
)

// Site names the site whose page made a request: its origin (RFC 6454) in lower
// case, "null" for a page without one, and "" for our own pages and for programs
// that are no browser. Use it for the request that mints and for the one that shows
// the token: a browser sends no Origin with a same-origin fetch, but always with a
// WebSocket, and both come out as "".
//
// A page is our own when its host is the one that was asked (Host) or one of hosts,
// which are for a proxy that doesn't pass Host on: the host, and port if any, of the
// public address.
func Site(r *http.Request, hosts ...string) string {
	origin := strings.ToLower(r.Header.Get("Origin"))
	_, host, found := strings.Cut(origin, "://")
	if !found {
		return origin
	}
	for _, own := range append([]string{r.Host}, hosts...) {
		if own != "" && host == strings.ToLower(own) {
			return ""
		}
	}
	return origin
}
