package segmenter

import "time"

const (
	// gentle is how much of a segment's length the program time may drift by to
	// come nearer to the wall clock, when the error is small.
	gentle = 0.002
	// coarse is the error above which it closes up by a quarter a segment: a
	// publisher began with a burst, or was held up.
	coarse = 50 * time.Millisecond
)

// wallClock maps the timeline to the wall clock by the arrival of frames. A frame
// is never early but often late, so the earliest arrival since the last cut
// counts. Plain state machine.
type wallClock struct {
	offset  time.Time // the wall clock at instant 0
	lastCut time.Duration
	errMin  time.Duration
	has     bool
}

// start sets the program time from the first frames.
func (w *wallClock) start(offset time.Time) { w.offset = offset }

// observe takes the arrival of a frame with the given decode time.
func (w *wallClock) observe(at time.Duration, arrived time.Time) {
	err := arrived.Sub(w.offset.Add(at))
	if !w.has || err < w.errMin {
		w.errMin, w.has = err, true
	}
}

// cut returns the program time at a cut, slewed towards what was observed since
// the last one. It never goes back.
func (w *wallClock) cut(at time.Duration) time.Time {
	length := at - w.lastCut
	if w.has && length > 0 {
		w.offset = w.offset.Add(step(w.errMin, length))
	}
	w.has, w.lastCut = false, at
	return w.offset.Add(at).Round(time.Millisecond)
}

func step(err, length time.Duration) time.Duration {
	most := time.Duration(float64(length) * gentle)
	if err.Abs() > coarse {
		most = max(most, err.Abs()/4)
	}
	return max(-min(most, length/8), min(err, most))
}
