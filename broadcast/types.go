package broadcast

import (
	"errors"
	"time"

	"github.com/liverelay/liverelay/media"
)

var (
	// ErrUnknownKey refuses a publisher whose key is no stream's.
	ErrUnknownKey = errors.New("unknown stream key")
	// ErrBusy refuses a second publisher of a stream that is being published.
	ErrBusy = errors.New("the stream has a publisher already")
	// ErrBackOff refuses an address that has offered too many wrong keys lately.
	ErrBackOff = errors.New("too many wrong stream keys")
	// ErrClosed is returned by a session that was closed.
	ErrClosed = errors.New("the session is closed")
	// ErrReplaced is returned by a silent session whose place another one took.
	ErrReplaced = errors.New("another publisher with the same key took over")
	// ErrTracks ends a session that keeps changing its codec configuration.
	ErrTracks = errors.New("too many changes of codec configuration")
	// ErrOtherTracks ends a broadcast whose publisher brings what does not fit into it:
	// a track that it never had, another codec or sample rate. The next one begins at
	// once.
	ErrOtherTracks = errors.New("the publisher's tracks have changed")
	// ErrRestarted ends a broadcast that was resumed when its publisher does not come back.
	ErrRestarted = errors.New("the publisher did not come back after a restart")
	// ErrSuspended ends the readers of a broadcast that is to be gone on with by another
	// process: its viewers are not to be told that it is over.
	ErrSuspended = errors.New("the broadcast is suspended")
)

// Stream is what the registry needs to know of a configured stream.
type Stream struct {
	// Name is unique, [a-z0-9-]{1,64}.
	Name string
	// Key is the publisher's secret; with an empty one nobody can publish.
	Key string
}

// Info names a broadcast.
type Info struct {
	Stream string
	// Epoch is the broadcast's random name, [a-z2-7]{16}.
	Epoch string
	// Started is when the first unit arrived.
	Started time.Time
}

// Past is a broadcast as far as it has come: enough for another process to go on
// with it. It holds nothing secret.
type Past struct {
	Stream  string    `json:"stream"`
	Epoch   string    `json:"epoch"`
	Started time.Time `json:"started"`
	// Edge is the latest decode time, on the broadcast's clock, and At when it came.
	Edge time.Duration `json:"edge"`
	At   time.Time     `json:"at"`
	// Tracks has at most one track of each kind.
	Tracks []media.Track `json:"tracks"`
	Bytes  uint64        `json:"bytes"`
}

// Opener makes the reader of a new broadcast. Open is called once for each, and
// must not block.
type Opener interface {
	Open(b Info) Reader
}

// Reader takes what a broadcast brings. All calls come from one goroutine, in
// order: tracks before their units, and End once, at last. A reader that takes
// long makes its queue run over, and then misses whole groups of pictures.
type Reader interface {
	// Track announces a track, or the new configuration of one.
	Track(t media.Track)
	// Unit hands over an access unit, with times on the broadcast's clock.
	Unit(u media.Unit)
	// Away says that the publisher is gone, or silent, and may come back. The last unit
	// arrived at the given time. No unit comes until Back.
	Away(at time.Time)
	// Back says that it is there again. What follows are the tracks as they are now, all
	// of them, then units, the first picture a keyframe. The first unit's decode time is
	// the latest one before Away plus the time that went by from arrival to arrival.
	Back(at time.Time)
	// End says that nothing follows. reason is nil if the publisher ended it.
	End(reason error)
}

// State is what there is to say about a stream.
type State struct {
	Name string
	// Live says that a broadcast is on; what follows is zero without one.
	Live bool
	// Away says that its publisher is gone, or silent, and may come back.
	Away    bool
	Epoch   string
	Started time.Time
	// Tracks has at most one track of each kind, video first.
	Tracks []media.Track
	// BytesIn counts the bytes of units since the broadcast began.
	BytesIn uint64
	// Warnings are sentences for the streamer: what is unfavourable in the
	// publisher's settings and what to change.
	Warnings []string
}
