package stun

import (
	"net/netip"
	"testing"

	"github.com/pion/stun/v3"
	"github.com/stretchr/testify/require"
)

func request(t testing.TB, setters ...stun.Setter) []byte {
	m, err := stun.Build(append([]stun.Setter{stun.TransactionID, stun.BindingRequest}, setters...)...)
	require.NoError(t, err)
	return m.Raw
}

func decode(t testing.TB, raw []byte) *stun.Message {
	m := stun.New()
	m.Raw = append(m.Raw[:0], raw...)
	require.NoError(t, m.Decode())
	return m
}

func TestAnAnswerHoldsTheAddressAndNothingElse(t *testing.T) {
	for _, c := range []struct {
		from, want string
		size       int
	}{
		{"203.0.113.9:40001", "203.0.113.9:40001", 40},
		{"[::ffff:203.0.113.9]:40001", "203.0.113.9:40001", 40},
		{"[2001:db8::5]:1", "[2001:db8::5]:1", 52},
	} {
		raw := request(t)
		answer := newResponder().answer(raw, netip.MustParseAddrPort(c.from))
		require.Len(t, answer, c.size)
		m := decode(t, answer)
		require.Equal(t, stun.BindingSuccess, m.Type)
		require.Equal(t, decode(t, raw).TransactionID, m.TransactionID)
		require.NoError(t, stun.Fingerprint.Check(m))
		var mapped stun.XORMappedAddress
		require.NoError(t, mapped.GetFrom(m))
		require.Equal(t, c.want, mapped.String())
		require.False(t, m.Contains(stun.AttrSoftware))
		require.Len(t, m.Attributes, 2)
	}
}

func TestWhatMustBeUnderstoodAndIsNotIsRefused(t *testing.T) {
	const responsePort, changeRequest = 0x0027, 0x0003
	raw := request(t,
		stun.RawAttribute{Type: responsePort, Value: []byte{1, 2, 3, 4}},
		stun.RawAttribute{Type: changeRequest, Value: []byte{0, 0, 0, 6}},
		stun.NewSoftware("optional"))
	m := decode(t, newResponder().answer(raw, netip.MustParseAddrPort("203.0.113.9:1")))
	require.Equal(t, stun.BindingError, m.Type)
	var code stun.ErrorCodeAttribute
	require.NoError(t, code.GetFrom(m))
	require.Equal(t, stun.CodeUnknownAttribute, code.Code)
	var unknown stun.UnknownAttributes
	require.NoError(t, unknown.GetFrom(m))
	require.Equal(t, stun.UnknownAttributes{responsePort, changeRequest}, unknown)
}

func TestEverythingElseIsIgnored(t *testing.T) {
	good := request(t, stun.Fingerprint)
	indication, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassIndication))
	require.NoError(t, err)
	answer, err := stun.Build(stun.TransactionID, stun.BindingSuccess)
	require.NoError(t, err)
	allocate, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest))
	require.NoError(t, err)
	for name, packet := range map[string][]byte{
		"nothing":                   {},
		"a byte":                    {0},
		"a header cut short":        good[:19],
		"an attribute cut short":    good[:len(good)-4],
		"bytes after the end":       append(append([]byte{}, good...), 0, 0, 0, 0),
		"an indication":             indication.Raw,
		"an answer":                 answer.Raw, // two servers could talk for ever
		"a TURN request":            allocate.Raw,
		"a wrong fingerprint":       flip(good, len(good)-1),
		"a wrong cookie":            flip(good, 4),
		"a changed transaction":     flip(good, 12),
		"the old form":              make([]byte, 20),
		"an attribute without room": {0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 6, 0xff, 0xff},
	} {
		t.Run(name, func(t *testing.T) {
			require.Nil(t, newResponder().answer(packet, netip.MustParseAddrPort("203.0.113.9:1")))
		})
	}
}

func flip(packet []byte, at int) []byte {
	changed := append([]byte{}, packet...)
	changed[at] ^= 0x10
	return changed
}

func FuzzAnswer(f *testing.F) {
	f.Add(request(f))
	f.Add(request(f, stun.NewUsername("user"), stun.NewShortTermIntegrity("pass"), stun.Fingerprint))
	f.Add(request(f, stun.RawAttribute{Type: 0x0027, Value: []byte{1, 2, 3, 4}}))
	f.Add(request(f, stun.Fingerprint)[:24])
	f.Add([]byte{0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 6, 0xff, 0xff})
	from := netip.MustParseAddrPort("[2001:db8::5]:4242")
	r := newResponder()
	f.Fuzz(func(t *testing.T, packet []byte) {
		answer := r.answer(packet, from)
		if answer == nil {
			return
		}
		if len(answer) > len(packet)+32 {
			t.Fatalf("%d bytes answered with %d", len(packet), len(answer))
		}
		m := stun.New()
		m.Raw = append(m.Raw[:0], answer...)
		if err := m.Decode(); err != nil {
			t.Fatalf("answer doesn't parse: %v", err)
		}
		if err := stun.Fingerprint.Check(m); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkAnswer(b *testing.B) {
	raw, from := request(b, stun.Fingerprint), netip.MustParseAddrPort("203.0.113.9:40001")
	r, l := newResponder(), newLimiter(1<<30, 1<<30)
	b.ReportAllocs()
	for b.Loop() {
		if !l.allow(from.Addr(), 1) || r.answer(raw, from) == nil {
			b.Fatal("no answer")
		}
	}
}

func BenchmarkGarbage(b *testing.B) {
	raw := flip(request(b, stun.Fingerprint), 4)
	from := netip.MustParseAddrPort("203.0.113.9:40001")
	r := newResponder()
	b.ReportAllocs()
	for b.Loop() {
		r.answer(raw, from)
	}
}
