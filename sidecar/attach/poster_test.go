package attach_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/sidecar/attach"
	"github.com/liverelay/liverelay/sidecar/mirror"
	"github.com/liverelay/liverelay/sidecar/outbound"
)

// attached stays attached to a PeerTube whose poster is these bytes.
func attached(t *testing.T, poster string) *attach.Attachment {
	t.Helper()
	const path = "/api/v1/videos/kkGMgK9ZtnKfYAgnEtQxbv"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case path:
			_, _ = w.Write([]byte(strings.ReplaceAll(live, "https://storage.example.org", "")))
		case "/lazy-static/previews/x.jpg":
			_, _ = w.Write([]byte(poster))
		default:
			_, _ = w.Write([]byte(media))
		}
	}))
	t.Cleanup(s.Close)
	at, err := url.Parse(s.URL + "/w/kkGMgK9ZtnKfYAgnEtQxbv")
	require.NoError(t, err)
	client, err := outbound.New(outbound.Config{Typed: []*url.URL{at}})
	require.NoError(t, err)
	a := &attach.Attachment{At: at, Client: client, Log: zerolog.Nop(), Open: func(func(int) []byte) (mirror.Sink, error) { return nil, nil }}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		require.Nil(t, a.JPEG())
		client.Close()
	})
	return a
}

func TestThePosterOfTheOtherServerIsShown(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	const picture = "\xff\xd8\xff\xe0 a picture"
	a := attached(t, picture)
	require.Eventually(t, func() bool { return string(a.JPEG()) == picture }, 5*time.Second, 10*time.Millisecond)
}

func TestWhatIsNoPictureIsNotShown(t *testing.T) {
	for _, poster := range []string{"<script>alert(1)</script>", "\xff\xd8\xff" + strings.Repeat("x", 1<<20), ""} {
		a := attached(t, poster)
		require.Never(t, func() bool { return a.JPEG() != nil }, 200*time.Millisecond, 20*time.Millisecond)
	}
}
