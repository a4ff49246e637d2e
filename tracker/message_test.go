package tracker

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/tracker/topology"
)

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":           ``,
		"no object":         `[]`,
		"two objects":       `{}{}`,
		"a wrong type":      `{"type":7}`,
		"a long stream":     `{"stream":"` + strings.Repeat("a", 65) + `"}`,
		"a long peer":       `{"peer":"` + strings.Repeat("a", 65) + `"}`,
		"a long token":      `{"token":"` + strings.Repeat("a", 513) + `"}`,
		"a long candidate":  `{"candidate":"` + strings.Repeat("a", 1025) + `"}`,
		"a long sdpMid":     `{"sdpMid":"` + strings.Repeat("a", 65) + `"}`,
		"many connections":  `{"connected":[` + strings.Repeat(`"a",`, 64) + `"a"]}`,
		"a negative m-line": `{"sdpMLineIndex":-1}`,
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
	f.Add([]byte(`{"type":"ping","t":-0.5}`))
	f.Add([]byte(strings.Repeat(`[`, 4096)))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parse(data)
		if err != nil {
			return
		}
		claimed(r)
		var out struct {
			Peer, SDP, Candidate string
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
	for _, a := range []topology.Action{
		{Kind: topology.Connect, To: "b", About: "a", Role: topology.Answer},
		{Kind: topology.Connect, To: "a", About: "b", Role: topology.Offer},
	} {
		x.follow(a)
	}
	for i, c := range []struct {
		from, to topology.Peer
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
	x.follow(topology.Action{Kind: topology.Gone, To: "a", About: "b"})
	require.Empty(t, x)
}
