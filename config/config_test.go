package config

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
)

// designFile has every key of the fixed interface.
const designFile = `
log:      { level: debug, format: json }
data:     ./elsewhere
http:     { address: ":9090", public_url: "https://example.org/tv", trusted_proxies: ["10.0.0.0/8", "127.0.0.1"] }
tls:      { cert: "", key: "" }
metrics:  { address: "127.0.0.1:9464" }
rtmp:     { address: ":1935" }
stun:     { address: ":3478" }
grace:    30s
hls:      { part: 200ms, segment: 2s, window: 40s }
ladder:   { renditions: [720p, {height: 480, bitrate: 1200kbit/s, fps: 25}], source: auto, audio_only: true }
p2p:      { mode: auto, min_audience: 2, max_upload: 5Mbit/s }
origin:   { max_egress: unlimited }
outbound: { allow_hosts: [] }
tracker:  { open: false }
streams:
  demo:   { key: "a-secret-of-at-least-12-characters", title: "A title", description: "", listed: false, record: false, forward: [] }
  quiet:  { key: "another-secret-of-12-characters", p2p: { mode: none, min_audience: 2, max_upload: unlimited } }
`

func TestParseReadsEveryKey(t *testing.T) {
	c, err := Parse([]byte(designFile), "liverelay.yaml", nil)
	require.NoError(t, err)
	require.Equal(t, "json", c.Log.Format)
	require.Equal(t, 200*time.Millisecond, c.HLS.Part.D())
	require.Equal(t, Bitrate(5_000_000), c.P2P.MaxUpload)
	require.Equal(t, []Rung{{Name: "720p", Height: 720}, {Name: "480p", Height: 480, Bitrate: 1_200_000, FPS: 25}}, c.Ladder.Renditions)
	require.False(t, c.Streams["demo"].IsListed())
	require.True(t, c.Streams["quiet"].IsListed())
	require.Equal(t, "none", c.P2POf("quiet").Mode)
	require.Equal(t, "auto", c.P2POf("demo").Mode)
	require.Empty(t, c.Warnings())
}

func TestNothingGivenMeansDefaults(t *testing.T) {
	for _, source := range []string{"", "\n# nothing but a comment\n", "---\n"} {
		c, err := Parse([]byte(source), "liverelay.yaml", []string{"PATH=/bin"})
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(Default(), c))
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	cases := []struct{ name, source, want string }{
		{"unknown key", "http: { adress: ':80' }", "liverelay.yaml:1:9: unknown key http.adress; did you mean http.address?"},
		{"unknown section", "rtpm: {}", "unknown key rtpm; did you mean rtmp?"},
		{"unknown key of a stream", "streams:\n  demo:\n    tittle: x", "3:5: unknown key streams.demo.tittle; did you mean streams.demo.title?"},
		{"nothing near", "zzzzzz: 1", "unknown key zzzzzz (print-config shows all that there are)"},
		{"duration without a unit", "grace: 30", `"30" is no duration: write it with a unit`},
		{"bit rate without a unit", "p2p: { max_upload: 5 }", `"5" is no bit rate`},
		{"rendition", "ladder: { renditions: [big] }", `"big" is no rendition: write a height like 720p`},
		{"short key", "streams: { demo: { key: short } }", "streams.demo.key: a key has at least 12 characters"},
		{"same key twice", "streams: { a: { key: 123456789012 }, b: { key: '123456789012' } }", "streams.b.key: the same as that of streams.a"},
		{"bad name", "streams: { Demo: { key: 1234567890123 } }", "streams.Demo: a stream's name has 1 to 64 of a-z, 0-9 and -"},
		{"half a certificate", "tls: { cert: a.pem }", "tls: give both cert and key, or none of them"},
		{"port missing", "http: { address: localhost }", "http.address: \"localhost\" is no address: write HOST:PORT"},
		{"public url", "http: { public_url: example.org }", "http.public_url: \"example.org\" is no web address"},
		{"proxy", "http: { trusted_proxies: [here] }", "http.trusted_proxies: \"here\" is no address"},
		{"mode", "p2p: { mode: maybe }", "p2p.mode: \"maybe\" is none of auto, ask, relays, none"},
		{"window", "hls: { window: 3s }", "hls.window: 3s is out of range"},
		{"not a mapping", "streams: 3", "liverelay.yaml: "},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.source), "liverelay.yaml", nil)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestEnvironmentWinsOverTheFile(t *testing.T) {
	c, err := Parse([]byte(designFile), "liverelay.yaml", []string{
		"LIVERELAY_HTTP__ADDRESS=:7000",
		"LIVERELAY_HLS__PART=300ms",
		"LIVERELAY_LADDER__RENDITIONS=480p,240p",
		"LIVERELAY_STREAMS__DEMO__KEY=1e1000000000000",
		"LIVERELAY_STREAMS__MY_OTHER__KEY=key-from-the-environment",
		"LIVERELAY_STREAMS__QUIET__P2P__MODE=auto",
		"LIVERELAY_P2P__MIN_AUDIENCE=3",
	})
	require.NoError(t, err)
	require.Equal(t, ":7000", c.HTTP.Address)
	require.Equal(t, 300*time.Millisecond, c.HLS.Part.D())
	require.Equal(t, []Rung{{Name: "480p", Height: 480}, {Name: "240p", Height: 240}}, c.Ladder.Renditions)
	require.Equal(t, "1e1000000000000", c.Streams["demo"].Key, "text is taken as it is")
	require.Equal(t, "A title", c.Streams["demo"].Title, "what the variable does not name stays")
	require.Equal(t, "key-from-the-environment", c.Streams["my-other"].Key)
	require.Equal(t, "auto", c.P2POf("quiet").Mode)
	require.Equal(t, 3, c.P2P.MinAudience)
}

func TestStreamsInheritWhatTheirSectionsLeaveOut(t *testing.T) {
	source := "p2p: { max_upload: 2Mbit/s }\nstreams: { a-b: { key: 1234567890123, p2p: { mode: none }, ladder: { renditions: [240p] } }, c: { key: 2234567890123 } }"
	c, err := Parse([]byte(source), "f", []string{"LIVERELAY_STREAMS__C__P2P__MIN_AUDIENCE=5"})
	require.NoError(t, err)
	require.Equal(t, P2P{Mode: "none", MinAudience: 2, MaxUpload: 2_000_000}, c.P2POf("a-b"))
	require.Equal(t, P2P{Mode: "auto", MinAudience: 5, MaxUpload: 2_000_000}, c.P2POf("c"))
	require.True(t, c.LadderOf("a-b").AudioOnly)
	require.Len(t, c.LadderOf("a-b").Renditions, 1)
}

func TestEnvironmentErrors(t *testing.T) {
	_, err := Parse(nil, "f", []string{"LIVERELAY_HTTP__ADRESS=:1"})
	require.ErrorContains(t, err, "environment variable LIVERELAY_HTTP__ADRESS: unknown key http.adress; did you mean http.address?")
	_, err = Parse(nil, "f", []string{"LIVERELAY_GRACE=soon"})
	require.ErrorContains(t, err, "LIVERELAY_GRACE: the value does not fit: a duration like 250ms or 2s is wanted")
	_, err = Parse(nil, "f", []string{"LIVERELAY_DATA__X=soon"})
	require.ErrorContains(t, err, "data has no keys below it")
}

func TestPrintBlanksSecretsAndReadsBack(t *testing.T) {
	source := designFile + "  loud: { key: a-third-secret-key, forward: ['rtmp://example.org/live/secret-forward'] }\n"
	c, err := Parse([]byte(source), "f", nil)
	require.NoError(t, err)
	hidden, err := c.Print(false)
	require.NoError(t, err)
	for _, secret := range []string{"a-secret-of", "another-secret", "a-third-secret", "secret-forward"} {
		require.NotContains(t, string(hidden), secret)
	}
	shown, err := c.Print(true)
	require.NoError(t, err)
	back, err := Parse(shown, "f", nil)
	require.NoError(t, err, string(shown))
	require.Empty(t, cmp.Diff(c, back, cmpopts.EquateEmpty()))
}

func TestWarningsNameKeysWithoutEffect(t *testing.T) {
	c, err := Parse([]byte("streams: { demo: { key: 1234567890123, record: true } }"), "f", nil)
	require.NoError(t, err)
	require.Equal(t, []string{
		"streams.demo.record is set, but this version does nothing with it yet",
	}, c.Warnings())
}

// update writes the manual instead of comparing it.
var update = flag.Bool("update", false, "write docs/configuration.md")

func TestManualIsUpToDate(t *testing.T) {
	const page = "../docs/configuration.md"
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(Manual()), 0o644))
	}
	have, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, Manual(), string(have), "run: go test ./config -update")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(designFile))
	f.Add([]byte("streams: { demo: [1, 2] }"))
	f.Add([]byte("ladder: { renditions: [{height: 1e9}] }"))
	f.Fuzz(func(t *testing.T, source []byte) {
		c, err := Parse(source, "f", nil)
		if err != nil {
			return
		}
		printed, err := c.Print(true)
		require.NoError(t, err)
		_, err = Parse(printed, "f", nil)
		require.NoError(t, err, "what is printed must be read back: %s", printed)
	})
}

func TestParseReadsJSONForItIsYAML(t *testing.T) {
	c, err := Parse([]byte(`{"hls": {"part": "200ms"}, "streams": {"demo": {"key": "a-secret-of-at-least-12-characters"}}}`), "f", nil)
	require.NoError(t, err)
	require.Equal(t, 200*time.Millisecond, c.HLS.Part.D())
	_, err = Parse([]byte(`{"htp": {}}`), "f", nil)
	require.ErrorContains(t, err, "unknown key htp; did you mean http?")
}

func TestASourceMayBeTheIDOfAVideo(t *testing.T) {
	const id = "9c9de5e8-0a1e-484a-b099-e80766180a6d"
	for text, want := range map[string]string{
		"{ source: " + id + ", source_instance: https://tube.example.org/ }":                      "https://tube.example.org/w/" + id,
		"{ source: kkGMgK9ZtnKfYAgnEtQxbv, source_instance: 'https://tube.example.org' }":         "https://tube.example.org/w/kkGMgK9ZtnKfYAgnEtQxbv",
		"{ source: 'https://a.example.org/i.m3u8', source_instance: 'https://tube.example.org' }": "https://a.example.org/i.m3u8",
		"{ source: 'https://a.example.org/i.m3u8', source_renditions: [720p, audio] }":            "https://a.example.org/i.m3u8",
	} {
		c, err := Parse([]byte("streams: { a: "+text+" }"), "f", nil)
		require.NoError(t, err)
		require.NoError(t, c.Validate())
		require.Equal(t, want, c.Streams["a"].SourceAddress())
	}
	for text, want := range map[string]string{
		"{ source: " + id + " }":                                    "name its server in source_instance",
		"{ source: kkGMgK9ZtnKfYAgnEtQxbv }":                        "name its server in source_instance",
		"{ source: " + id + ", source_instance: tube.example.org }": "streams.a.source_instance: no address",
		"{ source: nonsense }":                                      "streams.a.source: no address",
	} {
		c, err := Parse([]byte("streams: { a: "+text+" }"), "f", nil)
		if err == nil {
			err = c.Validate()
		}
		require.ErrorContains(t, err, want)
	}
}
