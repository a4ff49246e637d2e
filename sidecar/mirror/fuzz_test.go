package mirror

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

// FuzzDescribe looks into media of a foreign server, whatever it is.
func FuzzDescribe(f *testing.F) {
	init, err := os.ReadFile("testdata/init.mp4")
	require.NoError(f, err)
	ts, err := os.ReadFile("testdata/a.ts")
	require.NoError(f, err)
	f.Add(init, []byte{})
	f.Add([]byte{}, ts)
	f.Fuzz(func(t *testing.T, init, data []byte) {
		info := media.Rendition{Container: sniffed(init, data)}
		describe(&info, init, data)
		require.NotZero(t, info.Kind)
	})
}
