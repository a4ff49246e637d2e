package origin

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// recheck is how often a certificate's files are looked at, at most.
const recheck = 10 * time.Second

// certificate is read from files, and again when they change. A change that cannot
// be read is logged, and the old certificate stays.
type certificate struct {
	certFile, keyFile string
	log               zerolog.Logger

	mu       sync.Mutex
	current  *tls.Certificate
	stamp    string
	looked   time.Time
	lastFail string
}

// LoadTLS reads a certificate and its key (PEM files) and returns a configuration
// that reads them again when they change.
func LoadTLS(certFile, keyFile string, log zerolog.Logger) (*tls.Config, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.load(); err != nil {
		return nil, err
	}
	c.looked = time.Now()
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}, nil
}

// get implements tls.Config.GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) > recheck {
		c.looked = now
		c.refresh()
	}
	return c.current, nil
}

// refresh loads the files when they changed. The caller holds the lock.
func (c *certificate) refresh() {
	stamp, err := c.stat()
	if err == nil && stamp == c.stamp {
		return
	}
	if err == nil {
		err = c.load()
	}
	switch {
	case err == nil:
		c.lastFail = ""
		c.log.Info().Str("file", c.certFile).Msg("read the new certificate")
	case err.Error() != c.lastFail:
		c.lastFail = err.Error()
		c.log.Error().Err(err).Msg("the certificate changed and cannot be used; the old one stays")
	}
}

func (c *certificate) load() error {
	stamp, err := c.stat()
	if err != nil {
		return err
	}
	loaded, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("read the certificate %s and its key: %w", c.certFile, err)
	}
	c.current, c.stamp = &loaded, stamp
	return nil
}

// stat describes both files' state.
func (c *certificate) stat() (string, error) {
	var stamp string
	for _, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return "", fmt.Errorf("look at the certificate: %w", err)
		}
		stamp += fmt.Sprint(info.ModTime().UnixNano(), info.Size(), ";")
	}
	return stamp, nil
}
