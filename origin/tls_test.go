package origin

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// writeCertificate makes a self-signed certificate for 127.0.0.1.
func writeCertificate(t *testing.T, dir string, serial int64) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	form := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	return certFile, keyFile
}

func TestHTTP2OverTLS(t *testing.T) {
	cert, key := writeCertificate(t, t.TempDir(), 1)
	d := newDaemon(t, func(s *Server) { s.CertFile, s.KeyFile = cert, key })
	d.url = strings.Replace(d.url, "http:", "https:", 1)
	d.client = &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the certificate is this test's own
		ForceAttemptHTTP2: true,
	}}
	a := d.get(base + "240p/p1.m4s")
	require.Equal(t, 2, a.ProtoMajor)
	require.Equal(t, strings.Repeat("b", 1001), a.body)
	require.Contains(t, d.get("/live/demo").body, "https://127.0.0.1:")
	ctx, cancel := context.WithCancel(t.Context())
	feed := d.open(ctx, http.MethodGet, base+"feed")
	buffer := make([]byte, 64)
	n, err := feed.Body.Read(buffer)
	require.NoError(t, err)
	require.Equal(t, "manifest|", string(buffer[:n]))
	cancel()
	require.NoError(t, feed.Body.Close())
}

func TestACertificateIsReadAgainWhenItChanges(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := writeCertificate(t, dir, 1)
	c := &certificate{certFile: certFile, keyFile: keyFile, log: zerolog.Nop()}
	require.NoError(t, c.load())
	serial := func() int64 {
		t.Helper()
		c.looked = time.Time{}
		loaded, err := c.get(nil)
		require.NoError(t, err)
		return loaded.Leaf.SerialNumber.Int64()
	}
	require.Equal(t, int64(1), serial())
	writeCertificate(t, dir, 2)
	c.stamp = "older"
	require.Equal(t, int64(2), serial())
	require.NoError(t, os.WriteFile(keyFile, []byte("garbage"), 0o600))
	require.Equal(t, int64(2), serial(), "the old one stays")
	require.NoError(t, os.Remove(certFile))
	require.Equal(t, int64(2), serial())
}
