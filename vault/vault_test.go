package vault

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func open(t *testing.T, path string) *Vault {
	t.Helper()
	v, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	return v
}

func TestWhatWasMadeStays(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	first := open(t, folder)
	key, path, fresh, err := first.StreamKey("main")
	require.NoError(t, err)
	require.True(t, fresh)
	require.GreaterOrEqual(t, len(key), 24)
	identity, err := first.Identity("main")
	require.NoError(t, err)
	secret, err := first.Secret("tracker")
	require.NoError(t, err)

	second := open(t, folder)
	again, _, fresh, err := second.StreamKey("main")
	require.NoError(t, err)
	require.False(t, fresh)
	require.Equal(t, key, again)
	identityAgain, err := second.Identity("main")
	require.NoError(t, err)
	require.Equal(t, identity, identityAgain)
	secretAgain, err := second.Secret("tracker")
	require.NoError(t, err)
	require.Equal(t, secret, secretAgain)
	other, err := second.Identity("other")
	require.NoError(t, err)
	require.NotEqual(t, identity, other)

	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestDamagedFilesAreNotReplaced(t *testing.T) {
	folder := t.TempDir()
	v := open(t, folder)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "identity-main.key"), []byte("zz"), 0o600))
	_, err := v.Identity("main")
	require.ErrorContains(t, err, "is damaged")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "stream-main.key"), []byte("short\n"), 0o600))
	_, _, _, err = v.StreamKey("main")
	require.ErrorContains(t, err, "fewer than 12 characters")
}

func TestNamesCannotLeaveTheFolder(t *testing.T) {
	v := open(t, t.TempDir())
	_, err := v.Secret("../outside")
	require.ErrorContains(t, err, "escapes")
}

func TestAFolderThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(filepath.Join(file, "data"))
	require.ErrorContains(t, err, "make the data folder")
	require.ErrorContains(t, err, "the key `data`")
}
