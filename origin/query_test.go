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
	type numbers = map[string]uint64
	type bits = map[string]uint8
	both := []string{"240p", "audio"}
	for query, want := range map[string]feedQuery{
		"":                                    {},
		"r=240p&from=live":                    {renditions: both[:1]},
		"r=240p,audio":                        {renditions: both},
		"r=240p,audio&from=240p:120,audio:96": {renditions: both, from: numbers{"240p": 120, "audio": 96}},
		"r=240p%2Caudio&from=audio%3A0&x=1":   {renditions: both, from: numbers{"audio": 0}},
		"stripes=1":                           {everywhere: 1 << 1},
		"stripes=5.0":                         {everywhere: 1<<5 | 1<<0},
		"stripes=0,3,2.1":                     {everywhere: 0b1111},
		"stripes=all":                         {everywhere: 0b111111},
		"stripes=240p:0.3,audio:all":          {stripes: bits{"240p": 0b1001, "audio": 0b111111}},
		"stripes=audio:5":                     {stripes: bits{"audio": 1 << 5}},
	} {
		if want.from == nil {
			want.from = numbers{}
		}
		if want.stripes == nil {
			want.stripes = bits{}
		}
		got, err := parseFeed(query)
		require.NoError(t, err, query)
		require.Equal(t, want, got, query)
	}
	for _, query := range []string{
		"r=,", "r=240p,240p", "r=../x", "r=a,b,", "from=240p", "from=240p:", "from=240p:x", "from=240p:1,240p:2", "from=:1",
		"stripes=6", "stripes=-1", "stripes=00", "stripes=0.0", "stripes=0.", "stripes=.1", "stripes=0..1", "stripes=,", "stripes=all.1", "stripes=ALL",
		"stripes=a:", "stripes=a:6", "stripes=:1", "stripes=a:1,a:2", "stripes=a:1,2", "stripes=../x:1", "stripes=1&stripes=2", "stripes=0.1.2.3.4.5.0",
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
	for _, q := range []string{"", "r=240p,audio&from=240p:120,audio:96", "r=a&from=live", "from=a:1,b:2", "r=%2c", "r=a,,b", "stripes=0.3", "stripes=a:0.3,b:all"} {
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
		for name, stripes := range q.stripes {
			require.True(t, isName(name, maxRendition))
			require.True(t, stripes > 0 && stripes <= allStripes)
		}
		require.LessOrEqual(t, q.everywhere, uint8(allStripes))
	})
}
