package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

var errBoxes = errors.New("boxes are cut short or nested wrongly")

// maxSamples bounds the samples of one fragment.
const maxSamples = 1 << 16

// box calls do for each box in data (ISO/IEC 14496-12 §4.2).
func boxes(data []byte, do func(kind string, body []byte) error) error {
	for len(data) > 0 {
		if len(data) < 8 {
			return errBoxes
		}
		size, header := uint64(binary.BigEndian.Uint32(data)), uint64(8)
		kind := string(data[4:8])
		switch size {
		case 0:
			size = uint64(len(data))
		case 1:
			if len(data) < 16 {
				return errBoxes
			}
			size, header = binary.BigEndian.Uint64(data[8:]), 16
		}
		if size < header || size > uint64(len(data)) {
			return errBoxes
		}
		if err := do(kind, data[header:size]); err != nil {
			return err
		}
		data = data[size:]
	}
	return nil
}

// track is what an init segment says of one.
type track struct {
	id                    uint32
	scale                 uint32
	video                 bool
	duration, size, flags uint32 // defaults, of trex
}

// readInit reads the tracks of an init segment.
func readInit(data []byte) (map[uint32]*track, error) {
	tracks := map[uint32]*track{}
	err := boxes(data, func(kind string, moov []byte) error {
		if kind != "moov" {
			return nil
		}
		return boxes(moov, func(kind string, body []byte) error {
			switch kind {
			case "trak":
				return readTrak(body, tracks)
			case "mvex":
				return boxes(body, func(kind string, trex []byte) error {
					if kind == "trex" {
						readTrex(trex, tracks)
					}
					return nil
				})
			}
			return nil
		})
	})
	if err == nil && len(tracks) == 0 {
		err = errors.New("no track in the init segment")
	}
	return tracks, err
}

func readTrak(body []byte, tracks map[uint32]*track) error {
	t := &track{}
	var walk func(kind string, b []byte) error
	walk = func(kind string, b []byte) error {
		switch kind {
		case "mdia":
			return boxes(b, walk)
		case "tkhd":
			t.id = u32(b, 12+8*int(version(b)))
		case "mdhd":
			t.scale = u32(b, 12+8*int(version(b)))
		case "hdlr":
			t.video = len(b) >= 12 && string(b[8:12]) == "vide"
		}
		return nil
	}
	if err := boxes(body, walk); err != nil {
		return err
	}
	if t.id == 0 || t.scale == 0 || len(tracks) > 16 {
		return errBoxes
	}
	tracks[t.id] = t
	return nil
}

func readTrex(b []byte, tracks map[uint32]*track) {
	if t := tracks[u32(b, 4)]; t != nil {
		t.duration, t.size, t.flags = u32(b, 12), u32(b, 16), u32(b, 20)
	}
}

// version is that of a full box: 0 or 1, which have times of 4 or 8 bytes.
func version(b []byte) byte {
	if len(b) == 0 || b[0] == 0 {
		return 0
	}
	return 1
}

// u32 reads 4 bytes; 0 where there are none.
func u32(b []byte, at int) uint32 {
	if at < 0 || at+4 > len(b) {
		return 0
	}
	return binary.BigEndian.Uint32(b[at:])
}

// run is one track's samples in one fragment.
type run struct {
	track     *track
	base, end uint64
	samples   int
	startsKey bool
	keys      []time.Duration // presentation times
}

// at is an instant of the track's timeline.
func (t *track) at(ticks uint64) time.Duration {
	return time.Duration(float64(ticks) / float64(t.scale) * float64(time.Second))
}

const nonSync = 0x10000

// readMedia reads the fragments of a part or a segment.
func readMedia(data []byte, tracks map[uint32]*track) ([]run, error) {
	var runs []run
	err := boxes(data, func(kind string, moof []byte) error {
		if kind != "moof" {
			return nil
		}
		return boxes(moof, func(kind string, traf []byte) error {
			if kind != "traf" {
				return nil
			}
			r, err := readTraf(traf, tracks)
			if err == nil && r.samples > 0 {
				runs = append(runs, r)
			}
			if len(runs) > 4096 {
				return errBoxes
			}
			return err
		})
	})
	return runs, err
}

func readTraf(traf []byte, tracks map[uint32]*track) (run, error) {
	var r run
	var duration, flags uint32
	err := boxes(traf, func(kind string, b []byte) error {
		switch kind {
		case "tfhd":
			if r.track = tracks[u32(b, 4)]; r.track == nil {
				return fmt.Errorf("track %d is not in the init segment", u32(b, 4))
			}
			duration, flags = r.header(b)
		case "tfdt":
			if r.base = uint64(u32(b, 4)); version(b) == 1 {
				r.base = r.base<<32 | uint64(u32(b, 8))
			}
			r.end = r.base
		case "trun":
			if r.track == nil {
				return errBoxes
			}
			return r.add(b, duration, flags)
		}
		return nil
	})
	return r, err
}

// header reads the defaults of tfhd (§8.8.7).
func (r *run) header(b []byte) (duration, flags uint32) {
	duration, flags = r.track.duration, r.track.flags
	at, has := 8, u32(b, 0)
	for _, field := range []struct {
		bit  uint32
		size int
		to   *uint32
	}{{0x1, 8, nil}, {0x2, 4, nil}, {0x8, 4, &duration}, {0x10, 4, nil}, {0x20, 4, &flags}} {
		if has&field.bit == 0 {
			continue
		}
		if field.to != nil {
			*field.to = u32(b, at)
		}
		at += field.size
	}
	return duration, flags
}

// add reads a trun (§8.8.8).
func (r *run) add(b []byte, duration, flags uint32) error {
	has, n, at := u32(b, 0), u32(b, 4), 8
	if n > maxSamples {
		return errBoxes
	}
	first, hasFirst := flags, false
	if has&0x1 != 0 {
		at += 4
	}
	if has&0x4 != 0 {
		first, hasFirst = u32(b, at), true
		at += 4
	}
	each := 0
	for _, bit := range []uint32{0x100, 0x200, 0x400, 0x800} {
		if has&bit != 0 {
			each += 4
		}
	}
	if at+each*int(n) > len(b) {
		return errBoxes
	}
	for i := range n {
		length, sampleFlags, offset := duration, flags, int32(0)
		if i == 0 && hasFirst {
			sampleFlags = first
		}
		for _, bit := range []uint32{0x100, 0x200, 0x400, 0x800} {
			if has&bit == 0 {
				continue
			}
			switch v := u32(b, at); bit {
			case 0x100:
				length = v
			case 0x400:
				sampleFlags = v
			case 0x800:
				offset = int32(v)
			}
			at += 4
		}
		r.sample(length, sampleFlags&nonSync == 0, offset)
	}
	return nil
}

func (r *run) sample(length uint32, key bool, offset int32) {
	if r.samples == 0 {
		r.startsKey = key
	}
	if key && len(r.keys) < maxSamples {
		r.keys = append(r.keys, r.track.at(r.end)+time.Duration(float64(offset)/float64(r.track.scale)*float64(time.Second)))
	}
	r.samples++
	r.end += uint64(length)
}
