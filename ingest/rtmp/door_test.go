package rtmp

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDoor(t *testing.T) {
	d := newDoor(Limits{Connections: 4, Pending: 3, PendingPerAddress: 2})
	come := func(address string) (*visitor, *visitor, bool) {
		v := &visitor{address: address}
		out, ok := d.enter(v)
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

	d.accepted(b)
	d.accepted(b)
	require.Len(t, d.pending, 2)
	d.left(a)
	require.Len(t, d.inside, 3)
	_, out, ok = come("d")
	require.True(t, ok && out == nil)
	_, out, ok = come("e")
	require.True(t, ok && out != nil, "four may be inside")
	d.left(b)
	require.Len(t, d.inside, 3)

	full := newDoor(Limits{Connections: 1})
	v := &visitor{}
	_, ok = full.enter(v)
	require.True(t, ok)
	full.accepted(v)
	_, ok = full.enter(&visitor{})
	require.False(t, ok, "nobody is pending who could leave")
}

func TestDoorsDefaults(t *testing.T) {
	d := newDoor(Limits{})
	for i := range 1000 {
		d.enter(&visitor{address: fmt.Sprint(i)})
	}
	require.Len(t, d.pending, 64)
	require.Len(t, d.inside, 64)
}
