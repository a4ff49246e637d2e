package tracker

import (
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/tracker/forest"
)

// parents are those that a plan names, by stripe.
func parents(m message) (all []string) {
	for _, s := range m["stripes"].([]any) {
		all = append(all, s.(map[string]any)["parent"].(string))
	}
	return all
}

func TestViewersAreToldWhoFeedsThem(t *testing.T) {
	w := start(t, nil)
	a := w.viewer()
	alone := a.expect("plan")
	require.Equal(t, []any{0.0, 1.0}, alone["renditions"])
	require.Equal(t, []string{"", "", "", "", "", ""}, parents(alone), "the server feeds the first")

	b := w.viewer()
	b.expect("plan") // until the next beat it is fed by the server
	first, second := a.expect("plan"), b.expect("plan")
	require.Greater(t, first["serial"], alone["serial"])
	for s := range parents(first) {
		require.ElementsMatch(t, []string{parents(first)[s], parents(second)[s]},
			[]string{"", map[bool]string{true: b.id, false: a.id}[parents(first)[s] != ""]}, "one of the two takes it from the server")
	}

	require.NoError(t, b.ws.Close(websocket.StatusNormalClosure, ""))
	b.rest()
	require.Equal(t, parents(alone), parents(a.expect("plan")), "told at once")
}

func TestWhoFollowsAnotherRenditionHasAnotherPlan(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	b.expect("plan")
	b.say(message{"type": "follow", "renditions": []int{1}})
	require.Equal(t, []any{1.0}, b.expect("plan")["renditions"])
	require.Equal(t, []string{"", "", "", "", "", ""}, parents(last(a)))
	b.say(message{"type": "follow", "renditions": []int{7}})
	require.Empty(t, b.sync())
	require.Len(t, w.tracker.Picture("demo"), 1)
	require.Empty(t, w.tracker.Picture("other"))
}

// last is the newest plan that a viewer has been sent.
func last(c *client) message {
	c.say(message{"type": "ping", "t": 78})
	var plan message
	for m := range c.seen {
		switch m["type"] {
		case "plan":
			plan = m
		case "pong":
			return plan
		}
	}
	return plan
}

func TestAPictureNamesNoAddresses(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	picture := w.tracker.Picture("demo")
	require.Len(t, picture, 2)
	text := string(encode(picture))
	require.NotContains(t, text, "127.0.0.1")
	require.Contains(t, text, a.id)
	require.Contains(t, text, b.id)
}

func TestThePlanWaitsUntilTheRenditionsAreKnown(t *testing.T) {
	known := make(chan struct{})
	w := start(t, func(c *Config) {
		ask := c.Ladder
		c.Ladder = func(stream, epoch string) forest.Ladder {
			select {
			case <-known:
				return ask(stream, epoch)
			default:
				return forest.Ladder{}
			}
		}
	})
	a := w.viewer()
	require.Nil(t, last(a))
	close(known)
	b := w.viewer()
	b.expect("connect")
	a.expect("connect")
	a.expect("plan")
}

func TestASuspectThatNeverOpenedIsTakenApart(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	a.say(message{"type": "report", "suspect": []string{b.id}, "late": map[string]int{b.id: 3, "nobody": 1}})
	require.Equal(t, a.id, b.expect("disconnect")["peer"])
	require.Equal(t, []string{"", "", "", "", "", ""}, parents(b.expect("plan")))
}

func TestAbuse14_FollowingToAndFro(t *testing.T) {
	w := start(t, nil)
	a, b := w.pair()
	for i := range 100 {
		if a.tryToSay(message{"type": "follow", "renditions": []int{i % 2}}) != nil {
			break
		}
	}
	a.rest()
	plans := 0
	for _, m := range b.until("gone") {
		if m["type"] == "plan" {
			plans++
		}
	}
	require.LessOrEqual(t, plans, 25, "its neighbour isn't flooded")
	require.Eventually(t, func() bool { return w.tracker.Stats("demo").Viewers == 1 }, patience, time.Millisecond)
}

// Who reports every connection as failed learns of a bounded number of others.
func TestAbuse14_WhoFailsWithEverybodyIsNotToldOfEverybody(t *testing.T) {
	w := start(t, nil)
	for range 60 {
		w.viewer()
	}
	c := w.viewer()
	met := map[any]bool{}
	require.NotEmpty(t, c.expect("connect"))
	for range 100 {
		var failed []any
		for _, m := range c.sync() {
			if m["type"] == "connect" {
				met[m["peer"]] = true
				failed = append(failed, m["peer"])
			}
		}
		c.say(message{"type": "report", "failed": failed})
	}
	require.NotEmpty(t, met)
	require.LessOrEqual(t, len(met), 32+3)
}
