package egress

// Class says what an answer is for, the most important first.
type Class int

// The classes, in their order.
const (
	// Seed: a feed of stripes that the tracker's plan has from the server, at most half of
	// a rendition's, or of heads alone. Others live on what it brings.
	Seed Class = iota
	// Basic: media of audio and of the lowest picture that the swarm failed to bring.
	Basic
	// Rescue: other media that the swarm failed to bring, and feeds of at most half of a
	// rendition's stripes.
	Rescue
	// Plain: playlists and what they name, for players that do not share.
	Plain
	// Join: what begins a session: pages, join, multivariant playlists, and feeds that
	// bring (nearly) everything.
	Join

	// Classes is their number.
	Classes = int(Join) + 1
)

// String returns the class as metrics name it.
func (c Class) String() string {
	return [Classes]string{"seed", "basic", "rescue", "plain", "join"}[c]
}

// need is the share of a full bucket below which a class is refused. Newcomers are
// refused first, so that those who watch go on. Seeds may go into debt.
func (c Class) need() float64 {
	return [Classes]float64{-1, 0, 0.25, 0.5, 0.75}[c]
}

// helps tells whether the class makes up for what the swarm failed to bring.
func (c Class) helps() bool { return c == Basic || c == Rescue }

// share is how much of the rate all feeds may have together, for one of this class to
// be added.
func (c Class) share() float64 {
	if c == Seed {
		return 0.95
	}
	return 0.75
}
