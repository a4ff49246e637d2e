package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/goccy/go-yaml"

	"github.com/liverelay/liverelay/config"
)

// configFlags are shared by all commands that read the configuration.
type configFlags struct {
	Config string `short:"c" placeholder:"FILE" help:"Configuration file. Default: ./liverelay.yaml, when there is one."`
}

func (f configFlags) load() (config.Config, error) {
	loaded, err := config.Load(f.Config, os.Environ())
	if err != nil {
		return config.Config{}, usageError{err}
	}
	return loaded, nil
}

type validateCommand struct {
	configFlags
	JSON bool `help:"Print one JSON object."`
}

// Run checks the configuration; the exit code is 2 when it is wrong.
func (c validateCommand) Run(out io.Writer) error {
	loaded, err := c.load()
	if c.JSON {
		return printVerdict(out, loaded, err)
	}
	if err != nil {
		return err
	}
	for _, warning := range loaded.Warnings() {
		fmt.Fprintln(out, "warning: "+warning)
	}
	fmt.Fprintln(out, "The configuration is valid.")
	return nil
}

func printVerdict(out io.Writer, loaded config.Config, fault error) error {
	verdict := struct {
		Valid    bool     `json:"valid"`
		Error    string   `json:"error,omitempty"`
		Warnings []string `json:"warnings"`
	}{Valid: fault == nil, Warnings: []string{}}
	if fault != nil {
		verdict.Error = fault.Error()
	} else {
		verdict.Warnings = append(verdict.Warnings, loaded.Warnings()...)
	}
	if err := json.NewEncoder(out).Encode(verdict); err != nil {
		return fmt.Errorf("print verdict: %w", err)
	}
	return fault
}

type printConfigCommand struct {
	configFlags
	ShowSecrets bool `help:"Print stream keys and forward addresses too."`
	JSON        bool `help:"Print JSON instead of YAML."`
}

// Run prints the configuration that holds.
func (c printConfigCommand) Run(out io.Writer) error {
	loaded, err := c.load()
	if err != nil {
		return err
	}
	text, err := loaded.Print(c.ShowSecrets)
	if err != nil {
		return err
	}
	if c.JSON {
		if text, err = yaml.YAMLToJSON(text); err != nil {
			return fmt.Errorf("print configuration as JSON: %w", err)
		}
	}
	_, err = out.Write(text)
	return err
}

type versionCommand struct {
	JSON bool `help:"Print one JSON object."`
}

// Run prints the version.
func (c versionCommand) Run(out io.Writer) error {
	if c.JSON {
		return json.NewEncoder(out).Encode(map[string]string{"version": version, "go": runtime.Version()})
	}
	fmt.Fprintf(out, "liverelay %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
