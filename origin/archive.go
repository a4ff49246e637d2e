package origin

import (
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/rs/zerolog"
)

// maxScript bounds a player that is read from the archive, in bytes.
const maxScript = 8 << 20

// archive is a folder with players, each named after the hash of its bytes. A file
// that does not have that hash is none.
type archive struct {
	folder string // empty for no archive
	log    zerolog.Logger

	mu    sync.Mutex
	known map[string]file
}

func newArchive(folder string, log zerolog.Logger) *archive {
	return &archive{folder: folder, log: log, known: map[string]file{}}
}

// keep adds a player, unless it is there already. Without it the daemon does all else.
func (a *archive) keep(name string, script []byte) {
	if a.folder == "" {
		return
	}
	if _, found := a.find(name); found {
		return
	}
	if err := a.write(name, script); err != nil {
		a.log.Warn().Err(err).Msg("pages that name this version of the player won't get it after an upgrade")
	}
}

// write puts the file there whole or not at all.
func (a *archive) write(name string, script []byte) error {
	if err := os.MkdirAll(a.folder, 0o700); err != nil {
		return fmt.Errorf("make the folder of players: %w", err)
	}
	root, err := os.OpenRoot(a.folder)
	if err != nil {
		return fmt.Errorf("open the folder of players: %w", err)
	}
	defer func() { _ = root.Close() }()
	unfinished := name + ".part"
	if err := root.WriteFile(unfinished, script, 0o600); err != nil {
		return fmt.Errorf("keep the player: %w", err)
	}
	if err := root.Rename(unfinished, name+".js"); err != nil {
		return fmt.Errorf("keep the player: %w", err)
	}
	return nil
}

// find returns a player by the version that names it.
func (a *archive) find(name string) (file, bool) {
	if a.folder == "" || len(name) != 16 || !all(name, isLowerOrDigit) {
		return file{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if f, found := a.known[name]; found {
		return f, true
	}
	script, err := a.read(name + ".js")
	if err != nil || version(script) != name {
		return file{}, false
	}
	f := newFile(script, scriptType, name)
	a.known[name] = f
	return f, true
}

func (a *archive) read(name string) ([]byte, error) {
	root, err := os.OpenRoot(a.folder)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxScript {
		return nil, fs.ErrInvalid
	}
	return root.ReadFile(name)
}
