// Package bootstrap generates what `flux bootstrap` commits to a Git repository, from manifests
// that are built into the program, and the `flux bootstrap` command that installs it. It changes
// no repository and no cluster, and sends no request. Its only output besides its results is a
// temporary directory that kustomize requires, which it removes.
package bootstrap

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/flux/release"
)

// Options are what is generated. The fields have the meaning of the flags of
// `flux bootstrap`.
type Options struct {
	Repository Repository
	// Provider is the Git provider that the command is for; the one of the repository's host by
	// default.
	Provider Provider
	// Personal is whether the repository's owner is a user, not an organization or group.
	Personal bool
	Branch   string
	// Path is the directory in the repository that Flux applies; the whole repository if it is
	// empty.
	Path string
	// Flux is the release of Flux: one of release.Versions.
	Flux                        string
	Namespace                   string
	Components, ComponentsExtra []string
	NetworkPolicy               bool
	// Secret is the name of the Secret with the credentials for the repository.
	Secret string
	// Interval is how often Flux checks the repository.
	Interval time.Duration
}

// Defaults are the defaults of `flux bootstrap` (flux2 v2.9.5, cmd/flux/bootstrap.go and
// pkg/manifestgen/install/options.go), and the newest release that is built in.
func Defaults() Options {
	return Options{
		Branch: "main", Flux: release.Latest(), Namespace: "flux-system", Secret: "flux-system", NetworkPolicy: true, Interval: time.Minute,
		Components: []string{"source-controller", "kustomize-controller", "helm-controller", "notification-controller"},
	}
}

// required are the controllers without which Flux can't apply a repository (flux2 v2.9.5,
// cmd/flux/bootstrap.go).
var required = []string{"source-controller", "kustomize-controller"}

// Validate rejects options that are invalid, or from which invalid manifests would be generated.
func (o Options) Validate() error {
	available, err := release.Components(o.Flux)
	if err != nil {
		return err
	}
	if err := checkComponents(o.components(), available); err != nil {
		return err
	}
	if err := checkBranch(o.Branch); err != nil {
		return err
	}
	if err := checkPath(o.Path); err != nil {
		return err
	}
	if problems := validation.IsDNS1123Label(o.Namespace); len(problems) > 0 {
		return fmt.Errorf("%q is not the name of a namespace: %s", o.Namespace, problems[0])
	}
	if problems := validation.IsDNS1123Subdomain(o.Secret); len(problems) > 0 {
		return fmt.Errorf("%q is not the name of a Secret: %s", o.Secret, problems[0])
	}
	if o.Interval < time.Second {
		return advice.Add(fmt.Errorf("the interval %s is shorter than one second", o.Interval), "The default is 1m.")
	}
	return o.checkProvider()
}

// components are all controllers to install, in the order of `flux bootstrap`.
func (o Options) components() []string { return slices.Concat(o.Components, o.ComponentsExtra) }

func checkComponents(names, available []string) error {
	for i, name := range names {
		if !slices.Contains(available, name) {
			return advice.Add(fmt.Errorf("%q is not a component of Flux", name), "Use one of %s.", strings.Join(available, ", "))
		}
		if slices.Contains(names[:i], name) {
			return advice.Add(fmt.Errorf("the component %s is named twice", name), "Remove one of them.")
		}
	}
	for _, name := range required {
		if !slices.Contains(names, name) {
			return advice.Add(fmt.Errorf("the component %s is missing, which Flux requires", name), "Add it to the components.")
		}
	}
	return nil
}

// checkBranch applies the rules of git-check-ref-format(1).
func checkBranch(name string) error {
	if err := checkText("the branch", name, 255); err != nil {
		return err
	}
	valid := !strings.ContainsAny(name, " ~^:?*[\\") && !strings.Contains(name, "..") && !strings.Contains(name, "@{") &&
		name != "@" && !strings.HasPrefix(name, "-") && !strings.HasSuffix(name, ".")
	for _, part := range strings.Split(name, "/") {
		valid = valid && part != "" && !strings.HasPrefix(part, ".") && !strings.HasSuffix(part, ".lock")
	}
	if !valid {
		return fmt.Errorf("%q is not the name of a branch", name)
	}
	return nil
}

// pathRules are what a path must not have, with what it must be or have instead.
var pathRules = []struct {
	broken     func(name string) bool
	must, hint string
}{
	{func(name string) bool { return strings.HasPrefix(name, "/") },
		"be relative to the root of the repository", "Remove the '/' at the beginning."},
	{func(name string) bool { return strings.ContainsAny(name, `\:`) },
		"have '/' between directories, and no '\\' or ':'", "Use a path such as gitops/fluxcd."},
	{func(name string) bool { return slices.Contains(strings.Split(name, "/"), "..") },
		"be inside the repository, without '..'", "Use the path from the root of the repository."},
	{func(name string) bool { return strings.HasPrefix(name, "-") },
		"begin with a name or './'", "Add './' at the beginning."},
	{func(name string) bool { return slices.Contains(strings.Split(strings.ToLower(name), "/"), ".git") },
		"be outside of git's own directory", "Use a directory with manifests."},
}

// checkPath rejects a path that is not inside the repository.
func checkPath(name string) error {
	if name == "" {
		return nil
	}
	if err := checkText("--path", name, 1024); err != nil {
		return err
	}
	for _, rule := range pathRules {
		if rule.broken(name) {
			return advice.Add(fmt.Errorf("--path must %s, not %q", rule.must, name), rule.hint)
		}
	}
	return nil
}

// directory is the path in the repository without "./", empty for its root.
func (o Options) directory() string {
	if clean := path.Clean(o.Path); clean != "." {
		return clean
	}
	return ""
}
