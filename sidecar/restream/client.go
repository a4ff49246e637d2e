package restream

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/liverelay/liverelay/sidecar/outbound"
)

const (
	answerWithin = 15 * time.Second
	writeWithin  = 10 * time.Second
	handshake    = 1536
)

// errRefused: the server does not take the stream. What it says of it is not repeated,
// for it may hold the key.
var errRefused = errors.New("the server refuses the stream: check the address and its key")

// target is where an address leads to.
type target struct {
	host      string // with its port
	secure    bool
	app       string
	key       string
	serverURL string
}

// parseTarget takes an RTMP address apart: what is behind the last slash of the path,
// with the query, is the stream's key.
func parseTarget(u *url.URL) (target, error) {
	path := strings.TrimPrefix(u.EscapedPath(), "/")
	cut := strings.LastIndexByte(path, '/')
	if cut <= 0 || (cut == len(path)-1 && u.RawQuery == "") {
		return target{}, errors.New("an address to forward to has an application and a key: rtmp://HOST/APPLICATION/KEY")
	}
	t := target{secure: u.Scheme == "rtmps", app: path[:cut], key: path[cut+1:]}
	if u.RawQuery != "" {
		t.key += "?" + u.RawQuery
	}
	port := u.Port()
	if port == "" {
		port = map[bool]string{false: "1935", true: "443"}[t.secure]
	}
	t.host = net.JoinHostPort(u.Hostname(), port)
	t.serverURL = u.Scheme + "://" + u.Host + "/" + t.app
	return t, nil
}

// client publishes over one connection.
type client struct {
	conn   net.Conn
	in     *chunkReader
	stream uint32
	buffer []byte
}

// dial connects and publishes; codecs are the FourCCs of what is no H.264 or AAC.
func dial(ctx context.Context, out *outbound.Client, t target, codecs []string) (*client, error) {
	c, err := connect(ctx, out, t)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(time.Unix(1, 0)) })()
	if err := c.begin(t, codecs); err != nil {
		_ = c.conn.Close()
		return nil, err
	}
	return c, nil
}

func connect(ctx context.Context, out *outbound.Client, t target) (*client, error) {
	var conn net.Conn
	var err error
	if t.secure {
		conn, err = out.DialTLS(ctx, t.host)
	} else {
		conn, err = out.Dial(ctx, "tcp", t.host)
	}
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: newChunkReader(conn)}, nil
}

func (c *client) begin(t target, codecs []string) error {
	if err := c.conn.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return err
	}
	if err := c.shake(); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	if err := c.publish(t, codecs); err != nil {
		return err
	}
	return c.conn.SetDeadline(time.Time{})
}

// shake is the simple handshake (§5.2).
func (c *client) shake() error {
	hello := make([]byte, 1+handshake)
	hello[0] = 3
	if _, err := rand.Read(hello[9:]); err != nil {
		return err
	}
	if _, err := c.conn.Write(hello); err != nil {
		return err
	}
	reply := make([]byte, 1+2*handshake)
	if _, err := io.ReadFull(c.in.r, reply); err != nil {
		return err
	}
	if reply[0] != 3 {
		return errors.New("the server speaks no RTMP")
	}
	_, err := c.conn.Write(reply[1 : 1+handshake])
	return err
}

// introduce goes through the commands up to the answer to connect (§7.2.1.1).
func (c *client) introduce(t target, codecs []string) error {
	size := binary.BigEndian.AppendUint32(nil, sentChunk)
	about := []property{
		{"app", t.app},
		{"type", "nonprivate"},
		{"flashVer", "FMLE/3.0 (compatible; liverelay)"},
		{"tcUrl", t.serverURL},
	}
	if len(codecs) > 0 {
		about = append(about, property{"fourCcList", codecs})
	}
	if err := c.send(2, message{kind: typeSetChunkSize, body: size}); err != nil {
		return err
	}
	_, err := c.call(0, "_result", 1, "connect", about)
	return err
}

// publish goes through the commands up to NetStream.Publish.Start (§7.2.2.6).
func (c *client) publish(t target, codecs []string) error {
	if err := c.introduce(t, codecs); err != nil {
		return err
	}
	for i, name := range [...]string{"releaseStream", "FCPublish"} {
		if err := c.command(0, appendAMF(nil, name, float64(2+i), nil, t.key)); err != nil {
			return err
		}
	}
	made, err := c.call(0, "_result", 4, "createStream", nil)
	if err != nil {
		return err
	}
	c.stream = uint32(made.number)
	_, err = c.call(c.stream, "onStatus", 5, "publish", nil, t.key, "live")
	return err
}

// call sends a command and waits for what answers it.
func (c *client) call(stream uint32, want string, transaction float64, name string, arguments ...any) (answer, error) {
	body := appendAMF(nil, name, transaction)
	if err := c.command(stream, appendAMF(body, arguments...)); err != nil {
		return answer{}, fmt.Errorf("%s: %w", name, err)
	}
	for {
		m, err := c.receive()
		if err != nil {
			return answer{}, fmt.Errorf("wait for an answer to %s: %w", name, err)
		}
		a, ok := readAnswer(m.body)
		switch {
		case m.kind != typeCommand || !ok:
		case a.name == "_error" && a.transaction == transaction, a.name == "onStatus" && !strings.HasSuffix(a.code, ".Start") && a.code != "":
			return a, errRefused
		case a.name == want && (want == "onStatus" || a.transaction == transaction):
			return a, nil
		}
	}
}

// receive takes the next message, and answers pings.
func (c *client) receive() (message, error) {
	m, err := c.in.next()
	if err != nil {
		return m, err
	}
	return m, c.pong(m)
}

// pong answers a message if it is a ping (§7.1.7).
func (c *client) pong(m message) error {
	const pingRequest, pingResponse = 6, 7
	if m.kind != typeUserControl || len(m.body) < 6 || binary.BigEndian.Uint16(m.body) != pingRequest {
		return nil
	}
	reply := append(binary.BigEndian.AppendUint16(nil, pingResponse), m.body[2:6]...)
	return c.send(2, message{kind: typeUserControl, body: reply})
}

func (c *client) command(stream uint32, body []byte) error {
	return c.send(3, message{kind: typeCommand, stream: stream, body: body})
}

// send writes a message. It is for the handshake and for whoever owns the connection.
func (c *client) send(channel byte, m message) error {
	c.buffer = appendMessage(c.buffer[:0], channel, m, sentChunk)
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	_, err := c.conn.Write(c.buffer)
	return err
}

// drain reads what the server says until it closes, and returns why it did. hear is
// given messages that may be pings: only who writes may answer.
func (c *client) drain(hear func(message)) error {
	for {
		m, err := c.in.next()
		if err != nil {
			return err
		}
		if a, ok := readAnswer(m.body); m.kind == typeCommand && ok && a.name == "onStatus" &&
			(strings.HasPrefix(a.code, "NetStream.Publish.Bad") || strings.HasSuffix(a.code, ".Failed") || strings.HasSuffix(a.code, ".Rejected")) {
			return errRefused
		}
		hear(m)
	}
}

// goodbye ends the stream, as far as the server still listens.
func (c *client) goodbye(key string) {
	_ = c.command(0, appendAMF(nil, "FCUnpublish", 6.0, nil, key))
	_ = c.command(0, appendAMF(nil, "deleteStream", 7.0, nil, float64(c.stream)))
}
