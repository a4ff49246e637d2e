package doctor

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzMedia looks for keyframes in whatever a foreign server sends.
func FuzzMedia(f *testing.F) {
	var seeds [3][]byte
	for i, name := range [...]string{"init.mp4", "part.m4s", "a.ts"} {
		data, err := os.ReadFile("testdata/" + name)
		require.NoError(f, err)
		seeds[i] = data
	}
	f.Add(seeds[0], seeds[1])
	f.Add([]byte{}, seeds[2])
	f.Fuzz(func(_ *testing.T, init, data []byte) {
		keyframesTS(data)
		keyframesMP4(init, data)
	})
}
