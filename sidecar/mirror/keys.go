package mirror

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/liverelay/liverelay/sidecar/outbound"
	"github.com/liverelay/liverelay/sidecar/playlist"
)

const (
	maxKey    = 1 << 10
	maxKeys   = 4096
	maxLines  = 2048 // of a head (docs/protocol.md §1)
	keyWithin = 10 * time.Second
)

// keys are the decryption keys of a broadcast, fetched once each. Viewers get them from
// here: upstream's addresses may hold the administrator's tokens.
type keys struct {
	client *outbound.Client

	mu     sync.Mutex
	all    [][]byte
	number map[string]int
}

// Key returns a key by its number, nil for an unknown one.
func (k *keys) Key(number int) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	if number < 0 || number >= len(k.all) {
		return nil
	}
	return k.all[number]
}

// fetch returns the number of the key at u.
func (k *keys) fetch(ctx context.Context, u *url.URL) (int, error) {
	name := u.String()
	k.mu.Lock()
	number, known := k.number[name]
	full := len(k.all) >= maxKeys
	k.mu.Unlock()
	if known {
		return number, nil
	}
	if full {
		return 0, fmt.Errorf("more than %d keys", maxKeys)
	}
	answer, err := k.client.Get(ctx, outbound.Request{URL: u, MaxBytes: maxKey, Within: keyWithin})
	if err != nil {
		return 0, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = append(k.all, answer.Body)
	if k.number == nil {
		k.number = map[string]int{}
	}
	k.number[name] = len(k.all) - 1
	return len(k.all) - 1, nil
}

// forget lets keys be fetched anew: names may be used again by another session.
func (k *keys) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.number = nil
}

// lines are the playlist lines of an item. hadKeys says that lines before had a key,
// which has to be ended.
func (k *keys) lines(ctx context.Context, it item, hadKeys bool) (string, error) {
	var all []string
	if hadKeys && len(it.keys) == 0 {
		all = append(all, "#EXT-X-KEY:METHOD=NONE")
	}
	for _, key := range it.keys {
		line, err := k.line(ctx, key, it.msn)
		if err != nil {
			return "", err
		}
		all = append(all, line)
	}
	text := strings.Join(all, "\n")
	if len(text) > maxLines {
		return "", fmt.Errorf("the keys of a segment take %d bytes in the playlist, more than %d", len(text), maxLines)
	}
	for _, line := range it.lines {
		if len(text)+1+len(line) <= maxLines {
			text = strings.TrimPrefix(text+"\n"+line, "\n")
		}
	}
	return text, nil
}

func (k *keys) line(ctx context.Context, key playlist.Key, msn uint64) (string, error) {
	if key.URI == nil || (key.URI.Scheme != "http" && key.URI.Scheme != "https") {
		return key.Line, nil // a licence system's own, or data:
	}
	if key.Format != "identity" {
		return replaceURI(key.Line, key.URI.String()), nil
	}
	number, err := k.fetch(ctx, key.URI)
	if err != nil {
		return "", fmt.Errorf("key: %w", err)
	}
	iv := key.IV
	if iv == "" { // by default it is upstream's media sequence number, which is not ours
		iv = fmt.Sprintf("0x%032x", msn)
	}
	return fmt.Sprintf(`#EXT-X-KEY:METHOD=%s,URI="../key%d.bin",IV=%s`, key.Method, number, iv), nil
}

func replaceURI(line, uri string) string {
	before, rest, found := strings.Cut(line, `URI="`)
	if !found {
		return line
	}
	_, after, _ := strings.Cut(rest, `"`)
	return before + `URI="` + uri + `"` + after
}
