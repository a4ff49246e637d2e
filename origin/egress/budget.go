package egress

import (
	"math"
	"slices"
	"time"
)

const (
	// burst is how long the bucket takes to fill.
	burst = 500 * time.Millisecond
	// minBurst keeps small rates from refusing everything, in bytes.
	minBurst = 64 << 10
	// helpShare is the share of the rate that the classes Basic and Rescue may take for
	// long; helpBurst is for how long they may take as much again. Without it viewers
	// who take too much from the server, because it is slow, keep it slow.
	helpShare = 0.4
	helpBurst = 2 * time.Second
	// maxDebt bounds the time that paying takes.
	maxDebt = 2 * time.Second
	// shedDebt is the debt at which a feed of class Join is ended, shedSeeds that at
	// which others are.
	shedDebt  = time.Second
	shedSeeds = 1500 * time.Millisecond
	// shedEvery lets one end have its effect before the next.
	shedEvery = 500 * time.Millisecond
)

// Budget is the state of one server. It belongs to one goroutine, or stands behind a
// lock. The time never goes back.
type Budget struct {
	rate, full float64 // bytes a second, bytes
	level      float64 // bytes that may be sent now; below zero is debt
	promised   float64 // bytes of answers that are being sent
	help       float64 // bytes that Basic and Rescue may have now
	at, shed   time.Time
	feeds      []*Feed // the oldest first
	refusals   pace
}

// Feed is a long answer that is being given.
type Feed struct {
	class Class
	rate  float64
}

// Class returns the feed's class.
func (f *Feed) Class() Class { return f.class }

// New returns a budget of rate bytes a second with a full bucket.
func New(rate int64, now time.Time) *Budget {
	b := &Budget{rate: float64(rate), at: now}
	b.full = max(b.rate*burst.Seconds(), minBurst)
	b.level, b.help = b.full, b.fullHelp()
	return b
}

// fullHelp is the most that the bucket of Basic and Rescue holds.
func (b *Budget) fullHelp() float64 { return max(b.rate*helpShare*helpBurst.Seconds(), minBurst) }

// Sent pays for bytes that left.
func (b *Budget) Sent(bytes int, now time.Time) {
	b.advance(now)
	b.level = max(b.level-float64(bytes), -b.rate*maxDebt.Seconds()-b.full)
}

// Ask tells whether an answer of about so many bytes may be given now. Then Done has
// to follow when it was sent.
func (b *Budget) Ask(c Class, bytes int, now time.Time) bool {
	if !b.Open(c, now) {
		return false
	}
	b.promised += float64(bytes)
	if c.helps() {
		b.help -= float64(bytes)
	}
	return true
}

// Done takes back what Ask promised: it has been paid as it was sent.
func (b *Budget) Done(bytes int) { b.promised = max(b.promised-float64(bytes), 0) }

// Open tells whether a class is served now; a refusal is counted.
func (b *Budget) Open(c Class, now time.Time) bool {
	b.advance(now)
	if b.level-b.promised >= c.need()*b.full && (!c.helps() || b.help >= c.need()*b.fullHelp()) {
		return true
	}
	b.refusals.count(now)
	return false
}

// Wait is how long it takes until a class is served, if nothing is sent meanwhile.
func (b *Budget) Wait(c Class, now time.Time) time.Duration {
	b.advance(now)
	missing := c.need()*b.full - (b.level - b.promised)
	return time.Duration(max(missing, 0) / b.rate * float64(time.Second))
}

// Follow begins a feed that takes about so many bytes a second; nil when it is
// refused. End has to follow. For a seed others make room: these feeds are to be ended,
// and count no more.
func (b *Budget) Follow(c Class, rate float64, now time.Time) (feed *Feed, ended []*Feed) {
	b.advance(now)
	scarce := b.level-b.promised < c.need()*b.full
	if c == Seed && !scarce && b.seeds()+rate <= c.share()*b.rate {
		ended = b.makeRoom(rate)
	}
	// A server that may send less than one feed needs serves one all the same.
	if len(b.feeds) > 0 && (scarce || b.sum()+rate > c.share()*b.rate) {
		b.refusals.count(now)
		return nil, ended
	}
	f := &Feed{class: c, rate: rate}
	b.feeds = append(b.feeds, f)
	return f, ended
}

// sum is what all feeds take, in bytes a second.
func (b *Budget) sum() (sum float64) {
	for _, f := range b.feeds {
		sum += f.rate
	}
	return sum
}

// seeds is what the feeds of seeds take.
func (b *Budget) seeds() (sum float64) {
	for _, f := range b.feeds {
		if f.class == Seed {
			sum += f.rate
		}
	}
	return sum
}

// makeRoom ends feeds of others until a seed's fits: the newest of the least important.
func (b *Budget) makeRoom(rate float64) (ended []*Feed) {
	for c := Join; c > Seed; c-- {
		for i := len(b.feeds) - 1; i >= 0 && b.sum()+rate > Seed.share()*b.rate; i-- {
			if f := b.feeds[i]; f.class == c {
				b.feeds = slices.Delete(b.feeds, i, i+1)
				ended = append(ended, f)
			}
		}
	}
	return ended
}

// End says that a feed has ended.
func (b *Budget) End(f *Feed) {
	if i := slices.Index(b.feeds, f); i >= 0 {
		b.feeds = slices.Delete(b.feeds, i, i+1)
	}
}

// Shed names a feed that has to be ended because those which run need more than there
// is: the newest of class Join, and only in deep debt the newest of the others. The
// last one is kept. nil means none.
func (b *Budget) Shed(now time.Time) *Feed {
	b.advance(now)
	if b.level > -b.rate*shedDebt.Seconds() || len(b.feeds) < 2 || now.Sub(b.shed) < shedEvery {
		return nil
	}
	for _, f := range slices.Backward(b.feeds) {
		if f.class == Join || b.level <= -b.rate*shedSeeds.Seconds() && !b.joining() {
			b.shed = now
			b.End(f)
			return f
		}
	}
	return nil
}

// joining tells whether a feed of class Join runs.
func (b *Budget) joining() bool {
	return slices.ContainsFunc(b.feeds, func(f *Feed) bool { return f.class == Join })
}

// Retry is after what time someone who was refused may come again; random is in [0, 1).
func (b *Budget) Retry(now time.Time, random float64) time.Duration {
	return b.refusals.retry(now, b.rate, random)
}

// Level is what may be sent at once, in bytes; below zero is debt.
func (b *Budget) Level(now time.Time) float64 {
	b.advance(now)
	return b.level
}

func (b *Budget) advance(now time.Time) {
	if passed := now.Sub(b.at); passed > 0 {
		b.level = math.Min(b.level+b.rate*passed.Seconds(), b.full)
		b.help = math.Min(b.help+b.rate*helpShare*passed.Seconds(), b.fullHelp())
		b.at = now
	}
}
