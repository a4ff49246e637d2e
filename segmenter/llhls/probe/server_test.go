package probe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/media/flv"
	"github.com/liverelay/liverelay/segmenter"
)

// live is a real broadcast in real time: ffmpeg's pictures, our segmenter, and one
// rung that repeats the source.
type live struct{ store *segmenter.Store }

func goLive(t *testing.T) *live {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ffmpeg", strings.Fields("-v error -f lavfi -i testsrc2=s=320x180:r=30 -f lavfi -i sine=r=48000 -t 60 "+
		"-c:v libx264 -preset ultrafast -tune zerolatency -g 30 -pix_fmt yuv420p -c:a aac -f flv -flvflags no_duration_filesize -")...)
	file, err := cmd.Output()
	require.NoError(t, err)
	l := &live{segmenter.NewStore(segmenter.StoreConfig{Window: 12 * time.Second})}
	p := segmenter.NewPipeline(t.Context(), segmenter.Config{Segment: time.Second, Ladder: echoes{}}, []segmenter.Sink{l.store.Sink()})
	var done sync.WaitGroup
	done.Go(func() { publish(t.Context(), t, file, p) })
	t.Cleanup(func() { done.Wait(); <-p.Done() })
	require.Eventually(t, func() bool { _, err := l.store.Multivariant(); return err == nil }, 10*time.Second, 20*time.Millisecond)
	return l
}

// echoes is a ladder whose one rung is the source once more.
type echoes struct{}

func (echoes) Choose(source media.Track) []segmenter.Rung {
	return []segmenter.Rung{{Name: "180p", Width: source.Width, Height: source.Height, Bitrate: 100_000}}
}

func (echoes) Start(_ context.Context, _ []segmenter.Rung, source media.Track, out segmenter.EncoderOutput) (segmenter.Encoder, error) {
	e := &echo{out: out, units: make(chan media.Unit, 4096), done: make(chan struct{})}
	go func() {
		defer close(e.done)
		out.EncodedTrack(0, source)
		for u := range e.units {
			out.EncodedUnit(0, u)
		}
	}()
	return e, nil
}

type echo struct {
	out   segmenter.EncoderOutput
	units chan media.Unit
	done  chan struct{}
}

func (e *echo) Track(media.Track) {}
func (e *echo) Unit(u media.Unit) { e.units <- u }
func (e *echo) Close()            { close(e.units); <-e.done }

// publish plays an FLV file in real time.
func publish(ctx context.Context, t *testing.T, file []byte, p *segmenter.Pipeline) {
	defer p.End(nil)
	in, begun := flv.NewReader(bytes.NewReader(file)), time.Now()
	for {
		tag, err := in.Next()
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		select {
		case <-time.After(time.Until(begun.Add(tag.Timestamp))):
		case <-ctx.Done():
			return
		}
		u := media.Unit{DTS: tag.Timestamp, PTS: tag.Timestamp, Arrived: time.Now(), Keyframe: true}
		switch tag.Type {
		case flv.TypeVideo:
			v, _ := flv.ParseVideo(tag.Data)
			if v.Type == flv.Config {
				track, _ := flv.VideoTrack(v.Codec, v.Data)
				p.Track(track)
			} else if v.Type == flv.Frames {
				u.Kind, u.Data, u.Keyframe = media.Video, v.Data, v.Keyframe
				u.PTS += v.CompositionTime
				p.Unit(u)
			}
		case flv.TypeAudio:
			a, _ := flv.ParseAudio(tag.Data)
			if a.Type == flv.Config {
				track, _ := flv.AudioTrack(a.Codec, a.Data)
				p.Track(track)
			} else if a.Type == flv.Frames {
				u.Kind, u.Data = media.Audio, a.Data
				p.Unit(u)
			}
		}
	}
}

// ServeHTTP implements http.Handler, as plainly as can be.
func (l *live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, err := l.answer(r)
	switch {
	case errors.Is(err, segmenter.ErrTooFar):
		w.WriteHeader(http.StatusBadRequest)
	case err != nil:
		w.WriteHeader(http.StatusNotFound)
	default:
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}
}

func (l *live) answer(r *http.Request) ([]byte, error) {
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(path) == 1 {
		return l.store.Multivariant()
	}
	rendition, file := path[0], path[1]
	number := func(prefix, suffix string) (uint64, bool) {
		text, ok := strings.CutPrefix(file, prefix)
		text, ok2 := strings.CutSuffix(text, suffix)
		n, err := strconv.ParseUint(text, 10, 64)
		return n, ok && ok2 && err == nil
	}
	if file == "index.m3u8" {
		reload := segmenter.Reload{Skip: r.URL.Query().Get("_HLS_skip") == "YES"}
		for name, to := range map[string]**uint64{"_HLS_msn": &reload.MSN, "_HLS_part": &reload.Part} {
			if n, err := strconv.ParseUint(r.URL.Query().Get(name), 10, 64); err == nil {
				*to = &n
			}
		}
		return l.store.Playlist(r.Context(), rendition, reload)
	}
	if file == "iframes.m3u8" {
		return l.store.IFrames(rendition)
	}
	if n, ok := number("init", ".mp4"); ok {
		return l.store.Init(rendition, int(n))
	}
	if n, ok := number("p", ".m4s"); ok {
		p, err := l.store.Part(r.Context(), rendition, n)
		if err != nil {
			return nil, err
		}
		return p.Data, nil
	}
	n, _ := number("s", ".m4s")
	parts, err := l.store.Segment(rendition, n)
	var whole []byte
	for _, p := range parts {
		whole = append(whole, p.Data...)
	}
	return whole, err
}

// fault stands before a server and spoils its answers.
type fault struct {
	next http.Handler
	// request may change what is asked, body what is answered. Both may be nil.
	request func(r *http.Request)
	body    func(r *http.Request, status int, body []byte) (int, []byte)
}

func (f fault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.request != nil {
		f.request(r)
	}
	rec := httptest.NewRecorder()
	f.next.ServeHTTP(rec, r)
	status, body := rec.Code, rec.Body.Bytes()
	if f.body != nil {
		status, body = f.body(r, status, body)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
