package origin

import (
	"context"
	"net/http"
	"time"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/segmenter"
)

// Media answers HTTP's questions about one broadcast. All methods may be called
// from any number of goroutines; what they return is shared and never written to.
type Media interface {
	// Multivariant returns the multivariant playlist, or segmenter.ErrNotReady while there is
	// too little of the broadcast to play.
	Multivariant() ([]byte, error)
	// Playlist returns the media playlist of a rendition. It holds the answer as
	// draft-pantos-hls-rfc8216bis §6.2.5.2 says, for a minute at most and until ctx ends.
	// Errors: segmenter.ErrTooFar, ErrUnknown, ErrNotReady, ErrTimeout, or ctx's.
	Playlist(ctx context.Context, rendition string, r segmenter.Reload) ([]byte, error)
	// IFrames returns the I-frame playlist of a video rendition.
	IFrames(rendition string) ([]byte, error)
	// Part returns a part. The one that comes next is waited for as long; one further ahead,
	// or one that left the window, is segmenter.ErrUnknown.
	Part(ctx context.Context, rendition string, number uint64) (*media.Part, error)
	// Segment returns the parts of a complete segment, in order.
	Segment(rendition string, msn uint64) ([]*media.Part, error)
	// Init returns an init segment.
	Init(rendition string, number int) ([]byte, error)
	// Gaps names the renditions that have a gap at the live edge.
	Gaps() []string
	// Rates returns how much media each of Live's renditions really had lately, in bit/s:
	// 0 while that can't be said.
	Rates() []int
	// Live returns the renditions, the playlists' constants, the wall clock at the
	// live edge, and whether the broadcast ended.
	Live() (renditions []media.Rendition, timing media.Timing, edge time.Time, ended bool)
}

// Heads serves a broadcast's signed manifest and heads (docs/protocol.md §3, §4).
type Heads interface {
	// Manifest returns the newest signed manifest, nil before there is one.
	Manifest() []byte
	// Serve calls emit with the frames of a feed (docs/protocol.md §5), whole and in
	// pieces which must not be kept, until ctx ends, emit fails, or the broadcast is
	// over. from holds the first numbers wanted; a rendition that is not in it begins at
	// the live edge. stripes has a bit for each stripe of a rendition that is to come
	// with its media.
	Serve(ctx context.Context, renditions []string, from map[string]uint64, stripes map[string]uint8, emit func(frames [][]byte) error) error
}

// Signalling is the tracker, as far as the origin knows it: a handler for
// WebSockets and figures about the swarm.
type Signalling interface {
	http.Handler
	// Swarm returns what the tracker knows of the swarm of a stream; the zero value
	// when there is none.
	Swarm(stream string) Swarm
}

// Swarm holds figures about a stream's swarm. The bytes are what peers claim.
type Swarm struct {
	// Peers are connected to the tracker now.
	Peers int
	// PeerBytes is the media that viewers took from each other, in total since the
	// daemon's start.
	PeerBytes uint64
}

// Painter knows who feeds whom.
type Painter interface {
	// Picture returns the peers of a stream's swarm, by rendition, as they are planned
	// to be fed now. Nothing in it leads to a person: ids are made up for a connection.
	Picture(stream string) []Peer
}

// Peer is a viewer's place in the tree of one rendition.
type Peer struct {
	// ID is 16 characters; what is shown is shorter.
	ID string
	// Rendition is the index of the rendition in the manifest.
	Rendition int
	// Cluster is the number of the group of up to six that it is a member of.
	Cluster int
	// Leaf: it lends nothing.
	Leaf bool
	// Depth is the number of clusters between its own and the server.
	Depth int
	// Hops is the number of sends until the stripe that takes the longest way is here.
	Hops int
	// Holds are the stripes that it feeds to its cluster.
	Holds []int
	// Parents feed it, by stripe; an empty one is the server. Standbys step in.
	Parents, Standbys [stripeCount]string
	// Slots is the number of stripes that it may send, Used that which it is to send.
	Slots, Used int
	// Connections is the number of its connections to others.
	Connections int
}

// Streams is the registry, as far as the origin needs it.
type Streams interface {
	// Stream returns a configured stream by its name.
	Stream(name string) (Stream, bool)
	// Streams returns all configured streams, in the order in which they are shown.
	Streams() []Stream
}

// Stream describes a configured stream. Nothing in it is secret.
type Stream struct {
	// Name is [a-z0-9-]{1,64}.
	Name string
	// Title and Description are plain text; an empty title means the name.
	Title, Description string
	// Listed streams are shown at / and in /api/v1/streams while they are live.
	Listed bool
	// PublicKey is the stream's Ed25519 identity key, 32 bytes.
	PublicKey []byte
	// P2P is what viewers are told about sharing.
	P2P P2P
	// Warnings are sentences for the streamer about the broadcast that runs now.
	Warnings []string
	// Forwards are the servers that the stream is sent on to.
	Forwards []Forward
	// Source tells of the server that the stream is taken from, nil for a publisher's.
	Source *Source
}

// Forward is how a server is doing that a stream is sent on to. It is known by its place
// in the configuration: its address is secret.
type Forward struct {
	// State is idle, connecting, sending or failing.
	State string `json:"state"`
	// Sent is in bytes, Dropped in pictures and frames of sound that it was too slow for,
	// Failures in connections; all since the daemon's start.
	Sent     uint64 `json:"sentBytes"`
	Dropped  uint64 `json:"dropped"`
	Failures uint64 `json:"failures"`
	// Fault is why it is failing.
	Fault string `json:"fault,omitempty"`
}

// Source is how the server is doing that a stream is taken from.
type Source struct {
	// Kind is hls, peertube, owncast, mediamtx, rtsp or rtmp; empty while unknown.
	Kind string `json:"kind"`
	// Attached: media comes.
	Attached bool `json:"attached"`
	// Fault is why none comes.
	Fault string `json:"fault,omitempty"`
}

// P2P tells a viewer how to share.
type P2P struct {
	// Mode is auto, ask, relays or none.
	Mode string
	// MinAudience is the number of viewers below which nobody is connected.
	MinAudience int
	// MaxUpload is in bit/s; 0 is unlimited.
	MaxUpload int64
}

// Admission makes the tokens with which viewers come to the tracker.
type Admission interface {
	// Mint returns a token for a stream, bound to the site ("https://host", as in
	// the Origin header of RFC 6454) whose page asks; empty for the pages of this
	// server and for programs that are no browsers.
	Mint(stream, site string, now time.Time) string
}

var _ Media = (*segmenter.Store)(nil)
