package rtsp_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/ingest/rtsp"
	"github.com/liverelay/liverelay/internal/kept"
	"github.com/liverelay/liverelay/media"
)

const rightKey = "a-key-of-an-rtsp-publisher"

// open serves until the test ends, and returns where, and what the right key brought.
func open(t *testing.T, set func(*rtsp.Server)) (string, *kept.Session) {
	t.Helper()
	got := kept.New()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &rtsp.Server{Log: zerolog.Nop(), Publisher: rtsp.PublisherFunc(func(k, _ string) (rtsp.Session, error) {
		if k != rightKey {
			return nil, errors.New("unknown key")
		}
		return got, nil
	})}
	set(s)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return l.Addr().String(), got
}

func dial(t *testing.T, at string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", at)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	return conn
}

// closes waits until the server has closed a connection.
func closes(t *testing.T, conn net.Conn) {
	t.Helper()
	_, err := io.Copy(io.Discard, conn)
	var timeout net.Error
	require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "it is still open")
}

// TestAbuse04StrangersOverRTSP: who shows no key has to leave, whether silent, slow or
// asking for ever; and who has shown one stays.
func TestAbuse04StrangersOverRTSP(t *testing.T) {
	const handshake = time.Second
	at, got := open(t, func(s *rtsp.Server) { s.Handshake = handshake })
	publish(t, "rtsp://"+at+"/live/"+rightKey, h264()...)
	began := time.Now()
	silent, slow, polite := dial(t, at), dial(t, at), dial(t, at)
	gone := make(chan struct{}, 2)
	for conn, text := range map[net.Conn]string{slow: "O", polite: "OPTIONS rtsp://h/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"} {
		go func() {
			defer func() { gone <- struct{}{} }()
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for range tick.C {
				if _, err := io.WriteString(conn, text); err != nil {
					return
				}
			}
		}()
	}
	closes(t, silent)
	require.InDelta(t, handshake.Seconds(), time.Since(began).Seconds(), 0.9)
	<-gone
	<-gone
	check(t, got, media.H264)
}

// TestAbuse04BytesOfStrangersOverRTSP: a body that never ends, and requests without end.
func TestAbuse04BytesOfStrangersOverRTSP(t *testing.T) {
	at, _ := open(t, func(s *rtsp.Server) { s.Handshake = time.Minute })
	for name, flood := range map[string]string{
		"requests": strings.Repeat("OPTIONS rtsp://h/ RTSP/1.0\r\nCSeq: 1\r\n\r\n", 5000),
		"line":     strings.Repeat("A", 300<<10),
		"tunnel":   "GET / HTTP/1.1\r\nHost: h\r\nX-Fill: " + strings.Repeat("A", 300<<10),
		"frames":   strings.Repeat("$\x00\xff\xff"+string(bytes.Repeat([]byte{0}, 65535)), 4),
	} {
		conn := dial(t, at)
		go func() { _, _ = io.WriteString(conn, flood) }()
		closes(t, conn)
		t.Log(name)
	}
}

func TestAbuse04PendingOverRTSP(t *testing.T) {
	at, _ := open(t, func(s *rtsp.Server) { s.Limits.PendingPerAddress, s.Handshake = 2, time.Minute })
	first, second := dial(t, at), dial(t, at)
	closes(t, dial(t, at))
	for _, conn := range []net.Conn{first, second} {
		_, err := io.WriteString(conn, "OPTIONS rtsp://h/ RTSP/1.0\r\nCSeq: 1\r\n\r\n")
		require.NoError(t, err)
		answer := make([]byte, 12)
		_, err = io.ReadFull(conn, answer)
		require.NoError(t, err)
		require.Equal(t, "RTSP/1.0 200", string(answer))
	}
}

// TestAbuse9ACamerasRedirectIsDialledAsWell: where a camera leads to is connected to by
// the dialler that was given, which checks addresses, and by nothing else.
func TestAbuse9ACamerasRedirectIsDialledAsWell(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		lines := bufio.NewScanner(conn)
		for answer := ""; lines.Scan(); {
			switch text := lines.Text(); {
			case strings.HasPrefix(text, "DESCRIBE"):
				answer = "302 Found\r\nLocation: rtsp://127.0.0.1:9/inside"
			case strings.HasPrefix(text, "OPTIONS"):
				answer = "200 OK\r\nPublic: DESCRIBE"
			case strings.HasPrefix(text, "CSeq: "):
				answer += "\r\n" + text
			case text == "":
				_, _ = io.WriteString(conn, "RTSP/1.0 "+answer+"\r\n\r\n")
			}
		}
	}()
	refused := errors.New("not there")
	var dialled []string
	source := rtsp.Source{
		URL: &url.URL{Scheme: "rtsp", Host: l.Addr().String(), Path: "/cam"},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			dialled = append(dialled, address)
			if address != l.Addr().String() {
				return nil, refused
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}
	require.Error(t, source.Play(context.Background(), kept.New()))
	require.Equal(t, []string{l.Addr().String(), "127.0.0.1:9"}, dialled)
}
