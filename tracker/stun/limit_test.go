package stun

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnswersToOneAddressAreLimited(t *testing.T) {
	for _, c := range []struct {
		name, first, second string
		shared              bool
	}{
		{"the same", "203.0.113.9", "203.0.113.9", true},
		{"the same, mapped", "203.0.113.9", "::ffff:203.0.113.9", true},
		{"a neighbour", "203.0.113.9", "203.0.113.10", false},
		{"the same IPv6 network", "2001:db8::1", "2001:db8::ffff:1", true},
		{"another IPv6 network", "2001:db8::1", "2001:db8:0:1::1", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLimiter(3, 1000)
			first, second := netip.MustParseAddr(c.first), netip.MustParseAddr(c.second)
			if !c.shared && l.cell(first) == l.cell(second) {
				l = newLimiter(3, 1000) // another seed
			}
			for range 3 {
				require.True(t, l.allow(first, 1))
			}
			require.False(t, l.allow(first, 1))
			require.Equal(t, !c.shared, l.allow(second, 1))
			require.True(t, l.allow(first, 2), "a new second")
		})
	}
}

func TestAnswersToAllAreLimited(t *testing.T) {
	l := newLimiter(10, 50)
	sent := 0
	for i := range 1000 {
		if l.allow(netip.MustParseAddr(fmt.Sprintf("203.0.%d.%d", i>>8, i&255)), 7) {
			sent++
		}
	}
	require.Equal(t, 50, sent)
}
