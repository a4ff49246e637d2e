package tracker

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/tracker/forest"
)

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":             ``,
		"no object":           `[]`,
		"two objects":         `{}{}`,
		"a wrong type":        `{"type":7}`,
		"a long stream":       `{"stream":"` + strings.Repeat("a", 65) + `"}`,
		"a long peer":         `{"peer":"` + strings.Repeat("a", 65) + `"}`,
		"a long token":        `{"token":"` + strings.Repeat("a", 513) + `"}`,
		"a long candidate":    `{"candidate":"` + strings.Repeat("a", 1025) + `"}`,
		"a long sdpMid":       `{"sdpMid":"` + strings.Repeat("a", 65) + `"}`,
		"many connections":    `{"connected":[` + strings.Repeat(`"a",`, 64) + `"a"]}`,
		"many suspects":       `{"suspect":[` + strings.Repeat(`"a",`, 64) + `"a"]}`,
		"much followed":       `{"follow":[` + strings.Repeat(`1,`, 16) + `1]}`,
		"many renditions":     `{"renditions":[` + strings.Repeat(`1,`, 16) + `1]}`,
		"a rendition by name": `{"follow":["240p"]}`,
		"lateness of a list":  `{"late":[1]}`,
		"a negative m-line":   `{"sdpMLineIndex":-1}`,
		"a short secret":      `{"secret":"0123456789abcde"}`,
		"a long secret":       `{"secret":"` + strings.Repeat("a", 65) + `"}`,
		"many plans":          `{"plans":[` + strings.Repeat(`{},`, 16) + `{}]}`,
		"a long place":        `{"plans":[{"place":"` + strings.Repeat("a", 33) + `"}]}`,
		"seven stripes":       `{"plans":[{"stripes":[{},{},{},{},{},{},{}]}]}`,
		"a long parent":       `{"plans":[{"stripes":[{"parent":"` + strings.Repeat("a", 65) + `"}]}]}`,
		"a plan of many":      `{"plans":[{"renditions":[` + strings.Repeat(`1,`, 16) + `1]}]}`,
		"a long neighbour":    `{"connected":["` + strings.Repeat("a", 65) + `"]}`,
	} {
		_, err := parse([]byte(text))
		require.Error(t, err, name)
	}
}

// What goes through unharmed comes out as JSON that means the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"type":"join","stream":"demo","epoch":"aaaaaaaaaaaaaaaa","token":"x","agent":"y"}`))
	f.Add([]byte(`{"type":"offer","peer":"a","sdp":"v=0\r\n"}`))
	f.Add([]byte(`{"type":"candidate","peer":"a","candidate":"candidate:1","sdpMid":null,"sdpMLineIndex":0}`))
	f.Add([]byte(`{"type":"report","connected":["a"],"failed":[],"httpBytes":1e300,"p2pBytes":-1}`))
	f.Add([]byte(`{"type":"join","stream":"demo","follow":[0,3],"upload":-1}`))
	f.Add([]byte(`{"type":"follow","renditions":[1,-2]}`))
	f.Add([]byte(`{"type":"report","late":{"a":3,"b":-1},"suspect":["a"]}`))
	f.Add([]byte(`{"type":"ping","t":-0.5}`))
	f.Add([]byte(`{"type":"join","secret":"0123456789abcdef","connected":["a"],"plans":[{"renditions":[0,1],"stripes":[{"parent":"a"}],"place":"1.3"}]}`))
	f.Add([]byte(strings.Repeat(`[`, 4096)))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parse(data)
		if err != nil {
			return
		}
		claimed(r)
		if up := r.lends(); up < -1 {
			t.Fatalf("lends %d", up)
		}
		var out struct {
			Peer, SDP, Candidate string
		}
		if j := r.joins(); len(j.Plans) > maxPlans || len(j.Connected) > maxReported {
			t.Fatalf("%d plans, connected with %d", len(j.Plans), len(j.Connected))
		}
		if err := json.Unmarshal(passedOn("me", r), &out); err != nil {
			t.Fatal(err)
		}
		if out.Peer != "me" {
			t.Fatalf("passed on as %q", out.Peer)
		}
	})
}

func TestExchangesAreJudged(t *testing.T) {
	x := exchanges{}
	for _, a := range []forest.Action{
		{Kind: forest.Connect, To: "b", About: "a", Role: forest.Answer},
		{Kind: forest.Connect, To: "a", About: "b", Role: forest.Offer},
	} {
		x.follow(a)
	}
	for i, c := range []struct {
		from, to forest.Peer
		kind     string
		want     verdict
	}{
		{"a", "c", "offer", stranger},
		{"a", "a", "offer", stranger},
		{"b", "a", "offer", stranger},
		{"b", "a", "answer", stranger},
		{"a", "b", "candidate", pass}, // it may overtake the offer
		{"a", "b", "offer", pass},
		{"a", "b", "offer", again},
		{"a", "b", "answer", stranger},
		{"b", "a", "answer", pass},
		{"b", "a", "answer", again},
		{"a", "b", "candidate", pass},
		{"a", "b", "candidate", ignore},
		{"b", "a", "candidate", pass},
	} {
		require.Equal(t, c.want, x.judge(c.from, c.to, c.kind, 2), "step %d", i)
	}
	x.follow(forest.Action{Kind: forest.Gone, To: "a", About: "b"})
	require.Empty(t, x)
}
