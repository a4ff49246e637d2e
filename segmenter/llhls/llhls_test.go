package llhls

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const good = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500,CAN-SKIP-UNTIL=12.000
#EXT-X-PART-INF:PART-TARGET=0.500
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="init0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z
#EXTINF:2.000,
s7.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:07.000Z
#EXT-X-PART:DURATION=0.500,URI="p32.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.450,URI="p33.m4s"
#EXT-X-PART:DURATION=0.500,URI="p34.m4s",GAP=YES
#EXT-X-PART:DURATION=0.100,URI="p35.m4s"
#EXTINF:1.550,
s8.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:08.550Z
#EXT-X-PART:DURATION=0.500,URI="p36.m4s",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p37.m4s"
#EXT-X-RENDITION-REPORT:URI="../audio/index.m3u8",LAST-MSN=9,LAST-PART=0
`

func TestGood(t *testing.T) {
	p, err := Parse([]byte(good))
	require.NoError(t, err)
	require.Empty(t, p.Unknown)
	require.Empty(t, CheckPlaylist(p))
	require.Len(t, p.Segments, 3)
	require.True(t, p.Segments[2].Open())
	require.EqualValues(t, 9, p.Segments[2].MSN)
	require.Equal(t, "init0.mp4", p.Segments[2].Map)
	msn, part, ok := p.Last()
	require.True(t, ok)
	require.EqualValues(t, 9, msn)
	require.Zero(t, part)
}

func TestCheckFinds(t *testing.T) {
	for name, test := range map[string]struct{ old, new, says string }{
		"a long part":           {"0.450,URI", "0.501,URI", "above PART-TARGET"},
		"a short part":          {"0.450,URI", "0.420,URI", "below 85 %"},
		"a long segment":        {"#EXTINF:2.000", "#EXTINF:2.600", "above TARGETDURATION"},
		"parts do not add up":   {"#EXTINF:1.550", "#EXTINF:1.560", "parts of segment 8 make"},
		"part hold-back":        {"BACK=1.500", "BACK=0.900", "PART-HOLD-BACK"},
		"skip boundary":         {"UNTIL=12.000", "UNTIL=11.9", "CAN-SKIP-UNTIL"},
		"hold-back":             {"PART-HOLD-BACK", "HOLD-BACK=5,PART-HOLD-BACK", "HOLD-BACK is below"},
		"no blocking":           {"CAN-BLOCK-RELOAD=YES,", "", "CAN-BLOCK-RELOAD"},
		"a stale hint":          {`TYPE=PART,URI="p37`, `TYPE=PART,URI="p36`, "which is there"},
		"no hint":               {`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p37.m4s"` + "\n", "", "no hint"},
		"program time":          {"04:08.550", "04:09.550", "program time"},
		"a dependent segment":   {`p32.m4s",INDEPENDENT=YES`, `p32.m4s"`, "dependent part"},
		"no PART-INF":           {"#EXT-X-PART-INF:PART-TARGET=0.500\n", "", "without EXT-X-PART-INF"},
		"a gap that is whole":   {"#EXTINF:1.550", "#EXT-X-GAP\n#EXTINF:1.550", "not all of its parts"},
		"a report without part": {",LAST-PART=0", "", "without LAST-PART"},
		"an old version":        {"VERSION:9", "VERSION:5", "version 6"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Parse([]byte(strings.Replace(good, test.old, test.new, 1)))
			require.NoError(t, err)
			require.Contains(t, strings.Join(CheckPlaylist(p), "\n"), test.says)
		})
	}
}

// Each segment's program time is only a little off, and all together too much.
func TestCheckFindsDrift(t *testing.T) {
	drifts := strings.NewReplacer("04:07.000", "04:07.090", "04:08.550", "04:08.710").Replace(good)
	p, err := Parse([]byte(drifts))
	require.NoError(t, err)
	require.Equal(t, []string{"program time of segment 9 is 160ms off what the durations before it add up to"}, CheckPlaylist(p))
	p, err = Parse([]byte(strings.Replace(drifts, "#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:08", "#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:08", 1)))
	require.NoError(t, err)
	require.Empty(t, CheckPlaylist(p), "behind a discontinuity they begin anew")
}

func TestParseRefuses(t *testing.T) {
	for name, test := range map[string]struct{ old, new string }{
		"no header":            {"#EXTM3U", "#EXTM3"},
		"no target duration":   {"#EXT-X-TARGETDURATION:2\n", ""},
		"a URI too many":       {"s7.m4s", "s7.m4s\ns7b.m4s"},
		"EXTINF twice":         {"#EXTINF:2.000,", "#EXTINF:2.000,\n#EXTINF:2.000,"},
		"no comma":             {"#EXTINF:2.000,", "#EXTINF:2.000"},
		"a bad number":         {"#EXTINF:2.000,", "#EXTINF:2.0e0,"},
		"a tag twice":          {"#EXT-X-VERSION:9", "#EXT-X-VERSION:9\n#EXT-X-VERSION:9"},
		"no quotes":            {`URI="p32.m4s"`, "URI=p32.m4s"},
		"an open quote":        {`URI="p32.m4s"`, `URI="p32.m4s`},
		"an attribute twice":   {"DURATION=0.450", "DURATION=0.450,DURATION=0.450"},
		"a wrong name":         {"INDEPENDENT=YES", "independent=YES"},
		"neither yes nor no":   {"INDEPENDENT=YES", "INDEPENDENT=TRUE"},
		"a part behind EXTINF": {"#EXTINF:1.550,", "#EXTINF:1.550,\n#EXT-X-PART:DURATION=1,URI=\"x\""},
		"a map between parts":  {"#EXT-X-PART:DURATION=0.450", "#EXT-X-MAP:URI=\"i\"\n#EXT-X-PART:DURATION=0.450"},
		"an unknown hint":      {"TYPE=PART", "TYPE=SEGMENT"},
		"a late constant":      {"#EXT-X-PRELOAD", "#EXT-X-DISCONTINUITY-SEQUENCE:3\n#EXT-X-PRELOAD"},
		"a bad date":           {"2026-01-02T03:04:05.000Z", "2026-01-02 03:04:05"},
		"a wild skip":          {"#EXT-X-MAP", "#EXT-X-SKIP:SKIPPED-SEGMENTS=99999999999\n#EXT-X-MAP"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(strings.Replace(good, test.old, test.new, 1)))
			require.Error(t, err)
		})
	}
}

func TestReloadFinds(t *testing.T) {
	next := strings.Replace(good, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p37.m4s\"",
		"#EXT-X-PART:DURATION=0.500,URI=\"p37.m4s\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p38.m4s\"", 1)
	before, err := Parse([]byte(good))
	require.NoError(t, err)
	for name, test := range map[string]struct{ old, new, says string }{
		"nothing":               {"", "", ""},
		"a new part target":     {"TARGET=0.500", "TARGET=0.501", "PART-TARGET changed"},
		"a new target":          {"TARGETDURATION:2", "TARGETDURATION:3", "TARGETDURATION changed"},
		"a sequence going back": {"SEQUENCE:7", "SEQUENCE:6", "went back"},
		"a changed segment":     {"s7.m4s", "s7b.m4s", "segment 7 changed"},
		"a changed part":        {"p33.m4s", "p33b.m4s", "part 8.1 changed"},
		"a changed date":        {"04:07.000", "04:07.001", "program time of segment 8 changed"},
		"a broken promise":      {`0,URI="p37.m4s"`, `0,URI="p37b.m4s"`, "hinted at"},
	} {
		t.Run(name, func(t *testing.T) {
			after, err := Parse([]byte(strings.Replace(next, test.old, test.new, 1)))
			require.NoError(t, err)
			found := strings.Join(CheckReload(before, after), "\n")
			if test.says == "" {
				require.Empty(t, found)
				return
			}
			require.Contains(t, found, test.says)
		})
	}
}

func TestRenditions(t *testing.T) {
	a, err := Parse([]byte(good))
	require.NoError(t, err)
	b, err := Parse([]byte(strings.Replace(good, "BACK=1.500", "BACK=1.600", 1)))
	require.NoError(t, err)
	require.Empty(t, CheckRenditions(map[string]*Playlist{"a": a, "b": a}))
	require.NotEmpty(t, CheckRenditions(map[string]*Playlist{"a": a, "b": b}))
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXTINF:2,\na\n"))
	f.Add([]byte("#EXTM3U\r\n#EXT-X-TARGETDURATION:1\r\n#EXT-X-ENDLIST\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		CheckPlaylist(p)
		CheckReload(p, p)
		if found := CheckReload(p, p); p.Skipped == 0 && len(found) > 0 && len(p.Hints) == 0 {
			t.Fatalf("a playlist differs from itself: %v", found)
		}
		_, _ = Merge(p, p)
	})
}

func FuzzParseMultivariant(f *testing.F) {
	f.Add([]byte("#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"b\",URI=\"c\"\n#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\",RESOLUTION=1x1\nd\n"))
	f.Add([]byte("#EXTM3U\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"x\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\r\nd"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseMultivariant(text)
		if err == nil && (len(m.Variants) == 0 || len(m.Variants) > maxEntries) {
			t.Fatalf("%d variants", len(m.Variants))
		}
	})
}
