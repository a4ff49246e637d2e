package origin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// madeUp is a Painter with a swarm that no tracker has planned: clusters of six, each
// below the one before, and a leaf.
type madeUp struct {
	clusters int
	drawn    atomic.Int64
}

func (m *madeUp) Picture(stream string) []Peer {
	m.drawn.Add(1)
	if stream != "demo" {
		return nil
	}
	var peers []Peer
	id := func(cluster, member int) string {
		if cluster == 0 {
			return ""
		}
		return fmt.Sprintf("%06dsecretpart", cluster*10+member)
	}
	for cluster := 1; cluster <= m.clusters; cluster++ {
		for member := range stripeCount {
			p := Peer{ID: id(cluster, member), Cluster: cluster, Depth: (cluster - 1) / 2, Hops: cluster, Holds: []int{member}, Slots: 12, Used: 5, Connections: 6}
			for stripe := range p.Parents {
				p.Parents[stripe] = id(cluster, stripe)
			}
			p.Parents[member] = id(cluster/2, member)
			p.Standbys[member] = id(cluster, (member+1)%stripeCount)
			peers = append(peers, p)
		}
	}
	leaf := Peer{ID: "leaf567890123456", Cluster: 100, Leaf: true, Depth: 1, Hops: 2}
	for stripe := range leaf.Parents {
		leaf.Parents[stripe] = id(1, stripe)
	}
	return append(peers, leaf)
}

func TestPictureOfASwarm(t *testing.T) {
	painter := &madeUp{clusters: 2}
	d := newDaemon(t, func(s *Server) { s.Painter = painter })
	var a pictureAnswer
	answer := d.json("/api/v1/streams/demo/swarm", &a)
	require.Equal(t, 13, a.Total)
	require.Equal(t, "240p", a.Renditions[0].Name)
	require.Equal(t, [stripeCount]string{"", "000011", "000012", "000013", "000014", "000015"}, a.Peers[0].Parents)
	require.Equal(t, "000010", a.Peers[6].Parents[0])
	require.Equal(t, "000011", a.Peers[0].Standbys[0])
	require.True(t, a.Peers[12].Leaf)
	require.NotContains(t, answer.body, "secretpart", "ids are shortened")
	require.Empty(t, answer.Header.Get("Access-Control-Allow-Origin"))
	for range 5 {
		d.get("/api/v1/streams/demo/swarm")
	}
	require.EqualValues(t, 1, painter.drawn.Load(), "drawn once a second")
	d.clock.move(time.Second)
	d.get("/api/v1/streams/demo/swarm")
	require.EqualValues(t, 2, painter.drawn.Load())
	require.JSONEq(t, `{"stream":"quiet","renditions":[],"total":0,"peers":[]}`, d.get("/api/v1/streams/quiet/swarm").body)
}

func TestPictureOfALargeSwarmIsBounded(t *testing.T) {
	d := newDaemon(t, func(s *Server) { s.Painter = &madeUp{clusters: 1000} })
	var a pictureAnswer
	require.NoError(t, json.Unmarshal([]byte(d.get("/api/v1/streams/demo/swarm").body), &a))
	require.Equal(t, 6001, a.Total)
	require.Len(t, a.Peers, maxPeers)
}

func TestSwarmPage(t *testing.T) {
	d := newDaemon(t, func(s *Server) { s.Painter = &madeUp{} })
	a := d.get("/live/demo/swarm", "Accept", "text/html")
	require.Equal(t, http.StatusOK, a.StatusCode)
	require.Contains(t, a.body, `data-source="../../api/v1/streams/demo/swarm"`)
	require.Equal(t, swarmPolicy, a.Header.Get("Content-Security-Policy"))
	require.NotRegexp(t, `<script[^>]*>[^<]`, a.body)
	_, script, _ := strings.Cut(a.body, `src="../../`)
	script, _, _ = strings.Cut(script, `"`)
	served := d.get("/" + script)
	require.Equal(t, scriptType, served.Header.Get("Content-Type"))
	require.Equal(t, cacheForever, served.Header.Get("Cache-Control"))
	require.NotContains(t, served.body, "innerHTML")
	require.Contains(t, d.get("/live/nasty/swarm").body, "Swarm of &#34;&gt;&lt;script&gt;")
}

func TestThereIsNoPictureUnlessConfigured(t *testing.T) {
	d := newDaemon(t)
	for _, path := range []string{"/live/demo/swarm", "/api/v1/streams/demo/swarm"} {
		require.Equal(t, http.StatusNotFound, d.get(path).StatusCode)
	}
	with := newDaemon(t, func(s *Server) { s.Painter = &madeUp{} })
	require.Equal(t, http.StatusNotFound, with.get("/live/unknown/swarm").StatusCode)
	require.Equal(t, http.StatusNotFound, with.get("/api/v1/streams/unknown/swarm").StatusCode)
	require.Equal(t, http.StatusNotFound, with.get("/api/v1/streams/demo/other").StatusCode)
}
