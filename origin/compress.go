package origin

import (
	"bytes"
	"compress/gzip"
	"hash/maphash"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

const (
	// worthCompressing is the size below which gzip saves next to nothing; for a text
	// that is sent once it has to save more.
	worthCompressing     = 512
	worthCompressingOnce = 2048
	// maxPacked bounds the compressed texts that are remembered.
	maxPacked = 128
)

// compressor remembers the compressed form of texts that are asked for again and
// again: a playlist that a thousand held requests wait for is compressed once.
type compressor struct {
	writers sync.Pool
	seed    maphash.Seed

	mu     sync.Mutex
	texts  map[uint64]*packed
	oldest []uint64
}

type packed struct {
	plain []byte
	once  sync.Once
	bytes []byte
}

func newCompressor() *compressor {
	return &compressor{
		writers: sync.Pool{New: func() any { return gzip.NewWriter(nil) }},
		seed:    maphash.MakeSeed(),
		texts:   map[uint64]*packed{},
	}
}

// pack returns the compressed form of a text, which the caller must not change
// from now on.
func (c *compressor) pack(plain []byte) []byte {
	p := c.find(plain)
	if !bytes.Equal(p.plain, plain) {
		return c.compress(plain) // two texts with one hash
	}
	p.once.Do(func() { p.bytes = c.compress(plain) })
	return p.bytes
}

func (c *compressor) find(plain []byte) *packed {
	key := maphash.Bytes(c.seed, plain)
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.texts[key]; p != nil {
		return p
	}
	if len(c.oldest) >= maxPacked {
		delete(c.texts, c.oldest[0])
		c.oldest = c.oldest[1:]
	}
	p := &packed{plain: plain}
	c.texts[key] = p
	c.oldest = append(c.oldest, key)
	return p
}

func (c *compressor) compress(plain []byte) []byte {
	var out bytes.Buffer
	w := c.writers.Get().(*gzip.Writer)
	defer c.writers.Put(w)
	w.Reset(&out)
	_, _ = w.Write(plain) // a bytes.Buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// write answers with a text that is made for this one request. The header's
// Content-Type and caching are the caller's, here and in writeShared.
func (c *compressor) write(w http.ResponseWriter, r *http.Request, status int, text []byte) {
	if len(text) < worthCompressingOnce || !acceptsGzip(r.Header) {
		send(w, r, status, text)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	send(w, r, status, c.compress(text))
}

// writeShared answers with a text that others get, too; it must not change from
// now on.
func (c *compressor) writeShared(w http.ResponseWriter, r *http.Request, status int, text []byte) {
	if len(text) < worthCompressing || !acceptsGzip(r.Header) {
		send(w, r, status, text)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	send(w, r, status, c.pack(text))
}

func send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client has gone; there is nobody to tell
	}
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3).
func acceptsGzip(h http.Header) bool {
	for field := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		coding, parameters, _ := strings.Cut(field, ";")
		if coding = strings.TrimSpace(coding); !strings.EqualFold(coding, "gzip") && coding != "*" {
			continue
		}
		q, weighted := strings.CutPrefix(strings.ReplaceAll(parameters, " ", ""), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !weighted || (err == nil && weight > 0)
	}
	return false
}
