package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// checkKeys finds the first key of the source that Config does not have. Its
// error begins with the line and column, and names the nearest known key.
func checkKeys(source []byte) error {
	if file, err := parser.ParseBytes(source, 0); err == nil { // the decoder reports broken YAML better
		for _, doc := range file.Docs {
			if err := checkNode(doc.Body, reflect.TypeFor[Config](), nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkNode(node ast.Node, want reflect.Type, path []string) error {
	mapping, ok := node.(ast.MapNode)
	if !ok {
		return nil
	}
	want = deref(want)
	for values := mapping.MapRange(); values.Next(); {
		// The token has the name without quotes: JSON is YAML too.
		key := values.Key().GetToken().Value
		var next reflect.Type
		switch want.Kind() {
		case reflect.Map:
			next = want.Elem()
		case reflect.Struct:
			field, found := fieldOf(want, key)
			if !found {
				at := values.Key().GetToken().Position
				return fmt.Errorf("%d:%d: %w", at.Line, at.Column, unknownKey(path, key, want))
			}
			next = field.Type
		default:
			return nil
		}
		if err := checkNode(values.Value(), next, append(slices.Clone(path), key)); err != nil {
			return err
		}
	}
	return nil
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for field := range t.Fields() {
		if keyOf(field) == key {
			return field, true
		}
	}
	return reflect.StructField{}, false
}

func keyOf(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
	return name
}

func unknownKey(path []string, key string, t reflect.Type) error {
	full := strings.Join(append(slices.Clone(path), key), ".")
	best, distance := "", len(key)/2+2
	for field := range t.Fields() {
		if d := editDistance(key, keyOf(field)); d < distance {
			best, distance = keyOf(field), d
		}
	}
	if best == "" {
		return errors.New("unknown key " + full + " (print-config shows all that there are)")
	}
	return errors.New("unknown key " + full + "; did you mean " + strings.Join(append(slices.Clone(path), best), ".") + "?")
}

// editDistance counts the insertions, deletions and replacements between a and b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
