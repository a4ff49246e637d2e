package restream

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzServer reads what a server may send: nothing of it takes more memory than it is
// long, or ends the process.
func FuzzServer(f *testing.F) {
	answer := appendAMF(nil, "onStatus", 0.0, nil, []property{{"level", "status"}, {"code", "NetStream.Publish.Start"}})
	f.Add(appendMessage(nil, 3, message{kind: typeCommand, body: answer}, 128))
	f.Add(appendMessage(nil, 2, message{kind: typeSetChunkSize, body: []byte{0x7f, 0xff, 0xff, 0xff}}, 128))
	f.Add(bytes.Repeat([]byte{0x03, 0, 0, 0, 0, 0, 9, 20, 0, 0, 0, 0}, 20))
	f.Fuzz(func(t *testing.T, sent []byte) {
		r := newChunkReader(bytes.NewReader(sent))
		for {
			m, err := r.next()
			if err != nil {
				return
			}
			require.LessOrEqual(t, len(m.body), len(sent))
			readAnswer(m.body)
		}
	})
}

func TestMessagesSurviveChunking(t *testing.T) {
	body := make([]byte, 9000)
	for i := range body {
		body[i] = byte(i * 7)
	}
	for _, stamp := range []uint32{0, 1, extended - 1, extended, 1 << 31} {
		sent := appendMessage(nil, 6, message{kind: typeVideo, stream: 1, timestamp: stamp, body: body}, 128)
		m, err := newChunkReader(bytes.NewReader(sent)).next()
		require.NoError(t, err)
		require.Equal(t, body, m.body)
	}
}

func TestAnswersAreRead(t *testing.T) {
	a, ok := readAnswer(appendAMF(nil, "_result", 4.0, nil, 7.0))
	require.True(t, ok)
	require.Equal(t, answer{name: "_result", transaction: 4, number: 7}, a)
	a, ok = readAnswer(appendAMF(nil, "onStatus", 0.0, nil, []property{{"code", "NetStream.Publish.BadName"}}))
	require.True(t, ok)
	require.Equal(t, "NetStream.Publish.BadName", a.code)
}
