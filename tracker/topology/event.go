package topology

// Peer is the id of a member. Ids are never used twice.
type Peer string

// Event is something that happened to a swarm.
type Event interface{ event() }

// Join says that a peer came. A peer that is already there is left as it is.
type Join struct{ Peer Peer }

// Leave says that a peer is gone.
type Leave struct{ Peer Peer }

// Report is what a peer says of its connections. Connected ones stay counted until
// they are reported as failed (or closed, which is the same here); those that the
// peer was never told to make are ignored.
type Report struct {
	Peer      Peer
	Connected []Peer
	Failed    []Peer
}

// Tick says that time went by. Once a second is often enough.
type Tick struct{}

func (Join) event()   {}
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
	About Peer
	Role  Role // with Connect only
}
