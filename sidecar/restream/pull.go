package restream

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/media/flv"
	"github.com/liverelay/liverelay/sidecar/outbound"
)

const (
	// maxFrame bounds a message of a server that is played from.
	maxFrame = 4 << 20
	// quiet is how long such a server may send nothing.
	quiet = 15 * time.Second
)

// Session takes what a server that is played from sends. An error ends the connection.
type Session interface {
	Track(t media.Track) error
	Unit(u media.Unit) error
	Done() <-chan struct{}
}

// Pull plays a stream from an RTMP server, as nginx's module is one, until ctx ends, the
// server does, or nothing came for 15 s. It does not close the session. No error has the
// address in it.
func Pull(ctx context.Context, out *outbound.Client, address *url.URL, to Session) error {
	t, err := parseTarget(address)
	if err != nil {
		return err
	}
	c, err := connect(ctx, out, t)
	if err != nil {
		return err
	}
	defer func() { _ = c.conn.Close() }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = c.conn.Close() })()
	go func() {
		select {
		case <-to.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	err = c.play(t, to)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (c *client) play(t target, to Session) error {
	if err := c.conn.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return err
	}
	c.in.limit = maxFrame
	if err := c.shake(); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	if err := c.introduce(t, []string{"hvc1", "av01", "Opus"}); err != nil {
		return err
	}
	made, err := c.call(0, "_result", 2, "createStream", nil)
	if err != nil {
		return err
	}
	c.stream = uint32(made.number)
	if err := c.command(c.stream, appendAMF(nil, "play", 3.0, nil, t.key)); err != nil {
		return err
	}
	for {
		if err := c.conn.SetReadDeadline(time.Now().Add(quiet)); err != nil {
			return err
		}
		m, err := c.receive()
		if err != nil {
			return fmt.Errorf("play: %w", err)
		}
		if err := c.played(m, to); err != nil {
			return err
		}
	}
}

// errOver: the server says that the stream has ended, or is not there.
var errOver = errors.New("the stream has ended, or has not begun")

func (c *client) played(m message, to Session) error {
	at := time.Duration(m.timestamp) * time.Millisecond
	switch m.kind {
	case typeCommand:
		a, ok := readAnswer(m.body)
		if ok && a.name == "onStatus" && (a.code == "NetStream.Play.Stop" || a.code == "NetStream.Play.StreamNotFound" ||
			a.code == "NetStream.Play.Failed" || a.code == "NetStream.Play.UnpublishNotify") {
			return errOver
		}
	case typeVideo:
		return pictures(m.body, at, to)
	case typeAudio:
		return sound(m.body, at, to)
	}
	return nil
}

func pictures(body []byte, at time.Duration, to Session) error {
	tag, err := flv.ParseVideo(body)
	if err != nil || len(tag.Data) == 0 {
		return nil //nolint:nilerr // what can't be read is left out
	}
	switch tag.Type {
	case flv.Config:
		t, err := flv.VideoTrack(tag.Codec, tag.Data)
		if err != nil {
			return nil //nolint:nilerr // likewise
		}
		return to.Track(t)
	case flv.Frames:
		return to.Unit(media.Unit{
			Kind: media.Video, DTS: at, PTS: max(0, at+tag.CompositionTime), Keyframe: tag.Keyframe, Data: tag.Data,
		})
	}
	return nil
}

func sound(body []byte, at time.Duration, to Session) error {
	tag, err := flv.ParseAudio(body)
	if err != nil || len(tag.Data) == 0 {
		return nil //nolint:nilerr // likewise
	}
	switch tag.Type {
	case flv.Config:
		t, err := flv.AudioTrack(tag.Codec, tag.Data)
		if err != nil {
			return nil //nolint:nilerr // likewise
		}
		return to.Track(t)
	case flv.Frames:
		return to.Unit(media.Unit{Kind: media.Audio, DTS: at, PTS: at, Keyframe: true, Data: tag.Data})
	}
	return nil
}
