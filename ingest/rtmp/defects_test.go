package rtmp_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/ingest/rtmp"
	"github.com/liverelay/liverelay/media"
)

// The six defects of go-rtmp v0.0.7 that the guard keeps away from it.

func TestDefect1ExtendedTimestamps(t *testing.T) {
	const start = 20_000_000 // ms, more than 24 bits hold
	for name, repeated := range map[string]bool{"repeated": true, "not repeated": false} {
		t.Run(name, func(t *testing.T) {
			s := open(t, nil)
			c := live(t, s)
			for i := range uint32(5) {
				b := video(start+i*40, frame(i == 0, 1000))
				if !repeated {
					ext := binary.BigEndian.AppendUint32([]byte{0xc6}, start+i*40)
					b = bytes.ReplaceAll(b, ext, []byte{0xc6})
				}
				c.send(b)
			}
			r := s.first(t)
			require.Eventually(t, func() bool { return r.count(media.Video) == 5 }, 5*time.Second, time.Millisecond)
			require.Equal(t, 160*time.Millisecond, r.all()[4].DTS)
			require.Len(t, r.all()[4].Data, 1004)
		})
	}
	t.Run("ffmpeg", func(t *testing.T) {
		s := open(t, nil)
		out, err := ffmpeg(t, append(picture("2", "-output_ts_offset", "20000"), s.url(testKey))...)
		require.NoError(t, err, out)
		r := s.first(t)
		require.Eventually(t, r.isEnded, 5*time.Second, 10*time.Millisecond)
		checkUnits(t, r.all())
		require.Equal(t, 60, r.count(media.Video))
	})
}

// nested is an AMF object within an object, and so on.
func nested(depth int) []byte {
	return append(amf("connect", 1), bytes.Repeat([]byte{3, 0, 1, 'a'}, depth)...)
}

func TestDefect2NestedAMF(t *testing.T) {
	s := open(t, nil)
	for name, attack := range map[string][]byte{
		"as deep as a command may be":  chunks(3, 0, 20, 0, nested(4000), 128),
		"15 MB of it":                  chunks(3, 0, 20, 0, nested(3_900_000), 65536),
		"in metadata":                  chunks(3, 0, 18, 0, nested(10_000), 65536),
		"in arrays":                    chunks(3, 0, 20, 0, append(amf("connect", 1), bytes.Repeat([]byte{10, 0, 0, 0, 1}, 3000)...), 128),
		"in AMF 3's place":             chunks(3, 0, 17, 0, append([]byte{0}, nested(4000)...), 128),
		"an object that does not end":  chunks(3, 0, 20, 0, append(amf("connect", 1), 3, 0, 9, 'a'), 128),
		"a connect without an object":  chunks(3, 0, 20, 0, amf("connect", 1), 128),
		"a command without an id":      chunks(3, 0, 20, 0, amf("connect"), 128),
		"a command without a name":     chunks(3, 0, 20, 0, amf(1, 1), 128),
		"a marker that does not exist": chunks(3, 0, 20, 0, []byte{0x44}, 128),
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, s.address)
			c.handshake()
			c.send([]byte{2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 1, 0, 0}) // chunks of 65536
			if !strings.Contains(name, "MB") && name != "in metadata" {
				c = dial(t, s.address)
				c.handshake()
			}
			c.send(attack)
			if name == "in metadata" {
				c.send([]byte{0xff, 0xff}) // it was dropped unread; this ends the connection
			}
			c.gone(5 * time.Second)
		})
	}
	live(t, s)
}

func TestDefect4SlowClients(t *testing.T) {
	s := open(t, func(s *rtmp.Server) { s.Handshake = 300 * time.Millisecond })
	for name, begin := range map[string]func(c *raw){
		"from the first byte":     func(*raw) {},
		"after the handshake":     func(c *raw) { c.handshake() },
		"after createStream":      func(c *raw) { c.connect() },
		"in the middle of a word": func(c *raw) { c.connect(); c.send(header(3, 0, 60, 20, 1), amf("publish")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, s.address)
			from := time.Now()
			begin(c)
			drip := time.NewTicker(20 * time.Millisecond)
			defer drip.Stop()
			for range drip.C {
				if _, err := c.Write([]byte{3}); err != nil {
					break
				}
				require.Less(t, time.Since(from), 3*time.Second, "the connection is still open")
			}
		})
	}
}

func TestDefect5MessagesThatEndedTheConnection(t *testing.T) {
	tag := func(kind byte, ts uint32, body []byte) []byte {
		b := []byte{kind, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body)), byte(ts >> 16), byte(ts >> 8), byte(ts), 0, 0, 0, 0}
		return binary.BigEndian.AppendUint32(append(b, body...), uint32(len(body)+11))
	}
	for name, odd := range map[string][]byte{
		"an empty message":               header(6, 0, 0, 9, 1),
		"an empty command":               header(3, 0, 0, 20, 1),
		"AMF 3 command":                  chunks(3, 0, 17, 1, append([]byte{0}, amf("onStatus", 0, nil)...), 128),
		"AMF 3 for real":                 chunks(3, 0, 17, 1, []byte{0x11, 9, 1, 1}, 128),
		"AMF 3 data":                     chunks(3, 0, 15, 1, []byte{0x11, 9, 1, 1}, 128),
		"shared object":                  chunks(3, 0, 19, 1, []byte{1, 2, 3}, 128),
		"type unknown":                   chunks(3, 0, 99, 1, []byte{1, 2, 3}, 128),
		"an aggregate that breaks off":   chunks(3, 0, 22, 1, []byte{9, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0, 1}, 128),
		"user control":                   chunks(2, 0, 4, 0, []byte{0, 3, 0, 0, 0, 1, 0, 0, 1, 0}, 128),
		"user control, unknown":          chunks(2, 0, 4, 0, []byte{0, 99}, 128),
		"acknowledgement, short":         chunks(2, 0, 3, 0, []byte{0}, 128),
		"window of no bytes":             chunks(2, 0, 5, 0, []byte{0, 0, 0, 0}, 128),
		"abort of nothing":               chunks(2, 0, 2, 0, []byte{0, 0, 0, 7}, 128),
		"a command nobody knows":         chunks(3, 0, 20, 1, amf("selfDestruct", 0, nil), 128),
		"connect again":                  chunks(3, 0, 20, 0, amf("connect", 9, map[string]any{"app": "live"}), 128),
		"publish again":                  chunks(3, 0, 20, 1, amf("publish", 9, nil, testKey), 128),
		"play":                           chunks(3, 0, 20, 1, amf("play", 9, nil, "demo"), 128),
		"data nobody knows":              chunks(3, 0, 18, 1, amf("onFI", map[string]any{"sd": "x"}), 128),
		"metadata that is no object":     chunks(3, 0, 18, 1, amf("@setDataFrame", "onMetaData", 7), 128),
		"metadata without @setDataFrame": chunks(3, 0, 18, 1, amf("onMetaData", map[string]any{"framerate": 25}), 128),
		"a message on another stream":    chunks(6, 0, 9, 77, []byte{0x57, 0}, 128),
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, nil)
			c := live(t, s)
			c.send(video(0, frame(true, 10)), odd, video(40, frame(false, 10)), audio(45, sound()))
			r := s.first(t)
			require.Eventually(t, func() bool { return r.count(media.Video) == 2 && r.count(media.Audio) == 1 }, 5*time.Second, time.Millisecond)
		})
	}
	t.Run("an aggregate", func(t *testing.T) {
		s := open(t, nil)
		c := live(t, s)
		body := bytes.Join([][]byte{tag(9, 7000, frame(true, 300)), tag(8, 7010, sound()), tag(9, 7040, frame(false, 300))}, nil)
		c.send(chunks(4, 500, 22, 1, body, 128), video(580, frame(false, 10)))
		r := s.first(t)
		require.Eventually(t, func() bool { return len(r.all()) == 4 }, 5*time.Second, time.Millisecond)
		for i, want := range []int{0, 10, 40, 80} {
			require.Equal(t, int64(want), r.all()[i].DTS.Milliseconds())
		}
		require.Len(t, r.all()[2].Data, 304)
	})
}

func TestDefect6WrongKey(t *testing.T) {
	s := open(t, nil)
	c := dial(t, s.address)
	answer := c.publish("not-the-key-of-anybody")
	require.Contains(t, answer, "onStatus")
	require.Contains(t, answer, "\x00\x05level\x02\x00\x05error")
	require.Contains(t, answer, "\x00\x04code\x02\x00\x19NetStream.Publish.BadName")
	require.NotContains(t, answer, "not-the-key")
	require.Empty(t, c.gone(5*time.Second), "nothing else is said")
}
