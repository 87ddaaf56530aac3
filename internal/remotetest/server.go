// Package remotetest serves Git repositories and files on loopback to tests of remote bases.
package remotetest

import (
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Server serves repositories with git http-backend, and what its Mux has.
type Server struct {
	// URL is "http://127.0.0.1:PORT".
	URL string
	// Mux has more handlers. A repository is at its name.
	Mux  *http.ServeMux
	root string
	t    testing.TB

	mu       sync.Mutex
	requests []*http.Request
}

// New starts a server that ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	program, err := exec.LookPath("git")
	if err != nil {
		t.Fatalf("git is required: %v", err)
	}
	s := &Server{Mux: http.NewServeMux(), root: t.TempDir(), t: t}
	backend := &cgi.Handler{
		Path: program, Args: []string{"http-backend"}, Dir: s.root, Stderr: io.Discard,
		Env: append(environment(), "GIT_PROJECT_ROOT="+s.root, "GIT_HTTP_EXPORT_ALL=1",
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"),
	}
	s.Mux.Handle("/", backend)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Clone(r.Context()))
		s.mu.Unlock()
		s.Mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Requests are the requests that the server got.
func (s *Server) Requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*http.Request{}, s.requests...)
}

// File serves a text at a path that begins with a slash.
func (s *Server) File(path, text string) {
	s.Mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

// Repository creates a repository on the branch main, or adds a commit that changes files of it,
// and returns the commit. Its name may have slashes.
func (s *Server) Repository(name string, files map[string]string) string {
	s.t.Helper()
	dir := filepath.Join(s.root, name)
	if _, err := os.Stat(dir); err != nil {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			s.t.Fatal(err)
		}
		s.Git(name, "init", "--quiet", "--initial-branch=main")
	}
	for file, text := range files {
		target := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(target, []byte(text), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	s.Git(name, "add", "--all")
	s.Git(name, "commit", "--quiet", "--allow-empty", "--message=Change files")
	return s.Git(name, "rev-parse", "HEAD")
}

// Git runs a command of Git in a repository, and returns its output.
func (s *Server) Git(name string, args ...string) string {
	s.t.Helper()
	return s.GitInput(name, "", args...)
}

// GitInput is Git with a text on standard input.
func (s *Server) GitInput(name, input string, args ...string) string {
	s.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = filepath.Join(s.root, name), environment(), strings.NewReader(input)
	output, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return strings.TrimSpace(string(output))
}

// Dir is the directory of a repository.
func (s *Server) Dir(name string) string { return filepath.Join(s.root, name) }

func environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "LANG=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org",
	}
}
