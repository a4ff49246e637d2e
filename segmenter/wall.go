package segmenter

import "time"

const (
	// closing is the time in which an error of the program time is mended.
	closing = 30 * time.Second
	// steepest bounds the drift of program time from the timeline, as a share, above
	// what any publisher's quartz has. Players that know no timestamps yet measure with
	// program times across the playlist (hls.js aligns its first one with the next, and
	// sound with pictures): there a line that bends by 4 % was a start 0.3 s off, in a
	// place with no media, and playback that never began.
	steepest = 0.0005
)

// wallLine maps the timeline to the wall clock from one cut to the next.
type wallLine struct {
	at    time.Duration
	wall  time.Time
	slope float64 // drift a second
}

// program is the program time of an instant.
func (l wallLine) program(at time.Duration) time.Time {
	since := at - l.at
	return l.wall.Add(since + time.Duration(float64(since)*l.slope))
}

// position is the instant with a program time.
func (l wallLine) position(wall time.Time) time.Duration {
	return l.at + time.Duration(float64(wall.Sub(l.wall))/(1+l.slope))
}

// wallClock keeps program time near to the arrival of frames, without a jump. A
// frame is never early but often late, so the earliest arrival since the last cut
// counts. Plain state machine.
type wallClock struct {
	line   wallLine
	errMin time.Duration
	has    bool
}

// start sets the program time of instant 0.
func (w *wallClock) start(zero time.Time) { w.line = wallLine{wall: zero} }

// observe takes the arrival of a frame with the given decode time.
func (w *wallClock) observe(at time.Duration, arrived time.Time) {
	err := arrived.Sub(w.line.program(at))
	if !w.has || err < w.errMin {
		w.errMin, w.has = err, true
	}
}

// position is the instant that the given time of arrival stands for.
func (w *wallClock) position(arrived time.Time) time.Duration { return w.line.position(arrived) }

// cut goes on from the given instant with what was observed.
func (w *wallClock) cut(at time.Duration) wallLine {
	next := wallLine{at: at, wall: w.line.program(at)}
	if w.has {
		next.slope = max(-steepest, min(steepest, w.errMin.Seconds()/closing.Seconds()))
	}
	w.has, w.line = false, next
	return next
}
