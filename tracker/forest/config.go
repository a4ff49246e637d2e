package forest

import "time"

// Config holds the numbers of the plan. The zero value stands for the defaults.
type Config struct {
	MinAudience   int           // no connections while fewer viewers are there; 2
	Connections   int           // of a peer that a plan needs; 10
	Linger        time.Duration // a connection that no plan needs is kept as long; 3 s
	Patience      time.Duration // a connection nobody reported after this has failed; 30 s
	Introductions int           // others that a peer may be told of at once; 32
	Refill        time.Duration // and one more after each of these; 10 s
	SeedShare     float64       // clusters at the server for each viewer; 0.003, at least one
	// Start sets the names of clusters apart from those that earlier trackers gave.
	Start uint64
}

const (
	// Headers of IP, UDP, DTLS and SCTP, acknowledgements and heads add headers percent to
	// the media and perPart bits to each part with its sound (counted for 233, 388 and 587
	// kbit/s in parts of 250 ms: 35, 28 and 21 percent in all). usualPart stands for the
	// length of parts that is unknown.
	headers   = 12
	perPart   = 13_500
	usualPart = 250 * time.Millisecond
	// mendEvery is the time between two looks over the trees.
	mendEvery = time.Second
	// A loss is at least so many within that time, one in lossShare of those who were
	// there. Nodes are moved for a tree's shape shakenAtFirst after it again, and then only
	// so often until shakenFor is over.
	leastLoss  = 3
	lossShare  = 8
	lossWithin = 5 * time.Second
	shakenFor  = time.Minute
	shapeEvery = 3 * time.Second

	shakenAtFirst = 9 * time.Second
	// unknownSlots is what a peer that names no upload is taken to be good for at first.
	unknownSlots = 8
	// trustedSlots is what a claim is believed without evidence.
	trustedSlots = 10
	// mostSlots is what nobody exceeds, whatever is claimed.
	mostSlots = 40
	// leastSlots is what makes a contributor: two of them make a cluster that halves
	// what both take from elsewhere.
	leastSlots = 3
	// deepest is how many clusters may be between one and the server. Weak uplinks, which
	// leave a cluster little for others, would else make a long chain.
	deepest = 7
	// mostHosts is among how many a leaf looks for one to feed it a stripe.
	mostHosts = 64
	// spareConnections stay free when children are placed, for repairs.
	spareConnections = 1
	// passing is how many connections a peer may have beyond those that plans need,
	// while it is moved (make before break).
	passing = 6
)

func (c Config) withDefaults() Config {
	c.MinAudience = max(c.MinAudience, 2)
	setDefault(&c.Connections, 10)
	setDefault(&c.Linger, 3*time.Second)
	setDefault(&c.Patience, 30*time.Second)
	setDefault(&c.Introductions, 32)
	setDefault(&c.Refill, 10*time.Second)
	setDefault(&c.SeedShare, 0.003)
	return c
}

func setDefault[T int | float64 | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}
