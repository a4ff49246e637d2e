package rtmp

import (
	"encoding/binary"

	"github.com/liverelay/liverelay/media"
)

// wholeNALs says whether data is a row of NAL units, each behind its length in 4
// bytes, none empty.
func wholeNALs(data []byte) bool {
	return eachNAL(data, func([]byte) {})
}

// eachNAL calls f for the NAL units of data, up to one that is broken: then it
// returns false.
func eachNAL(data []byte, f func(nal []byte)) bool {
	for len(data) > 0 {
		if len(data) < 4 {
			return false
		}
		n := uint64(binary.BigEndian.Uint32(data))
		if n == 0 || n > uint64(len(data)-4) {
			return false
		}
		f(data[4 : 4+n])
		data = data[4+n:]
	}
	return true
}

// randomAccess says whether decoding can start at a frame, judged by the frame: an
// IDR picture of H.264 (ITU-T H.264 table 7-1), an IRAP picture of HEVC (H.265 table
// 7-1), a temporal unit of AV1 that begins with a sequence header (AV1 §7.5).
func randomAccess(codec media.Codec, data []byte) bool {
	found := false
	switch codec {
	case media.H264:
		eachNAL(data, func(nal []byte) { found = found || nal[0]&0x1f == 5 })
	case media.HEVC:
		eachNAL(data, func(nal []byte) {
			kind := nal[0] >> 1 & 0x3f
			found = found || kind >= 16 && kind <= 21
		})
	case media.AV1:
		const delimiter, sequence = 0x12, 1 // an empty temporal delimiter; an OBU's type
		if len(data) > 2 && data[0] == delimiter && data[1] == 0 {
			data = data[2:]
		}
		found = len(data) > 0 && data[0]>>3&0x0f == sequence
	}
	return found
}
