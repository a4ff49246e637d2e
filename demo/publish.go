package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	mp4 "github.com/abema/go-mp4"
	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/message"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"github.com/liverelay/liverelay/media/flv"
)

// writeLimit is how long the server may leave a message unread.
const writeLimit = 10 * time.Second

// messageStream is the message stream that the library publishes on.
const messageStream = 0x1000000

// publisher is an RTMP connection that publishes FLV tags.
type publisher struct {
	client *gortmplib.Client
}

// connect opens the connection and publishes the stream.
func connect(ctx context.Context, address, key string) (*publisher, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the demo's RTMP address can't be parsed")
	}
	u.Fragment = key // as the library wants it
	c := &gortmplib.Client{URL: u, Publish: true}
	if err := c.Initialize(ctx); err != nil {
		return nil, fmt.Errorf("publish on %s: %w", u.Host, redact(err, key))
	}
	return &publisher{client: c}, nil
}

// splitURL cuts the key off an address as OBS's two fields put together.
func splitURL(address string) (server, key string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "rtmp" && u.Scheme != "rtmps" {
		return "", "", errors.New("the demo wants an address like rtmp://host:1935/live/key")
	}
	key = path.Base(u.Path)
	u.Path, u.RawPath = path.Dir(u.Path), ""
	if len(key) < 2 || len(u.Path) < 2 {
		return "", "", errors.New("the demo's address has no application and key")
	}
	return u.String(), key, nil
}

// redact takes the key out of an error's text.
func redact(err error, key string) error {
	if text := err.Error(); strings.Contains(text, key) {
		return errors.New(strings.ReplaceAll(text, key, "…"))
	}
	return err
}

// drain takes what the server sends, acknowledgements and pings, until the
// connection ends.
func (p *publisher) drain() error {
	for {
		if _, err := p.client.Read(); err != nil {
			return fmt.Errorf("the connection ended: %w", err)
		}
	}
}

func (p *publisher) close() { p.client.Close() }

// write sends one tag. Metadata is left out: everything is in the configurations.
func (p *publisher) write(t flv.Tag) error {
	var m message.Message
	var err error
	switch t.Type {
	case flv.TypeVideo:
		m, err = video(t)
	case flv.TypeAudio:
		m, err = audio(t)
	}
	if err != nil || m == nil {
		return err
	}
	_ = p.client.NetConn().SetWriteDeadline(time.Now().Add(writeLimit))
	if err := p.client.Write(m); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

func video(t flv.Tag) (message.Message, error) {
	v, err := flv.ParseVideo(t.Data)
	if err != nil {
		return nil, fmt.Errorf("read ffmpeg's video: %w", err)
	}
	m := &message.Video{
		ChunkStreamID: message.VideoChunkStreamID, MessageStreamID: messageStream, DTS: t.Timestamp,
		Codec: message.CodecH264, IsKeyFrame: v.Keyframe, PTSDelta: v.CompositionTime,
	}
	switch v.Type {
	case flv.Config:
		m.Type, m.AVCConfig = message.VideoTypeConfig, &mp4.AVCDecoderConfiguration{}
		m.AVCConfig.SetType(mp4.BoxTypeAvcC())
		if _, err := mp4.Unmarshal(bytes.NewReader(v.Data), uint64(len(v.Data)), m.AVCConfig, mp4.Context{}); err != nil {
			return nil, fmt.Errorf("read ffmpeg's video configuration: %w", err)
		}
	case flv.Frames:
		m.Type, m.AU = message.VideoTypeAU, v.Data
	default:
		return nil, nil
	}
	return m, nil
}

func audio(t flv.Tag) (message.Message, error) {
	a, err := flv.ParseAudio(t.Data)
	if err != nil {
		return nil, fmt.Errorf("read ffmpeg's audio: %w", err)
	}
	m := &message.Audio{
		ChunkStreamID: message.AudioChunkStreamID, MessageStreamID: messageStream, DTS: t.Timestamp,
		Codec: message.CodecMPEG4Audio, Rate: message.AudioRate44100, Depth: message.AudioDepth16, IsStereo: true,
	}
	switch a.Type {
	case flv.Config:
		m.AACType, m.AACConfig = message.AudioAACTypeConfig, &mpeg4audio.AudioSpecificConfig{}
		if err := m.AACConfig.Unmarshal(a.Data); err != nil {
			return nil, fmt.Errorf("read ffmpeg's audio configuration: %w", err)
		}
	case flv.Frames:
		m.AACType, m.AU = message.AudioAACTypeAU, a.Data
	default:
		return nil, nil
	}
	return m, nil
}
