package cmaf

import (
	"encoding/binary"
	"math"
)

// Sample is one coded picture, or one frame of audio. Durations and offsets count
// in the track's timescale.
type Sample struct {
	// Duration is the time from this sample's decoding to the next one's.
	Duration uint32
	// Offset is the composition offset, which may be negative.
	Offset int32
	// Sync marks a sample that decoding can start at.
	Sync bool
	// Data is the sample as mdat holds it.
	Data []byte
}

const (
	tfhdDefaultDuration   = 0x000008
	tfhdDefaultFlags      = 0x000020
	tfhdDefaultBaseIsMoof = 0x020000

	trunDataOffset      = 0x000001
	trunDuration        = 0x000100
	trunSize            = 0x000200
	trunFlags           = 0x000400
	trunCompositionTime = 0x000800

	// Sample flags of ISO/IEC 14496-12 §8.8.3.1: depends on no other sample, and
	// depends on others and is no sync sample.
	syncSample    = 0x02000000
	nonSyncSample = 0x01010000

	trackID = 1
)

// layout is what a fragment's boxes say once for all samples, and what they must
// say for each.
type layout struct {
	tfhd, trun      uint32
	flags           uint32
	perSample, data int
}

func plan(samples []Sample) layout {
	l := layout{
		tfhd:  tfhdDefaultBaseIsMoof | tfhdDefaultDuration | tfhdDefaultFlags,
		trun:  trunDataOffset | trunSize,
		flags: sampleFlags(samples[0]),
	}
	for _, s := range samples {
		l.data += len(s.Data)
		if s.Duration != samples[0].Duration {
			l.trun |= trunDuration
		}
		if s.Offset != 0 {
			l.trun |= trunCompositionTime
		}
		// Not first_sample_flags, which some readers pass over.
		if sampleFlags(s) != l.flags {
			l.trun |= trunFlags
		}
	}
	for _, bit := range []uint32{trunDuration, trunSize, trunFlags, trunCompositionTime} {
		if l.trun&bit != 0 {
			l.perSample += 4
		}
	}
	return l
}

func sampleFlags(s Sample) uint32 {
	if s.Sync {
		return syncSample
	}
	return nonSyncSample
}

// Fragment returns a moof box with one track fragment and its mdat box
// (ISO/IEC 14496-12 §8.8). sequence is the fragment's running number from 1, base
// the decode time of the first sample. There must be at least one sample, and no
// more than 2 GiB of them.
func Fragment(sequence uint32, base uint64, samples []Sample) []byte {
	l := plan(samples)
	trun := 20 + l.perSample*len(samples)
	const tfhd, tfdt, mfhd = 24, 20, 16
	traf := 8 + tfhd + tfdt + trun
	moof := 8 + mfhd + traf

	b := writer(make([]byte, 0, moof+8+l.data))
	b.box(moof, "moof")
	b.box(mfhd, "mfhd")
	b.u32(0, sequence)
	b.box(traf, "traf")
	b.box(tfhd, "tfhd")
	b.u32(l.tfhd, trackID, samples[0].Duration, l.flags)
	b.box(tfdt, "tfdt")
	b.u32(1 << 24)
	b = binary.BigEndian.AppendUint64(b, base)
	b.run(trun, moof+8, l, samples)
	b.box(8+l.data, "mdat")
	for _, s := range samples {
		b = append(b, s.Data...)
	}
	return b
}

// FirstSample returns how many bytes of a fragment that Fragment wrote hold its moof
// box and the first sample.
func FirstSample(fragment []byte) (length int, ok bool) {
	const trun = 8 + 16 + 8 + 24 + 20 // in front of it: moof's header, mfhd, traf's header, tfhd, tfdt
	if len(fragment) < trun+28 || string(fragment[trun+4:trun+8]) != "trun" {
		return 0, false
	}
	flags, data := binary.BigEndian.Uint32(fragment[trun+8:]), binary.BigEndian.Uint32(fragment[trun+16:])
	size := trun + 20
	if flags&trunDuration != 0 {
		size += 4
	}
	length = int(data) + int(binary.BigEndian.Uint32(fragment[size:]))
	return length, length <= len(fragment)
}

type writer []byte

func (w *writer) box(size int, name string) {
	if size > math.MaxUint32 {
		panic("cmaf: box above 4 GiB")
	}
	*w = binary.BigEndian.AppendUint32(*w, uint32(size))
	*w = append(*w, name...)
}

func (w *writer) u32(values ...uint32) {
	for _, v := range values {
		*w = binary.BigEndian.AppendUint32(*w, v)
	}
}

// run writes the trun box, version 1 for signed composition offsets.
func (w *writer) run(size, dataOffset int, l layout, samples []Sample) {
	w.box(size, "trun")
	w.u32(1<<24|l.trun, uint32(len(samples)), uint32(dataOffset))
	for _, s := range samples {
		if l.trun&trunDuration != 0 {
			w.u32(s.Duration)
		}
		w.u32(uint32(len(s.Data)))
		if l.trun&trunFlags != 0 {
			w.u32(sampleFlags(s))
		}
		if l.trun&trunCompositionTime != 0 {
			w.u32(uint32(s.Offset))
		}
	}
}
