// Package kubeconfig selects contexts of a kubeconfig, and connects to their clusters without a
// terminal: nothing prompts, and the programs that return credentials end with the context of the
// call.
package kubeconfig

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
)

// Config is a kubeconfig, for packages that connect to no cluster.
type Config = clientcmdapi.Config

// Context is a selected context.
type Context struct {
	Name string
	// Namespaces are those of the context and of Same.
	Namespaces []string
	// Same are other contexts that match, with the same cluster and user: they are read with this
	// one.
	Same []string
	// Shares is an earlier context with the same cluster and another user, empty if there is none.
	Shares string
}

// Select finds the contexts that match the patterns, in the order of the patterns, and those of one
// pattern in the order of their names. Each is selected once.
//
// A context that the user named is always read. Of several contexts that only match a pattern and
// have the same cluster and user, the first one is read, with the namespaces of all: they would
// otherwise show the same tenants several times.
func Select(config Config, patterns []string) ([]Context, error) {
	names := slices.Sorted(maps.Keys(config.Contexts))
	if len(names) == 0 {
		return nil, errors.New("the kubeconfig has no contexts")
	}
	var chosen []string
	named := map[string]bool{}
	for _, pattern := range patterns {
		found, literal := matching(pattern, names)
		if len(found) == 0 {
			return nil, noMatch(pattern, names)
		}
		if literal {
			named[pattern] = true
		}
		for _, name := range found {
			if !slices.Contains(chosen, name) {
				chosen = append(chosen, name)
			}
		}
	}
	return merge(config, chosen, named), nil
}

// merge joins the contexts with the same cluster and user.
func merge(config Config, names []string, named map[string]bool) []Context {
	var all []Context
	for _, name := range names {
		namespace := cmp.Or(config.Contexts[name].Namespace, "default")
		next := Context{Name: name, Namespaces: []string{namespace}}
		joined := false
		for i := range all {
			first := &all[i]
			if !sameCluster(config, first.Name, name) {
				continue
			}
			if config.Contexts[first.Name].AuthInfo == config.Contexts[name].AuthInfo && !named[name] {
				first.Same = append(first.Same, name)
				if !slices.Contains(first.Namespaces, namespace) {
					first.Namespaces = append(first.Namespaces, namespace)
				}
				joined = true
				break
			}
			next.Shares = cmp.Or(next.Shares, first.Name)
		}
		if !joined {
			all = append(all, next)
		}
	}
	return all
}

// sameCluster reports whether two contexts have the same cluster: the same server with the same
// CA, under any name.
func sameCluster(config Config, one, other string) bool {
	a, b := config.Clusters[config.Contexts[one].Cluster], config.Clusters[config.Contexts[other].Cluster]
	if a == nil || b == nil {
		return false
	}
	return a == b || a.Server != "" && strings.TrimSuffix(a.Server, "/") == strings.TrimSuffix(b.Server, "/") && a.TLSServerName == b.TLSServerName && a.ProxyURL == b.ProxyURL &&
		a.CertificateAuthority == b.CertificateAuthority && slices.Equal(a.CertificateAuthorityData, b.CertificateAuthorityData) &&
		a.InsecureSkipTLSVerify == b.InsecureSkipTLSVerify
}

// matching are the names that match a pattern, and whether the pattern is a name itself.
func matching(pattern string, names []string) (found []string, literal bool) {
	if slices.Contains(names, pattern) {
		return []string{pattern}, true
	}
	for _, name := range names {
		if ok, err := path.Match(withoutSlash(pattern), withoutSlash(name)); ok && err == nil {
			found = append(found, name)
		}
	}
	return found, false
}

// withoutSlash lets * match a slash, too: names of contexts are no paths, but some contain slashes,
// as the ARNs of EKS.
func withoutSlash(text string) string { return strings.ReplaceAll(text, "/", "\x00") }

// CheckPattern rejects a pattern that can match nothing.
func CheckPattern(pattern string) error {
	if pattern == "" {
		return errors.New("the name of a context is empty")
	}
	if _, err := path.Match(withoutSlash(pattern), ""); err != nil {
		return fmt.Errorf("%q is not a valid pattern: a [ has no ]", pattern)
	}
	return nil
}

// maxListed is how many contexts an error names.
const maxListed = 20

// noMatch is the error of a pattern that matches nothing. It names the most similar context, and the
// first ones that exist.
func noMatch(pattern string, names []string) error {
	err := fmt.Errorf("no context matches %q", pattern)
	if !strings.ContainsAny(pattern, `*?[\`) {
		err = fmt.Errorf("context %q does not exist", pattern)
	}
	listed := escape.List(names[:min(len(names), maxListed)])
	if len(names) > maxListed {
		listed += fmt.Sprintf(" and %d more", len(names)-maxListed)
	}
	hint := ""
	if near := similar.Nearest(strings.Trim(pattern, "*?"), names); near != "" {
		hint = "Did you mean " + escape.Line(near) + "? "
	}
	return advice.Add(err, "%sContexts: %s.", escape.Composed(hint), escape.Composed(listed))
}
