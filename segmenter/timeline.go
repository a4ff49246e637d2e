package segmenter

import "time"

// ticks converts an instant of the broadcast's timeline, not below zero, to a
// track's timescale, rounded to the nearest tick.
func ticks(d time.Duration, scale int64) int64 {
	whole, rest := int64(d/time.Second), int64(d%time.Second)
	return whole*scale + (rest*scale+int64(time.Second)/2)/int64(time.Second)
}

// instant converts ticks to an instant in whole microseconds: what heads and
// playlists can say exactly. Durations are differences of instants, so that
// parts always add up to their segment.
func instant(t, scale int64) time.Duration {
	whole, rest := t/scale, t%scale
	return time.Duration(whole)*time.Second +
		time.Duration((rest*1_000_000+scale/2)/scale)*time.Microsecond
}
