package door

import (
	"maps"
	"slices"
)

// Limits bounds what strangers may take. The zero value of a field means its default.
type Limits struct {
	// Connections is how many there may be at once, default 256.
	Connections int
	// Pending is how many of them may not have shown a key yet, default 64. When one
	// more comes, the oldest of them has to leave.
	Pending int
	// PendingPerAddress is the same for one address, default 8; more are turned away.
	PendingPerAddress int
}

func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		field *int
		value int
	}{{&l.Connections, 256}, {&l.Pending, 64}, {&l.PendingPerAddress, 8}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return l
}

// Visitor is a connection as the door sees it.
type Visitor struct {
	Address string // without port
	pending bool
	Leave   func() // makes the connection end; must not block
}

// Door counts connections and says who may come in. It is a plain state machine.
type Door struct {
	limits  Limits
	inside  map[*Visitor]bool
	pending []*Visitor // oldest first
}

// New makes a door that is open to as many as l says.
func New(l Limits) *Door { return &Door{limits: l.withDefaults(), inside: map[*Visitor]bool{}} }

// Enter lets a visitor in or not. The one that it returns has to leave for it.
func (d *Door) Enter(v *Visitor) (out *Visitor, ok bool) {
	same := 0
	for _, p := range d.pending {
		if p.Address == v.Address {
			same++
		}
	}
	if same >= d.limits.PendingPerAddress {
		return nil, false
	}
	if len(d.pending) >= d.limits.Pending || len(d.inside) >= d.limits.Connections {
		if len(d.pending) == 0 {
			return nil, false
		}
		out = d.pending[0]
		d.Left(out)
	}
	v.pending = true
	d.inside[v] = true
	d.pending = append(d.pending, v)
	return out, true
}

// Accepted notes that a visitor has shown a key.
func (d *Door) Accepted(v *Visitor) {
	if !v.pending {
		return
	}
	v.pending = false
	for i, p := range d.pending {
		if p == v {
			d.pending = append(d.pending[:i], d.pending[i+1:]...)
			return
		}
	}
}

// Left notes that a visitor is gone; a second time changes nothing.
func (d *Door) Left(v *Visitor) {
	d.Accepted(v)
	delete(d.inside, v)
}

// All are those inside.
func (d *Door) All() []*Visitor { return slices.Collect(maps.Keys(d.inside)) }
