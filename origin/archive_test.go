package origin

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/player"
)

// TestPlayersOutliveAnUpgrade: a page that names a version gets that very player from
// a daemon that comes with another.
func TestPlayersOutliveAnUpgrade(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "players")
	require.NoError(t, os.Mkdir(folder, 0o700))
	old := []byte("export const old = true;\n")
	require.NoError(t, os.WriteFile(filepath.Join(folder, version(old)+".js"), old, 0o600))
	damaged := strings.Repeat("0", 16)
	require.NoError(t, os.WriteFile(filepath.Join(folder, damaged+".js"), old, 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(folder, strings.Repeat("1", 16)+".js"), 0o700))
	secret := filepath.Join(filepath.Dir(folder), "identity.js")
	require.NoError(t, os.WriteFile(secret, []byte("secret"), 0o600))
	require.NoError(t, os.Symlink(secret, filepath.Join(folder, version([]byte("secret"))+".js")))

	d := newDaemon(t, func(s *Server) { s.PlayerFolder = folder })
	for range 2 {
		a := d.get("/player/" + version(old) + ".js")
		require.Equal(t, http.StatusOK, a.StatusCode)
		require.Equal(t, string(old), a.body)
		require.Equal(t, cacheForever, a.Header.Get("Cache-Control"))
		require.Equal(t, "*", a.Header.Get("Access-Control-Allow-Origin"))
	}
	for _, name := range []string{damaged, strings.Repeat("1", 16), version([]byte("secret")), "identity", "x", strings.Repeat("2", 16)} {
		require.Equal(t, http.StatusNotFound, d.get("/player/"+name+".js").StatusCode, name)
	}
	kept, err := os.ReadFile(filepath.Join(folder, player.Version()+".js"))
	require.NoError(t, err)
	require.Equal(t, player.Bytes(), kept, "and the present one is kept for the next")
}

func TestPlayersThatCannotBeKept(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(blocked, nil, 0o600))
	d := newDaemon(t, func(s *Server) { s.PlayerFolder = blocked })
	require.Equal(t, http.StatusOK, d.get("/player/"+player.Version()+".js").StatusCode)
	require.Equal(t, http.StatusNotFound, d.get("/player/"+strings.Repeat("0", 16)+".js").StatusCode)
}
