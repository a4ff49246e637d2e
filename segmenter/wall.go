package segmenter

import "time"

const (
	// gentle is how fast the program time may drift from the timeline to come nearer
	// to the wall clock, as a share: 2 ms a second.
	gentle = 0.002
	// coarse is the error above which it closes up by a quarter a segment, for a
	// publisher that began with a burst or was held up; steepest bounds that, so
	// that program time always grows.
	coarse   = 50 * time.Millisecond
	steepest = 0.04
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

// cut goes on from the given instant with what was observed, for a segment of
// about the given length.
func (w *wallClock) cut(at, length time.Duration) wallLine {
	next := wallLine{at: at, wall: w.line.program(at)}
	if w.has {
		most := gentle
		if w.errMin.Abs() > coarse {
			most = max(most, min(steepest, w.errMin.Abs().Seconds()/4/length.Seconds()))
		}
		next.slope = max(-most, min(most, w.errMin.Seconds()/length.Seconds()))
	}
	w.has, w.line = false, next
	return next
}
