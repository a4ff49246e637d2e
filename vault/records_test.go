package vault

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRecords(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	v, err := Open(folder)
	require.NoError(t, err)
	defer func() { require.NoError(t, v.Close()) }()
	kept, err := v.Kept()
	require.NoError(t, err)
	require.Empty(t, kept)
	require.NoError(t, v.Forget("demo"), "there is none")

	require.NoError(t, v.Keep("demo", []byte("one")))
	require.NoError(t, v.Keep("demo", []byte("two")))
	require.NoError(t, v.Keep("band", []byte("three")))
	kept, err = v.Kept()
	require.NoError(t, err)
	require.Equal(t, map[string][]byte{"demo": []byte("two"), "band": []byte("three")}, kept)
	for _, path := range []string{"broadcasts", "broadcasts/demo.json"} {
		info, err := os.Stat(filepath.Join(folder, path))
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, "%s is for its owner alone", path)
	}

	require.NoError(t, os.WriteFile(filepath.Join(folder, "broadcasts/huge.json"), make([]byte, maxRecord+1), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "broadcasts/demo.json.new"), []byte("cut o"), 0o600), "as a crash leaves it")
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(folder, "broadcasts/link.json")))
	kept, err = v.Kept()
	require.ErrorContains(t, err, "huge.json")
	require.Len(t, kept, 2, "the others are good")

	require.NoError(t, v.Forget("demo"))
	kept, _ = v.Kept()
	require.Len(t, kept, 1)
}

func TestARecordThatCantBeWritten(t *testing.T) {
	folder := t.TempDir()
	v, err := Open(folder)
	require.NoError(t, err)
	defer func() { require.NoError(t, v.Close()) }()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "broadcasts"), nil, 0o600), "in the folder's place")
	require.ErrorContains(t, v.Keep("demo", []byte("x")), folder, "the error says where")
	_, err = v.Kept()
	require.Error(t, err)
}
