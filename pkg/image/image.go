// Package image parses the names of container images.
package image

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Name is the parsed name of an image: "docker.io/bitnami/redis:7.2@sha256:…".
type Name struct {
	// Repository is the name without tag and digest, as it is written.
	Repository string
	// Tag and Digest are empty if the name has none.
	Tag, Digest string
}

// The grammar of names (github.com/distribution/reference v0.6.0, regexp.go, normalize.go),
// which kubelets and container runtimes use.
var (
	domain     = regexp.MustCompile(`^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$`)
	repository = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
	tag        = regexp.MustCompile(`^\w[\w.-]{0,127}$`)
	digest     = regexp.MustCompile(`^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$`)
	bareDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// maxRepository is the length of a repository with its host.
const maxRepository = 255

// Split splits a name into its parts, valid or not.
func Split(text string) Name {
	var n Name
	n.Repository, n.Digest, _ = strings.Cut(text, "@")
	if at := strings.LastIndex(n.Repository, ":"); at > strings.LastIndex(n.Repository, "/") {
		n.Repository, n.Tag = n.Repository[:at], n.Repository[at+1:]
	}
	return n
}

// ErrBareDigest is the error of a digest without its algorithm, as in
// "orthanc@1391…1525".
var ErrBareDigest = errors.New("its digest lacks the prefix \"sha256:\"")

// Parse parses a name. The error is a clause that says what of the name is not valid:
// ErrBareDigest, or another.
func Parse(text string) (Name, error) {
	n := Split(text)
	host, rest := n.host()
	hasTag := len(text) > len(n.Repository) && text[len(n.Repository)] == ':'
	switch {
	case text == "":
		return n, errors.New("it is empty")
	case strings.ContainsAny(text, " \t\r\n"):
		return n, errors.New("it contains a space")
	case bareDigest.MatchString(n.Digest):
		return n, ErrBareDigest
	case strings.Contains(text, "@") && !digest.MatchString(n.Digest):
		return n, errors.New("its digest must be sha256: and 64 hexadecimal digits in lower case")
	case hasTag && !tag.MatchString(n.Tag):
		return n, fmt.Errorf("its tag %q is not valid", n.Tag)
	case rest != strings.ToLower(rest):
		return n, errors.New("its repository has upper-case letters")
	case host != "" && !domain.MatchString(host), !repository.MatchString(rest), bareDigest.MatchString(text):
		return n, fmt.Errorf("its repository %q is not valid", n.Repository)
	case len(n.Repository) > maxRepository:
		return n, fmt.Errorf("its repository is longer than %d characters", maxRepository)
	}
	return n, nil
}

// host splits the repository into the host and port of a registry, which may be empty, and the
// path in it. The first part is a host if it has a dot, a port or upper-case letters, or is
// localhost.
func (n Name) host() (host, path string) {
	first, rest, more := strings.Cut(n.Repository, "/")
	if more && (strings.ContainsAny(first, ".:") || first == "localhost" || first != strings.ToLower(first)) {
		return first, rest
	}
	return "", n.Repository
}

// Registry and path are where the image is pulled from: "docker.io" and "library/redis" for
// "redis". Source: splitDockerDomain in distribution/reference.
func (n Name) Registry() (host, path string) {
	host, path = n.host()
	switch host {
	case "", "index.docker.io", "registry-1.docker.io":
		host = "docker.io"
	}
	if host == "docker.io" && !strings.Contains(path, "/") {
		path = "library/" + path
	}
	return host, path
}

// Moved is the repository to which Bitnami moved an image of its free catalogue on
// 2025-08-28, and where it gets no updates: docker.io/bitnamilegacy/redis for bitnami/redis.
// Only some images remained in docker.io/bitnami, with the tag latest alone. Source: Bitnami's
// announcement, github.com/bitnami/charts/issues/35164.
func (n Name) Moved() (repository string, ok bool) {
	host, path := n.Registry()
	name, ok := strings.CutPrefix(path, "bitnami/")
	if host != "docker.io" || !ok {
		return "", false
	}
	return "docker.io/bitnamilegacy/" + name, true
}
