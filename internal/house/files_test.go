package house

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxLines is the length at which a file should have become two.
const maxLines = 400

const root = "../.."

func TestFilesAreFormattedAndShort(t *testing.T) {
	for _, path := range goFiles(t) {
		source, err := os.ReadFile(path)
		require.NoError(t, err)
		formatted, err := format.Source(source)
		require.NoError(t, err, path)
		if !bytes.Equal(source, formatted) {
			t.Errorf("%s is not formatted: run make fmt", path)
		}
		if lines := bytes.Count(source, []byte("\n")); lines > maxLines {
			t.Errorf("%s has %d lines, more than %d", path, lines, maxLines)
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented := map[string]bool{}
	for _, path := range goFiles(t) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.PackageClauseOnly)
		require.NoError(t, err, path)
		dir := filepath.Dir(path)
		documented[dir] = documented[dir] || file.Doc != nil
	}
	for dir, found := range documented {
		if !found {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

// TestNoStateOfPackages allows variables of a package for sentinel errors, embedded
// files and interface checks only, and no init functions.
func TestNoStateOfPackages(t *testing.T) {
	for _, path := range goFiles(t) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		require.NoError(t, err, path)
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					t.Errorf("%s: an init function", set.Position(d.Pos()))
				}
			case *ast.GenDecl:
				checkVariables(t, path, set, d)
			}
		}
	}
}

func checkVariables(t *testing.T, path string, set *token.FileSet, d *ast.GenDecl) {
	t.Helper()
	if d.Tok != token.VAR || embeds(d.Doc) {
		return
	}
	for _, spec := range d.Specs {
		values, isValues := spec.(*ast.ValueSpec)
		if !isValues || embeds(values.Doc) {
			continue
		}
		for _, name := range values.Names {
			constant := name.Name == "_" || strings.HasPrefix(name.Name, "Err") || strings.HasPrefix(name.Name, "err")
			// The linker's -X needs variables.
			stamp := strings.HasPrefix(filepath.ToSlash(path), root+"/cmd/") && name.Name == "version"
			if !constant && !stamp {
				t.Errorf("%s: variable %s of a package", set.Position(name.Pos()), name.Name)
			}
		}
	}
}

func embeds(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, line := range doc.List {
		if strings.HasPrefix(line.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}
