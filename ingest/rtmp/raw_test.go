package rtmp_test

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// raw is a client that sends what it is told to, right or wrong. It has an encoder
// of its own, so that it shares no mistake with the server.
type raw struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

func dial(t testing.TB, address string) *raw {
	t.Helper()
	return dialFrom(t, address, net.IPv4(127, 0, 0, 1))
}

// dialFrom dials from one of the addresses of the loopback.
func dialFrom(t testing.TB, address string, from net.IP) *raw {
	t.Helper()
	c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}).Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	return &raw{t, c, bufio.NewReader(c)}
}

// send writes bytes; that the server has hung up is for the test to find out.
func (c *raw) send(parts ...[]byte) {
	for _, p := range parts {
		if _, err := c.Write(p); err != nil {
			return
		}
	}
}

func (c *raw) handshake() {
	c.t.Helper()
	c1 := make([]byte, 1536)
	c.send([]byte{3}, c1)
	answer := make([]byte, 1+2*1536)
	_, err := io.ReadFull(c.r, answer)
	require.NoError(c.t, err, "handshake")
	require.Equal(c.t, byte(3), answer[0])
	c.send(answer[1 : 1+1536])
}

// connect goes as far as a stream to publish on.
func (c *raw) connect() {
	c.t.Helper()
	c.handshake()
	c.send(chunks(3, 0, 20, 0, amf("connect", 1, map[string]any{"app": "live", "tcUrl": "rtmp://x/live"}), 128))
	require.Contains(c.t, c.command(), "NetConnection.Connect.Success")
	c.send(chunks(3, 0, 20, 0, amf("createStream", 2, nil), 128))
	require.Contains(c.t, c.command(), "_result")
}

// publish publishes and returns the server's answer.
func (c *raw) publish(key string) string {
	c.t.Helper()
	c.connect()
	c.send(chunks(3, 0, 20, 1, amf("publish", 3, nil, key, "live"), 128))
	return c.command()
}

// live publishes with the right key and announces both tracks.
func live(t testing.TB, s *studio) *raw {
	t.Helper()
	c := dial(t, s.address)
	require.Contains(t, c.publish(testKey), "NetStream.Publish.Start")
	c.send(video(0, configAVC), audio(0, configAAC))
	return c
}

// command returns the body of the next command from the server.
func (c *raw) command() string {
	c.t.Helper()
	for {
		kind, body, err := c.message()
		require.NoError(c.t, err, "wait for a command")
		if kind == 20 {
			return string(body)
		}
	}
}

// message reads a message; the server sends type 0 chunks of 128 bytes.
func (c *raw) message() (kind byte, body []byte, err error) {
	var h [12]byte
	if _, err := io.ReadFull(c.r, h[:]); err != nil {
		return 0, nil, err
	}
	if h[0]>>6 != 0 {
		return 0, nil, errors.New("no type 0 chunk")
	}
	n := int(h[4])<<16 | int(h[5])<<8 | int(h[6])
	body = make([]byte, n)
	for at := 0; at < n; at += 128 {
		if at > 0 {
			if _, err := c.r.ReadByte(); err != nil {
				return 0, nil, err
			}
		}
		if _, err := io.ReadFull(c.r, body[at:min(at+128, n)]); err != nil {
			return 0, nil, err
		}
	}
	return h[7], body, nil
}

// gone waits for the server to hang up and returns what it still sent.
func (c *raw) gone(within time.Duration) []byte {
	c.t.Helper()
	require.NoError(c.t, c.SetReadDeadline(time.Now().Add(within)))
	rest, err := io.ReadAll(c.r)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		require.Fail(c.t, "the connection is still open", "after %s", within)
	}
	return rest
}

// chunks cuts a message into chunks with a type 0 header first.
func chunks(id byte, ts uint32, kind byte, stream uint32, body []byte, size int) []byte {
	b := header(id, ts, len(body), kind, stream)
	for at := 0; at < len(body); at += size {
		if at > 0 {
			b = append(b, 0xc0|id)
			if ts >= 0xffffff {
				b = binary.BigEndian.AppendUint32(b, ts)
			}
		}
		b = append(b, body[at:min(at+size, len(body))]...)
	}
	return b
}

// header is a type 0 chunk header.
func header(id byte, ts uint32, length int, kind byte, stream uint32) []byte {
	short := min(ts, 0xffffff)
	b := []byte{id, byte(short >> 16), byte(short >> 8), byte(short), byte(length >> 16), byte(length >> 8), byte(length), kind}
	b = binary.LittleEndian.AppendUint32(b, stream)
	if ts >= 0xffffff {
		b = binary.BigEndian.AppendUint32(b, ts)
	}
	return b
}

// amf encodes values in AMF 0.
func amf(values ...any) []byte {
	var b []byte
	for _, v := range values {
		switch v := v.(type) {
		case string:
			b = append(append(b, 2, byte(len(v)>>8), byte(len(v))), v...)
		case int:
			b = binary.BigEndian.AppendUint64(append(b, 0), math.Float64bits(float64(v)))
		case map[string]any:
			b = append(b, 3)
			for k, v := range v {
				b = append(append(b, byte(len(k)>>8), byte(len(k))), k...)
				b = append(b, amf(v)...)
			}
			b = append(b, 0, 0, 9)
		case []any:
			b = binary.BigEndian.AppendUint32(append(b, 10), uint32(len(v)))
			b = append(b, amf(v...)...)
		default:
			b = append(b, 5)
		}
	}
	return b
}

// Decoder configurations of real encoders (libx264, 320x180 at 30 fps; AAC, 48 kHz stereo).
var (
	configAVC = unhex("1700000000" + "0164000dffe100186764000dacb202833f3e0220000003002000000791e2854901000668ebc3cb22c0fdf8f800")
	configAAC = unhex("af00" + "1190")
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// picture body: a keyframe or another with one NAL unit of n bytes.
func frame(key bool, n int) []byte {
	first, nal := byte(0x27), byte(0x41)
	if key {
		first, nal = 0x17, 0x65
	}
	b := binary.BigEndian.AppendUint32([]byte{first, 1, 0, 0, 0}, uint32(n))
	b = append(b, nal)
	return append(b, make([]byte, n-1)...)
}

func video(ts uint32, body []byte) []byte { return chunks(6, ts, 9, 1, body, 128) }
func audio(ts uint32, body []byte) []byte { return chunks(4, ts, 8, 1, body, 128) }

// sound is an audio frame.
func sound() []byte { return []byte{0xaf, 1, 0x21, 0x10} }
