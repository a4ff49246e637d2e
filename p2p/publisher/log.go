package publisher

import (
	"crypto/ed25519"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/p2p/wire"
)

const (
	// heartbeat is how often a new manifest is issued.
	heartbeat = 5 * time.Second
	// validity is how long a certificate holds; it is renewed at half of it.
	validity = 24 * time.Hour
	// maxEntries bounds the log, whatever the window: 40 s of 32 renditions with 250 ms
	// parts are 5,120.
	maxEntries = 8192
	// maxMedia bounds the media that is kept for feeds, in bytes. It is the segmenter's
	// own, so that it costs memory only where the segmenter has let go of it.
	maxMedia = 256 << 20
)

// Config is what a Log needs.
type Config struct {
	// Identity is the stream's key; a fresh broadcast key is made for each Log that goes
	// on with none.
	Identity      ed25519.PrivateKey
	Stream, Epoch string
	// Window is how much of the broadcast's timeline is kept.
	Window time.Duration
	// Memory is of the Log that another process left off with; nil for a new broadcast.
	Memory *Memory
	// Now is the clock; nil takes time.Now.
	Now func() time.Time
	// Log says what could not be signed; the zero Logger says nothing.
	Log zerolog.Logger
}

// Log is the signed record of one broadcast. Begin, Init, Part and End come from one
// goroutine (they make it a sink of the segmenter); Manifest and Feed may be called
// from any.
type Log struct {
	cfg    Config
	key    ed25519.PrivateKey
	signer *wire.Signer
	expiry time.Time

	mu sync.Mutex
	// changed is closed and replaced whenever something is added.
	changed  chan struct{}
	manifest media.Manifest
	payload  []byte // the newest signed manifest
	entries  []entry
	first    uint64 // position of entries[0]
	ended    bool
	inits    [][][]byte // frames, by rendition and number; nil for those of another process
	media    int64      // bytes that entries carry
	bare     uint64     // position of the first entry that may carry media
}

// entry is one frame of the log: a batch of heads or a manifest.
type entry struct {
	frame []byte
	heads []mark     // none for a manifest
	media []*carried // of the heads; nil once it had to be let go
	added time.Time
}

// mark is what a feed needs to know of a head to choose.
type mark struct {
	rendition   int
	number      uint64
	start, end  time.Duration
	independent bool
}

// New makes the log of one broadcast.
func New(cfg Config) *Log {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	l := &Log{cfg: cfg, changed: make(chan struct{})}
	if cfg.Memory != nil {
		l.remember(*cfg.Memory)
	}
	if l.key == nil {
		// With a nil source the key comes from the system's random numbers, which cannot fail.
		_, l.key, _ = ed25519.GenerateKey(nil)
	}
	l.certify()
	return l
}

func (l *Log) certify() {
	l.expiry = l.cfg.Now().Add(validity)
	l.signer = wire.NewSigner(l.cfg.Identity, l.key, l.cfg.Stream, l.cfg.Epoch, l.expiry)
}

// Begin fixes the renditions and issues the first manifest.
func (l *Log) Begin(renditions []media.Rendition, timing media.Timing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.manifest.Started.IsZero() {
		l.manifest.Started = l.cfg.Now()
	}
	l.manifest.Timing = timing
	l.manifest.Renditions = renditions
	l.inits = make([][][]byte, len(renditions))
	if len(l.manifest.Inits) != len(renditions) {
		l.manifest.Inits = make([][][32]byte, len(renditions))
	}
	for r, hashes := range l.manifest.Inits {
		l.inits[r] = make([][]byte, len(hashes))
	}
	l.issue()
}

// Init adds an init segment's hash and issues a manifest with it. One that the manifest
// names already, from another process, is only kept for feeds.
func (l *Log) Init(i media.Init) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i.Rendition < 0 || i.Rendition >= len(l.manifest.Inits) || i.Number < 0 || i.Number >= wire.MaxInits {
		return
	}
	hashes, sum := l.manifest.Inits[i.Rendition], sha256.Sum256(i.Data)
	known := i.Number < len(hashes) && hashes[i.Number] == sum
	if i.Number < len(hashes) && !known {
		l.cfg.Log.Error().Str("stream", l.cfg.Stream).Str("broadcast", l.cfg.Epoch).Int("init", i.Number).
			Msg("The number of an init segment was used already; viewers will not take it")
		return
	}
	for len(hashes) <= i.Number { // numbers may be left out after a restart
		hashes, l.inits[i.Rendition] = append(hashes, [32]byte{}), append(l.inits[i.Rendition], nil)
	}
	hashes[i.Number] = sum
	l.manifest.Inits[i.Rendition], l.inits[i.Rendition][i.Number] = hashes, initFrame(i)
	if !known {
		l.issue()
	}
}

// Part signs a part's head, and issues a manifest when the heartbeat is due.
func (l *Log) Part(p *media.Part) {
	head := wire.HeadOf(p) // hashed outside the lock: it is the expensive half
	payload, err := l.signer.Heads([]media.Head{head})
	if err != nil {
		l.cfg.Log.Error().Err(err).Str("stream", l.cfg.Stream).Str("broadcast", l.cfg.Epoch).
			Uint64("part", p.Number).Msg("A part could not be signed and will not be shared")
		return
	}
	frame, chunks := wire.AppendFrame(nil, wire.TypeHeads, payload), carry(p, len(head.Chunks))
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cfg.Now().Sub(l.manifest.Issued) >= heartbeat {
		l.issue()
	}
	if p.Rendition < len(l.inits) && p.Init < len(l.inits[p.Rendition]) {
		chunks.init = l.inits[p.Rendition][p.Init]
	}
	l.add(entry{
		frame: frame, media: []*carried{chunks},
		heads: []mark{{p.Rendition, p.Number, p.Start, p.Start + p.Duration, p.Independent}},
	})
	l.trim(p.Start + p.Duration - l.cfg.Window)
}

// End issues the last manifest; feeds end behind it.
func (l *Log) End() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.manifest.Ended = l.cfg.Now()
	l.ended = true
	l.issue()
}

// Manifest is the newest signed manifest (a frame's payload), nil before Begin.
func (l *Log) Manifest() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.payload
}

// issue signs a new manifest; the lock is held.
func (l *Log) issue() {
	now := l.cfg.Now()
	if l.expiry.Sub(now) < validity/2 {
		l.certify()
	}
	l.manifest.Serial++
	l.manifest.Issued = now
	payload, err := l.signer.Manifest(l.manifest)
	if err != nil {
		l.cfg.Log.Error().Err(err).Str("stream", l.cfg.Stream).Str("broadcast", l.cfg.Epoch).
			Msg("The manifest could not be signed; viewers keep the one before")
		return
	}
	l.payload = payload
	l.add(entry{frame: wire.AppendFrame(nil, wire.TypeManifest, payload)})
}

// add appends an entry and wakes the feeds; the lock is held.
func (l *Log) add(e entry) {
	e.added = l.cfg.Now()
	l.entries = append(l.entries, e)
	l.media += e.size()
	for l.media > maxMedia && l.bare < l.first+uint64(len(l.entries)) {
		oldest := &l.entries[l.bare-l.first]
		l.media -= oldest.size()
		oldest.media = nil
		l.bare++
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// size is the media that an entry carries, in bytes.
func (e *entry) size() (bytes int64) {
	for _, c := range e.media {
		bytes += c.size
	}
	return bytes
}

// trim forgets entries whose heads all end before oldest, and what stands before
// them; the lock is held.
func (l *Log) trim(oldest time.Duration) {
	n := 0
	for i, e := range l.entries {
		if len(e.heads) == 0 {
			continue
		}
		if e.heads[0].end > oldest && len(l.entries)-i <= maxEntries {
			break
		}
		n = i + 1
	}
	for i := range l.entries[:n] {
		l.media -= l.entries[i].size()
	}
	clear(l.entries[:n]) // so that the frames can be collected before the slice is
	l.entries = l.entries[n:]
	l.first += uint64(n)
	l.bare = max(l.bare, l.first)
}
