package origin

import (
	"net/http"
	"net/netip"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzHeaders reads everything of a request's header that decides on an answer: the
// result is always harmless where it is used.
func FuzzHeaders(f *testing.F) {
	f.Add("example.org:8080", "1.1.1.1, 10.0.0.1", "https", "gzip;q=0.5, br", "https://blog.example")
	f.Add(`x"><script>`, "::ffff:1.1.1.1,", "ftp", "gzip;q=;;,*;q=NaN", "null")
	f.Add("[::1]:80", "10.0.0.1%eth0", "", "gzip;q=1e309", "http://[::1")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, name, forwarded, proto, encoding, origin string) {
		r := &http.Request{RemoteAddr: "10.0.0.1:1", Host: name, Header: http.Header{
			"X-Forwarded-For": {forwarded}, "X-Forwarded-Proto": {proto}, "Accept-Encoding": {encoding}, "Origin": {origin},
		}}
		a, err := newAddresses("", trusted, false)
		require.NoError(t, err)
		require.True(t, a.client(r).IsValid())
		require.True(t, isHost(host(r)))
		require.Contains(t, []string{"http", "https"}, a.scheme(r))
		if base, err := url.Parse(a.base(r)); err == nil {
			require.Empty(t, base.Path)
			require.Nil(t, base.User)
		}
		acceptsGzip(r.Header)
		a.site(r)
		(&handler{addresses: a}).isForeign(r)
	})
}

// FuzzOEmbedURL asks about any address: only a watch page of this very server is
// ever found.
func FuzzOEmbedURL(f *testing.F) {
	for _, address := range []string{
		"http://h/live/demo", "https://h/live/demo?x=1#y", "http://h@evil/live/demo", "http://evil/live/demo", "file:///live/demo",
		"http://h/live/../live/demo", "http://H/live/demo", "//h/live/demo", "http://h:80/live/demo", "http://h\\@evil/live/demo",
	} {
		f.Add(address)
	}
	s := &handler{config: &Server{Streams: registry{{Name: "demo"}}}}
	r := &http.Request{Host: "h", Header: http.Header{}}
	f.Fuzz(func(t *testing.T, address string) {
		stream, ok := s.ownWatchPage(r, address)
		if !ok {
			return
		}
		u, err := url.Parse(address)
		require.NoError(t, err)
		require.Contains(t, []string{"h", "H"}, u.Host)
		require.Equal(t, "/live/"+stream.Name, u.Path)
	})
}
