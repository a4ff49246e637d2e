package tracker

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/tracker/admission"
	"github.com/liverelay/liverelay/tracker/forest"
)

// Admission decides who may join. Check is called from many goroutines and says why
// a token doesn't admit to a stream from a site ("" for our own pages and for
// programs; see admission.Site), or nil.
type Admission interface {
	Check(token, stream, site string, now time.Time) error
}

var _ Admission = (*admission.Office)(nil)

// Config is what a Tracker needs. Admission and Live are required.
type Config struct {
	Admission Admission
	// Live says whether a broadcast is live. It is called from many goroutines.
	Live func(stream, epoch string) bool
	// Ladder lists what a live broadcast has, by index, or nothing while that isn't
	// known: then viewers have no plan. It is called by the owner, and must be quick.
	Ladder func(stream, epoch string) forest.Ladder
	// Remote names the address a request came from, with trusted proxies taken into
	// account. The default is the other end of the connection, which is the proxy's
	// where there is one: then all viewers share one address's limits.
	Remote func(*http.Request) netip.Addr
	// Site names the site whose page opened the connection, as it was named to
	// Admission when the token was made. The default is admission.Site.
	Site func(*http.Request) string
	// MinAudience is how many viewers a stream needs before they are connected; 0
	// stands for 2, and with less nobody ever is. The default is 2 for all.
	MinAudience func(stream string) int
	Limits      Limits
	Log         zerolog.Logger
	Now         func() time.Time // time.Now
}

// Limits bound what connections may cost. A zero field stands for its default.
type Limits struct {
	Connections           int // 20,000
	ConnectionsPerAddress int // 1,000: a university or a mobile carrier is one address

	ArrivalsPerAddress Rate // 20 a second, 200 at once; more are turned away with 429
	MessagesPerAddress Rate // 1,000 a second, 5,000 at once; more have to wait
	Messages           Rate // of a connection; 20 a second, 400 at once; more cut it

	Follows Rate // of a connection: it follows others; 1 a second, 20 at once; more cut it

	MessageBytes int // of one message from a viewer; 16 KiB
	QueueBytes   int // waiting to be written to a viewer; 128 KiB
	Candidates   int // passed on from one end of a pair; 32, more are dropped

	Join  time.Duration // within which the first message has to come; 5 s
	Idle  time.Duration // a viewer that says nothing for so long is cut; 90 s
	Write time.Duration // in which a message has to be taken; 10 s
}

// Rate is so many a second on average, and at most so many at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

func (c Config) withDefaults() Config {
	if c.Remote == nil {
		c.Remote = otherEnd
	}
	if c.Site == nil {
		c.Site = func(r *http.Request) string { return admission.Site(r) }
	}
	if c.Ladder == nil {
		c.Ladder = func(string, string) forest.Ladder { return forest.Ladder{} }
	}
	if c.MinAudience == nil {
		c.MinAudience = func(string) int { return 0 }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Limits = c.Limits.withDefaults()
	return c
}

func (l Limits) withDefaults() Limits {
	setDefault(&l.Connections, 20_000)
	setDefault(&l.ConnectionsPerAddress, 1_000)
	setDefault(&l.ArrivalsPerAddress, Rate{20, 200})
	setDefault(&l.MessagesPerAddress, Rate{1_000, 5_000})
	setDefault(&l.Messages, Rate{20, 400})
	setDefault(&l.Follows, Rate{1, 20})
	setDefault(&l.MessageBytes, 16<<10)
	setDefault(&l.QueueBytes, 128<<10)
	setDefault(&l.Candidates, 32)
	setDefault(&l.Join, 5*time.Second)
	setDefault(&l.Idle, 90*time.Second)
	setDefault(&l.Write, 10*time.Second)
	return l
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func otherEnd(r *http.Request) netip.Addr {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr()
}
