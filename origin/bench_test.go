package origin

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkPart answers one request after the other for a part of 20 kB, over a
// connection that is kept.
func BenchmarkPart(b *testing.B) {
	d, m := benchDaemon(b)
	m.parts[1].Data = make([]byte, 20<<10)
	b.SetBytes(20 << 10)
	b.ReportAllocs()
	for b.Loop() {
		d.fetch(b, base+"240p/p1.m4s")
	}
}

// BenchmarkHeldPlaylists answers 500 requests for the playlist that has the next
// part, most of which wait for it.
func BenchmarkHeldPlaylists(b *testing.B) {
	d, m := benchDaemon(b)
	for b.Loop() {
		next := len(m.parts)
		path := base + "240p/index.m3u8?_HLS_msn=0&_HLS_part=" + strconv.Itoa(next)
		var waiting sync.WaitGroup
		for range 500 {
			waiting.Go(func() { d.fetch(b, path) })
		}
		m.grow()
		waiting.Wait()
	}
}

func benchDaemon(b *testing.B) (*daemon, *memory) {
	b.Helper()
	d := newDaemon(b)
	d.client.Transport.(*http.Transport).MaxIdleConnsPerHost = 1000
	return d, d.media
}

func (d *daemon) fetch(b *testing.B, path string) {
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, d.url+path, nil)
	require.NoError(b, err)
	request.Header.Set("Accept-Encoding", "gzip")
	response, err := d.client.Do(request)
	require.NoError(b, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(b, err)
	require.NoError(b, response.Body.Close())
}
