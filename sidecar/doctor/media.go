package doctor

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	mp4codecs "github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"

	"github.com/liverelay/liverelay/sidecar/outbound"
	"github.com/liverelay/liverelay/sidecar/playlist"
)

// media fetches the newest complete segment and looks for keyframes in it.
func (r *Report) media(ctx context.Context, client *outbound.Client, p *playlist.Playlist) {
	var newest *playlist.Segment
	for i := range p.Segments {
		if s := &p.Segments[i]; s.Complete && !s.Gap {
			newest = s
		}
	}
	if newest == nil {
		r.Live = false
		r.say(Note, "live", "There is no complete segment yet.", "")
		return
	}
	answer, err := client.Get(ctx, outbound.Request{
		URL: newest.URI, Offset: newest.Offset, Length: newest.Length, MaxBytes: maxSegment, Within: askWithin,
	})
	if err != nil {
		r.say(Bad, "reach", "The newest segment can't be had: "+err.Error(), "")
		return
	}
	if len(r.Renditions) == 0 && newest.Duration > 0 {
		r.Renditions = []Rendition{{Bandwidth: int(float64(len(answer.Body)) * 8 / newest.Duration.Seconds())}}
	}
	if newest.Keys != nil {
		r.Container = "encrypted"
		return
	}
	var keys []time.Duration
	if len(answer.Body) > 0 && answer.Body[0] == 0x47 {
		r.Container = "MPEG-TS"
		keys = keyframesTS(answer.Body)
	} else if newest.Map != nil {
		r.Container = "fragmented MP4"
		init, err := client.Get(ctx, outbound.Request{
			URL: newest.Map.URI, Offset: newest.Map.Offset, Length: newest.Map.Length, MaxBytes: 1 << 20, Within: askWithin,
		})
		if err == nil {
			keys = keyframesMP4(init.Body, answer.Body)
		}
	}
	r.keyframes(keys, newest.Duration)
}

func (r *Report) keyframes(at []time.Duration, duration time.Duration) {
	switch len(at) {
	case 0:
		return
	case 1:
		r.KeyframeSeconds = duration.Seconds()
	default:
		r.KeyframeSeconds = ((at[len(at)-1] - at[0]) / time.Duration(len(at)-1)).Seconds()
	}
	if r.KeyframeSeconds > 2.1 {
		r.say(Warn, "keyframes", fmt.Sprintf("There is a keyframe every %.3g s only: joining and changing quality take as long.", r.KeyframeSeconds),
			"Set the encoder's keyframe interval to 1 or 2 s (OBS: Settings, Output, Advanced).")
	} else {
		r.say(Good, "keyframes", fmt.Sprintf("There is a keyframe every %.3g s.", r.KeyframeSeconds), "")
	}
}

// keyframesTS returns when keyframes are shown.
func keyframesTS(data []byte) []time.Duration {
	reader := &mpegts.Reader{R: bytes.NewReader(data)}
	if reader.Initialize() != nil {
		return nil
	}
	var found []time.Duration
	for _, t := range reader.Tracks() {
		if t.Codec.IsVideo() {
			follow(reader, t, func(pts int64) { found = append(found, time.Duration(pts)*time.Second/90_000) })
			break
		}
	}
	for reader.Read() == nil { //nolint:revive // the callbacks do the work
	}
	return found
}

func follow(reader *mpegts.Reader, t *mpegts.Track, found func(pts int64)) {
	on := func(isKey func([][]byte) bool) func(int64, int64, [][]byte) error {
		return func(pts, _ int64, au [][]byte) error {
			if isKey(au) {
				found(pts)
			}
			return nil
		}
	}
	switch t.Codec.(type) {
	case *codecs.H264:
		reader.OnDataH264(t, on(h264.IsRandomAccess))
	case *codecs.H265:
		reader.OnDataH265(t, on(h265.IsRandomAccess))
	}
}

// keyframesMP4 returns when keyframes of the first track with pictures are decoded.
func keyframesMP4(init, data []byte) []time.Duration {
	var head fmp4.Init
	var parts fmp4.Parts
	if head.Unmarshal(bytes.NewReader(init)) != nil || parts.Unmarshal(data) != nil {
		return nil
	}
	var found []time.Duration
	for _, t := range head.Tracks {
		if !t.Codec.IsVideo() {
			continue
		}
		for _, part := range parts {
			for _, run := range part.Tracks {
				if run.ID != t.ID {
					continue
				}
				at := run.BaseTime
				for _, sample := range run.Samples {
					if isKey(t.Codec, sample) {
						found = append(found, time.Duration(float64(at)/float64(t.TimeScale)*float64(time.Second)))
					}
					at += uint64(sample.Duration)
				}
			}
		}
		return found
	}
	return nil
}

// isKey looks into the sample where it can: what boxes say of it may stand in several
// places.
func isKey(codec mp4codecs.Codec, sample *fmp4.Sample) bool {
	var nals h264.AVCC
	switch codec.(type) {
	case *mp4codecs.H264:
		return nals.Unmarshal(sample.Payload) == nil && h264.IsRandomAccess(nals)
	case *mp4codecs.H265:
		return nals.Unmarshal(sample.Payload) == nil && h265.IsRandomAccess(nals)
	default:
		return !sample.IsNonSyncSample
	}
}
