// Package gitserver serves one Git repository on loopback, which Flux clones and the lab pushes
// to, and changes the tree in it.
package gitserver

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
)

// Repository is the name of the repository below the server's root.
const Repository = "korthweb.git"

// Branch is the branch that Flux follows.
const Branch = "main"

// Init creates the bare repository in root, which accepts pushes over HTTP.
func Init(root string) error {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return fmt.Errorf("creating the Git server's directory: %w", err)
	}
	if _, err := git(root, "init", "--quiet", "--bare", "--initial-branch="+Branch, Repository); err != nil {
		return err
	}
	// Without a user git http-backend rejects pushes by default. The server listens on loopback
	// only.
	_, err := git(root+"/"+Repository, "config", "http.receivepack", "true")
	return err
}

// Handler serves the repositories below root with git http-backend, see git-http-backend(1),
// and writes its standard error to errors.
func Handler(root string, errors io.Writer) (http.Handler, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("git isn't on PATH, and the lab serves its tree with it: %w", err)
	}
	return &cgi.Handler{
		Path: program,
		Args: []string{"http-backend"},
		Dir:  root,
		Env: append(environment(),
			"GIT_PROJECT_ROOT="+root, "GIT_HTTP_EXPORT_ALL=1",
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"),
		Logger: log.New(errors, "git: ", log.LstdFlags),
		Stderr: errors,
	}, nil
}

// Guard rejects all requests while closed: it requests a user name and a password, as a hosted
// private repository does after a token was revoked.
func Guard(next http.Handler, closed func() bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if closed() {
			w.Header().Set("WWW-Authenticate", `Basic realm="Git"`)
			http.Error(w, "Authentication failed", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// environment ignores the Git configuration of the user and the machine: hooks, signing,
// credential helpers and rewritten addresses.
func environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "LANG=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Orthweb Lab", "GIT_AUTHOR_EMAIL=lab@localhost",
		"GIT_COMMITTER_NAME=Orthweb Lab", "GIT_COMMITTER_EMAIL=lab@localhost",
	}
}
