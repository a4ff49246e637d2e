package segmenter

import (
	"strconv"
	"strings"

	"github.com/liverelay/liverelay/media"
)

// audioGroup is the GROUP-ID of the one audio rendition.
const audioGroup = "audio"

// Multivariant returns the multivariant playlist. It is the same for the whole
// broadcast. ErrNotReady until every rendition has its first part, or three
// seconds have passed since the broadcast began and the source has.
//
// It is written here because grafov/m3u8 can say neither CHANNELS nor anything
// without the PROGRAM-ID that version 6 removed.
func (s *Store) Multivariant() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	late := s.cfg.Now().Sub(s.begun) >= startWait
	for i, sh := range s.shelves {
		if sh.newest() == nil && (i == 0 || !late) {
			return nil, ErrNotReady
		}
	}
	if len(s.shelves) == 0 {
		return nil, ErrNotReady
	}
	w := playlistWriter{}
	w.line("#EXTM3U")
	w.line("#EXT-X-VERSION:", strconv.Itoa(playlistVersion))
	s.variants(&w)
	return w.text, nil
}

func (s *Store) variants(w *playlistWriter) {
	var audio *media.Rendition
	video := false
	for i, r := range s.renditions {
		if r.Kind == media.Audio {
			audio = &s.renditions[i]
		} else {
			video = true
		}
	}
	if audio != nil && video {
		w.line(`#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="`, audioGroup, `",NAME="`, audio.Name,
			`",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="`, strconv.Itoa(max(1, audio.Channels)),
			`",URI="`, s.uri(*audio), `"`)
	}
	for _, r := range s.renditions {
		if r.Kind == media.Video {
			s.videoVariant(w, r, audio)
		}
	}
	for _, r := range s.renditions {
		if r.Kind == media.Video && !s.cfg.NoIFrames {
			w.line("#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=", strconv.Itoa(r.Bandwidth), `,CODECS="`, r.Codecs, `"`, size(r),
				`,URI="`, strings.TrimSuffix(s.uri(r), "index.m3u8"), `iframes.m3u8"`)
		}
	}
	if audio != nil && (!video || !s.cfg.NoAudioOnly) {
		group := ""
		if video {
			group = `,AUDIO="` + audioGroup + `"`
		}
		codecs := ""
		if audio.Codecs != "" {
			codecs = `,CODECS="` + audio.Codecs + `"`
		}
		w.line("#EXT-X-STREAM-INF:BANDWIDTH=", strconv.Itoa(audio.Bandwidth),
			",AVERAGE-BANDWIDTH=", strconv.Itoa(audio.AverageBandwidth), codecs, group)
		w.line(s.uri(*audio))
	}
}

func (s *Store) videoVariant(w *playlistWriter, r media.Rendition, audio *media.Rendition) {
	codecs, group := r.Codecs, ""
	peak, average := r.Bandwidth, r.AverageBandwidth
	if audio != nil {
		codecs += "," + audio.Codecs
		group = `,AUDIO="` + audioGroup + `"`
		peak += audio.Bandwidth
		average += audio.AverageBandwidth
	}
	more := size(r)
	if r.Codecs != "" {
		more = `,CODECS="` + codecs + `"` + more
	}
	if r.FPS > 0 {
		more += ",FRAME-RATE=" + strconv.FormatFloat(r.FPS, 'f', 3, 64)
	}
	w.line("#EXT-X-STREAM-INF:BANDWIDTH=", strconv.Itoa(peak), ",AVERAGE-BANDWIDTH=", strconv.Itoa(average), more, group)
	w.line(s.uri(r))
}

func size(r media.Rendition) string {
	if r.Width <= 0 || r.Height <= 0 {
		return ""
	}
	return ",RESOLUTION=" + strconv.Itoa(r.Width) + "x" + strconv.Itoa(r.Height)
}

// uri is a rendition's playlist as the multivariant playlist sees it.
func (s *Store) uri(r media.Rendition) string {
	uri := r.Name + "/index.m3u8"
	if s.cfg.Epoch != "" {
		uri = s.cfg.Epoch + "/" + uri
	}
	return uri
}
