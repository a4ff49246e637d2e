package broadcast

import (
	"fmt"
	"time"

	"github.com/liverelay/liverelay/media"
)

// longestKeyframes is the longest distance of keyframes that goes without a
// warning: a viewer who joins waits for half of it on average.
const longestKeyframes = 4 * time.Second

// advisor watches a broadcast's pictures for settings of the publisher that cost
// its viewers time. It is a plain state machine over units on the broadcast's clock.
type advisor struct {
	begun    bool
	key      time.Duration // DTS of the last keyframe
	interval time.Duration // between the last two
	last     time.Duration // DTS of the last picture

	composed         bool
	minComp, maxComp time.Duration // PTS minus DTS
	keyComp          time.Duration // the same of the last keyframe: how long pictures wait to be reordered

	unplayable [media.Audio + 1]string // what browsers have against the tracks
}

// track takes a track, or the new configuration of one.
func (a *advisor) track(t media.Track) { a.unplayable[t.Kind] = objection(t) }

// pause says that pictures stay away for a while, and that others may follow.
func (a *advisor) pause() { *a = advisor{unplayable: a.unplayable} }

func (a *advisor) observe(u media.Unit) {
	if u.Kind != media.Video {
		return
	}
	a.last = u.DTS
	comp := u.PTS - u.DTS
	if u.Keyframe {
		a.keyComp = comp
		if a.begun {
			a.interval = u.DTS - a.key
		}
		a.begun, a.key = true, u.DTS
	}
	if !a.composed {
		a.composed, a.minComp, a.maxComp = true, comp, comp
	}
	a.minComp, a.maxComp = min(a.minComp, comp), max(a.maxComp, comp)
}

// keyframes is the present distance of keyframes; one that is still open counts
// when it is longer than the one before.
func (a *advisor) keyframes() (d time.Duration, open bool) {
	if a.begun && a.last-a.key > max(a.interval, longestKeyframes) {
		return a.last - a.key, true
	}
	return a.interval, false
}

// advice is a warning for the streamer and what it is about.
type advice struct {
	topic topic
	text  string
}

// topic tells advice apart; its text changes with the figures.
type topic uint8

const (
	aboutKeyframes topic = iota
	aboutBFrames
	aboutPicture
	aboutSound
)

// advise returns the sentences for the streamer, none if all is well.
func (a *advisor) advise() []advice {
	var w []advice
	if text := a.unplayable[media.Video]; text != "" {
		w = append(w, advice{aboutPicture, text})
	}
	if text := a.unplayable[media.Audio]; text != "" {
		w = append(w, advice{aboutSound, text})
	}
	if d, open := a.keyframes(); d > longestKeyframes {
		far := fmt.Sprintf("Keyframes are %.1f s apart", d.Seconds())
		if open {
			far = fmt.Sprintf("There has been no keyframe for more than %.0f s", longestKeyframes.Seconds())
		}
		w = append(w, advice{aboutKeyframes, far + ", so viewers wait long to join or to change quality. " +
			"In OBS: Settings > Output, output mode Advanced, Streaming: set Keyframe Interval to 2 s (0 means automatic, which is up to 250 frames)."})
	}
	if a.maxComp > a.minComp {
		w = append(w, advice{aboutBFrames, fmt.Sprintf("The picture has B-frames, which delay it by about %d ms. ", a.keyComp.Milliseconds()) +
			"In OBS: Settings > Output, output mode Advanced, Streaming: set Max B-frames to 0, or with x264 choose the tune zerolatency."})
	}
	return w
}

// warnings returns the texts alone.
func (a *advisor) warnings() []string {
	var texts []string
	for _, w := range a.advise() {
		texts = append(texts, w.text)
	}
	return texts
}
