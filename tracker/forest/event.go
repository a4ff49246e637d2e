package forest

import "time"

// Peer is the id of a viewer. Another viewer never has the same.
type Peer string

// Stripes is the number of stripes into which the parts of a rendition are cut.
const Stripes = 6

// Rendition is what the plan has to know of a rendition. Its index is its place in
// the broadcast's manifest.
type Rendition struct {
	Rate  int64 // bit/s, as measured or else expected; 0 when unknown
	Audio bool  // rides with every video rendition
}

// Event is something that happened to a swarm.
type Event interface{ event() }

// Ladder says which renditions the broadcast has. Until it came nobody has a plan; told
// again, it corrects their rates.
type Ladder struct {
	Renditions []Rendition
	Part       time.Duration // the length of parts, 0 when unknown; fixed
}

// Join says that a peer came, or came back.
type Join struct {
	Peer   Peer
	Follow []int // indices of renditions; nil for the first video rendition and all audio
	Upload int64 // bit/s that it lends, 0 for none, −1 for unknown: a claim
	// Connected and Plans are what one that comes back (see Resumes) says it has, claims as
	// well: open connections, and the last plan for each rendition.
	Connected []Peer
	Plans     []*Plan
}

// Follow says which renditions a peer takes from now on.
type Follow struct {
	Peer       Peer
	Renditions []int
}

// Leave says that a peer is gone.
type Leave struct{ Peer Peer }

// Report is what a peer says of its connections and of those who feed it. What it
// says of peers that it was never told to connect to is ignored.
type Report struct {
	Peer      Peer
	Connected []Peer // open; stay so until reported as failed
	Failed    []Peer // failed or closed
	Suspect   []Peer // feed it nothing though something was due
	// Late counts the chunks that came late from a peer since the last report.
	Late map[Peer]int
}

// Tick says that time went by. Four times a second is meant: who joined is given a place
// with the next one.
type Tick struct{}

func (Ladder) event() {}
func (Join) event()   {}
func (Follow) event() {}
func (Leave) event()  {}
func (Report) event() {}
func (Tick) event()   {}

// Kind says what an Action asks for.
type Kind uint8

// The kinds of Action.
const (
	// Connect tells To to connect with About in the given Role.
	Connect Kind = iota + 1
	// Disconnect tells To to close its connection with About.
	Disconnect
	// Gone tells To that About left; an open channel may go on.
	Gone
	// NewPlan tells To from whom it takes a rendition.
	NewPlan
)

// Role is the side of a connection that a peer takes.
type Role uint8

// The roles of Connect. The one who offers speaks first.
const (
	Offer Role = iota + 1
	Answer
)

// Action is one thing to tell one peer.
type Action struct {
	Kind  Kind
	To    Peer
	About Peer  // not with NewPlan
	Role  Role  // with Connect only
	Plan  *Plan // with NewPlan only; never changed afterwards
}

// Plan says from whom a peer takes the stripes of one rendition and of the audio that
// rides with it. It replaces the one before.
type Plan struct {
	Serial     uint64 // grows with each plan for this peer
	Renditions []int  // the rendition, and what rides with it
	Stripes    [Stripes]Source
	// Place is a word to be given back with Join: what restores the peer's place.
	Place string
}

// Source says where a stripe comes from. Empty stands for the server.
type Source struct {
	Parent  Peer `json:"parent"`
	Standby Peer `json:"standby"` // steps in when the parent is silent
}
