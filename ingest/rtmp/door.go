package rtmp

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

// visitor is a connection as the door sees it.
type visitor struct {
	address string // without port
	pending bool
	leave   func() // makes the connection end; must not block
}

// door counts connections and says who may come in. It is a plain state machine.
type door struct {
	limits  Limits
	inside  map[*visitor]bool
	pending []*visitor // oldest first
}

func newDoor(l Limits) *door { return &door{limits: l.withDefaults(), inside: map[*visitor]bool{}} }

// enter lets a visitor in or not. The visitor that it returns has to leave for it.
func (d *door) enter(v *visitor) (out *visitor, ok bool) {
	same := 0
	for _, p := range d.pending {
		if p.address == v.address {
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
		d.left(out)
	}
	v.pending = true
	d.inside[v] = true
	d.pending = append(d.pending, v)
	return out, true
}

// accepted notes that a visitor has shown a key.
func (d *door) accepted(v *visitor) {
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

// left notes that a visitor is gone; a second time changes nothing.
func (d *door) left(v *visitor) {
	d.accepted(v)
	delete(d.inside, v)
}
