package rtmp

import (
	"bufio"
	"bytes"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func generous() *chunkReader {
	return newChunkReader(func(byte) int { return maxChunk }, 1<<20)
}

func TestChunksRoundTrip(t *testing.T) {
	body := bytes.Repeat([]byte{1, 2, 3}, 1000)
	for name, m := range map[string]message{
		"small":              {20, 0, 0, []byte{1}},
		"many chunks":        {9, 1, 40, body},
		"a chunk's length":   {9, 1, 40, body[:128]},
		"extended timestamp": {9, 1, 20_000_000, body},
		"on the border":      {9, 1, extended, body},
		"at the end of time": {9, 0xffffffff, 0xffffffff, body},
	} {
		t.Run(name, func(t *testing.T) {
			r := bufio.NewReader(iotest.OneByteReader(bytes.NewReader(appendChunks(nil, 5, m, defaultChunk))))
			c := generous()
			got, err := c.next(r)
			require.NoError(t, err)
			require.Equal(t, m, got)
			require.Zero(t, c.held)
			_, err = c.next(r)
			require.Equal(t, io.EOF, err)
		})
	}
}

// header forms: see RTMP 1.0 §5.3.1.2.
func TestChunkHeaders(t *testing.T) {
	type got struct {
		kind   byte
		stream uint32
		time   uint32
		body   string
	}
	for name, c := range map[string]struct {
		bytes string
		want  []got
	}{
		"types 0 to 3": {
			"\x04\x00\x03\xe8\x00\x00\x01\x08\x01\x00\x00\x00a" + // type 0 at 1000
				"\x44\x00\x00\x14\x00\x00\x02\x08bc" + // type 1, 20 later, 2 bytes
				"\x84\x00\x00\x15de" + // type 2, 21 later
				"\xc4fg", // type 3, again 21 later
			[]got{{8, 1, 1000, "a"}, {8, 1, 1020, "bc"}, {8, 1, 1041, "de"}, {8, 1, 1062, "fg"}},
		},
		"type 3 after type 0 repeats its timestamp as the delta": {
			"\x04\x00\x00\x0a\x00\x00\x01\x08\x01\x00\x00\x00a" + "\xc4b",
			[]got{{8, 1, 10, "a"}, {8, 1, 20, "b"}},
		},
		"begins with type 1": {"\x42\x00\x00\x05\x00\x00\x01\x04a", []got{{4, 0, 5, "a"}}},
		"ids of two and three bytes": {
			"\x00\x00\x00\x00\x01\x00\x00\x01\x08\x01\x00\x00\x00a" + "\x01\x01\x01\x00\x00\x02\x00\x00\x01\x08\x01\x00\x00\x00b" + "\xc0\x00c",
			[]got{{8, 1, 1, "a"}, {8, 1, 2, "b"}, {8, 1, 2, "c"}},
		},
		"extended delta, repeated": {
			"\x04\x00\x00\x00\x00\x00\x01\x08\x01\x00\x00\x00a" + "\x84\xff\xff\xff\x01\x00\x00\x00b" + "\xc4\x01\x00\x00\x00c",
			[]got{{8, 1, 0, "a"}, {8, 1, 1 << 24, "b"}, {8, 1, 2 << 24, "c"}},
		},
		"empty messages are passed over": {
			"\x04\x00\x00\x00\x00\x00\x00\x09\x01\x00\x00\x00" + "\xc4" + "\x05\x00\x00\x00\x00\x00\x01\x08\x01\x00\x00\x00a",
			[]got{{8, 1, 0, "a"}},
		},
		"interleaved": {
			"\x04\x00\x00\x00\x00\x00\x81\x09\x01\x00\x00\x00" + string(bytes.Repeat([]byte{'x'}, 128)) +
				"\x05\x00\x00\x00\x00\x00\x01\x08\x01\x00\x00\x00a" + "\xc4y",
			[]got{{8, 1, 0, "a"}, {9, 1, 0, string(bytes.Repeat([]byte{'x'}, 128)) + "y"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := bufio.NewReader(bytes.NewReader([]byte(c.bytes)))
			reader := generous()
			for _, want := range c.want {
				m, err := reader.next(r)
				require.NoError(t, err)
				require.Equal(t, want, got{m.kind, m.stream, m.time, string(m.body)})
			}
			_, err := reader.next(r)
			require.Equal(t, io.EOF, err)
		})
	}
}

func TestAbortFreesMemory(t *testing.T) {
	c := generous()
	r := bufio.NewReader(bytes.NewReader(append([]byte("\x04\x00\x00\x00\x00\x01\x00\x09\x01\x00\x00\x00"), make([]byte, 128)...)))
	_, err := c.next(r)
	require.Equal(t, io.EOF, err)
	require.Equal(t, 256, c.held)
	c.abort(9)
	c.abort(4)
	require.Zero(t, c.held)
}

func FuzzChunkReader(f *testing.F) {
	f.Add([]byte("\x04\x00\x03\xe8\x00\x00\x01\x08\x01\x00\x00\x00a\x44\x00\x00\x14\x00\x00\x02\x08bc\x84\x00\x00\x15de\xc4fg"), uint16(128))
	f.Add(appendChunks(nil, 3, message{20, 0, 20_000_000, bytes.Repeat([]byte{7}, 300)}, 128), uint16(128))
	f.Add(appendChunks(appendChunks(nil, 4, message{9, 1, 0, make([]byte, 200)}, 64)[:90], 5, message{8, 1, 0, []byte{1}}, 64), uint16(64))
	f.Add([]byte{0, 200, 0, 0, 0, 0, 0, 1, 9, 0, 0, 0, 0, 7, 1, 1, 1, 0xff, 0xff, 0xff}, uint16(1))
	f.Fuzz(func(t *testing.T, b []byte, size uint16) {
		const memory = 1 << 16
		c := newChunkReader(func(kind byte) int { return 1 << (8 + kind%9) }, memory)
		c.size = max(int(size), 1)
		r := bufio.NewReader(bytes.NewReader(b))
		total := 0
		for {
			m, err := c.next(r)
			held := 0
			for _, s := range c.streams {
				held += cap(s.body)
			}
			switch {
			case held > memory || held != c.held:
				t.Fatalf("%d bytes are held, %d counted", held, c.held)
			case len(c.streams) > maxStreams:
				t.Fatalf("%d chunk streams", len(c.streams))
			case err != nil:
				return
			case len(m.body) == 0 || len(m.body) > c.limit(m.kind):
				t.Fatalf("message of %d bytes", len(m.body))
			}
			if total += len(m.body); total > len(b) {
				t.Fatalf("%d bytes out of %d", total, len(b))
			}
		}
	})
}

func FuzzSplitAggregate(f *testing.F) {
	f.Add([]byte("\x09\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00a\x00\x00\x00\x0c\x08\x00\x00\x02\x00\x00\x14\x00\x00\x00\x00bc\x00\x00\x00\x0d"), uint32(7))
	f.Fuzz(func(t *testing.T, b []byte, at uint32) {
		total := 0
		for _, m := range splitAggregate(message{typeAggregate, 1, at, b}) {
			total += len(m.body)
		}
		if total > len(b) {
			t.Fatalf("%d bytes out of %d", total, len(b))
		}
	})
}
