package rtmp

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/rs/zerolog"
	gortmp "github.com/yutopp/go-rtmp"
	rtmpmsg "github.com/yutopp/go-rtmp/message"
)

// handler is go-rtmp's view of one connection's publisher. go-rtmp calls it from one
// goroutine.
type handler struct {
	gortmp.DefaultHandler
	guard     *guard
	publisher Publisher
	remote    string
	log       zerolog.Logger
	accepted  func()      // a key was
	feed      *feed       // nil before publish
	clean     atomic.Bool // the publisher ended its stream itself
}

// OnPublish asks whether the key may publish. What go-rtmp answers to an error, the
// guard makes a refusal that publishers understand.
func (h *handler) OnPublish(_ *gortmp.StreamContext, _ uint32, cmd *rtmpmsg.NetStreamPublish) error {
	if h.feed != nil {
		return errors.New("rtmp: published twice")
	}
	key := cmd.PublishingName
	if path := h.guard.path(); path != "" {
		key = strings.Trim(path+"/"+key, "/")
	}
	session, err := h.publisher.Publish(key, h.remote)
	if err != nil {
		h.log.Warn().Err(err).Msg("publisher refused")
		h.guard.refuse(sentence(err))
		return err
	}
	if err := h.guard.published(); err != nil {
		session.Close(errLost)
		return fmt.Errorf("accept publisher: %w", err)
	}
	h.accepted()
	h.feed = newFeed(session, h.log)
	go func() {
		<-session.Done()
		if !h.clean.Load() {
			h.guard.kick()
		}
	}()
	return nil
}

// sentence is what the publisher's user reads.
func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:]
}

// OnSetDataFrame takes the publisher's metadata.
func (h *handler) OnSetDataFrame(_ uint32, data *rtmpmsg.NetStreamSetDataFrame) error {
	if h.feed != nil {
		h.feed.metadata(data.Payload)
	}
	return nil
}

// OnAudio takes an audio message.
func (h *handler) OnAudio(timestamp uint32, payload io.Reader) error {
	body, err := h.read(payload)
	if err != nil {
		return err
	}
	return h.feed.audio(timestamp, body)
}

// OnVideo takes a video message.
func (h *handler) OnVideo(timestamp uint32, payload io.Reader) error {
	body, err := h.read(payload)
	if err != nil {
		return err
	}
	return h.feed.video(timestamp, body)
}

// read copies a message out of go-rtmp's buffer, which the next one overwrites.
func (h *handler) read(payload io.Reader) ([]byte, error) {
	body := make([]byte, h.guard.size)
	if _, err := io.ReadFull(payload, body); err != nil {
		return nil, fmt.Errorf("read message: %w", err)
	}
	return body, nil
}

// unpublish ends the session properly; the guard calls it, and lets the publisher
// close the connection.
func (h *handler) unpublish() {
	h.clean.Store(true)
	h.feed.session.Close(nil)
}

// OnClose ends the session when the connection ends.
func (h *handler) OnClose() {
	if h.feed == nil {
		return
	}
	h.feed.session.Close(h.guard.reason())
	h.feed.sum()
}
