package outbound_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/liverelay/liverelay/sidecar/outbound"
)

func TestIsPublic(t *testing.T) {
	for _, text := range []string{"1.1.1.1", "8.8.8.8", "::ffff:9.9.9.9", "2606:4700::1111", "2a00:1450:4001::1", "172.32.0.1", "100.128.0.1"} {
		require.True(t, outbound.IsPublic(netip.MustParseAddr(text)), text)
	}
	for _, text := range []string{
		"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1",
		"169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1",
		"198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
		"64:ff9b::8.8.8.8", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "3fff::1", "5f00::1", "fc00::1", "fd12::1",
		"fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1",
	} {
		require.False(t, outbound.IsPublic(netip.MustParseAddr(text)), text)
	}
	require.False(t, outbound.IsPublic(netip.Addr{}))
}

func parse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	require.NoError(t, err)
	return u
}

func get(t *testing.T, c *outbound.Client, address string) (*outbound.Answer, error) {
	t.Helper()
	return c.Get(context.Background(), outbound.Request{URL: parse(t, address), MaxBytes: 1 << 10, Within: 5 * time.Second})
}

func client(t *testing.T, cfg outbound.Config) *outbound.Client {
	t.Helper()
	c, err := outbound.New(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// inside is a server in the private network that nobody may be led to.
func inside(t *testing.T) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var hits atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		fmt.Fprint(w, "secret")
	}))
	t.Cleanup(s.Close)
	return s, &hits
}

// TestAbuse9PrivateAddressesAreRefused: each way to write an inner address, none of
// which the administrator wrote.
func TestAbuse9PrivateAddressesAreRefused(t *testing.T) {
	s, hits := inside(t)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	require.NoError(t, err)
	c := client(t, outbound.Config{})
	for _, host := range []string{
		"127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
		"[64:ff9b::7f00:1]", "[2002:7f00:1::1]", "127.1.2.3", "10.0.0.1", "192.168.1.1", "169.254.169.254", "[fe80::1]",
	} {
		_, err := get(t, c, "http://"+host+":"+port+"/")
		require.Error(t, err, host)
		var dns *net.DNSError
		if !errors.As(err, &dns) {
			require.ErrorIs(t, err, outbound.ErrRefused, host)
		}
	}
	require.Zero(t, hits.Load())
	for _, address := range []string{"file:///etc/passwd", "concat:http://a|http://b", "gopher://127.0.0.1/", "//127.0.0.1/", "ftp://127.0.0.1/"} {
		_, err := get(t, c, address)
		require.ErrorIs(t, err, outbound.ErrScheme, address)
	}
}

// TestAbuse9ATypedAddressIsItsOwnPermission: for its host and port, not for where it
// leads to.
func TestAbuse9ATypedAddressIsItsOwnPermission(t *testing.T) {
	secret, hits := inside(t)
	public := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, secret.URL, http.StatusFound)
			return
		}
		fmt.Fprint(w, "fine")
	}))
	defer public.Close()
	c := client(t, outbound.Config{Typed: []*url.URL{parse(t, public.URL)}})
	answer, err := get(t, c, public.URL+"/x?token=t0p")
	require.NoError(t, err)
	require.Equal(t, "fine", string(answer.Body))
	_, err = get(t, c, public.URL+"/away?token=t0p")
	require.ErrorIs(t, err, outbound.ErrRefused)
	require.NotContains(t, err.Error(), "t0p", "tokens stay out of errors")
	_, err = get(t, c, secret.URL)
	require.ErrorIs(t, err, outbound.ErrRefused)
	require.Zero(t, hits.Load())

	for _, entry := range []string{strings.TrimPrefix(secret.URL, "http://"), "127.0.0.1", "127.0.0.0/8"} {
		allowed := client(t, outbound.Config{Allow: []string{entry}})
		_, err = get(t, allowed, secret.URL)
		require.NoError(t, err, entry)
	}
	elsewhere := client(t, outbound.Config{Allow: []string{"127.0.0.1:1", "10.0.0.0/8", "localhost"}})
	_, err = get(t, elsewhere, secret.URL)
	require.ErrorIs(t, err, outbound.ErrRefused)
}

// TestAbuse9RebindingIsCaughtWhenDialling: a name that is public the first time it is
// asked for, and leads inside the second time.
func TestAbuse9RebindingIsCaughtWhenDialling(t *testing.T) {
	s, hits := inside(t)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	require.NoError(t, err)
	var asked atomic.Int64
	c := client(t, outbound.Config{Resolver: resolver(t, func() [4]byte {
		if asked.Add(1) == 1 {
			return [4]byte{192, 0, 2, 1} // where nobody is; refused as documentation, too
		}
		return [4]byte{127, 0, 0, 1}
	})})
	for range 3 {
		_, err := get(t, c, "http://rebind.example.org:"+port+"/")
		require.ErrorIs(t, err, outbound.ErrRefused)
	}
	require.Zero(t, hits.Load())
	require.GreaterOrEqual(t, asked.Load(), int64(3))
}

// resolver answers all questions for an IPv4 address with what next says.
func resolver(t *testing.T, next func() [4]byte) *net.Resolver {
	t.Helper()
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go answerDNS(theirs, next)
		return ours, nil
	}}
}

// answerDNS answers questions as over TCP, each with its length before it.
func answerDNS(conn net.Conn, next func() [4]byte) {
	defer func() { _ = conn.Close() }()
	for {
		size := make([]byte, 2)
		if _, err := conn.Read(size); err != nil {
			return
		}
		buffer := make([]byte, int(size[0])<<8|int(size[1]))
		for at := 0; at < len(buffer); {
			n, err := conn.Read(buffer[at:])
			if err != nil {
				return
			}
			at += n
		}
		var m dnsmessage.Message
		if m.Unpack(buffer) != nil || len(m.Questions) != 1 {
			return
		}
		m.Response, m.RCode, m.Additionals = true, dnsmessage.RCodeSuccess, nil
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
				Body:   &dnsmessage.AResource{A: next()},
			}}
		}
		packed, err := m.Pack()
		if err != nil {
			return
		}
		if _, err := conn.Write(append([]byte{byte(len(packed) >> 8), byte(len(packed))}, packed...)); err != nil {
			return
		}
	}
}

func TestBounds(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, 1<<20))
			_ = z.Close()
		case "/long":
			_, _ = w.Write(make([]byte, 2<<10))
		case "/endless":
			for r.Context().Err() == nil {
				_, _ = w.Write(make([]byte, 512))
				w.(http.Flusher).Flush()
			}
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/hang":
			<-r.Context().Done()
		case "/drip":
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte{0})
				w.(http.Flusher).Flush()
				<-time.After(10 * time.Millisecond)
			}
		case "/range":
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader("0123456789"))
		case "/norange":
			fmt.Fprint(w, "0123456789")
		}
	}))
	defer s.Close()
	c := client(t, outbound.Config{Typed: []*url.URL{parse(t, s.URL)}})
	for path, want := range map[string]error{
		"/bomb": outbound.ErrTooLarge, "/long": outbound.ErrTooLarge, "/endless": outbound.ErrTooLarge, "/loop": outbound.ErrRedirects,
	} {
		_, err := get(t, c, s.URL+path)
		require.ErrorIs(t, err, want, path)
	}
	for _, path := range []string{"/hang", "/drip"} {
		_, err := c.Get(context.Background(), outbound.Request{URL: parse(t, s.URL+path), MaxBytes: 1 << 10, Within: 50 * time.Millisecond})
		require.ErrorIs(t, err, context.DeadlineExceeded, path)
	}
	for _, path := range []string{"/range", "/norange"} {
		answer, err := c.Get(context.Background(), outbound.Request{URL: parse(t, s.URL+path), Offset: 2, Length: 3, MaxBytes: 100, Within: time.Second})
		require.NoError(t, err)
		require.Equal(t, "234", string(answer.Body), path)
	}
}

// TestNoProxyFromTheEnvironment: a proxy would connect in the client's place.
// TestAbuse9RedirectsLeadNowhereInside: each way to write an inner address, or a file, in
// a redirect; and none gives up encryption.
func TestAbuse9RedirectsLeadNowhereInside(t *testing.T) {
	s, hits := inside(t)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	require.NoError(t, err)
	redirect := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Query().Get("to"))
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	plain, secure := httptest.NewServer(redirect), httptest.NewTLSServer(redirect)
	defer plain.Close()
	defer secure.Close()
	trusted := secure.Client().Transport.(*http.Transport).TLSClientConfig
	c := client(t, outbound.Config{Typed: []*url.URL{parse(t, plain.URL), parse(t, secure.URL)}, TLS: trusted})
	for to, want := range map[string]error{
		"http://127.0.0.1:" + port + "/": outbound.ErrRefused, "//0.0.0.0:" + port + "/": outbound.ErrRefused,
		"http://[::ffff:127.0.0.1]:" + port + "/": outbound.ErrRefused, "http://169.254.169.254/latest": outbound.ErrRefused,
		"http://[64:ff9b::7f00:1]:" + port + "/": outbound.ErrRefused, "file:///etc/passwd": outbound.ErrScheme,
		"concat:http://a|http://b": outbound.ErrScheme, "gopher://127.0.0.1:" + port + "/": outbound.ErrScheme,
	} {
		_, err := get(t, c, plain.URL+"/?to="+url.QueryEscape(to))
		require.ErrorIs(t, err, want, to)
	}
	_, err = get(t, c, secure.URL+"/?to="+url.QueryEscape(plain.URL+"/"))
	require.ErrorIs(t, err, outbound.ErrRedirects, "from https: to http:")
	require.Zero(t, hits.Load())
}

func TestNoProxyFromTheEnvironment(t *testing.T) {
	proxy, hits := inside(t)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	c := client(t, outbound.Config{Resolver: resolver(t, func() [4]byte { return [4]byte{10, 0, 0, 1} })})
	_, err := get(t, c, "http://somewhere.example.org/")
	require.ErrorIs(t, err, outbound.ErrRefused)
	require.Zero(t, hits.Load())
}

// TestSecretsStayWithTypedAddresses: a redirect to another host takes no header along.
func TestSecretsStayWithTypedAddresses(t *testing.T) {
	var seen []string
	note := func(w http.ResponseWriter, r *http.Request) { seen = append(seen, r.Header.Get("X-Secret")) }
	other := httptest.NewServer(http.HandlerFunc(note))
	defer other.Close()
	typed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(w, r)
		http.Redirect(w, r, other.URL, http.StatusFound)
	}))
	defer typed.Close()
	c := client(t, outbound.Config{
		Typed: []*url.URL{parse(t, typed.URL)}, Allow: []string{"127.0.0.1"}, Header: http.Header{"X-Secret": {"t0p"}},
	})
	_, err := get(t, c, typed.URL)
	require.NoError(t, err)
	require.Equal(t, []string{"t0p", ""}, seen)
}

func FuzzAllowedHosts(f *testing.F) {
	for _, s := range []string{"a", "a:1", "10.0.0.0/8", "[::1]:80", "::1", "", ":", "a/b", "x@y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		if outbound.CheckAllowed([]string{entry}) != nil {
			return
		}
		c, err := outbound.New(outbound.Config{Allow: []string{entry}})
		require.NoError(t, err)
		c.Close()
	})
}

// FuzzIsPublic: however an IPv4 address is wrapped, an inner one is never public.
func FuzzIsPublic(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1})
	f.Add([]byte{8, 8, 8, 8})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok || !outbound.IsPublic(a) {
			return
		}
		u := a.Unmap()
		require.False(t, u.IsPrivate() || u.IsLoopback() || u.IsLinkLocalUnicast() || u.IsMulticast() || u.IsUnspecified())
	})
}
