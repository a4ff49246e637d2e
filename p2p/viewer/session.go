package viewer

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/peer"
	"github.com/liverelay/liverelay/p2p/rtc"
	"github.com/liverelay/liverelay/p2p/signal"
	"github.com/liverelay/liverelay/p2p/wire"
)

const (
	agent = "liverelay viewer"
	// tickEvery is how often the core and the playhead are looked at.
	tickEvery = 50 * time.Millisecond
	// maxTracks bounds the renditions of one session: one of video, one of audio.
	maxTracks = 2
)

// serverUpload takes the upload limit that the server names.
const serverUpload = int64(-2)

// settings is what one session is told.
type settings struct {
	watch     *url.URL
	rendition string // "" takes the first video rendition
	upload    int64  // bit/s, 0 unlimited, −1 none, serverUpload
	claim     int64  // bit/s that the tracker is told instead of what the uplink has, 0 for that
	noPeers   bool
	loopback  bool
	uplink    rtc.Uplink
	ordered   bool
	gate      *gate
	log       zerolog.Logger
}

// session is one viewer watching one broadcast. Its loop goroutine owns all of it; what
// comes from other goroutines comes by channels.
type session struct {
	settings
	client   *client
	in       *invitation
	verifier *wire.Verifier
	core     *peer.Core
	play     *playback
	clock    *signal.Clock
	began    time.Time
	leftAt   time.Time

	frames  chan frame
	fetched chan fetchResult
	told    chan trackerEvent
	fetches map[wire.PartID]*fetching
	group   sync.WaitGroup

	transport *rtc.Transport // nil without peers
	tracker   *signal.Client // nil until connected
	connected map[string]struct{}
	parted    map[string]struct{} // the tracker asked to close these
	plans     map[int]signal.Plan // the last ones, by the rendition that leads
	pressed   map[string]int      // bytes that wait in the channels, as last told
	news      news
	following []int
	feeding   *feeding // nil without a feed

	id, secret   string // the last that the tracker gave
	firstAdvance time.Duration
	firstP2P     time.Duration
	signalled    counts // of tracker connections that are over
	standing     *standing
}

// counts is what a viewer and the tracker said to each other.
type counts struct{ bytes, sent, came int64 }

// standing is what a fleet may know of a session that runs.
type standing struct {
	children              [wire.Stripes]atomic.Int32 // peers that it feeds
	http, played, stalled atomic.Int64               // bytes, ns
	playedBytes, stalls   atomic.Int64
	vanish                chan struct{} // closed when its machine loses power
}

// frame is a frame of a feed; without a kind the feed's end.
type frame struct {
	feed    *feeding
	kind    wire.Type
	payload []byte
	err     error
}

// fetching is a request under way.
type fetching struct{ cancel context.CancelFunc }

type fetchResult struct {
	id   wire.PartID
	f    *fetching
	data []byte
	err  error
}

// watchLive joins and watches until ctx ends or the broadcast does, and gives what
// was seen. An error means that nothing was.
func watchLive(ctx context.Context, s settings, st *standing) (result, error) {
	v := &session{
		settings: s, client: newClient(), began: time.Now(),
		frames: make(chan frame, 64), fetched: make(chan fetchResult, 16), told: make(chan trackerEvent, 64),
		fetches: map[wire.PartID]*fetching{}, connected: map[string]struct{}{}, parted: map[string]struct{}{},
		pressed: map[string]int{}, plans: map[int]signal.Plan{}, clock: &signal.Clock{}, standing: st,
	}
	defer v.client.http.CloseIdleConnections()
	inner, cancel := context.WithCancel(ctx)
	err := v.begin(inner)
	if err == nil {
		v.loop(inner)
	}
	v.leftAt = time.Now()
	cancel()
	if v.transport != nil {
		select {
		case <-st.vanish:
			v.transport.Vanish()
		default:
		}
		v.transport.Shutdown(wire.Bye{Code: wire.ByeLeaving}.Append(nil))
	}
	v.group.Wait()
	if err != nil && ctx.Err() == nil {
		return v.result(), err
	}
	return v.result(), nil
}

// now is the core's time.
func (v *session) now() int64 { return time.Since(v.began).Milliseconds() }

// loop runs until ctx ends, or the broadcast has and all of it was played.
func (v *session) loop(ctx context.Context) {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	var events <-chan rtc.Event
	if v.transport != nil {
		events = v.transport.Events()
	}
	for !v.play.ended || v.play.buffer() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-v.standing.vanish:
			return
		case <-tick.C:
			v.tick(ctx)
		case f := <-v.frames:
			v.frame(ctx, f)
		case r := <-v.fetched:
			v.answer(ctx, r)
		case e := <-events:
			v.peerEvent(ctx, e)
		case e := <-v.told:
			v.trackerEvent(ctx, e)
		}
	}
}

func (v *session) tick(ctx context.Context) {
	v.advance(ctx)
	now := v.now()
	v.do(ctx, v.core.Playhead(now, v.play.playhead()))
	for p := range v.connected {
		bytes := v.transport.Buffered(p)
		if bytes != v.pressed[p] {
			v.pressed[p] = bytes
			v.do(ctx, v.core.Pressure(now, p, bytes))
		}
	}
	v.do(ctx, v.core.Tick(now))
	for s, n := range v.core.Children() {
		v.standing.children[s].Store(int32(n))
	}
	v.standing.http.Store(v.client.bytes.Load())
	v.standing.played.Store(int64(v.play.played))
	v.standing.stalled.Store(int64(v.play.stalled))
	v.standing.playedBytes.Store(v.play.playedBytes)
	v.standing.stalls.Store(int64(v.play.stalls))
	v.reportNews()
}

func (v *session) advance(ctx context.Context) {
	now := time.Now()
	before := v.play.stalls
	v.play.advance(now, v.clock.Now(now))
	for _, id := range v.play.released {
		v.do(ctx, v.core.Release(v.now(), id))
	}
	v.play.released = v.play.released[:0]
	if v.play.stalls > before {
		v.logStall()
	}
	if v.play.started && v.firstAdvance == 0 {
		v.firstAdvance = now.Sub(v.began)
	}
}

// logStall says what the playhead waits for.
func (v *session) logStall() {
	rendition, number, headKnown := v.play.missing()
	_, fetching := v.fetches[wire.PartID{Rendition: rendition, Number: number}]
	v.log.Info().Int("rendition", rendition).Uint64("part", number).Bool("head", headKnown).Bool("fetching", fetching).
		Dur("played", v.play.played).Int("peers", len(v.connected)).Msg("Stalled")
}

// frame takes a frame of the feed.
func (v *session) frame(ctx context.Context, f frame) {
	if f.feed != v.feeding {
		return // of one that was ended
	}
	switch f.kind {
	case 0:
		v.feeding = nil
		if !v.play.ended {
			v.do(ctx, v.core.FeedLost(v.now(), retryAfter(f.err)))
		}
	case wire.TypeManifest:
		m, err := v.verifier.Manifest(f.payload, v.clock.Now(time.Now()))
		if err == nil {
			v.play.ended = v.play.ended || !m.Ended.IsZero()
		} else if !errors.Is(err, wire.ErrStale) {
			v.log.Warn().Err(err).Msg("The feed gave a bad manifest")
		}
	case wire.TypeHeads:
		heads, err := v.verifier.Heads(f.payload)
		if err != nil {
			v.log.Warn().Err(err).Msg("The feed gave bad heads")
			return
		}
		v.heads(ctx, heads, f.payload, "")
	case wire.TypeData:
		m, err := wire.DecodeData(f.payload)
		if err != nil {
			v.log.Warn().Err(err).Msg("The feed gave bad data")
			return
		}
		v.do(ctx, v.core.FeedData(v.now(), m.PartID, m.Chunk, m.Bytes))
		v.advance(ctx)
	case wire.TypeInit:
		v.init(f.payload)
	}
}

// init checks an init segment as a player has to.
func (v *session) init(payload []byte) {
	i, err := wire.DecodeInit(payload)
	if err == nil {
		inits := v.verifier.Current().Inits
		if i.Rendition >= len(inits) || i.Number >= len(inits[i.Rendition]) || sha256.Sum256(i.Bytes) != inits[i.Rendition][i.Number] {
			err = errors.New("the init segment does not have the manifest's hash")
		}
	}
	if err != nil {
		v.log.Warn().Err(err).Msg("The feed gave a bad init segment")
	}
}

// heads hands verified heads to the core, and demands the parts that playback wants.
func (v *session) heads(ctx context.Context, heads []media.Head, payload []byte, from string) {
	now := v.now()
	v.do(ctx, v.core.Heads(now, heads, payload, from))
	for i := range heads {
		h := &heads[i]
		if v.play.head(h) {
			v.do(ctx, v.core.Demand(now, wire.PartID{Rendition: h.Rendition, Number: h.Number}))
		}
	}
}

// do carries out what the core wants.
func (v *session) do(ctx context.Context, actions []peer.Action) {
	for _, a := range actions {
		switch a.Kind {
		case peer.Send:
			v.transport.Send(a.Peer, a.Bytes)
		case peer.Close:
			v.disconnect(a.Peer, a.Code, a.Reason)
		case peer.Feed:
			v.log.Debug().Interface("want", a.Want).Int64("at", v.now()).Msg("Feed")
			v.feed(ctx, a.Want, a.Seed)
		case peer.Fetch:
			v.log.Debug().Int("rendition", a.Part.Rendition).Uint64("number", a.Part.Number).Int("first", a.First).
				Int("chunks", a.Count).Int64("at", v.now()).Msg("Fetch")
			v.play.rescue()
			v.fetch(ctx, a)
		case peer.AbortFetch:
			if f := v.fetches[a.Part]; f != nil {
				f.cancel()
				delete(v.fetches, a.Part)
			}
		case peer.Part:
			v.play.arrived(a.Part.Rendition, a.Part.Number, v.clock.Now(time.Now()))
			v.play.part(a.Part.Rendition, a.Part.Number, false)
		case peer.Lost:
			v.play.part(a.Part.Rendition, a.Part.Number, true)
		case peer.Suspect:
			v.log.Debug().Str("peer", a.Peer).Int64("at", v.now()).Msg("Suspect")
			v.news.suspect(a.Peer)
		case peer.Late:
			v.log.Debug().Str("peer", a.Peer).Int("chunks", a.Late).Int64("at", v.now()).Msg("Late")
			v.news.late(a.Peer, a.Late)
		}
	}
}
