package viewer

import (
	"time"

	"github.com/rs/zerolog"
)

// Report is the result of a fleet, as `liverelay viewers --json` prints it.
//
// Offload is worked out from the viewers' own counts: 1 − httpBytes / playedBytes.
// HTTPBytes are all bytes that came from the daemon over HTTP and the tracker's
// WebSocket: bodies, and an estimate of status lines and headers; those of TCP and
// TLS are not in it, nor is what the viewers sent. PlayedBytes are the bytes of parts
// whose whole duration was played.
//
// Latency is the server's clock (learnt from the tracker, else from join) less the
// program date time of the playhead, sampled every 250 ms while playing. Join is the
// time from the start of a viewer to its first advance. Both are in seconds.
//
// A stall is more than 100 ms without advance while playing, or a jump over media
// that was lost; a viewer that never started has stalled all its time.
type Report struct {
	Viewers          int      `json:"viewers"`
	Joined           int      `json:"joined"`
	Seconds          float64  `json:"seconds"`
	PlayedSeconds    float64  `json:"playedSeconds"`
	Stalls           int      `json:"stalls"`
	StalledSeconds   float64  `json:"stalledSeconds"`
	Latency          Quantile `json:"latency"`
	Join             Quantile `json:"join"`
	HTTPBytes        int64    `json:"httpBytes"`
	P2PBytes         int64    `json:"p2pBytes"`
	PlayedBytes      int64    `json:"playedBytes"`
	Offload          float64  `json:"offload"`
	Requests         int64    `json:"requests"`
	PlaylistRequests int64    `json:"playlistRequests"`
	RejectedChunks   int64    `json:"rejectedChunks"`

	// UploadedBytes are the bytes of chunks that viewers sent each other.
	UploadedBytes int64 `json:"uploadedBytes"`
	// FirstP2P is the time from the start of a viewer to the first byte of media from
	// another one; viewers to whom none came are not in it, but in NoP2P.
	FirstP2P Quantile `json:"firstP2P"`
	NoP2P    int      `json:"noP2P"`
	// WebSocketMessages were sent to the tracker, WebSocketReceived came from it.
	WebSocketMessages int64 `json:"webSocketMessages"`
	WebSocketReceived int64 `json:"webSocketReceived"`
	// The same for each viewer and minute, and the HTTP requests.
	HTTPRequestsPerViewerMinute      float64 `json:"httpRequestsPerViewerMinute"`
	WebSocketMessagesPerViewerMinute float64 `json:"webSocketMessagesPerViewerMinute"`
	// HTTPParts and P2PParts count parts by what brought their last chunk.
	HTTPParts int64 `json:"httpParts"`
	P2PParts  int64 `json:"p2pParts"`
	// StalledViewers have stalled at least once. Killed were made to vanish.
	StalledViewers int `json:"stalledViewers"`
	Killed         int `json:"killed"`
	// PlayedShare is played of the possible: of the time between each viewer's first
	// advance and its end.
	PlayedShare float64 `json:"playedShare"`
	// AfterKill is what was seen in the minute after the kill.
	AfterKill *AfterKill `json:"afterKill,omitempty"`

	// With FleetConfig.Detail: when it began, in ms since 1970, what was seen second by
	// second, and what each viewer saw.
	Began    int64    `json:"began,omitempty"`
	Timeline []Second `json:"timeline,omitempty"`
	Visits   []Visit  `json:"visits,omitempty"`
}

// AfterKill is what was seen of the viewers that were left, in the minute after some
// were made to vanish.
type AfterKill struct {
	StalledSeconds float64 `json:"stalledSeconds"`
	PlayedSeconds  float64 `json:"playedSeconds"`
	HTTPBytes      int64   `json:"httpBytes"`
	// PeakHTTPBytes is the most that came from the daemon in one second.
	PeakHTTPBytes int64 `json:"peakHttpBytes"`
	// LastStall is when somebody last stood, in seconds after the kill.
	LastStall float64 `json:"lastStall"`
}

// Quantile holds two quantiles, in seconds.
type Quantile struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
}

// FleetConfig says what a fleet does.
type FleetConfig struct {
	// URL is a watch address, https://host/live/demo.
	URL string
	// N viewers watch at a time, for Duration from the first join.
	N        int
	Duration time.Duration
	// JoinOver spreads the first joins evenly; 0 takes 50 ms a viewer.
	JoinOver time.Duration
	// Renditions are handed out to the viewers in turn; none: the first video
	// rendition of the manifest. Audio is always added.
	Renditions []string
	// ChurnPerMinute viewers leave in each minute and as many new ones join, from
	// ChurnFrom until ChurnUntil (0: the end) after the beginning.
	ChurnPerMinute        float64
	ChurnFrom, ChurnUntil time.Duration
	// Uploads are upload limits in bit/s, handed out in turn: 0 is unlimited, −1 lends
	// nothing. None: what the server says.
	Uploads []int64
	// NoPeers takes everything over HTTP.
	NoPeers bool
	// Uplinks are how fast packets to other viewers leave a viewer, in bit/s, handed out
	// in turn: 0 is unlimited, −1 lends nothing. The tracker is told the same, or what
	// Claims has in its place, where that is more than 0.
	Uplinks, Claims []int64
	// Delay is added to every packet between viewers, one way; Loss is the share of
	// packets that are dropped.
	Delay time.Duration
	Loss  float64
	// Ordered lets nothing between viewers overtake anything, for comparison.
	Ordered bool
	// Kill makes viewers vanish at KillAt: "stripe", all that feed one stripe, or
	// "half", half of all that feed anybody.
	Kill   string
	KillAt time.Duration
	// CutTracker cuts all connections to the tracker at CutAt, and lets nobody connect
	// for so long.
	CutTracker, CutAt time.Duration
	// Detail adds a timeline and each viewer's own figures to the report.
	Detail bool
	Log    zerolog.Logger
}
