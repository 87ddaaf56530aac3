// Package remote downloads the remote references of kustomizations: files over HTTP and Git
// repositories, from the hosts that the user allows.
//
// What it downloads is untrusted, and so is the reference. It sends no credentials over HTTP,
// follows redirects to allowed hosts only, and limits time and size while it downloads. Git runs
// without the user's configuration, without hooks, filters, submodules and prompts, and with the
// protocols HTTP and SSH only.
package remote

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Reference is a remote reference of a kustomization: kustomize reads it as a file, as a Git
// repository, or as the second if it can't be read as the first.
type Reference struct {
	// Text is the reference as it is written.
	Text string
	// File is the URL of the file, "" if kustomize does not read it as a file.
	File string
	// Repository is nil if kustomize does not read it as a Git repository.
	Repository *Repository
}

// Repository is a directory in a Git repository, as kustomize reads a reference to it.
type Repository struct {
	// Host is the first part of the URL: scheme, user and host, with the separator after it.
	Host string
	// Path is the path of the repository at the host.
	Path string
	// Dir is the directory in the repository, "" for its root.
	Dir string
	// Ref is the branch, tag or commit, "" for the default branch.
	Ref string
	// Timeout is how long a Git command may take.
	Timeout time.Duration
	// Submodules: kustomize also downloads the submodules.
	Submodules bool
}

// URL is the URL of the repository.
func (r *Repository) URL() string { return r.Host + r.Path }

// Parse reads a reference. It is an error if kustomize would not download it.
func Parse(text string) (*Reference, error) {
	r := &Reference{Text: text}
	if isFile(text) {
		r.File = text
	}
	repository, err := parseRepository(text)
	if err == nil {
		r.Repository = repository
	}
	if r.File == "" && r.Repository == nil {
		return nil, err
	}
	return r, nil
}

// IsRemote reports whether kustomize would download a reference.
func IsRemote(text string) bool {
	_, err := Parse(text)
	return err == nil
}

// isFile reports whether kustomize reads a path as the URL of a file. Source: IsRemoteFile in
// sigs.k8s.io/kustomize/api v0.21.1, internal/loader/fileloader.go.
func isFile(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https")
}

// parseRepository is NewRepoSpecFromURL in sigs.k8s.io/kustomize/api v0.21.1,
// internal/git/repospec.go, which is not exported.
func parseRepository(text string) (*Repository, error) {
	if filepath.IsAbs(text) {
		return nil, errors.New("it is an absolute path")
	}
	r := &Repository{}
	rest, query, _ := strings.Cut(text, "?")
	r.Ref, r.Timeout, r.Submodules = parseQuery(query)
	var err error
	if r.Host, rest, err = splitHost(rest); err != nil {
		return nil, err
	}
	path, dir, ok := splitPath(rest, r.Host == fileScheme)
	switch {
	case !ok || path == "":
		return nil, errors.New("it has no path of a repository")
	case leaves(dir):
		return nil, errors.New("its directory is outside of the repository")
	}
	r.Path, r.Dir = path, strings.TrimPrefix(dir, "/")
	return r, nil
}

// The schemes of repositories.
const (
	fileScheme  = "file://"
	httpScheme  = "http://"
	httpsScheme = "https://"
	sshScheme   = "ssh://"
)

// defaultTimeout is that of kustomize.
const defaultTimeout = 27 * time.Second

// parseQuery reads the options of a reference. Those that are not valid have no effect.
func parseQuery(query string) (ref string, timeout time.Duration, submodules bool) {
	timeout, submodules = defaultTimeout, true
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", timeout, submodules
	}
	ref = values.Get("version")
	if value := values.Get("ref"); value != "" {
		ref = value
	}
	value := values.Get("timeout")
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		timeout = time.Duration(seconds) * time.Second
	} else if duration, err := time.ParseDuration(value); err == nil && duration > 0 {
		timeout = duration
	}
	if value, err := strconv.ParseBool(values.Get("submodules")); err == nil {
		submodules = value
	}
	return ref, timeout, submodules
}

// userPrefix matches a user before a host. One with a password is a part of the host.
var userPrefix = regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9-]*)@`)

// splitHost splits a reference after its host. Those to GitHub are written in one of two ways.
func splitHost(text string) (host, rest string, err error) {
	text, _ = cutPrefixFold(text, "git::")
	scheme := ""
	for _, prefix := range []string{sshScheme, httpsScheme, httpScheme, fileScheme} {
		if after, found := cutPrefixFold(text, prefix); found {
			scheme, text = prefix, after
			break
		}
	}
	user := ""
	if found := userPrefix.FindString(text); found != "" {
		user, text = found, text[len(found):]
	}
	lower := strings.ToLower(text)
	github := strings.HasPrefix(lower, "github.com/") || strings.HasPrefix(lower, "github.com:")
	copyStyle := scheme == "" && (user != "" || github) // as scp: user@host:path
	if scheme == "" && !copyStyle {
		return "", "", errors.New("it has no scheme")
	}
	if scheme == fileScheme {
		return scheme, user + text, nil
	}
	host, rest = text, ""
	if at := separator(text, copyStyle); at >= 0 {
		host, rest = text[:at+1], text[at+1:]
	}
	switch {
	case github && (scheme == sshScheme || user != ""):
		scheme, host = "", "github.com:"
	case github:
		scheme, user, host = httpsScheme, "", "github.com/"
	case host == "":
		return "", "", errors.New("it has no host")
	}
	return scheme + user + host, rest, nil
}

func cutPrefixFold(text, prefix string) (rest string, found bool) {
	if len(prefix) <= len(text) && strings.ToLower(text[:len(prefix)]) == prefix {
		return text[len(prefix):], true
	}
	return text, false
}

// separator is the index of what ends the host: a slash, or a colon as in user@host:path.
func separator(text string, copyStyle bool) int {
	slash, colon := strings.Index(text, "/"), strings.Index(text, ":")
	if copyStyle && (slash == -1 || colon > 0 && colon < slash) {
		return colon
	}
	return slash
}

// splitPath splits a path at a host into that of a repository and the directory in it: at a
// marker, or after two parts as on GitHub.
func splitPath(text string, whole bool) (repository, dir string, ok bool) {
	const marker = "_git/"
	if at := strings.Index(text, marker); at >= 0 {
		name, below, _ := strings.Cut(text[at+len(marker):], "/")
		return text[:at+len(marker)] + name, below, true
	}
	if at := strings.Index(text, "//"); at >= 0 {
		return text[:at], text[at+len("//"):], true
	}
	if at := strings.Index(text, ".git"); at >= 0 {
		end := at + len(".git")
		return text[:end], text[end:], true
	}
	if whole {
		return text, "", true
	}
	parts := strings.Split(text, "/")
	if len(parts) < 2 {
		return "", "", false
	}
	return strings.Join(parts[:2], "/"), strings.Join(parts[2:], "/"), true
}

// leaves reports whether a directory is outside of its repository.
func leaves(dir string) bool {
	clean := filepath.ToSlash(filepath.Clean(strings.TrimPrefix(dir, "/")))
	first, _, _ := strings.Cut(clean, "/")
	return first == ".."
}

// hostName matches the names and IPv4 addresses of hosts.
var hostName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$`)

// CheckHost rejects what is no host name or IP address. "*" stands for all hosts.
func CheckHost(host string) error {
	if host != "*" && !validHost(strings.ToLower(host)) {
		return fmt.Errorf("%q is not a host name", host)
	}
	return nil
}

func validHost(host string) bool {
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return hostName.MatchString(host) || err == nil && addr.Zone() == ""
}
