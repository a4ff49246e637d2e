package ladder

import (
	"fmt"

	"github.com/liverelay/liverelay/media"
)

// codecs is the CODECS attribute of an H.264 track.
func codecs(t media.Track) string {
	return fmt.Sprintf("avc1.%02x%02x%02x", t.Config[1], t.Config[2], t.Config[3])
}
