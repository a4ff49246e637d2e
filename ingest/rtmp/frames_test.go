package rtmp

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

func TestRandomAccess(t *testing.T) {
	nal := func(first ...byte) []byte {
		var b []byte
		for _, f := range first {
			b = append(b, 0, 0, 0, 2, f, 1)
		}
		return b
	}
	for name, c := range map[string]struct {
		codec media.Codec
		data  []byte
		want  bool
	}{
		"IDR behind SEI":        {media.H264, nal(6, 0x65), true},
		"P":                     {media.H264, nal(0x41), false},
		"HEVC IDR_N_LP":         {media.HEVC, nal(0x28), true},
		"HEVC CRA":              {media.HEVC, nal(0x2a), true},
		"HEVC TRAIL_R":          {media.HEVC, nal(0x02), false},
		"AV1 sequence header":   {media.AV1, []byte{0x12, 0, 0x0a, 1, 0}, true},
		"AV1 without delimiter": {media.AV1, []byte{0x0a, 1, 0}, true},
		"AV1 frame":             {media.AV1, []byte{0x12, 0, 0x32, 1, 0}, false},
		"nothing":               {media.AV1, nil, false},
		"broken":                {media.H264, []byte{0, 0, 0, 9, 0x65}, false},
	} {
		require.Equal(t, c.want, randomAccess(c.codec, c.data), name)
	}
}
