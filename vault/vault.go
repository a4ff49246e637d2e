package vault

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Vault is an open data folder. Its methods may be called by one goroutine at a
// time.
type Vault struct {
	root *os.Root
	path string
}

// Open opens the folder and makes it when it is missing.
func Open(path string) (*Vault, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w (the key `data` in the configuration names it)", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open the data folder: %w", err)
	}
	full, err := filepath.Abs(path)
	if err != nil {
		full = path
	}
	return &Vault{root: root, path: full}, nil
}

// Close closes the folder.
func (v *Vault) Close() error { return v.root.Close() }

// StreamKey returns the key of a stream for which the configuration has none; it
// is made on the first call (fresh is then true). path is the file that holds it.
func (v *Vault) StreamKey(stream string) (key, path string, fresh bool, err error) {
	name := "stream-" + stream + ".key"
	data, fresh, err := v.readOrMake(name, func() ([]byte, error) {
		secret, err := random(18)
		return []byte(base64.RawURLEncoding.EncodeToString(secret) + "\n"), err
	})
	if err != nil {
		return "", "", false, fmt.Errorf("stream key: %w", err)
	}
	key = strings.TrimSpace(string(data))
	if len(key) < 12 {
		return "", "", false, fmt.Errorf("stream key: %s has fewer than 12 characters; put a longer one there, or remove the file to have one made", filepath.Join(v.path, name))
	}
	return key, filepath.Join(v.path, name), fresh, nil
}

// Identity returns the stream's Ed25519 key, made on the first call. The file
// has its 32-byte seed (RFC 8032 §5.1.5) in hexadecimal.
func (v *Vault) Identity(stream string) (ed25519.PrivateKey, error) {
	name := "identity-" + stream + ".key"
	seed, err := v.secret(name, ed25519.SeedSize)
	if err != nil {
		return nil, fmt.Errorf("identity key: %w", err)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// Secret returns 32 random bytes that stay the same from run to run.
func (v *Vault) Secret(purpose string) ([]byte, error) {
	secret, err := v.secret(purpose+".secret", 32)
	if err != nil {
		return nil, fmt.Errorf("%s secret: %w", purpose, err)
	}
	return secret, nil
}

func (v *Vault) secret(name string, size int) ([]byte, error) {
	data, _, err := v.readOrMake(name, func() ([]byte, error) {
		secret, err := random(size)
		return []byte(hex.EncodeToString(secret) + "\n"), err
	})
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(data)))
	if err != nil || len(secret) != size {
		return nil, fmt.Errorf("%s is damaged: it should hold %d hexadecimal digits; restore it from a copy", filepath.Join(v.path, name), 2*size)
	}
	return secret, nil
}

func (v *Vault) readOrMake(name string, content func() ([]byte, error)) (data []byte, fresh bool, err error) {
	data, err = v.root.ReadFile(name)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return data, false, err
	}
	if data, err = content(); err != nil {
		return nil, false, err
	}
	return data, true, v.write(name, data)
}

// write puts the file there whole: a crash leaves the old state or the new one.
func (v *Vault) write(name string, data []byte) error {
	draft := name + ".new"
	file, err := v.root.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Join(v.path, name), err)
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = v.root.Rename(draft, name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Join(v.path, name), err)
	}
	return nil
}

func random(size int) ([]byte, error) {
	data := make([]byte, size)
	_, err := rand.Read(data)
	return data, err
}
