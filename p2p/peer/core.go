package peer

import (
	"github.com/liverelay/liverelay/p2p/wire"
)

// Constants of docs/protocol.md, section 6.1; times in milliseconds.
const (
	Store       = 64
	Ahead       = 8
	PatienceMin = 150
	PatienceMax = 1000
	HTTPLead    = 400
	Retry       = 500
	HaveEvery   = 250
	HelloWithin = 10_000
	Forgive     = 10_000
	Kept        = 64
	Flood       = 200
	Waiting     = 2 << 20
	// minBudget is the least size of the upload budget, in bytes.
	minBudget = 64 << 10
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
	Fetch
	AbortFetch
	Part
	Lost
)

// Action is one thing for the shell to do.
type Action struct {
	Kind Kind
	Peer string      // Send, Close
	Part wire.PartID // Fetch, AbortFetch, Part, Lost
	// Bytes are a message (Send), or a whole part (Part; empty for a gap). They may be
	// shared and are not to be changed.
	Bytes  []byte
	Code   uint64 // Close
	Reason string // Close
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
	neighbours []*neighbour // in the order in which they opened
	banned     map[string]struct{}
	buffer     int64
	stats      Stats

	credit, creditAt int64 // upload budget in thousandths of a byte

	newHaves []wire.PartID
	haveAt   int64 // when the next have may be sent

	wake    int64 // no timer is due before
	actions []Action
	scratch []byte
}

// New makes a core that follows nothing yet.
func New(cfg Config) *Core {
	c := &Core{cfg: cfg, banned: map[string]struct{}{}, wake: never, scratch: make([]byte, 0, 300)}
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

// end runs what has become due and gives the event's actions.
func (c *Core) end(now int64) []Action {
	if now >= c.wake {
		c.runTimers(now)
	}
	return c.actions
}

func (c *Core) do(a Action) { c.actions = append(c.actions, a) }

func (c *Core) send(n *neighbour, m wire.Message) {
	c.do(Action{Kind: Send, Peer: n.id, Bytes: m.Append(nil)})
}

func (c *Core) wakeAt(t int64) { c.wake = min(c.wake, t) }

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
