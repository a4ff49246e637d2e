package stun

import (
	"hash/maphash"
	"net/netip"
)

// cells is the size of the limiter's table. Two addresses that share a cell share
// its limit; the hash is seeded, so nobody can choose whom to share with.
const cells = 1 << 14

// limiter counts answers by the second, in a table of fixed size: a flood from
// made-up addresses costs no memory.
type limiter struct {
	perAddress uint32 // answers to one address in a second
	total      uint32 // answers in a second
	seed       maphash.Seed
	second     int64
	sent       uint32
	table      [cells]cell
}

type cell struct {
	second int64
	sent   uint32
}

func newLimiter(perAddress, total int) *limiter {
	return &limiter{perAddress: uint32(perAddress), total: uint32(total), seed: maphash.MakeSeed()}
}

// allow says whether one more answer may go to an address in this second.
func (l *limiter) allow(a netip.Addr, second int64) bool {
	if l.second != second {
		l.second, l.sent = second, 0
	}
	c := &l.table[l.cell(a)]
	if c.second != second {
		*c = cell{second: second}
	}
	if l.sent >= l.total || c.sent >= l.perAddress {
		return false
	}
	l.sent++
	c.sent++
	return true
}

// cell finds an address's place. Who has an IPv6 address has 2^64 of them.
func (l *limiter) cell(a netip.Addr) uint64 {
	bytes := a.As16()
	network := bytes[:8]
	if a.Is4() || a.Is4In6() {
		network = bytes[:]
	}
	return maphash.Bytes(l.seed, network) % cells
}
