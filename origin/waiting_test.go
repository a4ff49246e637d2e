package origin

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// crowd is how many requests wait at once.
	crowd = 1000
	// ownShare is what a request that waits here may take beyond one that waits for a
	// channel in a handler of nothing but net/http, in bytes.
	ownShare = 700
)

// BenchmarkHeldMemory says what a request that waits takes of the server's memory, beyond its
// idle connection: in a handler that waits for one channel and does nothing else, and a
// blocking reload of a playlist here. What both have is net/http's: its buffers, the
// request, and a goroutine that looks whether the client is still there.
//
// The runtime gives new goroutines as much stack as others used at the last collection, so
// what is measured first would have smaller ones: a first crowd is not counted.
func BenchmarkHeldMemory(b *testing.B) {
	waitBare(b)
	for b.Loop() {
		bare, own := waitBare(b), waitOwn(b)
		b.ReportMetric(float64(bare.heap), "bare-heap-B")
		b.ReportMetric(float64(bare.stack), "bare-stack-B")
		b.ReportMetric(float64(own.heap), "own-heap-B")
		b.ReportMetric(float64(own.stack), "own-stack-B")
		require.Less(b, own.heap-bare.heap, int64(ownShare))
	}
}

// waitBare is what a request costs that waits in net/http alone.
func waitBare(b *testing.B) footprint {
	b.Helper()
	come := make(chan struct{})
	var waiting atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/held" {
			waiting.Add(1)
			select {
			case <-come:
			case <-r.Context().Done():
			}
		}
		_, _ = io.WriteString(w, "here")
	}))
	defer server.Close()
	c := gather(b, server.Listener.Addr().String(), "/")
	return c.wait("/held", func() bool { return waiting.Load() == crowd }, func() { close(come) })
}

// waitOwn is what a blocking reload costs.
func waitOwn(b *testing.B) footprint {
	b.Helper()
	d, s := newDaemon(b), newShelves()
	const playlist = "/live/quiet/real/source/index.m3u8"
	d.Catalog.Begin(Live{Stream: "quiet", Epoch: "real", Media: s.Store})
	for range 6 {
		s.grow()
	}
	c := gather(b, strings.TrimPrefix(d.url, "http://"), playlist)
	held := fmt.Sprintf(`liverelay_http_held_requests{route="%s"} %d`, kindPlaylist, crowd)
	all := func() bool { return strings.Contains(d.metricsText(), held) }
	return c.wait(playlist+"?_HLS_msn=1&_HLS_part=2", all, s.grow)
}

// connections are those of the clients that wait, one each.
type connections struct {
	b     *testing.B
	host  string
	conns []net.Conn
}

// gather connects all clients; each has had one answer.
func gather(b *testing.B, host, path string) *connections {
	b.Helper()
	c := &connections{b: b, host: host}
	for range crowd {
		conn, err := net.Dial("tcp", host)
		require.NoError(b, err)
		b.Cleanup(func() { _ = conn.Close() })
		c.conns = append(c.conns, conn)
		c.ask(conn, path)
		c.answer(conn)
	}
	return c
}

func (c *connections) ask(conn net.Conn, path string) {
	_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, c.host)
	require.NoError(c.b, err)
}

func (c *connections) answer(conn net.Conn) {
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(c.b, err)
	require.Equal(c.b, http.StatusOK, response.StatusCode)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(c.b, err)
	require.NoError(c.b, response.Body.Close())
}

// wait lets all ask for what is to come, looks at the memory when all of them wait, and
// lets it come.
func (c *connections) wait(path string, all func() bool, come func()) footprint {
	idle := footprintNow()
	for _, conn := range c.conns {
		c.ask(conn, path)
	}
	require.Eventually(c.b, all, 20*time.Second, 10*time.Millisecond)
	waiting := footprintNow()
	come()
	for _, conn := range c.conns {
		c.answer(conn)
	}
	return footprint{(waiting.heap - idle.heap) / crowd, (waiting.stack - idle.stack) / crowd}
}

// footprint is memory in bytes: objects in use, and goroutines' stacks.
type footprint struct{ heap, stack int64 }

func footprintNow() footprint {
	runtime.GC()
	runtime.GC() // stacks shrink in one, and are given back in the next
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return footprint{int64(m.HeapAlloc), int64(m.StackInuse)}
}
