package restream_test

import (
	"context"
	"encoding/hex"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/liverelay/liverelay/ingest/rtmp"
	"github.com/liverelay/liverelay/internal/kept"
	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/sidecar/outbound"
	"github.com/liverelay/liverelay/sidecar/restream"
)

const secret = "the-secret-key-of-the-target"

// serve runs a real RTMP server on l; sessions come out of the channel.
func serve(t *testing.T, l net.Listener) <-chan *kept.Session {
	t.Helper()
	sessions := make(chan *kept.Session, 8)
	ctx, cancel := context.WithCancel(context.Background())
	s := rtmp.Server{Log: zerolog.Nop(), Publisher: rtmp.PublisherFunc(func(key, _ string) (rtmp.Session, error) {
		if key != secret {
			return nil, net.ErrClosed
		}
		r := kept.New()
		sessions <- r
		return r, nil
	})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(ctx, l)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return sessions
}

// noLeak looks for goroutines that are left when all else was cleaned up.
func noLeak(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

func targetAt(t *testing.T, address, key string) *restream.Target {
	t.Helper()
	u, err := url.Parse("rtmp://" + address + "/live/" + key)
	require.NoError(t, err)
	client, err := outbound.New(outbound.Config{Typed: []*url.URL{u}})
	require.NoError(t, err)
	to, err := restream.NewTarget(u, client, zerolog.Nop())
	require.NoError(t, err)
	return to
}

// publish feeds 25 pictures and 50 frames of sound a second of media, as quick as it goes.
func publish(f *restream.Feed, from, to int) {
	for i := from; i < to; i++ {
		at := time.Duration(i) * 40 * time.Millisecond
		picture := make([]byte, 3000)
		picture[2], picture[3], picture[4] = 2996>>8, 2996&0xff, 0x41
		if i%25 == 0 {
			picture[4] = 0x65 // an IDR picture's NAL unit
		}
		f.Unit(media.Unit{Kind: media.Video, DTS: at, PTS: at + 80*time.Millisecond, Keyframe: i%25 == 0, Data: picture})
		f.Unit(media.Unit{Kind: media.Audio, DTS: at, PTS: at, Keyframe: true, Data: make([]byte, 200)})
	}
}

func announce(t *testing.T, f *restream.Feed) {
	t.Helper()
	// x264's configuration for 320x180, high profile.
	config, err := hex.DecodeString("0164000dffe1001a6764000dacd941419f9f0110000003001000000303c0f142996001000468ef8fcbfdf8f800")
	require.NoError(t, err)
	f.Track(media.Track{Kind: media.Video, Codec: media.H264, Width: 320, Height: 180, FPS: 25, Config: config})
	f.Track(media.Track{Kind: media.Audio, Codec: media.AAC, SampleRate: 48000, Channels: 2, Config: []byte{0x11, 0x90}})
}

func TestABroadcastArrivesAsItIs(t *testing.T) {
	noLeak(t)
	l := listen(t)
	sessions := serve(t, l)
	to := targetAt(t, l.Addr().String(), secret)
	f := to.Start(context.Background())
	announce(t, f)
	publish(f, 0, 50)
	r := <-sessions
	require.Eventually(t, func() bool { return to.Health().Phase == restream.Sending }, 5*time.Second, 5*time.Millisecond)
	publish(f, 50, 150) // what came before the connection was there may be left out
	require.Eventually(t, func() bool { return len(r.Units()) >= 200 }, 5*time.Second, 5*time.Millisecond)
	f.End(nil)
	<-f.Done()
	<-r.Done()
	require.Equal(t, media.H264, r.Tracks()[0].Codec)
	require.Equal(t, 48000, r.Tracks()[len(r.Tracks())-1].SampleRate)
	first := r.Units()[0]
	require.True(t, first.Keyframe)
	require.Equal(t, 80*time.Millisecond, first.PTS-first.DTS)
	require.Len(t, first.Data, 3000)
	health := to.Health()
	require.Equal(t, restream.Idle, health.Phase)
	require.Positive(t, health.Sent)
	require.Zero(t, health.Failures)
}

// TestOneDeadTargetDisturbsNothing: nobody listens at one, one takes the connection and
// never reads, one refuses the key; the last is served all the same.
func TestOneDeadTargetDisturbsNothing(t *testing.T) {
	noLeak(t)
	l := listen(t)
	sessions := serve(t, l)
	dead := listen(t)
	require.NoError(t, dead.Close())
	silent := listen(t)
	defer func() { _ = silent.Close() }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	targets := []*restream.Target{
		targetAt(t, dead.Addr().String(), secret), targetAt(t, silent.Addr().String(), secret),
		targetAt(t, l.Addr().String(), "the-wrong-key-for-the-target"), targetAt(t, l.Addr().String(), secret),
	}
	var feeds []*restream.Feed
	for _, to := range targets {
		feeds = append(feeds, to.Start(ctx))
	}
	began := time.Now()
	for _, f := range feeds {
		announce(t, f)
		publish(f, 0, 2000) // more than a queue holds
	}
	require.Less(t, time.Since(began), 3*time.Second, "nothing blocks")
	r := <-sessions
	require.Eventually(t, func() bool { return targets[3].Health().Phase == restream.Sending }, 5*time.Second, 5*time.Millisecond)
	publish(feeds[3], 2000, 2100)
	require.Eventually(t, func() bool { return len(r.Units()) > 150 }, 5*time.Second, 5*time.Millisecond)
	require.Eventually(t, func() bool {
		return targets[0].Health().Phase == restream.Failing && targets[2].Health().Phase == restream.Failing
	}, 5*time.Second, 5*time.Millisecond)
	require.NotContains(t, targets[2].Health().Fault, "wrong-key", "no key in a fault")
	require.Contains(t, targets[2].Health().Fault, "refuses")
	require.Equal(t, "the server can't be reached", targets[0].Health().Fault)
	cancel()
	for _, f := range feeds {
		<-f.Done()
	}
}

func TestATargetThatComesBackIsServedAgain(t *testing.T) {
	noLeak(t)
	l := listen(t)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	to := targetAt(t, address, secret)
	f := to.Start(context.Background())
	announce(t, f)
	publish(f, 0, 25)
	require.Eventually(t, func() bool { return to.Health().Failures > 0 }, 5*time.Second, 5*time.Millisecond)
	l, err := net.Listen("tcp", address)
	require.NoError(t, err)
	sessions := serve(t, l)
	i := 25
	require.Eventually(t, func() bool {
		publish(f, i, i+25)
		i += 25
		return to.Health().Phase == restream.Sending
	}, 10*time.Second, 50*time.Millisecond)
	r := <-sessions
	publish(f, i, i+25)
	require.Eventually(t, func() bool { return len(r.Units()) > 10 }, 5*time.Second, 5*time.Millisecond)
	require.True(t, r.Units()[0].Keyframe)
	f.End(nil)
	<-f.Done()
}

func TestAddressesToForwardTo(t *testing.T) {
	for _, text := range []string{"rtmp://host/app", "rtmp://host/", "rtmp://host", "rtmp://host/app/"} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		_, err = restream.NewTarget(u, nil, zerolog.Nop())
		require.Error(t, err, text)
	}
}
