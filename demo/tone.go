package demo

import (
	"encoding/binary"
	"math"
	"time"
)

const (
	sampleRate = 48000
	// note is how long each note sounds.
	note = 500 * time.Millisecond
	// loud is the amplitude of a note, tick that of the click on each second; both
	// are far from full scale.
	loud, tick = 2600.0, 6000.0
)

// tone makes the sound: notes of a pentatonic scale that fade in and out, and a
// click when a second begins.
type tone struct {
	begin time.Time
	// made is the number of samples so far.
	made int64
}

// until returns the samples from the last call's end to a moment: 16 bit, little
// endian, mono.
func (t *tone) until(at time.Time) []byte {
	want := int64(at.Sub(t.begin).Seconds() * sampleRate)
	out := make([]byte, 0, max(0, want-t.made)*2)
	for ; t.made < want; t.made++ {
		moment := t.begin.Add(time.Duration(float64(t.made) / sampleRate * float64(time.Second)))
		out = binary.LittleEndian.AppendUint16(out, uint16(int16(sample(moment))))
	}
	return out
}

func sample(at time.Time) float64 {
	scale := [...]float64{261.63, 293.66, 329.63, 392.00, 440.00, 523.25, 440.00, 392.00, 329.63, 293.66}
	sinceHour := at.Sub(at.Truncate(time.Hour))
	index := int(sinceHour/note) % len(scale)
	in := (sinceHour % note).Seconds()
	envelope := math.Sin(math.Pi * in / note.Seconds())
	v := loud * envelope * math.Sin(2*math.Pi*scale[index]*in)
	if second := float64(at.Nanosecond()) / 1e9; second < 0.03 {
		v += tick * (1 - second/0.03) * math.Sin(2*math.Pi*1500*second)
	}
	return v
}
