package tracker

import "time"

// fastest is what no viewer's line exceeds, in bytes a second (10 Gbit/s): claims
// above it would only spoil the totals.
const fastest = 10e9 / 8

// claims is what a viewer says it moved since it joined, in bytes. Nobody checks it.
type claims struct{ http, p2p, uploaded uint64 }

// claimed takes the totals of a report.
func claimed(r request) claims {
	return claims{whole(r.HTTPBytes), whole(r.P2PBytes), whole(r.UploadedBytes)}
}

func whole(bytes float64) uint64 {
	const most = 1 << 53
	return uint64(min(max(bytes, 0), most))
}

// raise takes newer totals, which never fall and never exceed what the time since
// joining allows.
func (c *claims) raise(to claims, since time.Duration) {
	limit := whole((since.Seconds() + 1) * fastest)
	c.http = max(c.http, min(to.http, limit))
	c.p2p = max(c.p2p, min(to.p2p, limit))
	c.uploaded = max(c.uploaded, min(to.uploaded, limit))
}

func (c *claims) add(other claims) {
	c.http += other.http
	c.p2p += other.p2p
	c.uploaded += other.uploaded
}
