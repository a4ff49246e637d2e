package door

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDoor(t *testing.T) {
	d := New(Limits{Connections: 4, Pending: 3, PendingPerAddress: 2})
	come := func(address string) (*Visitor, *Visitor, bool) {
		v := &Visitor{Address: address}
		out, ok := d.Enter(v)
		return v, out, ok
	}
	a, out, ok := come("a")
	require.True(t, ok && out == nil)
	_, out, ok = come("a")
	require.True(t, ok && out == nil)
	_, out, ok = come("a")
	require.False(t, ok || out != nil, "two of an address may wait")

	b, out, ok := come("b")
	require.True(t, ok && out == nil)
	_, out, ok = come("c")
	require.True(t, ok)
	require.Same(t, a, out, "three may wait; the oldest leaves")

	d.Accepted(b)
	d.Accepted(b)
	require.Len(t, d.pending, 2)
	d.Left(a)
	require.Len(t, d.inside, 3)
	_, out, ok = come("d")
	require.True(t, ok && out == nil)
	_, out, ok = come("e")
	require.True(t, ok && out != nil, "four may be inside")
	d.Left(b)
	require.Len(t, d.inside, 3)

	full := New(Limits{Connections: 1})
	v := &Visitor{}
	_, ok = full.Enter(v)
	require.True(t, ok)
	full.Accepted(v)
	_, ok = full.Enter(&Visitor{})
	require.False(t, ok, "nobody is pending who could leave")
}

func TestDoorsDefaults(t *testing.T) {
	d := New(Limits{})
	for i := range 1000 {
		d.Enter(&Visitor{Address: fmt.Sprint(i)})
	}
	require.Len(t, d.pending, 64)
	require.Len(t, d.inside, 64)
}
