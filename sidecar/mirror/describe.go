package mirror

import (
	"bytes"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"

	"github.com/liverelay/liverelay/media"
)

// describe finds out whether a rendition of which the playlist said nothing has a
// picture.
func describe(info *media.Rendition, init, data []byte) {
	if info.Kind != 0 {
		return
	}
	info.Kind = media.Video
	switch info.Container {
	case media.ForeignMP4:
		if len(init) > 0 && !hasVideoTrack(init) {
			info.Kind = media.Audio
		}
	case media.ForeignTS:
		if isTSWithoutPicture(data) {
			info.Kind = media.Audio
		}
	case media.ForeignAudio:
		info.Kind = media.Audio
	}
	if info.Kind == media.Audio {
		info.Name, info.Channels = "audio", 2
	}
}

func hasVideoTrack(init []byte) bool {
	var parsed fmp4.Init
	if err := parsed.Unmarshal(bytes.NewReader(init)); err != nil {
		return true // of some codec that is not known here: players find out
	}
	for _, t := range parsed.Tracks {
		if t.Codec.IsVideo() {
			return true
		}
	}
	return false
}

func isTSWithoutPicture(data []byte) bool {
	r := &mpegts.Reader{R: bytes.NewReader(data)}
	if err := r.Initialize(); err != nil {
		return false
	}
	for _, t := range r.Tracks() {
		if t.Codec.IsVideo() {
			return false
		}
	}
	return len(r.Tracks()) > 0
}
