package viewer

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/publisher"
	"github.com/liverelay/liverelay/p2p/signal"
)

// world is a small origin and a tracker that connects everybody with everybody: made-up
// parts, a real log of heads, real HTTP, WebSockets and WebRTC.
type world struct {
	*httptest.Server
	log      *publisher.Log
	identity ed25519.PrivateKey
	stop     chan struct{}
	group    sync.WaitGroup

	mu       sync.Mutex
	parts    map[string]*media.Part // by rendition/number
	changed  chan struct{}
	partGets int
	viewers  map[string]*websocket.Conn
	order    []string // of viewers, by age
	serial   uint64
	bare     bool // feeds have heads alone
	spoil    func(rendition string, number uint64, data []byte) []byte
	noFeed   bool
	cuts     int // feeds that were cut off for it

	noTracker bool
	failed    []string // what was reported as failed
}

const epoch = "abcdefghijklmnop"

func newWorld(t *testing.T) *world {
	t.Helper()
	_, identity, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	w := &world{
		identity: identity, stop: make(chan struct{}), changed: make(chan struct{}),
		parts: map[string]*media.Part{}, viewers: map[string]*websocket.Conn{},
	}
	w.log = publisher.New(publisher.Config{Identity: identity, Stream: "demo", Epoch: epoch, Window: 20 * time.Second})
	mux := http.NewServeMux()
	mux.HandleFunc("/live/demo/join", w.join)
	mux.HandleFunc("/live/demo/"+epoch+"/feed", w.feed)
	mux.HandleFunc("/live/demo/"+epoch+"/{rendition}/{name}", w.media)
	mux.HandleFunc("/tracker", w.tracker)
	w.Server = httptest.NewServer(mux)
	w.log.Begin([]media.Rendition{
		{Index: 0, Name: "source", Kind: media.Video}, {Index: 1, Name: "audio", Kind: media.Audio},
	}, media.Timing{PartTarget: part, PartHoldBack: 3 * part, TargetDuration: 2 * time.Second})
	for r := range 2 {
		w.log.Init(media.Init{Rendition: r, Data: []byte("init")})
	}
	for n := range uint64(12) { // there is some past when it begins
		w.publish(n, time.Now().Add(time.Duration(int(n)-12)*part))
	}
	w.group.Go(w.broadcast)
	t.Cleanup(func() {
		close(w.stop)
		w.group.Wait()
		w.CloseClientConnections()
		w.Close()
	})
	return w
}

// broadcast publishes parts in real time.
func (w *world) broadcast() {
	tick := time.NewTicker(part)
	defer tick.Stop()
	for n := uint64(12); ; n++ {
		select {
		case <-w.stop:
			w.log.End()
			return
		case now := <-tick.C:
			w.publish(n, now.Add(-part))
		}
	}
}

func (w *world) publish(n uint64, program time.Time) {
	for r, length := range []int{16_000, 2_000} {
		data := make([]byte, length)
		for i := range data {
			data[i] = byte(rand.Uint32())
		}
		p := &media.Part{
			Rendition: r, Number: n, MSN: n / 8, Index: int(n % 8), Start: time.Duration(n) * part, Duration: part,
			ProgramTime: program, Independent: r == 1 || n%4 == 0, Data: data,
		}
		w.mu.Lock()
		w.parts[fmt.Sprintf("%s/p%d.m4s", []string{"source", "audio"}[r], n)] = p
		close(w.changed)
		w.changed = make(chan struct{})
		w.mu.Unlock()
		w.log.Part(p)
	}
}

func (w *world) join(rw http.ResponseWriter, _ *http.Request) {
	_ = json.NewEncoder(rw).Encode(map[string]any{
		"stream": "demo", "state": "live", "epoch": epoch, "base": epoch + "/", "manifest": w.log.Manifest(),
		"publicKey": base64.RawURLEncoding.EncodeToString(w.identity.Public().(ed25519.PublicKey)),
		"tracker":   "../../tracker", "now": time.Now().UnixMilli(), "p2p": map[string]any{"mode": "auto"},
	})
}

func (w *world) feed(rw http.ResponseWriter, r *http.Request) {
	from := map[string]uint64{}
	for _, item := range strings.Split(r.URL.Query().Get("from"), ",") {
		if name, number, found := strings.Cut(item, ":"); found {
			from[name], _ = strconv.ParseUint(number, 10, 64)
		}
	}
	names := strings.Split(r.URL.Query().Get("r"), ",")
	_ = w.log.Serve(r.Context(), names, from, w.stripes(r), func(frames [][]byte) error {
		w.mu.Lock()
		cut := w.noFeed
		if cut {
			w.cuts++
		}
		w.mu.Unlock()
		if cut {
			panic(http.ErrAbortHandler)
		}
		for _, frame := range frames {
			if _, err := rw.Write(frame); err != nil {
				return err
			}
		}
		return http.NewResponseController(rw).Flush()
	})
}

// stripes reads a query as a viewer writes it: name:all or name:0.3.
func (w *world) stripes(r *http.Request) map[string]uint8 {
	stripes := map[string]uint8{}
	for _, item := range strings.Split(r.URL.Query().Get("stripes"), ",") {
		name, list, _ := strings.Cut(item, ":")
		for _, s := range strings.Split(list, ".") {
			if s == "all" {
				stripes[name] = 63
			} else if n, err := strconv.Atoi(s); err == nil {
				stripes[name] |= 1 << n
			}
		}
	}
	if w.bare {
		return nil
	}
	return stripes
}

// media answers with a part, held until it exists.
func (w *world) media(rw http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.PathValue("name"), "init") {
		_, _ = rw.Write([]byte("init"))
		return
	}
	key := r.PathValue("rendition") + "/" + r.PathValue("name")
	for {
		w.mu.Lock()
		p, changed, spoil := w.parts[key], w.changed, w.spoil
		if p != nil {
			w.partGets++
		}
		w.mu.Unlock()
		if p != nil {
			data := p.Data
			if spoil != nil {
				data = spoil(r.PathValue("rendition"), p.Number, data)
			}
			http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(data))
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		case <-w.stop:
			return
		}
	}
}

// tracker connects each newcomer with everybody, and passes messages on.
func (w *world) tracker(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	refuse := w.noTracker
	w.mu.Unlock()
	if refuse {
		http.Error(rw, "no tracker", http.StatusServiceUnavailable)
		return
	}
	socket, err := websocket.Accept(rw, r, &websocket.AcceptOptions{Subprotocols: []string{"liverelay.1"}})
	if err != nil {
		return
	}
	defer func() { _ = socket.CloseNow() }()
	id := fmt.Sprintf("%016x", rand.Uint64())
	for {
		_, data, err := socket.Read(r.Context())
		var m signal.Message
		if err != nil || json.Unmarshal(data, &m) != nil {
			w.mu.Lock()
			delete(w.viewers, id)
			w.order = slices.DeleteFunc(w.order, func(other string) bool { return other == id })
			w.plan(context.WithoutCancel(r.Context()))
			w.mu.Unlock()
			return
		}
		w.tracked(r.Context(), id, socket, m)
	}
}

func (w *world) tracked(ctx context.Context, id string, socket *websocket.Conn, m signal.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	tell := func(s *websocket.Conn, m signal.Message) { tell(ctx, s, m) }
	switch m.Type {
	case "join":
		tell(socket, signal.Message{Type: "welcome", Peer: id})
		for other, s := range w.viewers {
			tell(s, signal.Message{Type: "connect", Peer: id, Role: "answer"})
			tell(socket, signal.Message{Type: "connect", Peer: other, Role: "offer"})
		}
		w.viewers[id] = socket
		w.order = append(w.order, id)
		w.plan(ctx)
	case "report":
		w.failed = append(w.failed, m.Failed...)
	case "ping":
		tell(socket, signal.Message{Type: "pong", T: m.T, Now: time.Now().UnixMilli()})
	case "offer", "answer", "candidate":
		if s := w.viewers[m.Peer]; s != nil {
			m.Peer = id
			tell(s, m)
		}
	}
}

func tell(ctx context.Context, s *websocket.Conn, m signal.Message) {
	b, _ := json.Marshal(m)
	_ = s.Write(ctx, websocket.MessageText, b)
}

// plan lets everybody take each stripe from somebody older.
func (w *world) plan(ctx context.Context) {
	for i, id := range w.order {
		w.serial++
		m := signal.Message{Type: "plan", Serial: w.serial, Renditions: []int{0, 1}}
		for s := range 6 {
			source := signal.Source{}
			if i > 0 {
				source.Parent = w.order[s%i]
			}
			if i > 1 {
				source.Standby = w.order[(s+1)%i]
			}
			m.Stripes = append(m.Stripes, source)
		}
		tell(ctx, w.viewers[id], m)
	}
}

// loseTracker closes all WebSockets and refuses new ones.
func (w *world) loseTracker() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noTracker = true
	for _, s := range w.viewers {
		_ = s.CloseNow()
	}
}

func (w *world) watch() string { return w.URL + "/live/demo" }

// viewer lets somebody watch until leave is called, which gives what they saw.
func (w *world) viewer(t *testing.T) (st *standing, leave func() result) {
	t.Helper()
	watch, err := url.Parse(w.watch())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	st = &standing{vanish: make(chan struct{})}
	seen := make(chan result, 1)
	w.group.Go(func() {
		r, _ := watchLive(ctx, settings{watch: watch, upload: serverUpload, loopback: true, gate: newGate()}, st)
		seen <- r
	})
	return st, func() result {
		cancel()
		return <-seen
	}
}

// atLast waits for what a slow machine takes long for; how long says nothing.
func atLast(t *testing.T, is func() bool, what string) {
	t.Helper()
	require.Eventually(t, is, time.Minute, 5*time.Millisecond, what)
}

// moreThanAhead is more than a viewer has ahead of what it plays: to play that, it has to
// get something.
const moreThanAhead = 3 * time.Second

// playsOn waits until a viewer has played so much more, with as many pauses as it takes.
func playsOn(t *testing.T, st *standing, more time.Duration) {
	t.Helper()
	from := st.played.Load()
	atLast(t, func() bool { return st.played.Load() > from+int64(more) }, "it plays on")
}
