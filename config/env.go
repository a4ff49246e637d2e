package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// EnvPrefix begins the name of every environment variable that is a setting.
const EnvPrefix = "LIVERELAY_"

// setting is one variable of the environment: a path of keys and a YAML value.
type setting struct {
	variable string
	path     []string
	value    string
}

// environment finds the settings among env, in the order of their names, so
// that the outcome does not hang on the order of the environment.
func environment(env, streams []string) ([]setting, error) {
	var settings []setting
	for _, line := range env {
		name, value, _ := strings.Cut(line, "=")
		rest, found := strings.CutPrefix(name, EnvPrefix)
		if !found {
			continue
		}
		path := strings.Split(strings.ToLower(rest), "__")
		if len(path) > 1 && path[0] == "streams" {
			path[1] = streamName(path[1], streams)
		}
		if err := checkPath(path, reflect.TypeFor[Config](), nil); err != nil {
			return nil, fmt.Errorf("environment variable %s: %w", name, err)
		}
		settings = append(settings, setting{name, path, value})
	}
	slices.SortFunc(settings, func(a, b setting) int { return strings.Compare(a.variable, b.variable) })
	return settings, nil
}

// streamName turns the name as a variable can spell it into a stream's: a
// variable has no hyphen, a stream's name no underscore.
func streamName(spelled string, known []string) string {
	if slices.Contains(known, spelled) {
		return spelled
	}
	return strings.ReplaceAll(spelled, "_", "-")
}

func checkPath(path []string, want reflect.Type, seen []string) error {
	if len(path) == 0 {
		return nil
	}
	want = deref(want)
	switch want.Kind() {
	case reflect.Map:
		return checkPath(path[1:], want.Elem(), append(seen, path[0]))
	case reflect.Struct:
		field, found := fieldOf(want, path[0])
		if !found {
			return unknownKey(seen, path[0], want)
		}
		return checkPath(path[1:], field.Type, append(seen, path[0]))
	default:
		return fmt.Errorf("%s has no keys below it", strings.Join(seen, "."))
	}
}

// apply sets the value. Text needs no quotes; lists are written as YAML, or with
// commas.
func (s setting) apply(config *Config) error {
	if len(s.path) > 3 && s.path[0] == "streams" {
		config.own(s.path[1], s.path[2])
	}
	if err := set(reflect.ValueOf(config).Elem(), s.path, s.value); err != nil {
		return fmt.Errorf("environment variable %s: %w", s.variable, err)
	}
	return nil
}

// own gives the stream a section of its own, equal to the general one, so that a
// single key of it can be set.
func (c *Config) own(name, section string) {
	stream := c.Streams[name]
	if section == "p2p" && stream.P2P == nil {
		copied := c.P2P
		stream.P2P = &copied
	}
	if section == "ladder" && stream.Ladder == nil {
		copied := c.Ladder
		stream.Ladder = &copied
	}
	c.Streams[name] = stream
}

func set(target reflect.Value, path []string, text string) error {
	if target.Kind() == reflect.Pointer {
		fresh := reflect.New(target.Type().Elem())
		if !target.IsNil() {
			fresh.Elem().Set(target.Elem())
		}
		if err := set(fresh.Elem(), path, text); err != nil {
			return err
		}
		target.Set(fresh)
		return nil
	}
	if len(path) == 0 {
		return setValue(target, text)
	}
	if target.Kind() == reflect.Map {
		entry := reflect.New(target.Type().Elem()).Elem()
		key := reflect.ValueOf(path[0])
		if old := target.MapIndex(key); old.IsValid() {
			entry.Set(old)
		}
		if err := set(entry, path[1:], text); err != nil {
			return err
		}
		target.SetMapIndex(key, entry)
		return nil
	}
	field, _ := fieldOf(target.Type(), path[0])
	return set(target.FieldByIndex(field.Index), path[1:], text)
}

func setValue(target reflect.Value, text string) error {
	switch {
	case target.Kind() == reflect.String:
		target.SetString(text)
		return nil
	case target.Kind() == reflect.Slice && !strings.HasPrefix(strings.TrimSpace(text), "["):
		text = "[" + text + "]"
	}
	fresh := reflect.New(target.Type())
	if err := yaml.UnmarshalWithOptions([]byte(text), fresh.Interface(), yaml.Strict()); err != nil {
		// The value may be a secret, so the error must not show it.
		return fmt.Errorf("the value does not fit: %s is wanted", describe(target.Type()))
	}
	target.Set(fresh.Elem())
	return nil
}

func describe(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[Duration]():
		return "a duration like 250ms or 2s"
	case reflect.TypeFor[Bitrate]():
		return "unlimited or a bit rate like 5Mbit/s"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Slice:
		return "a list with commas"
	default:
		return "a value as in the file"
	}
}
