package peer

import (
	"github.com/liverelay/liverelay/p2p/wire"
)

// Constants of docs/protocol.md, section 6.1; times in milliseconds.
const (
	Store         = 64
	Ahead         = 8
	PatienceMin   = 50
	PatienceMax   = 2000
	LeadMin       = 200
	LeadFirst     = 300
	LeadMax       = 600
	AskLead       = 500
	PassLead      = 350
	RescueSpread  = 100
	ServerLate    = 500
	Retry         = 500
	Recent        = 2
	Suspicious    = 700
	SuspectGone   = 100
	SuspectAgain  = 2000
	StandbyWait   = 400
	Spread        = 300
	OpenWithin    = 5000
	BringWithin   = 2000
	HeadsSilence  = 100
	HeadsSpread   = 150
	HeadsBack     = 8
	FeedBack      = 4
	HoleBack      = 8
	FeedGrow      = 50
	FeedShrink    = 500
	Pressured     = 64 << 10
	PullPressed   = 24 << 10
	ChildStripes  = 96
	LateAfter     = 1000
	LateEvery     = 5000
	HelloWithin   = 10_000
	Forgive       = 10_000
	Idle          = 10_000
	Kept          = 64
	Flood         = 200
	Waiting       = 2 << 20
	Stray         = 256 << 10
	Leap          = 2048
	RefusedMost   = 3000
	RefusedSpread = 1000
	Stuck         = 1500
	StuckGone     = 100
	LostGone      = 300
	LostAfter     = 3000
	// minBudget is the least size of the upload budget, in bytes.
	minBudget = 64 << 10
	// leadOf is how many fetches the lead is learnt from, and leadMore what is added.
	leadOf, leadMore = 8, 100
	// unknownAhead stands for the distance to the playhead before there is one.
	unknownAhead = 2000
	// usualPart stands for the duration of a part before one is known.
	usualPart = 250
	never     = int64(1) << 62
)

// Config is what a core is made with.
type Config struct {
	// ID is the peer's id, as the tracker gave it.
	ID            string
	Stream, Epoch string
	Agent         string
	// Upload is what the peer lends, in bytes a second: 0 is unlimited, −1 nothing.
	Upload int64
}

// Kind says what an action is.
type Kind uint8

// The actions of docs/protocol.md, section 6.1.
const (
	Send Kind = iota + 1
	Close
	Feed
	Fetch
	AbortFetch
	Part
	Lost
	Suspect
	Late
)

// Action is one thing for the shell to do.
type Action struct {
	Kind Kind
	Peer string      // Send, Close, Suspect, Late
	Part wire.PartID // Fetch, AbortFetch, Part, Lost
	// Bytes are a message (Send), or a whole part (Part; empty for a gap). They may be
	// shared and are not to be changed.
	Bytes []byte
	// First and Count name the chunks to fetch, From and To the bytes that they are.
	First, Count, From, To int
	Want                   []Want // Feed; none: no feed
	Seed                   bool   // Feed: the plan gives all of its stripes to the server
	Late                   int    // Late: chunks
	Code                   uint64 // Close
	Reason                 string // Close
}

// Want is what a feed is to bring of one rendition.
type Want struct {
	Rendition int
	Stripes   uint8 // bit s for stripe s
	From      int64 // a part's number, −1 for live
}

// Stats are totals since the beginning, in bytes and counts.
type Stats struct {
	// P2PBytes are all bytes of chunks that came from peers, UploadedBytes those sent.
	P2PBytes, UploadedBytes int64
	// HTTPParts and P2PParts count parts by what made them whole.
	HTTPParts, P2PParts int64
	RejectedChunks      int64
}

// Core is one peer. Its methods are the events; each takes the time in milliseconds
// from an arbitrary zero, which never goes back, and gives the actions that follow.
// The slice is valid until the next event. A Core belongs to one goroutine.
type Core struct {
	cfg        Config
	renditions [wire.MaxRenditions]rendition
	groups     []*group     // by their first rendition
	neighbours []*neighbour // in the order in which they opened
	banned     map[string]struct{}
	playhead   int64 // −1 before it began
	fetches    [leadOf]int64
	fetchCount int
	stats      Stats
	feed       feed
	dirty      bool  // subscriptions are to be worked out
	lateTurn   int64 // of LateEvery
	unsent     int   // chunks that were not pushed for want of room since then

	credit, creditAt int64 // upload budget in thousandths of a byte

	actions []Action
	scratch []byte
}

// New makes a core that follows nothing yet.
func New(cfg Config) *Core {
	c := &Core{cfg: cfg, banned: map[string]struct{}{}, playhead: -1, scratch: make([]byte, 0, 300)}
	c.feed.healthy, c.feed.unlikeAt = true, never
	c.credit = c.budget()
	return c
}

// Stats gives the totals.
func (c *Core) Stats() Stats { return c.stats }

// begin starts an event; the slice of the one before is used again.
func (c *Core) begin() {
	clear(c.actions)
	c.actions = c.actions[:0]
}

// end brings subscriptions up to date and gives the event's actions.
func (c *Core) end(now int64) []Action {
	if c.dirty {
		c.dirty = false
		c.subscribeAll(now)
	}
	return c.actions
}

func (c *Core) do(a Action) { c.actions = append(c.actions, a) }

func (c *Core) send(n *neighbour, m wire.Message) {
	c.do(Action{Kind: Send, Peer: n.id, Bytes: m.Append(nil)})
}

// spread gives a number below the limit that is this peer's own.
func (c *Core) spread(rendition int, number uint64, limit int64) int64 {
	return int64(wire.Score(c.scratch, c.cfg.ID, wire.PartID{Rendition: rendition, Number: number}) % uint64(limit))
}

// lends reports whether the peer lends upload at all.
func (c *Core) lends() bool { return c.cfg.Upload >= 0 }

func (c *Core) budget() int64 { return max(c.cfg.Upload, minBudget) * 1000 }

// spent reports whether the upload budget is used up.
func (c *Core) spent(now int64) bool {
	if c.cfg.Upload == 0 {
		return false
	}
	c.credit = min(c.budget(), c.credit+(now-c.creditAt)*c.cfg.Upload)
	c.creditAt = now
	return c.credit <= 0
}

func (c *Core) pay(bytes int) {
	c.stats.UploadedBytes += int64(bytes)
	if c.cfg.Upload > 0 {
		c.credit -= int64(bytes) * 1000
	}
}
