package origin

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/segmenter"
)

func TestParseReload(t *testing.T) {
	n := func(v uint64) *uint64 { return &v }
	for query, want := range map[string]segmenter.Reload{
		"":                                      {},
		"x=1&x=2":                               {},
		"_HLS_msn=0":                            {MSN: n(0)},
		"_HLS_msn=12&_HLS_part=3":               {MSN: n(12), Part: n(3)},
		"_HLS_part=3&_HLS_msn=12&_HLS_skip=YES": {MSN: n(12), Part: n(3), Skip: true},
		"_HLS_skip=v2":                          {Skip: true},
	} {
		got, err := parseReload(query)
		require.NoError(t, err, query)
		require.Equal(t, want, got, query)
	}
	for _, query := range []string{
		"_HLS_msn=", "_HLS_msn=-1", "_HLS_msn=1.5", "_HLS_msn=1e3", "_HLS_msn=99999999999999999999", "_HLS_part=1",
		"_HLS_msn=1&_HLS_msn=2", "_HLS_msn=1&_HLS_part=x", "_HLS_skip=no", "_HLS_msn=%zz", "a;b", strings.Repeat("a", maxQuery+1),
	} {
		_, err := parseReload(query)
		require.ErrorIs(t, err, errQuery, query)
	}
}

func TestParseFeed(t *testing.T) {
	for query, want := range map[string]feedQuery{
		"":                                    {from: map[string]uint64{}},
		"r=240p&from=live":                    {renditions: []string{"240p"}, from: map[string]uint64{}},
		"r=240p,audio":                        {renditions: []string{"240p", "audio"}, from: map[string]uint64{}},
		"r=240p,audio&from=240p:120,audio:96": {renditions: []string{"240p", "audio"}, from: map[string]uint64{"240p": 120, "audio": 96}},
		"r=240p%2Caudio&from=audio%3A0&stripes=1": {renditions: []string{"240p", "audio"}, from: map[string]uint64{"audio": 0}},
	} {
		got, err := parseFeed(query)
		require.NoError(t, err, query)
		require.Equal(t, want, got, query)
	}
	for _, query := range []string{
		"r=,", "r=240p,240p", "r=../x", "r=a,b,", "from=240p", "from=240p:", "from=240p:x", "from=240p:1,240p:2", "from=:1",
		"r=a&r=b", "r=" + strings.Repeat("a,", 40) + "b", "from=" + strings.Repeat("a:1,", 40), "r=" + strings.Repeat("a", 100),
	} {
		_, err := parseFeed(query)
		require.ErrorIs(t, err, errQuery, query)
	}
}

func FuzzParseReload(f *testing.F) {
	for _, q := range []string{"", "_HLS_msn=12&_HLS_part=3&_HLS_skip=YES", "_HLS_msn=%31", "_HLS_msn=1;_HLS_part=2", "_HLS_msn=18446744073709551616"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r, err := parseReload(query)
		if err != nil {
			require.Equal(t, segmenter.Reload{}, r)
			return
		}
		require.False(t, r.Part != nil && r.MSN == nil)
		if r.MSN != nil {
			require.LessOrEqual(t, *r.MSN, uint64(maxNumber))
		}
	})
}

func FuzzParseFeed(f *testing.F) {
	for _, q := range []string{"", "r=240p,audio&from=240p:120,audio:96", "r=a&from=live", "from=a:1,b:2", "r=%2c", "r=a,,b"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := parseFeed(query)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(q.renditions), maxRenditions)
		require.LessOrEqual(t, len(q.from), maxRenditions)
		for _, name := range q.renditions {
			require.True(t, isName(name, maxRendition))
		}
	})
}
