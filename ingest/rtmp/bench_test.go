package rtmp_test

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

// BenchmarkPublish takes pictures of 25 kB, 6 Mbit/s at 30 fps, in chunks as OBS cuts
// them, from a socket to a broadcast's reader.
func BenchmarkPublish(b *testing.B) {
	s := open(b, nil)
	c := live(b, s)
	require.NoError(b, c.SetDeadline(time.Time{}))
	c.send(setChunkSize(4096))
	key := chunks(6, 0, 9, 1, frame(true, 25_000), 4096)
	c.send(key)
	r := s.first(b)
	require.Eventually(b, func() bool { return r.count(media.Video) == 1 }, 5*time.Second, time.Millisecond)
	r.forget()
	picture := chunks(6, 0, 9, 1, frame(false, 25_000), 4096)
	group := append(bytes.Clone(key), bytes.Repeat(picture, 29)...)
	b.SetBytes(int64(len(group)))
	b.ReportAllocs()
	for b.Loop() {
		c.send(group)
		for r.count(media.Video) < 30 {
			runtime.Gosched()
		}
		r.forget()
	}
}
