package origin

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (d *daemon) join(path string, header ...string) joinAnswer {
	d.t.Helper()
	a := d.get(path, header...)
	require.Equal(d.t, http.StatusOK, a.StatusCode)
	require.Equal(d.t, cacheNever, a.Header.Get("Cache-Control"))
	require.Equal(d.t, "*", a.Header.Get("Access-Control-Allow-Origin"))
	var j joinAnswer
	require.NoError(d.t, json.Unmarshal([]byte(a.body), &j))
	return j
}

func TestJoin(t *testing.T) {
	d := newDaemon(t)
	j := d.join("/live/demo/join")
	require.Equal(t, joinAnswer{
		Stream: "demo", Title: "A demo", State: "live", Epoch: epoch, Base: epoch + "/", Playlist: "index.m3u8",
		Manifest: "c2lnbmVkIG1hbmlmZXN0", PublicKey: "a2V5", Tracker: "../../tracker", Token: "demo for ",
		ICEServers: []iceServer{{URLs: []string{"stun:127.0.0.1:3478"}}},
		P2P:        p2pAnswer{Mode: "auto", MinAudience: 2}, Now: d.clock.now().UnixMilli(), Version: "1.2.3",
	}, j)
	require.Equal(t, "demo for https://blog.example", d.join("/live/demo/join", "Origin", "https://blog.example").Token)
	require.Equal(t, "demo for ", d.join("/live/demo/join", "Origin", d.url).Token)
	require.Equal(t, []string{"stun:[2001:db8::1]:3478"}, d.join("/live/demo/join", "Host", "[2001:db8::1]:8080").ICEServers[0].URLs)
	d.Catalog.End("demo", epoch)
	require.Equal(t, "ended", d.join("/live/demo/join").State)
	d.clock.move(time.Minute + time.Second)
	j = d.join("/live/demo/join")
	require.Equal(t, "waiting", j.State)
	require.Empty(t, j.Epoch+j.Base+j.Playlist+j.Manifest)
}

// A publisher that is away keeps nobody from joining, and all who ask are told.
func TestJoinWhileThePublisherIsAway(t *testing.T) {
	d := newDaemon(t)
	d.Catalog.Away("demo", epoch, true)
	j := d.join("/live/demo/join?wait=1")
	require.Equal(t, "interrupted", j.State)
	require.Equal(t, epoch, j.Epoch)
	require.NotEmpty(t, j.Manifest)
	require.Equal(t, http.StatusOK, d.get("/live/demo/index.m3u8").StatusCode)
	require.Contains(t, d.get("/api/v1/streams/demo").body, `"state":"interrupted"`)
	require.Contains(t, d.get("/").body, "A demo", "it is live still")
	require.Contains(t, d.metricsText(), `liverelay_stream_interrupted{stream="demo"} 1`)
	d.Catalog.Away("demo", epoch, false)
	require.Equal(t, "live", d.join("/live/demo/join").State)
}

func TestJoinURLsLeadSomewhere(t *testing.T) {
	d := newDaemon(t, func(s *Server) { s.PublicURL = "https://example.org/tv" })
	for _, prefix := range []string{"", "/tv"} {
		at, err := url.Parse(d.url + prefix + "/live/demo/join")
		require.NoError(t, err)
		j := d.join(prefix + "/live/demo/join")
		require.Equal(t, "stun:example.org:3478", j.ICEServers[0].URLs[0])
		for _, relative := range []string{j.Playlist, j.Base + "manifest", j.Base + "240p/init0.mp4", j.Tracker} {
			to, err := at.Parse(relative)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, d.get(to.Path).StatusCode, to.Path)
		}
	}
}

func TestJoinWithoutSharing(t *testing.T) {
	d := newDaemon(t)
	j := d.join("/live/quiet/join")
	require.Equal(t, "none", j.P2P.Mode)
	require.Empty(t, j.Tracker+j.Token)
	require.Empty(t, j.ICEServers)
	require.NotNil(t, j.ICEServers)
}

func TestJoinWaits(t *testing.T) {
	d := newDaemon(t)
	require.Equal(t, epoch, d.join("/live/demo/join?wait=1").Epoch, "a live one is taken at once")
	require.Equal(t, epoch, d.join("/live/demo/join?wait=1&after=older").Epoch)
	held := d.later("/live/demo/join?wait=1&after=" + epoch)
	d.untilHeld(kindJoin)
	d.Catalog.End("demo", epoch)
	next := newMemory(0)
	next.ready = false
	d.Catalog.Begin(Live{Stream: "demo", Epoch: "next", Media: next})
	require.Equal(t, "waiting", d.join("/live/demo/join").State, "not before it can be played")
	next.setReady()
	a := <-held
	require.Contains(t, a.body, `"epoch":"next"`)
	require.Equal(t, http.StatusBadRequest, d.get("/live/demo/join?wait=1&wait=1").StatusCode)
}

func TestFeed(t *testing.T) {
	d := newDaemon(t)
	response := d.open(t.Context(), http.MethodGet, base+"feed?r=240p,audio&from=240p:7&stripes=240p:0.3", "User-Agent", "follower")
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, octets, response.Header.Get("Content-Type"))
	require.Equal(t, "no-store, no-transform", response.Header.Get("Cache-Control"))
	require.Equal(t, "*", response.Header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "[240p audio] map[240p:7] map[240p:9]", <-d.heads.asked)
	reader := bufio.NewReader(response.Body)
	for _, frame := range []string{"manifest|", "heads|", "more heads|"} {
		if frame != "manifest|" {
			d.heads.frames <- frame
		}
		got, err := reader.ReadString('|') // each frame arrives before the next is made
		require.NoError(t, err)
		require.Equal(t, frame, got)
	}
	close(d.heads.frames)
	_, err := reader.ReadByte()
	require.Error(t, err)
	require.NoError(t, response.Body.Close())
}

func TestFeedOfAllRenditions(t *testing.T) {
	d := newDaemon(t)
	response := d.open(t.Context(), http.MethodGet, base+"feed?stripes=all")
	require.Equal(t, "[240p audio] map[] map[240p:63 audio:63]", <-d.heads.asked)
	require.NoError(t, response.Body.Close())
}

func TestFeedRefusals(t *testing.T) {
	d := newDaemon(t)
	d.Catalog.Begin(Live{Stream: "quiet", Epoch: "quiet", Media: d.media})
	for path, status := range map[string]int{
		base + "feed?r=720p": 400, base + "feed?r=,": 400, base + "feed?from=x": 400,
		base + "feed?stripes=6": 400, base + "feed?r=240p&stripes=audio:1": 400,
		"/live/demo/older/feed": 404, "/live/quiet/quiet/feed": 404, "/live/quiet/quiet/manifest": 404,
	} {
		require.Equal(t, status, d.get(path).StatusCode, path)
	}
	a := d.do(http.MethodHead, base+"feed")
	require.Equal(t, http.StatusOK, a.StatusCode)
	a = d.get(base + "manifest")
	require.Equal(t, "signed manifest", a.body)
	require.Equal(t, octets, a.Header.Get("Content-Type"))
}

func TestAFollowerIsAViewerUntilItLeaves(t *testing.T) {
	d := newDaemon(t)
	d.begin("quiet", "quiet")
	ctx, cancel := context.WithCancel(t.Context())
	first := d.open(ctx, http.MethodGet, "/live/quiet/quiet/feed")
	second := d.open(ctx, http.MethodGet, "/live/quiet/quiet/feed")
	require.Equal(t, 2, d.viewers("quiet"), "two players behind one address are two")
	d.get("/live/quiet/quiet/240p/p1.m4s")
	require.Equal(t, 2, d.viewers("quiet"), "the media they take does not make them more")
	cancel()
	require.NoError(t, first.Body.Close())
	require.NoError(t, second.Body.Close())
	d.clock.move(sessionAge + time.Second)
	require.Eventually(t, func() bool { return d.viewers("quiet") == 0 }, 5*time.Second, time.Millisecond)
}

func TestAudienceIsBoundedAndForgetsItsSalt(t *testing.T) {
	a := newAudience()
	now := time.Unix(1_800_000_000, 0)
	address := netip.MustParseAddr("192.0.2.1")
	a.took(address, "agent", now)
	before := a.key(address, "agent")
	a.took(address, "agent", now.Add(saltAge+time.Second))
	require.NotEqual(t, before, a.key(address, "agent"))
	require.Equal(t, 1, a.viewers(now.Add(saltAge+time.Second)))

	now = now.Add(saltAge + time.Minute)
	for i := range maxSessions + 10 {
		a.took(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), "agent", now)
	}
	require.Equal(t, maxSessions, a.viewers(now))
	a.follow(address, "one too many", now)()
	require.Equal(t, maxSessions, a.viewers(now))
	require.Zero(t, a.viewers(now.Add(sessionAge+time.Second)))
}

func TestCatalog(t *testing.T) {
	at := &clock{at: time.Unix(1_800_000_000, 0)}
	c := NewCatalog(at.now)
	m := newMemory(0)
	m.ready = false
	c.Begin(Live{Stream: "demo", Epoch: "one", Media: m})
	phase := func() Phase { _, p := c.Current("demo"); return p }
	require.Equal(t, Waiting, phase())
	_, found := c.Find("demo", "one")
	require.True(t, found, "its media can be had before it is playable")
	next, _ := c.sweep()
	require.Equal(t, readyPoll, next)
	m.setReady()
	next, _ = c.sweep()
	require.Equal(t, Playable, phase())
	require.Equal(t, endedFor, next)
	c.End("demo", "another")
	c.Away("demo", "another", true)
	require.Equal(t, Playable, phase())
	c.Away("demo", "one", true)
	require.Equal(t, Interrupted, phase())
	c.Away("demo", "one", false)
	require.Equal(t, Playable, phase())
	c.Away("demo", "one", true)
	c.End("demo", "one")
	require.Equal(t, Ended, phase())
	at.move(endedFor + time.Second)
	require.Equal(t, Waiting, phase())
	_, found = c.Find("demo", "one")
	require.False(t, found)
	c.sweep()
	require.Empty(t, c.entries)

	c.Begin(Live{Stream: "demo", Epoch: "two", Media: m})
	c.sweep()
	_, found = c.Find("demo", "one")
	require.False(t, found)
	live, p := c.wait(t.Context(), "demo", func(l Live, _ Phase) bool { return l.Epoch == "two" })
	require.Equal(t, "two", live.Epoch)
	require.Equal(t, "live", p.String())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, p = c.wait(ctx, "other", func(Live, Phase) bool { return false })
	require.Equal(t, "waiting", p.String())
}
