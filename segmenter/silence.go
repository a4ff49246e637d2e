package segmenter

import "time"

// hush fills in for sound that stays away while the pictures go on: with silence
// where it is known how to say it, for players wait for sound that does not come.
// It says whether it could.
func (c *core) hush(to time.Duration) bool {
	t := c.sound
	silence := t.format.Silence()
	if silence == nil {
		return false
	}
	if !t.line.begun {
		t.line.begun, t.line.next = true, max(t.cutter.edge(), ticks(c.absence.arrival, t.line.scale))
	}
	for end := ticks(to, t.line.scale); t.line.next+t.line.frame <= end; t.line.next += t.line.frame {
		at := t.line.next
		t.cutter.add(sample{decode: at, present: at, length: t.line.frame, sync: true, data: silence})
	}
	return true
}

// soundAway says that no sound has come for so long that there is none.
func (c *core) soundAway(now time.Time) bool { return now.Sub(c.heard) > audioLag }
