package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// recordFolder holds one file for each broadcast that is on.
const recordFolder = "broadcasts"

// maxRecord bounds what is read as a record, in bytes.
const maxRecord = 16 << 20

// Keep writes down what a stream's broadcast needs to be gone on with by the next run.
// It is secret, and only its owner may read it. A crash leaves the old state or the new
// one. It may be called by several goroutines, for different streams.
func (v *Vault) Keep(stream string, record []byte) error {
	if err := v.root.Mkdir(recordFolder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make %s: %w", filepath.Join(v.path, recordFolder), err)
	}
	return v.write(recordName(stream), record)
}

// Kept returns what was kept, by stream. What can't be read is left out, and err says
// why; the rest is good all the same.
func (v *Vault) Kept() (records map[string][]byte, err error) {
	records = map[string][]byte{}
	entries, err := fs.ReadDir(v.root.FS(), recordFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return records, nil
	}
	if err != nil {
		return records, fmt.Errorf("read %s: %w", filepath.Join(v.path, recordFolder), err)
	}
	for _, entry := range entries {
		stream, isRecord := strings.CutSuffix(entry.Name(), ".json")
		if !isRecord || !entry.Type().IsRegular() {
			continue
		}
		data, fault := v.record(stream)
		if fault != nil {
			err = errors.Join(err, fault)
			continue
		}
		records[stream] = data
	}
	return records, err
}

func (v *Vault) record(stream string) ([]byte, error) {
	name := recordName(stream)
	info, err := v.root.Stat(name)
	if err == nil && info.Size() > maxRecord {
		err = errors.New("it is too large")
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(v.path, name), err)
	}
	data, err := v.root.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(v.path, name), err)
	}
	return data, nil
}

// Forget removes what was kept of a stream's broadcast; nothing kept is no error.
func (v *Vault) Forget(stream string) error {
	name := recordName(stream)
	if err := v.root.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", filepath.Join(v.path, name), err)
	}
	return nil
}

func recordName(stream string) string { return path.Join(recordFolder, stream+".json") }
