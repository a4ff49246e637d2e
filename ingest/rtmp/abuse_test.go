package rtmp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/broadcast"
	"github.com/liverelay/liverelay/ingest/rtmp"
	"github.com/liverelay/liverelay/media"
)

func setChunkSize(n uint32) []byte {
	return append(header(2, 0, 4, 1, 0), binary.BigEndian.AppendUint32(nil, n)...)
}

// allocated returns how much heap a function takes in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestAbuse01SetChunkSize(t *testing.T) {
	t.Run("0x7FFFFFFF is clamped", func(t *testing.T) {
		s := open(t, nil)
		c := live(t, s)
		used := allocated(func() {
			c.send(setChunkSize(0x7fffffff), chunks(6, 0, 9, 1, frame(true, 70000), 1<<24))
			r := s.first(t)
			require.Eventually(t, func() bool { return r.count(media.Video) == 1 }, 5*time.Second, time.Millisecond)
		})
		require.Less(t, used, uint64(4<<20))
	})
	for name, size := range map[string]uint32{"0": 0, "the top bit": 0x80000000, "all bits": 0xffffffff} {
		t.Run(name+" is refused", func(t *testing.T) {
			s := open(t, nil)
			c := dial(t, s.address)
			c.handshake()
			c.send(setChunkSize(size))
			c.gone(5 * time.Second)
		})
	}
	t.Run("of another length is refused", func(t *testing.T) {
		s := open(t, nil)
		c := dial(t, s.address)
		c.handshake()
		c.send(chunks(2, 0, 1, 0, []byte{0, 0, 1}, 128))
		c.gone(5 * time.Second)
	})
	t.Run("1 works", func(t *testing.T) {
		s := open(t, nil)
		c := dial(t, s.address)
		c.handshake()
		c.send(setChunkSize(1), chunks(3, 0, 20, 0, amf("connect", 1, map[string]any{"app": "live"}), 1))
		require.Contains(t, c.command(), "NetConnection.Connect.Success")
	})
}

func TestAbuse02AMF(t *testing.T) {
	s := open(t, nil)
	head := amf("connect", 1)
	for name, body := range map[string][]byte{
		"nested 10,000 deep":        nested(10000),
		"a string of 65535":         append(head, 2, 0xff, 0xff, 'x'),
		"a long string of 4 GiB":    append(head, 12, 0xff, 0xff, 0xff, 0xff, 'x'),
		"an array of 2^31":          append(head, 10, 0x7f, 0xff, 0xff, 0xff, 5),
		"an array of 2^32":          append(head, 10, 0xff, 0xff, 0xff, 0xff, 5),
		"an object's name of 65535": append(head, 3, 0xff, 0xff, 'x'),
		"a number that is cut":      append(head, 0, 1, 2),
		"100,000 values":            append(head, bytes.Repeat([]byte{5}, 15000)...),
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, s.address)
			c.handshake()
			used := allocated(func() {
				c.send(chunks(3, 0, 20, 0, body, 128))
				c.gone(5 * time.Second)
			})
			require.Less(t, used, uint64(2<<20))
		})
	}
	live(t, s) // the process lives
}

func TestAbuse03ChunkStreams(t *testing.T) {
	for name, attack := range map[string]func(c *raw){
		"a message's length changes within it": func(c *raw) {
			c.send(header(3, 0, 1000, 20, 0), make([]byte, 128), header(3, 0, 100, 20, 0), make([]byte, 128))
		},
		"with a type 1 header": func(c *raw) {
			c.send(header(3, 0, 1000, 20, 0), make([]byte, 128), []byte{0x43, 0, 0, 0, 0, 0, 10, 20}, make([]byte, 128))
		},
		"with a type 2 header": func(c *raw) {
			c.send(header(3, 0, 1000, 20, 0), make([]byte, 128), []byte{0x83, 0, 0, 0}, make([]byte, 128))
		},
		"a chunk stream that begins in the middle": func(c *raw) { c.send([]byte{0xc9}) },
		"unlimited chunk streams": func(c *raw) {
			for id := range 64 {
				c.send([]byte{0, byte(id)}, header(0, 0, 200, 20, 0)[1:], make([]byte, 128))
			}
		},
		"13 chunk streams of 16 MB": func(c *raw) {
			for id := byte(3); id < 16; id++ {
				c.send(header(id, 0, 1<<24-1, 9, 1), make([]byte, 128))
			}
		},
		"many messages, none complete": func(c *raw) {
			for id := byte(3); id < 35; id++ {
				c.send(header(id, 0, 16<<10, 20, 0), make([]byte, 128))
			}
		},
		"endless messages before publish": func(c *raw) {
			for b := chunks(3, 0, 9, 1, make([]byte, 60<<10), 128); ; {
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, nil)
			c := dial(t, s.address)
			c.handshake()
			used := allocated(func() {
				attack(c)
				c.gone(5 * time.Second)
			})
			require.Less(t, used, uint64(6<<20))
		})
	}
	t.Run("by a publisher", func(t *testing.T) {
		s := open(t, nil)
		c := live(t, s)
		for id := byte(3); id < 16; id++ {
			c.send(header(id, 0, 7<<20, 9, 1), make([]byte, 128))
		}
		c.gone(5 * time.Second)
	})
}

func TestAbuse04HalfOpen(t *testing.T) {
	s := open(t, func(s *rtmp.Server) {
		s.Handshake = time.Second
		s.Limits = rtmp.Limits{Pending: 16, PendingPerAddress: 1000}
	})
	publisher := live(t, s)
	var conns []net.Conn
	for i := range 1000 {
		c, err := net.Dial("tcp", s.address)
		require.NoError(t, err)
		defer func() { _ = c.Close() }()
		if i%2 == 0 {
			_, _ = c.Write([]byte{3})
		}
		conns = append(conns, c)
	}
	another := dial(t, s.address) // the newest gets in, whoever waits
	require.Contains(t, another.publish(otherKey), "NetStream.Publish.Start")
	publisher.send(video(0, frame(true, 100)))
	require.Equal(t, "demo", s.first(t).info.Stream, "who was in stays in")

	deadline := time.Now().Add(3 * time.Second)
	for i, c := range conns {
		require.NoError(t, c.SetReadDeadline(deadline))
		for b := make([]byte, 4096); ; {
			if _, err := c.Read(b); err != nil {
				require.False(t, isTimeout(err), "connection %d is still open", i)
				break
			}
		}
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func TestAbuse04PendingOfOneAddress(t *testing.T) {
	s := open(t, func(s *rtmp.Server) { s.Limits = rtmp.Limits{PendingPerAddress: 2} })
	first, second, third := dial(t, s.address), dial(t, s.address), dial(t, s.address)
	third.gone(5 * time.Second)
	require.Contains(t, first.publish(testKey), "NetStream.Publish.Start")
	require.Contains(t, second.publish(otherKey), "NetStream.Publish.Start")
	dial(t, s.address).handshake() // those that have a key no longer count
}

func TestAbuse05BadMedia(t *testing.T) {
	garbage := func(n int) []byte {
		b := frame(true, n)
		for i := range b[10:] {
			b[10+i] = byte(i * 7)
		}
		return b
	}
	for name, bad := range map[string]struct {
		media []byte
		log   string
	}{
		"empty frames":              {bytes.Join([][]byte{video(40, []byte{0x27, 1, 0, 0, 0}), audio(40, []byte{0xaf, 1})}, nil), "frames are dropped"},
		"one byte":                  {video(40, []byte{0x27}), "can't be read"},
		"NAL units of no bytes":     {video(40, append([]byte{0x27, 1, 0, 0, 0}, make([]byte, 64)...)), "broken NAL units"},
		"NAL units beyond the end":  {video(40, []byte{0x27, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1}), "broken NAL units"},
		"garbage in NAL units":      {video(40, garbage(5000)), ""},
		"garbage for a config":      {video(40, []byte{0x17, 0, 0, 0, 0, 1, 2, 3}), "codec configurations that can't be read"},
		"an AAC config of nonsense": {audio(40, []byte{0xaf, 0, 0xff, 0xff, 0xff}), "codec configurations that can't be read"},
		"another codec":             {video(40, []byte{0x22, 1, 2, 3, 4, 5}), "unsupported codec"},
		"MP3":                       {audio(40, []byte{0x2f, 1, 2, 3}), "unsupported codec"},
		"timestamps far ahead":      {video(4_000_000_000, frame(false, 9)), "clock jumped"},
		"timestamps back":           {bytes.Join([][]byte{video(2000, frame(false, 9)), video(500, frame(false, 9))}, nil), "clock jumped"},
		"absurd composition":        {video(40, append([]byte{0x27, 1, 0x7f, 0xff, 0xff}, frame(false, 9)[5:]...)), "absurd"},
		"HEVC without config":       {video(40, append([]byte("\xa3hvc1"), frame(false, 9)[5:]...)), "before its codec configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, nil)
			c := live(t, s)
			c.send(video(0, frame(true, 100)), bad.media)
			for i := range uint32(10) {
				c.send(video(80+i*40, frame(i == 0, 100)), audio(80+i*40, sound()))
			}
			r := s.first(t)
			require.Eventually(t, func() bool { return r.count(media.Video) >= 11 && r.count(media.Audio) >= 10 }, 5*time.Second, time.Millisecond)
			require.Contains(t, s.log.String(), bad.log)
			last := map[media.Kind]time.Duration{}
			for _, u := range r.all() {
				require.GreaterOrEqual(t, u.DTS, last[u.Kind])
				require.GreaterOrEqual(t, u.PTS, time.Duration(0))
				last[u.Kind] = u.DTS
			}
		})
	}
	t.Run("video before its configuration", func(t *testing.T) {
		s := open(t, nil)
		c := dial(t, s.address)
		c.publish(testKey)
		c.send(video(0, frame(true, 100)), audio(0, sound()), video(40, configAVC), video(40, frame(true, 200)))
		r := s.first(t)
		require.Eventually(t, func() bool { return len(r.all()) == 1 }, 5*time.Second, time.Millisecond)
		require.Len(t, r.all()[0].Data, 204)
		require.Contains(t, s.log.String(), "video before its codec configuration is dropped")
		require.Contains(t, s.log.String(), "audio before its codec configuration is dropped")
	})
	t.Run("a configuration that keeps changing", func(t *testing.T) {
		s := open(t, nil)
		c := live(t, s)
		for i := range 200 {
			c.send(audio(0, []byte{0xaf, 0, 0x11, 0x90, byte(i)}), audio(0, sound()))
		}
		c.gone(5 * time.Second)
		logged := func() bool { return strings.Contains(s.log.String(), broadcast.ErrTracks.Error()) }
		require.Eventually(t, logged, 5*time.Second, time.Millisecond)
	})
}

func TestAbuse07KeyGuessing(t *testing.T) {
	s := open(t, nil)
	for i := range 6 {
		c := dial(t, s.address)
		answer := c.publish(fmt.Sprintf("guess-%d", i))
		require.Contains(t, answer, "NetStream.Publish.BadName")
		c.gone(5 * time.Second)
	}
	require.Contains(t, dial(t, s.address).publish(testKey), "Too many wrong stream keys")
	require.NotContains(t, s.log.String(), "guess-")
	require.NotContains(t, s.log.String(), `"peer"`)
	require.NotRegexp(t, `127\.0\.0\.1:\d+.*refused`, s.log.String())
}

func TestAbuse08SomebodyElsesStream(t *testing.T) {
	s := open(t, nil)
	victim := live(t, s)
	victim.send(video(0, frame(true, 100)))
	r := s.first(t)

	busy := dial(t, s.address)
	require.Contains(t, busy.publish(testKey), "has a publisher already")
	require.Empty(t, busy.gone(5*time.Second))

	thief := dial(t, s.address)
	thief.connect()
	thief.send(chunks(3, 0, 20, 1, amf("FCUnpublish", 0, nil, "demo"), 128))
	thief.send(chunks(3, 0, 20, 0, amf("deleteStream", 0, nil, 1), 128))
	thief.send(video(0, frame(true, 100)))
	thief.send(chunks(3, 0, 20, 1, amf("publish", 0, nil, "demo", "live"), 128))
	require.Contains(t, thief.command(), "NetStream.Publish.BadName")
	thief.gone(5 * time.Second)

	victim.send(video(40, frame(false, 100)))
	require.Eventually(t, func() bool { return r.count(media.Video) == 2 }, 5*time.Second, time.Millisecond)
	require.Len(t, s.opened(), 1)
}

func TestAbuse10KeysAreBytesAndNoCommands(t *testing.T) {
	var asked []string
	s := open(t, func(s *rtmp.Server) {
		s.Publisher = rtmp.PublisherFunc(func(key, _ string) (rtmp.Session, error) {
			asked = append(asked, key)
			return nil, broadcast.ErrUnknownKey
		})
	})
	keys := []string{"$(touch /tmp/x)", "`id`; demo", "../../demo", "/demo/", "demo\x00", "'; DROP TABLE streams; --", "%2e%2e", ""}
	for _, key := range keys {
		c := dial(t, s.address)
		require.Contains(t, c.publish(key), "NetStream.Publish.BadName")
		c.gone(5 * time.Second)
	}
	require.Equal(t, keys, asked)
}
