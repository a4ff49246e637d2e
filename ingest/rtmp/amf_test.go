package rtmp

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	amf0 "github.com/yutopp/go-amf0"
)

func TestAMFRoundTrip(t *testing.T) {
	values := []any{
		"connect", 1.0, -0.5, true, false, nil, "", strings.Repeat("x", 70000),
		object{{"app", "live"}, {"nested", object{{"list", []any{1.0, "two", nil}}}}},
		[]any{},
	}
	got, err := decodeAMF(appendAMF(nil, values...))
	require.NoError(t, err)
	require.Equal(t, values, got)
}

func TestAMFDecodes(t *testing.T) {
	for name, c := range map[string]struct {
		bytes string
		want  any
	}{
		"undefined":    {"\x06", nil},
		"unsupported":  {"\x0d", nil},
		"reference":    {"\x07\x00\x01", nil},
		"date":         {"\x0b\x3f\xf0\x00\x00\x00\x00\x00\x00\x00\x00", 1.0},
		"long string":  {"\x0c\x00\x00\x00\x02ab", "ab"},
		"XML":          {"\x0f\x00\x00\x00\x02ab", "ab"},
		"ECMA array":   {"\x08\xff\xff\xff\xff\x00\x01a\x05\x00\x00\x09", object{{"a", nil}}},
		"typed object": {"\x10\x00\x01T\x00\x01a\x05\x00\x00\x09", object{{"a", nil}}},
		"empty name":   {"\x03\x00\x00\x05\x00\x00\x09", object{{"", nil}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeAMF([]byte(c.bytes))
			require.NoError(t, err)
			require.Equal(t, []any{c.want}, got)
		})
	}
}

func TestAMFLimits(t *testing.T) {
	deep := func(n int) []byte {
		return append(bytes.Repeat([]byte{3, 0, 1, 'a'}, n), append([]byte{5}, bytes.Repeat([]byte{0, 0, 9}, n)...)...)
	}
	_, err := decodeAMF(deep(maxDepth))
	require.NoError(t, err)
	for name, b := range map[string][]byte{
		"too deep":        deep(maxDepth + 1),
		"too many":        bytes.Repeat([]byte{5}, maxValues+1),
		"unknown marker":  {0x04},
		"string too long": {2, 0, 9, 'a'},
		"array too long":  {10, 0, 0, 0, 9, 5},
		"object without":  {3},
		"boolean without": {1},
		"date without":    {11, 0},
		"typed without":   {16, 0},
		"ECMA without":    {8, 0},
		"long without":    {12, 0},
		"array without":   {10, 0},
	} {
		_, err := decodeAMF(b)
		require.ErrorIs(t, err, errAMF, name)
	}
}

// FuzzAMF checks that what the guard rebuilds from a publisher's bytes is what was
// read, and that go-rtmp's decoder can digest it.
func FuzzAMF(f *testing.F) {
	f.Add(appendAMF(nil, "connect", 1.0, object{{"app", "live"}, {"fourCcList", []any{"hvc1"}}}))
	f.Add([]byte("\x02\x00\x0aonMetaData\x08\x00\x00\x00\x01\x00\x09framerate\x00\x40\x3e\x00\x00\x00\x00\x00\x00\x00\x00\x09"))
	f.Add(bytes.Repeat([]byte{3, 0, 1, 'a'}, 20))
	f.Add([]byte{10, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		values, err := decodeAMF(b)
		if err != nil {
			return
		}
		built := appendAMF(nil, values...)
		again, err := decodeAMF(built)
		if err != nil {
			t.Fatalf("what was built can't be read: %v", err)
		}
		if !reflect.DeepEqual(appendAMF(nil, again...), built) {
			t.Fatalf("%v became %v", values, again)
		}
		c, err := parseCommand(b)
		if err != nil {
			return
		}
		_, _ = parseConnect(c)
		_, _ = metadata(values)
		if m, ok := plain(message{kind: typeCommand, body: b}, c); ok {
			d := amf0.NewDecoder(bytes.NewReader(m.body))
			for range 2 {
				var v any
				if err := d.Decode(&v); err != nil && !strings.Contains(err.Error(), "utf8") {
					t.Fatalf("go-rtmp can't read it: %v", err)
				}
			}
		}
	})
}

func TestFrameRate(t *testing.T) {
	rate := func(v any) float64 {
		return frameRate(appendAMF(nil, "onMetaData", object{{"width", 1.0}, {"framerate", v}}))
	}
	require.Equal(t, 29.97, rate(29.97))
	require.Zero(t, rate(0.0))
	require.Zero(t, rate(1e9))
	require.Zero(t, rate("30"))
	require.Zero(t, frameRate(nil))
	require.Zero(t, frameRate([]byte{2, 0xff}))
}

func TestParseConnect(t *testing.T) {
	for app, want := range map[string]string{"live": "", "/live/": "", "live/key": "key", "live/a/b": "a/b", "live?x=1": ""} {
		c, err := parseConnect(command{"connect", 1, []any{object{{"app", app}}}})
		require.NoError(t, err, app)
		require.Equal(t, connect{transaction: 1, path: want}, c)
	}
	for _, app := range []string{"", "other", "live2", "LIVE"} {
		_, err := parseConnect(command{"connect", 1, []any{object{{"app", app}}}})
		require.ErrorIs(t, err, errProtocol, app)
	}
}
