package origin

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/publisher"
)

// BenchmarkFeeds runs a broadcast of 1 Mbit/s in parts of 250 ms, video and audio, and
// many feeds of it, whose readers are another process. It reports what the server
// needs: cores, memory for each feed, and bytes.
//
//	go test ./origin -run '^$' -bench Feeds -benchtime 40x
func BenchmarkFeeds(b *testing.B) {
	for _, c := range []struct {
		feeds   int
		stripes string
	}{{1000, "0"}, {100, "all"}} {
		b.Run(fmt.Sprintf("%d of stripes %s", c.feeds, c.stripes), func(b *testing.B) {
			benchFeeds(b, c.feeds, c.stripes)
		})
	}
}

func benchFeeds(b *testing.B, feeds int, stripes string) {
	_, identity, err := ed25519.GenerateKey(nil)
	require.NoError(b, err)
	record := publisher.New(publisher.Config{Identity: identity, Stream: "demo", Epoch: epoch, Window: 40 * time.Second})
	d := newDaemon(b)
	renditions, timing, _, _ := d.media.Live()
	record.Begin(renditions, timing)
	for r := range 2 {
		record.Init(media.Init{Rendition: r, Data: make([]byte, 700)})
	}
	d.Catalog.Begin(Live{Stream: "demo", Epoch: epoch, Media: d.media, Heads: record})
	before := memoryInUse()
	stop := startReaders(b, strings.TrimPrefix(d.url, "http://"), base+"feed?stripes="+stripes, feeds)
	require.Eventually(b, func() bool {
		return strings.Contains(d.metricsText(), fmt.Sprintf(`liverelay_http_held_requests{route="feed"} %d`, feeds))
	}, 20*time.Second, 10*time.Millisecond)
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	number := uint64(0)
	b.ResetTimer()
	began, used := time.Now(), cpu(b)
	for b.Loop() {
		<-ticker.C
		for r, size := range []int{1_000_000 / 8 / 4, 64_000 / 8 / 4} {
			record.Part(&media.Part{
				Rendition: r, Number: number, Start: time.Duration(number) * 250 * time.Millisecond,
				Duration: 250 * time.Millisecond, Independent: true, Data: make([]byte, size),
			})
		}
		number++
	}
	elapsed := time.Since(began).Seconds()
	b.ReportMetric((cpu(b)-used)/elapsed, "cores")
	b.ReportMetric(float64(memoryInUse()-before)/float64(feeds)/1024, "kB/feed")
	b.ReportMetric(float64(stop())*8/1e3/elapsed/float64(feeds), "kbit/s/feed")
	record.End()
}

// memoryInUse is what the process holds of memory in use, in bytes.
func memoryInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

func cpu(b *testing.B) float64 {
	var use syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	return float64(use.Utime.Nano()+use.Stime.Nano()) / 1e9
}

// startReaders runs readers in another process; the function it returns ends it and
// says how much they read.
func startReaders(b *testing.B, address, path string, count int) func() int64 {
	command := exec.CommandContext(b.Context(), os.Args[0], "-test.run", "^TestReaders$")
	command.Env = append(os.Environ(), "READ_FEEDS="+strings.Join([]string{address, path, strconv.Itoa(count)}, " "))
	in, err := command.StdinPipe()
	require.NoError(b, err)
	var out bytes.Buffer
	command.Stdout = &out
	require.NoError(b, command.Start())
	return func() int64 {
		require.NoError(b, in.Close())
		require.NoError(b, command.Wait())
		line, _, _ := strings.Cut(out.String(), "\n")
		n, err := strconv.ParseInt(line, 10, 64)
		require.NoError(b, err)
		return n
	}
}

// TestReaders is the other process of BenchmarkFeeds, and nothing by itself.
func TestReaders(t *testing.T) {
	var address, path string
	var count int
	if n, _ := fmt.Sscan(os.Getenv("READ_FEEDS"), &address, &path, &count); n != 3 {
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	var total atomic.Int64
	var running sync.WaitGroup
	for range count {
		running.Go(func() { readFeed(ctx, address, path, &total) })
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	cancel()
	running.Wait()
	fmt.Println(total.Load()) //nolint:forbidigo // it is how the processes talk
}

func readFeed(ctx context.Context, address, path string, total *atomic.Int64) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
	buffer := make([]byte, 16<<10)
	for {
		n, err := conn.Read(buffer)
		total.Add(int64(n))
		if err != nil {
			return
		}
	}
}
