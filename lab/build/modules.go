// Package build builds the lab's programs from the modules that its go.mod pins, with the Go
// toolchain, and finds the sources of those modules.
package build

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

const modulePath = "github.com/digihunch/kubectl-orthweb/lab"

// Source is the lab's module on disk.
type Source struct {
	// Dir is the directory that holds the module's go.mod.
	Dir string

	mu   sync.Mutex
	dirs map[string]string
}

// Find finds the lab's module: in dir if it is set, or else next to the running program
// (bin/../lab), or else in the current directory or the lab directory of one of its parents.
func Find(dir string) (*Source, error) {
	if dir != "" {
		if !isModule(dir) {
			return nil, fmt.Errorf("%s isn't the lab's module: its go.mod should name %s", dir, modulePath)
		}
		return newSource(dir)
	}
	if exe, err := os.Executable(); err == nil {
		if beside := filepath.Join(filepath.Dir(exe), "..", "lab"); isModule(beside) {
			return newSource(beside)
		}
	}
	at, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("finding the current directory: %w", err)
	}
	for {
		for _, d := range []string{at, filepath.Join(at, "lab")} {
			if isModule(d) {
				return newSource(d)
			}
		}
		if at == filepath.Dir(at) {
			return nil, errors.New("the lab's sources aren't here: run it in a checkout or name lab's directory with --source")
		}
		at = filepath.Dir(at)
	}
}

func newSource(dir string) (*Source, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", dir, err)
	}
	return &Source{Dir: abs, dirs: map[string]string{}}, nil
}

func isModule(dir string) bool {
	data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && strings.Contains(string(data), "module "+modulePath+"\n")
}

// ModuleDir returns the directory of a module's sources. The Go command downloads missing ones.
func (s *Source) ModuleDir(path string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if dir, ok := s.dirs[path]; ok {
		return dir, nil
	}
	// "go list -m" leaves Dir empty for a module that was never downloaded; "go mod download"
	// sets it, and takes the same time if the module exists.
	out, err := s.output(context.Background(), "mod", "download", "-json", path)
	if err != nil {
		return "", fmt.Errorf("finding the sources of %s: %w", path, err)
	}
	var m struct{ Dir, Error string }
	if err := json.Unmarshal(out, &m); err != nil {
		return "", fmt.Errorf("finding the sources of %s: the Go command said %q: %w", path, out, err)
	}
	if m.Dir == "" {
		return "", fmt.Errorf("finding the sources of %s: the Go command has no directory for it %s", path, m.Error)
	}
	s.dirs[path] = m.Dir
	return m.Dir, nil
}

// Version returns the version of a module that go.mod pins.
func (s *Source) Version(path string) (string, error) {
	out, err := s.output(context.Background(), "list", "-m", "-f", "{{.Version}}", path)
	if err != nil {
		return "", fmt.Errorf("finding the version of %s: %w", path, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// output runs the Go command in the module and returns what it prints.
func (s *Source) output(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = s.Dir
	// A workspace around the checkout must not change what is built. Without paths, as in a
	// release of the product, both share the packages in Go's build cache.
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly -trimpath", "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errors.New("the go command isn't on PATH: the lab builds its parts with it (go.dev/dl)")
	}
	if err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}
