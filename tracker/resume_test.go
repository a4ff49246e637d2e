package tracker

import (
	"math/rand/v2"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/tracker/forest"
)

// resumer is a viewer that comes back with what it has.
type resumer struct {
	*client
	secret    string
	connected []string
	plan      message
}

// come joins a tracker, with what it has from another one.
func (r *resumer) come(w *world) {
	r.client = w.dial(nil).listen()
	join := message{
		"type": "join", "stream": "demo", "epoch": epoch, "token": w.token(""), "follow": []int{0, 1},
		"secret": r.secret, "connected": r.connected,
	}
	if r.plan != nil {
		join["plans"] = []message{r.plan}
	}
	r.say(join)
	welcome := r.expect("welcome")
	r.id, r.secret = welcome["peer"].(string), welcome["secret"].(string)
}

// obey does what the tracker says, as if all connections opened at once; it counts the
// messages of each type.
func (r *resumer) obey() map[string]int {
	count := map[string]int{}
	r.say(message{"type": "ping", "t": 79})
	for m := range r.seen {
		kind := m["type"].(string)
		count[kind]++
		switch kind {
		case "plan":
			r.plan = m
		case "connect":
			r.connected = append(r.connected, m["peer"].(string))
			r.say(message{"type": "report", "connected": r.connected})
		case "pong":
			return count
		}
	}
	return count
}

func TestViewersComeBackToAnotherTracker(t *testing.T) {
	first := start(t, nil)
	var all []*resumer
	for range 12 {
		r := &resumer{}
		r.come(first)
		all = append(all, r)
	}
	awaitPlaces(t, all)
	before := feeders(first)
	require.Len(t, before, 12)

	second := start(t, nil)
	ids := map[string]bool{}
	for _, r := range all {
		id := r.id
		r.come(second)
		require.Equal(t, id, r.id, "the id is the secret's")
		ids[id] = true
	}
	require.Len(t, ids, 12)
	require.Eventually(t, func() bool { return feeders(second)[forest.Peer(all[0].id)] == before[forest.Peer(all[0].id)] }, patience, beat/4)
	require.Equal(t, before, feeders(second), "everybody is fed as before")
	for _, r := range all {
		require.Equal(t, map[string]int{"pong": 1}, r.obey(), "nobody needs to be told")
	}
}

// awaitPlaces has viewers obey until all have a place and nobody is told anything more.
func awaitPlaces(t *testing.T, all []*resumer) {
	ticks := time.NewTicker(beat)
	defer ticks.Stop()
	for range int(patience / beat) {
		settled := true
		for _, r := range all {
			settled = len(r.obey()) == 1 && r.plan != nil && r.plan["place"] != "" && settled
		}
		if settled {
			return
		}
		<-ticks.C
	}
	t.Fatal("not settled")
}

// feeders is who feeds whom.
func feeders(w *world) map[forest.Peer][forest.Stripes]forest.Peer {
	all := map[forest.Peer][forest.Stripes]forest.Peer{}
	for _, n := range w.tracker.Picture("demo") {
		all[n.Peer] = n.Parents
	}
	return all
}

// pairOff has two viewers join and be connected with each other.
func pairOff(w *world) (*resumer, *client) {
	r := &resumer{}
	r.come(w)
	other := w.viewer()
	other.expect("connect")
	r.obey()
	return r, other
}

func TestWhoJoinsAgainReplacesItself(t *testing.T) {
	w := start(t, nil)
	r, other := pairOff(w)
	old := r.client
	r.come(w)
	old.expectError(Replaced, true)
	require.Equal(t, 1, r.obey()["plan"], "told anew")
	for _, m := range other.sync() {
		require.NotEqual(t, "gone", m["type"], "the end of the old connection is not the viewer's")
	}
	require.Equal(t, 2, w.tracker.Stats("demo").Viewers)
	require.NoError(t, r.ws.CloseNow())
	require.Equal(t, r.id, other.expect("gone")["peer"])
}

func TestIDsAreTheSecretsOwn(t *testing.T) {
	ids := map[forest.Peer]bool{}
	for _, one := range [][3]string{
		{"demo", "e", "0123456789abcdef"},
		{"demo", "e", "0123456789abcdeg"},
		{"demoe", "", "0123456789abcdef"},
		{"dem", "oe", "0123456789abcdef"},
		{"demo", "e", newSecret()},
		{"demo", "e", newSecret()},
	} {
		key := broadcastKey{one[0], one[1]}
		id := idOf(key, one[2])
		require.Len(t, string(id), 16)
		require.Equal(t, id, idOf(key, one[2]))
		ids[id] = true
	}
	require.Len(t, ids, 6)
}

// Who lost the tracker alone may have another line than before: it is a new peer.
func TestWhoWasAwayAloneIsAnother(t *testing.T) {
	w := start(t, nil)
	r, other := pairOff(w)
	id := r.id
	require.NoError(t, r.ws.CloseNow())
	require.Equal(t, id, other.expect("gone")["peer"])
	r.come(w)
	require.NotEqual(t, id, r.id)
	require.Equal(t, r.id, other.expect("connect")["peer"])
}

// Who joins again from another address is another as well, and the old one is gone.
func TestWhoComesFromAnotherAddressIsAnother(t *testing.T) {
	var calls atomic.Int32
	w := start(t, func(c *Config) {
		c.Remote = func(*http.Request) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(calls.Add(1))}) }
	})
	r, other := pairOff(w)
	old, id := r.client, r.id
	r.come(w)
	old.expectError(Replaced, true)
	require.NotEqual(t, id, r.id)
	require.Equal(t, id, other.expect("gone")["peer"])
	require.Equal(t, 2, w.tracker.Stats("demo").Viewers)
}

// listener is an outlet that remembers.
type listener struct{ heard []string }

func (l *listener) send(data []byte) { l.heard = append(l.heard, string(data)) }
func (l *listener) end(f *fault)     { l.heard = append(l.heard, string(f.code)) }
func (l *listener) line() *visitor   { return nil }

// What is still under way on a connection that was replaced is nobody's.
func TestNothingCountsOfAConnectionThatWasReplaced(t *testing.T) {
	h := newHub(Config{Ladder: ladder}.withDefaults(), rand.New(rand.NewPCG(1, 1)))
	key, now := broadcastKey{"demo", epoch}, time.Unix(1_800_000_000, 0)
	var old, next listener
	secret := newSecret()
	id := h.join(now, key, &old, secret, forest.Join{Upload: -1})
	require.Equal(t, id, h.join(now, key, &next, secret, forest.Join{Upload: -1}))
	require.Equal(t, string(Replaced), old.heard[len(old.heard)-1])
	before := [2]int{len(old.heard), len(next.heard)}
	h.pass(key, id, &old, "nobody", "offer", nil)
	h.follow(now, key, id, &old, []int{})
	h.report(now, key, id, &old, forest.Report{Peer: id}, claims{http: 1})
	h.leave(now, key, id, &old)
	require.Equal(t, before, [2]int{len(old.heard), len(next.heard)})
	require.Equal(t, Stats{Viewers: 1}, h.stats("demo"))
	h.pass(key, id, &next, "nobody", "offer", nil)
	require.Len(t, next.heard, before[1]+1, "not-connected")
	h.leave(now, key, id, &next)
	require.Zero(t, h.stats("demo").Viewers)
}
