package bench

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/segmenter/llhls"
)

// waiting is how many blocking reloads wait at once.
const waiting = 1000

// BenchmarkWaiting lets 1,000 clients, each with a connection of its own, ask for the
// next part of the first video rendition at BENCH_URL again and again, as players do,
// for ten parts. It reports how long after the first answer of a part the last one
// came, and with BENCH_PID by how much the server's resident memory grew for each
// client that waits: BENCH_URL=http://… BENCH_PID=… go test ./bench -run '^$' -bench
// Waiting -benchtime 1x
func BenchmarkWaiting(b *testing.B) {
	address := os.Getenv("BENCH_URL")
	if address == "" {
		b.Skip("BENCH_URL names no multivariant playlist")
	}
	for b.Loop() {
		idle := resident(b)
		crowd := startCrowd(b, address)
		b.ReportMetric(float64(crowd.resident-idle)/waiting, "B/client")
		b.ReportMetric(percentileMS(crowd.spreads, 0.5), "spread-p50-ms")
		b.ReportMetric(percentileMS(crowd.spreads, 1), "spread-max-ms")
		b.ReportMetric(float64(crowd.failed), "failed")
	}
}

// firstVideo returns the first media playlist of a multivariant one.
func firstVideo(b *testing.B, address string) *url.URL {
	b.Helper()
	text, base := fetch(b, address)
	m, err := llhls.ParseMultivariant([]byte(text))
	require.NoError(b, err)
	at, err := base.Parse(m.Variants[0].URI)
	require.NoError(b, err)
	_, at = fetch(b, at.String()) // a server may lead to an address of a session
	return at
}

// fetch returns a text and where it came from in the end.
func fetch(b *testing.B, address string) (string, *url.URL) {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address, nil)
	require.NoError(b, err)
	response, err := http.DefaultClient.Do(request) // no cookies: a session is in the address
	require.NoError(b, err)
	defer response.Body.Close() //nolint:errcheck // only read from
	var text strings.Builder
	_, err = bufio.NewReader(response.Body).WriteTo(&text)
	require.NoError(b, err)
	require.Equal(b, http.StatusOK, response.StatusCode, text.String())
	return text.String(), response.Request.URL
}

// resident is the server's memory in bytes; 0 without BENCH_PID.
func resident(b *testing.B) int64 {
	b.Helper()
	pid := os.Getenv("BENCH_PID")
	if pid == "" {
		return 0
	}
	text, err := os.ReadFile("/proc/" + pid + "/status")
	require.NoError(b, err)
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	var kib int64
	_, err = fmt.Sscan(after, &kib)
	require.NoError(b, err)
	return kib << 10
}

// crowd is what was seen of clients that wait.
type crowd struct {
	spreads  []time.Duration
	resident int64
	failed   int
}

// rounds is how many parts the crowd waits for.
const rounds = 10

// startCrowd opens all connections, then lets them all wait for each next part.
func startCrowd(b *testing.B, address string) crowd {
	b.Helper()
	runtime.GC()
	server, err := url.Parse(address)
	require.NoError(b, err)
	conns := make([]net.Conn, waiting)
	for i := range conns {
		conn, err := net.Dial("tcp", server.Host)
		require.NoError(b, err)
		defer conn.Close() //nolint:errcheck // the end of the run
		conns[i] = conn
	}
	playlist := firstVideo(b, address) // now: a session that nobody asks for may end
	var c crowd
	for range rounds {
		// Everybody asks for the part after the next one, so that all wait.
		msn, part := edge(b, playlist)
		times := ask(b.Context(), conns, playlist, msn, part+2, func() { c.resident = max(c.resident, resident(b)) })
		var first, last time.Time
		for _, t := range times {
			switch {
			case t.IsZero():
				c.failed++
			case first.IsZero() || t.Before(first):
				first = t
			}
			if t.After(last) {
				last = t
			}
		}
		c.spreads = append(c.spreads, last.Sub(first))
	}
	return c
}

// edge is the newest part that is listed.
func edge(b *testing.B, playlist *url.URL) (msn uint64, part int) {
	b.Helper()
	text, _ := fetch(b, playlist.String())
	p, err := llhls.Parse([]byte(text))
	require.NoError(b, err)
	msn, part, ok := p.Last()
	require.True(b, ok)
	return msn, part
}

// ask sends one request on each connection and returns when each was answered, zero
// for those that were not with 200. atRest is called when all have asked.
func ask(ctx context.Context, conns []net.Conn, playlist *url.URL, msn uint64, part int, atRest func()) []time.Time {
	times := make([]time.Time, len(conns))
	query := playlist.Query()
	query.Set("_HLS_msn", strconv.FormatUint(msn, 10))
	query.Set("_HLS_part", strconv.Itoa(part))
	asked := fmt.Sprintf("GET %s?%s HTTP/1.1\r\nHost: %s\r\n\r\n", playlist.Path, query.Encode(), playlist.Host)
	var done sync.WaitGroup
	for i, conn := range conns {
		if _, err := conn.Write([]byte(asked)); err != nil {
			continue
		}
		done.Go(func() {
			_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || response.StatusCode != http.StatusOK || ctx.Err() != nil {
				return
			}
			at := time.Now()
			if _, err := bufio.NewReader(response.Body).WriteTo(discard{}); err == nil {
				times[i] = at
			}
			_ = response.Body.Close()
		})
	}
	atRest()
	done.Wait()
	return times
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// percentileMS is in milliseconds.
func percentileMS(of []time.Duration, p float64) float64 {
	sorted := slices.Clone(of)
	slices.Sort(sorted)
	return float64(sorted[min(len(sorted)-1, int(float64(len(sorted))*p))]) / float64(time.Millisecond)
}
