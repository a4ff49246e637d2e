package viewer

import (
	"slices"
	"time"

	"github.com/liverelay/liverelay/p2p/signal"
)

const (
	// reportEvery is how often the tracker hears of this viewer, and newsEvery when
	// something has happened.
	reportEvery, newsEvery = 10 * time.Second, 250 * time.Millisecond
	// maxNews bounds the peers in one list of a report.
	maxNews = 64
)

// news is what the tracker is to be told.
type news struct {
	failed, suspected []string
	delayed           map[string]int
	urgent            bool
	told              time.Time
}

func (n *news) fail(peer string) {
	if len(n.failed) < maxNews {
		n.failed = append(n.failed, peer)
	}
	n.urgent = true
}

// forget takes back what the tracker itself brought about.
func (n *news) forget(peer string) {
	n.failed = slices.DeleteFunc(n.failed, func(other string) bool { return other == peer })
}

func (n *news) suspect(peer string) {
	if len(n.suspected) < maxNews && !slices.Contains(n.suspected, peer) {
		n.suspected = append(n.suspected, peer)
	}
	n.urgent = true
}

func (n *news) late(peer string, count int) {
	if n.delayed == nil {
		n.delayed = map[string]int{}
	}
	if _, known := n.delayed[peer]; known || len(n.delayed) < maxNews {
		n.delayed[peer] += count
	}
}

// reportNews tells the tracker of what happened, soon, and of the rest now and then.
func (v *session) reportNews() {
	since := time.Since(v.news.told)
	if v.tracker == nil || since < newsEvery || !v.news.urgent && since < reportEvery {
		return
	}
	stats := v.core.Stats()
	m := signal.Message{
		Type: "report", Connected: v.neighbours(), Failed: v.news.failed, Suspect: v.news.suspected, Late: v.news.delayed,
		HTTPBytes: v.client.bytes.Load(), P2PBytes: stats.P2PBytes, UploadedBytes: stats.UploadedBytes,
	}
	v.news = news{told: time.Now()}
	v.tracker.Say(m)
}

// neighbours are those with open connections.
func (v *session) neighbours() []string {
	all := make([]string, 0, len(v.connected))
	for peer := range v.connected {
		if len(all) < maxNews {
			all = append(all, peer)
		}
	}
	return all
}
