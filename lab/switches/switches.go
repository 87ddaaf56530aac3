// Package switches provides files in a lab's directory through which one process changes the
// behaviour of the supervisor for a time.
package switches

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// These are the switches.
const (
	// GitCredentials makes the Git server require credentials, which Flux doesn't have.
	GitCredentials = "git-credentials"
	// NoCloud makes the cloud provider assign no addresses.
	NoCloud = "no-cloud"
)

var all = []string{GitCredentials, NoCloud}

// Turn turns a switch of the lab in dir on or off.
func Turn(dir, name string, on bool) error {
	if !slices.Contains(all, name) {
		return fmt.Errorf("unknown switch %q: known are %s", name, strings.Join(all, ", "))
	}
	path := filepath.Join(dir, "switches", name)
	if !on {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("turning %s off: %w", name, err)
		}
		return nil
	}
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, nil, 0o600)
	}
	if err != nil {
		return fmt.Errorf("turning %s on: %w", name, err)
	}
	return nil
}

// On reports whether a switch of the lab in dir is on.
func On(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, "switches", name))
	return err == nil
}
