package attach

import (
	"bytes"
	"context"
	"net/url"
	"time"

	"github.com/liverelay/liverelay/sidecar/outbound"
)

const (
	// maxPoster bounds a poster: those of PeerTube and Owncast have some tens of kilobytes.
	maxPoster = 512 << 10
	// repaint is how often a poster is fetched again: Owncast's is a picture of now.
	repaint = time.Minute
)

// JPEG returns the picture that the other server shows of the stream, nil without one. It
// may be called from any goroutine, and is not written to.
func (a *Attachment) JPEG() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.poster
}

// paint keeps the poster until ctx ends.
func (a *Attachment) paint(ctx context.Context, from *url.URL) {
	defer a.show(nil)
	for from != nil {
		answer, err := a.Client.Get(ctx, outbound.Request{URL: from, MaxBytes: maxPoster, Within: askWithin})
		if err == nil && bytes.HasPrefix(answer.Body, []byte("\xff\xd8\xff")) {
			a.show(answer.Body)
		}
		timer := time.NewTimer(repaint)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

func (a *Attachment) show(poster []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.poster = poster
}
