package origin

import (
	"fmt"
	"net/http"
	"time"
)

// How long an answer may be kept by browsers, proxies and CDNs.
const (
	// cacheForever is for names that never mean anything else.
	cacheForever = "public, max-age=31536000, immutable"
	// cacheBriefly lets a CDN answer a crowd with one request, and no more.
	cacheBriefly = "public, max-age=1"
	// cacheNever is for answers that depend on who asks, or on now.
	cacheNever = "no-store"
	// cacheChecked is kept, and asked about each time.
	cacheChecked = "no-cache"
	// cacheScript is for the newest player: pages of others name it without a
	// version, and should not wait for the network each time.
	cacheScript = "public, max-age=300, stale-while-revalidate=86400"
)

// cacheReload is for answers to _HLS_msn requests, which never change once given:
// six target durations (draft-pantos-hls-rfc8216bis, appendix B).
func cacheReload(target time.Duration) string {
	return fmt.Sprintf("public, max-age=%d", int((6 * target).Seconds()))
}

func setCache(w http.ResponseWriter, value string) {
	w.Header().Set("Cache-Control", value)
}
