package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
)

// DefaultFile is read when no file is named and it exists.
const DefaultFile = "liverelay.yaml"

// maxFile bounds the configuration file, in bytes.
const maxFile = 1 << 20

// Load reads the file and then the environment over the defaults, and validates
// the result. An empty path means DefaultFile where there is one. env has
// "NAME=value" lines as os.Environ gives them.
func Load(path string, env []string) (Config, error) {
	source, name, err := read(path)
	if err != nil {
		return Config{}, err
	}
	return Parse(source, name, env)
}

func read(path string) (source []byte, name string, err error) {
	name = path
	if name == "" {
		name = DefaultFile
	}
	info, err := os.Stat(name)
	if path == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, name, nil
	}
	if err != nil {
		return nil, name, fmt.Errorf("read configuration: %w", err)
	}
	if info.Size() > maxFile {
		return nil, name, fmt.Errorf("read configuration: %s has %d bytes, at most %d are read", name, info.Size(), maxFile)
	}
	source, err = os.ReadFile(name)
	if err != nil {
		return nil, name, fmt.Errorf("read configuration: %w", err)
	}
	return source, name, nil
}

// Parse is Load for a source that is already in memory; name is for errors.
func Parse(source []byte, name string, env []string) (Config, error) {
	config := Default()
	if err := checkKeys(source); err != nil {
		return Config{}, fmt.Errorf("%s:%w", name, err)
	}
	if err := decode(source, &config); err != nil {
		return Config{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := inherit(source, &config); err != nil {
		return Config{}, fmt.Errorf("%s: %w", name, err)
	}
	overlay, err := environment(env, keysOf(config.Streams))
	if err != nil {
		return Config{}, err
	}
	for _, setting := range overlay {
		if err := setting.apply(&config); err != nil {
			return Config{}, err
		}
	}
	if err := config.Validate(); err != nil {
		return Config{}, err
	}
	return config, nil
}

// decode reads source over what config has already; keys that are not there
// keep their values.
func decode(source []byte, config any) error {
	if len(strings.TrimSpace(string(source))) == 0 {
		return nil
	}
	if file, err := parser.ParseBytes(source, 0); err == nil && (len(file.Docs) == 0 || file.Docs[0].Body == nil) {
		return nil // comments alone
	}
	if err := yaml.UnmarshalWithOptions(source, config, yaml.Strict()); err != nil {
		return errors.New(strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	return nil
}

// inherit completes the sections that a stream has of its own: what they leave
// out is what the general section says.
func inherit(source []byte, config *Config) error {
	for name, stream := range config.Streams {
		if stream.P2P != nil {
			section := config.P2P
			if err := decodeAt(source, "$.streams.'"+name+"'.p2p", &section); err != nil {
				return err
			}
			stream.P2P = &section
		}
		if stream.Ladder != nil {
			section := config.Ladder
			if err := decodeAt(source, "$.streams.'"+name+"'.ladder", &section); err != nil {
				return err
			}
			stream.Ladder = &section
		}
		config.Streams[name] = stream
	}
	return nil
}

func decodeAt(source []byte, at string, section any) error {
	path, err := yaml.PathString(at)
	if err != nil {
		return fmt.Errorf("find %s: %w", at, err)
	}
	node, err := path.ReadNode(bytes.NewReader(source))
	if err != nil {
		return fmt.Errorf("find %s: %w", at, err)
	}
	if err := yaml.NodeToValue(node, section, yaml.Strict()); err != nil {
		return fmt.Errorf("read %s: %w", at, err)
	}
	return nil
}

func keysOf(streams map[string]Stream) []string {
	names := make([]string, 0, len(streams))
	for name := range streams {
		names = append(names, name)
	}
	return names
}
