package message

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Build is why kustomize-controller could not build manifests from an artifact.
type Build struct {
	Problem BuildProblem
	// Path is the affected file or directory within the artifact; empty if the message
	// names none. A path outside of all known temporary directories is as kustomize
	// wrote it.
	Path string
	// Object is the object that was being built: a kind and a name, and possibly a
	// group.
	Object match.Object
	// Reference is the ConfigMap or Secret that was read: of substituteFrom, or with
	// the decryption keys. It has a namespace only if the message has one.
	Reference match.Object
	// Missing is set if the reference does not exist.
	Missing bool
	// Variable is the variable that has no value, or an invalid name.
	Variable string
	// Syntax is set if a text looks like a variable but Flux can't parse it, for
	// example "bad substitution".
	Syntax string
	// Decryption and Download have details of a build that failed there.
	Decryption Decryption
	Download   Download
	Detail     string
}

// BuildProblem is the step at which a build failed.
type BuildProblem string

// The problems a Build has (kustomize-controller 1.9.6,
// internal/controller/kustomization_controller.go, reconcile and build).
const (
	BuildPathNotFound BuildProblem = "PathNotFound" // spec.path is not in the artifact
	BuildKustomize    BuildProblem = "Kustomize"
	BuildSubstitution BuildProblem = "Substitution" // spec.postBuild
	BuildDecryption   BuildProblem = "Decryption"
	BuildEncrypted    BuildProblem = "Encrypted" // SOPS, and spec.decryption is not set
	BuildDownload     BuildProblem = "Download"  // of the artifact
)

var (
	buildPath      = match.Wording(`^kustomization path not found: (?:l?stat|open) ([^\n]*): ([^\n:]+)$`)
	buildKustomize = match.Wording(`(?s)^kustomize build failed: (.*)$`)
	// Older versions omit the object.
	buildPost       = match.Wording(`(?s)^(?:post build failed for '([^'\n]*)': (.*)|(?:var substitution failed for '[^'\n]*': )?(substitute from '.*))$`)
	buildDecryption = match.Wording(`(?s)^(?:decryption failed for '(?P<object>[^'\n]*)'|error decrypting sources): (?P<why>.*)$`)
	buildKeys       = match.Wording(`(?s)cannot get \S+ (?:SOPS age )?decryption Secret '(?P<secret>[^'\s]*)': (?P<why>.*)$`)
	buildEncrypted  = match.Wording(`^(` + match.SlashedShape + `) is SOPS encryp?ted, configuring decryption is required`)
)

// parseBuild reads the errors of building a Kustomization.
func parseBuild(message string) (Build, bool) {
	text := strings.TrimSpace(match.Bound(message))
	if found := buildPath.FindStringSubmatch(text); found != nil {
		return Build{Problem: BuildPathNotFound, Path: withinTree(found[1]), Detail: match.Detail(found[2])}, true
	}
	if found := buildPost.FindStringSubmatch(text); found != nil {
		build := Build{Problem: BuildSubstitution, Object: kustomizeObject(found[1]), Detail: match.Detail(found[2] + found[3])}
		build.substitution(found[2] + found[3])
		return build, true
	}
	if found := match.Groups(buildDecryption, text); found != nil {
		return Build{Problem: BuildDecryption, Object: kustomizeObject(found["object"]), Detail: match.Detail(found["why"]),
			Decryption: readDecryption(found["why"])}, true
	}
	if found := buildEncrypted.FindStringSubmatch(text); found != nil {
		object, ok := match.Slashed(found[1])
		return Build{Problem: BuildEncrypted, Object: object, Detail: match.Detail(text)}, ok
	}
	if build, ok := parseKeys(text); ok {
		return build, true
	}
	if build, ok := parseDownload(text); ok {
		return build, true
	}
	if found := buildKustomize.FindStringSubmatch(text); found != nil {
		return Build{Problem: BuildKustomize, Path: kustomizePath(found[1]), Detail: match.Detail(treeOnly(found[1]))}, true
	}
	return Build{}, false
}
