package rtmp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/broadcast"
	"github.com/liverelay/liverelay/ingest/rtmp"
	"github.com/liverelay/liverelay/media"
)

// publisher publishes with an implementation that is independent of the server's.
func publisher(t *testing.T, address, key string, config *tls.Config) (*gortmplib.Client, error) {
	t.Helper()
	scheme := "rtmp"
	if config != nil {
		scheme = "rtmps"
	}
	c := &gortmplib.Client{URL: &url.URL{Scheme: scheme, Host: address, Path: "/live", Fragment: key}, Publish: true, TLSConfig: config}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.Initialize(ctx); err != nil {
		return nil, err
	}
	t.Cleanup(c.Close)
	return c, nil
}

// Parameter sets of libx264 for 320x180 at 30 fps.
var (
	spsAVC = configAVC[13:37]
	ppsAVC = configAVC[40:46]
)

func stereo() *mpeg4audio.AudioSpecificConfig {
	return &mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelConfig: 2}
}

func publishUnits(t *testing.T, c *gortmplib.Client) {
	t.Helper()
	v := &gortmplib.Track{Codec: &codecs.H264{SPS: spsAVC, PPS: ppsAVC}}
	a := &gortmplib.Track{Codec: &codecs.MPEG4Audio{Config: stereo()}}
	w := &gortmplib.Writer{Conn: c, Tracks: []*gortmplib.Track{v, a}}
	require.NoError(t, w.Initialize())
	for i := range 10 {
		at := time.Hour + time.Duration(i)*40*time.Millisecond
		nal := []byte{0x41, 1, 2, 3}
		if i%5 == 0 {
			nal = []byte{0x65, 1, 2, 3}
		}
		require.NoError(t, w.WriteH264(v, at+40*time.Millisecond, at, [][]byte{nal}))
		require.NoError(t, w.WriteMPEG4Audio(a, at, []byte{1, 2, 3}))
	}
}

func checkGortmp(t *testing.T, s *studio) {
	t.Helper()
	r := s.first(t)
	require.Eventually(t, func() bool { return len(r.all()) == 20 }, 5*time.Second, time.Millisecond)
	units := r.all()
	checkUnits(t, units)
	video, audio, keys := tally(units)
	require.Equal(t, []int{10, 10, 2}, []int{video, audio, keys})
	require.Equal(t, 400*time.Millisecond, units[18].PTS)
	require.Equal(t, []byte{0, 0, 0, 4, 0x65, 1, 2, 3}, units[0].Data)
	require.Equal(t, []byte{1, 2, 3}, units[1].Data)
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Len(t, r.tracks, 2)
	require.Equal(t, 320, r.tracks[0].Width)
}

func TestGortmplibPublishes(t *testing.T) {
	s := open(t, nil)
	c, err := publisher(t, s.address, testKey, nil)
	require.NoError(t, err)
	publishUnits(t, c)
	checkGortmp(t, s)

	_, err = publisher(t, s.address, "not-a-key", nil)
	require.ErrorContains(t, err, "NetStream.Publish.BadName")
}

// TestPassedThroughCodecs sends what Enhanced RTMP adds: HEVC and Opus.
func TestPassedThroughCodecs(t *testing.T) {
	s := open(t, nil)
	c, err := publisher(t, s.address, testKey, nil)
	require.NoError(t, err)
	v := &gortmplib.Track{Codec: &codecs.H265{}} // its writer has parameter sets of its own
	a := &gortmplib.Track{Codec: &codecs.Opus{IDHeader: &opus.IDHeader{Version: 1, ChannelCount: 2}}}
	w := &gortmplib.Writer{Conn: c, Tracks: []*gortmplib.Track{v, a}}
	require.NoError(t, w.Initialize())
	require.NoError(t, w.WriteH265(v, 0, 0, [][]byte{{0x26, 1, 2}})) // it doesn't mark keyframes
	require.NoError(t, w.WriteOpus(a, 0, []byte{0xfc, 1}))
	require.NoError(t, w.WriteH265(v, 80*time.Millisecond, 40*time.Millisecond, [][]byte{{2, 1, 2}}))
	r := s.first(t)
	require.Eventually(t, func() bool { return len(r.all()) == 3 }, 5*time.Second, time.Millisecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Equal(t, media.HEVC, r.tracks[0].Codec)
	require.Equal(t, 540, r.tracks[0].Height)
	require.Equal(t, media.Opus, r.tracks[1].Codec)
	require.Equal(t, 48000, r.tracks[1].SampleRate)
	require.Equal(t, []byte{0xfc, 1}, r.units[1].Data)
	require.Equal(t, 80*time.Millisecond, r.units[2].PTS)
}

func TestKeyWithinTheAddress(t *testing.T) {
	s := open(t, nil)
	c := &gortmplib.Client{URL: &url.URL{Scheme: "rtmp", Host: s.address, Path: "/live/" + testKey}, Publish: true}
	require.NoError(t, c.Initialize(context.Background()))
	defer c.Close()
	publishUnits(t, c)
	checkGortmp(t, s)
}

func TestAnotherApplicationIsRejected(t *testing.T) {
	s := open(t, nil)
	out, err := ffmpeg(t, append(picture("1"), "rtmp://"+s.address+"/stream/"+testKey)...)
	require.Error(t, err)
	require.Contains(t, out, "The server address ends in /live.")
}

func certificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func TestRTMPS(t *testing.T) {
	config := certificate(t)
	config.NextProtos = []string{"h2", "http/1.1"} // shared with HTTP
	s := open(t, func(s *rtmp.Server) { s.TLS = config })
	c, err := publisher(t, s.address, testKey, &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	publishUnits(t, c)
	checkGortmp(t, s)
	_, err = publisher(t, s.address, "not-a-key", &tls.Config{InsecureSkipVerify: true})
	require.ErrorContains(t, err, "NetStream.Publish.BadName")
	require.Contains(t, dial(t, s.address).publish(otherKey), "NetStream.Publish.Start", "without TLS on the same port")
}

func TestTLSWithoutCertificate(t *testing.T) {
	s := open(t, nil)
	_, err := publisher(t, s.address, testKey, &tls.Config{InsecureSkipVerify: true})
	require.Error(t, err)
}

func TestEnhancedRTMP(t *testing.T) {
	s := open(t, nil)
	c := dial(t, s.address)
	c.handshake()
	c.send(chunks(3, 0, 20, 0, amf("connect", 1, map[string]any{"app": "live", "fourCcList": []any{"hvc1", "av01"}}), 128))
	answer := c.command()
	for _, word := range []string{"NetConnection.Connect.Success", "fourCcList", "videoFourCcInfoMap", "hvc1", "av01", "Opus"} {
		require.Contains(t, answer, word)
	}
	plain := dial(t, s.address)
	plain.handshake()
	plain.send(chunks(3, 0, 20, 0, amf("connect", 7, map[string]any{"app": "live"}), 128))
	answer = plain.command()
	require.NotContains(t, answer, "fourCc")
	require.Contains(t, answer, string(amf("_result", 7)), "the transaction is the client's")
}

func TestTheEndOfABroadcast(t *testing.T) {
	for name, c := range map[string]struct {
		leave func(c *raw)
		clean bool
	}{
		"FCUnpublish":     {func(c *raw) { c.send(chunks(3, 0, 20, 0, amf("FCUnpublish", 6, nil, testKey), 128)) }, true},
		"deleteStream":    {func(c *raw) { c.send(chunks(3, 0, 20, 0, amf("deleteStream", 7, nil, 1), 128)) }, true},
		"closeStream":     {func(c *raw) { c.send(chunks(3, 0, 20, 1, amf("closeStream", 7, nil), 128)) }, true},
		"connection lost": {func(c *raw) { _ = c.Close() }, false},
		"idle":            {func(*raw) {}, false},
		"dripping": {func(c *raw) {
			c.send(header(6, 80, 5000, 9, 1))
			drip := time.NewTicker(50 * time.Millisecond)
			defer drip.Stop()
			for range 40 {
				if _, err := c.Write([]byte{0}); err != nil {
					return
				}
				<-drip.C
			}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, func(s *rtmp.Server) { s.Idle = 500 * time.Millisecond })
			p := live(t, s)
			p.send(video(0, frame(true, 10)))
			r := s.first(t)
			c.leave(p)
			require.Eventually(t, r.isEnded, 3*time.Second, time.Millisecond)
			r.mu.Lock()
			defer r.mu.Unlock()
			require.Equal(t, c.clean, r.reason == nil, "%v", r.reason)
			require.NotContains(t, s.log.String(), p.LocalAddr().String(), "no addresses in the log")
		})
	}
}

func TestTakeover(t *testing.T) {
	s := open(t, nil)
	old := live(t, s)
	old.send(video(0, frame(true, 10)))
	first := s.first(t)
	require.Contains(t, dial(t, s.address).publish(testKey), "NetStream.Publish.BadName", "it has just sent media")
	var fresh *raw
	require.Eventually(t, func() bool {
		fresh = dial(t, s.address)
		return strings.Contains(fresh.publish(testKey), "NetStream.Publish.Start")
	}, 5*time.Second, 200*time.Millisecond)
	require.Eventually(t, first.isEnded, 5*time.Second, time.Millisecond)
	old.gone(5 * time.Second)
	require.ErrorIs(t, first.reason, broadcast.ErrReplaced)
	fresh.send(video(0, configAVC), video(0, frame(true, 10)))
	require.Eventually(t, func() bool { return len(s.opened()) == 2 && s.opened()[1].count(media.Video) == 1 }, 5*time.Second, time.Millisecond)
	require.NotEqual(t, first.info.Epoch, s.opened()[1].info.Epoch)
}

func TestRunEndsWithItsContext(t *testing.T) {
	registry := broadcast.New(nil, &studio{}, testLog())
	s := &rtmp.Server{Address: "127.0.0.1:0", Log: testLog(), Publisher: rtmp.PublisherFunc(func(key, remote string) (rtmp.Session, error) {
		return registry.Publish(key, remote)
	})}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.NoError(t, s.Run(ctx))
	s.Address = "256.0.0.1:0"
	require.Error(t, s.Run(context.Background()))
}
