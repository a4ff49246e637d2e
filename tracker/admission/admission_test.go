package admission

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var now = time.Unix(1_800_000_000, 0)

func office(t testing.TB) *Office {
	o, err := New(bytes.Repeat([]byte{7}, KeyLength), time.Minute)
	require.NoError(t, err)
	return o
}

func TestATokenAdmitsToItsStreamFromItsSiteForItsTime(t *testing.T) {
	o := office(t)
	token := o.Mint("demo", "https://a.example", now)
	flipped := []byte(token)
	flipped[20] ^= 1
	for _, c := range []struct {
		name                string
		token, stream, site string
		at                  time.Time
		want                error
	}{
		{"at once", token, "demo", "https://a.example", now, nil},
		{"to the last second", token, "demo", "https://a.example", now.Add(59 * time.Second), nil},
		{"after its end", token, "demo", "https://a.example", now.Add(time.Minute), ErrExpired},
		{"another stream", token, "other", "https://a.example", now, ErrForged},
		{"another site", token, "demo", "https://b.example", now, ErrForged},
		{"our own site", token, "demo", "", now, ErrForged},
		{"stream and site shifted", token, "demoh", "ttps://a.example", now, ErrForged},
		{"a bit flipped", string(flipped), "demo", "https://a.example", now, ErrForged},
		{"nothing", "", "demo", "https://a.example", now, ErrMalformed},
		{"cut short", token[:40], "demo", "https://a.example", now, ErrMalformed},
		{"too long", token + "A", "demo", "https://a.example", now, ErrMalformed},
		{"not base64url", strings.Repeat("+", len(token)), "demo", "https://a.example", now, ErrMalformed},
		{"another version", "Ag" + token[2:], "demo", "https://a.example", now, ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.ErrorIs(t, o.Check(c.token, c.stream, c.site, c.at), c.want)
		})
	}
}

func TestAGivenKeyOutlivesARestart(t *testing.T) {
	require.NoError(t, office(t).Check(office(t).Mint("demo", "", now), "demo", "", now))
}

func TestAMadeUpKeyDoesNot(t *testing.T) {
	first, err := New(nil, 0)
	require.NoError(t, err)
	second, err := New(nil, 0)
	require.NoError(t, err)
	token := first.Mint("demo", "", now)
	require.NoError(t, first.Check(token, "demo", "", now.Add(Lifetime-time.Second)))
	require.ErrorIs(t, second.Check(token, "demo", "", now), ErrForged)
}

func TestAShortKeyIsRefused(t *testing.T) {
	_, err := New([]byte("short"), 0)
	require.ErrorContains(t, err, "need 32")
}

func TestSite(t *testing.T) {
	for _, c := range []struct{ origin, host, want string }{
		{"", "relay.example", ""},
		{"https://relay.example", "relay.example", ""},
		{"https://Relay.Example:8443", "relay.example:8443", ""},
		{"https://relay.example:8443", "relay.example", "https://relay.example:8443"},
		{"https://tv.example", "127.0.0.1:8080", ""}, // a proxy in front that keeps Host to itself
		{"https://Blog.example", "relay.example", "https://blog.example"},
		{"https://evil.example/relay.example", "relay.example", "https://evil.example/relay.example"},
		{"null", "relay.example", "null"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/tracker", nil)
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		require.Equal(t, c.want, Site(r, "tv.example"), c.origin)
	}
}

func FuzzCheck(f *testing.F) {
	o := office(f)
	good := o.Mint("demo", "https://a.example", now)
	f.Add(good, "demo", "https://a.example")
	f.Add(good[:54]+"B", "demo", "https://a.example")
	f.Add("", "", "")
	f.Add(base64.RawURLEncoding.EncodeToString(make([]byte, length)), "demo", "")
	f.Fuzz(func(t *testing.T, token, stream, site string) {
		err := o.Check(token, stream, site, now)
		if err == nil && token != o.Mint(stream, site, now) {
			t.Fatalf("admitted %q", token)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	o := office(b)
	token := o.Mint("demo", "https://a.example", now)
	b.ReportAllocs()
	for b.Loop() {
		if o.Check(token, "demo", "https://a.example", now) != nil {
			b.Fatal("turned away")
		}
	}
}
