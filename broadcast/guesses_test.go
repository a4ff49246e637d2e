package broadcast

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGuesses(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var g guesses
	for range freeGuesses {
		g.wrong("1.2.3.4", now)
		require.False(t, g.blocked("1.2.3.4", now))
	}
	for _, seconds := range []int{2, 4, 8, 16, 32, 60, 60, 60} {
		wait := time.Duration(seconds) * time.Second
		g.wrong("1.2.3.4", now)
		require.True(t, g.blocked("1.2.3.4", now.Add(wait-1)))
		require.False(t, g.blocked("1.2.3.4", now.Add(wait)))
		require.False(t, g.blocked("1.2.3.5", now))
		now = now.Add(wait)
	}
	now = now.Add(forgetAfter + 1)
	g.wrong("1.2.3.4", now)
	require.False(t, g.blocked("1.2.3.4", now), "all is forgotten after a while")
}

func TestGuessesAreBounded(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var g guesses
	for i := range 4 * maxGuessers {
		g.wrong(fmt.Sprint(i), now.Add(time.Duration(i)*ms))
	}
	require.Len(t, g.by, maxGuessers)
	old := 0
	for _, e := range g.by {
		if e.last.Sub(now) < 2*maxGuessers*ms {
			old++
		}
	}
	require.Less(t, old, maxGuessers/50, "the old make room")
}

func TestAddressOf(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:5000":            "192.0.2.1",
		"192.0.2.1":                 "192.0.2.1",
		"[::ffff:192.0.2.1]:5000":   "192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64",
		"2001:db8:1:2::9":           "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80":         "fe80::/64",
		"pipe":                      "pipe",
	} {
		require.Equal(t, want, addressOf(remote), remote)
	}
}
