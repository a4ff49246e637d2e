package origin

import "errors"

// Reload holds the delivery directives of a playlist request
// (draft-pantos-hls-rfc8216bis §6.2.5.1).
type Reload struct {
	// MSN is _HLS_msn, Part is _HLS_part; nil when absent.
	MSN, Part *uint64
	// Skip asks for a delta update (_HLS_skip).
	Skip bool
}

// What Media's methods fail with.
var (
	// ErrNotReady: there is too little of the broadcast to play it yet.
	ErrNotReady = errors.New("broadcast is not ready")
	// ErrUnknown: there never was such a rendition, part or segment, or not yet.
	ErrUnknown = errors.New("no such media")
	// ErrGone: it has left the window.
	ErrGone = errors.New("media has left the window")
	// ErrTooFar: a reload asks for what is more than two segments ahead.
	ErrTooFar = errors.New("reload is too far ahead")
	// ErrTimeout: what was waited for did not come.
	ErrTimeout = errors.New("media did not come in time")
)
