package plugin

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/pkg/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// patience is how long somebody who pressed <TAB> is kept waiting for a cluster.
const patience = time.Second

// tenantKinds are what tenants are discovered from.
var tenantKinds = collect.Wants(health.KustomizationKind, health.HelmReleaseKind,
	health.NamespaceKind, health.DeploymentKind, health.StatefulSetKind)

// glance reads the cluster, or the snapshot of the command's --from; nil when it
// can't be had in time.
func (f *factsFlags) glance(cmd *cobra.Command, wants []collect.Want) *snapshot.Snapshot {
	ctx, cancel := context.WithTimeout(cmd.Context(), patience)
	defer cancel()
	var o origin
	if flag := cmd.Flags().Lookup("from"); flag != nil {
		o.from, _ = cmd.Flags().GetStringArray("from") // of another type in no command
		// cobra v1.10 parses the flags twice before it asks for words.
		slices.Sort(o.from)
		o.from = slices.Compact(o.from)
	}
	if slices.Contains(o.from, "-") {
		return nil // the shell's own input
	}
	snap, err := f.read(ctx, o, wants)
	if err != nil {
		return nil
	}
	return snap
}

// candidates are names of the cluster's, for a shell to read by the line and to put
// into the command line.
type candidates []cobra.Completion

// add drops a name that a shell would have to quote: no object of a cluster has one.
func (c *candidates) add(name, about string) {
	if name == "" || escape.ShellWord(name) != name {
		return
	}
	if about = escape.Line(about); about != "" {
		name = cobra.CompletionWithDesc(name, about)
	}
	*c = append(*c, name)
}

// printable drops names of the kubeconfig that are more than a word of one line.
func printable(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return escape.Line(name) != name })
}

// tenantWords are the tenants, with their namespaces.
func (f *factsFlags) tenantWords(cmd *cobra.Command) []cobra.Completion {
	snap := f.glance(cmd, tenantKinds)
	if snap == nil {
		return nil
	}
	var found candidates
	for _, t := range tenant.Discover(snap) {
		found.add(t.Name, strings.Join(t.Namespaces, ", "))
	}
	return found
}

// objectWords are the objects that tenants stand on, as `explain` takes them: by
// a name that only one namespace has, or that of -n.
func (f *factsFlags) objectWords(cmd *cobra.Command) []cobra.Completion {
	snap := f.glance(cmd, statusWants())
	if snap == nil {
		return nil
	}
	found := map[string]map[string]bool{}
	for _, status := range tenant.Assess(snap, tenant.Discover(snap)) {
		for _, link := range status.Chain {
			if f.namespace() != "" && link.Ref.Namespace != "" && link.Ref.Namespace != f.namespace() {
				continue
			}
			name := shortKind(link.Ref.Kind) + "/" + link.Ref.Name
			if found[name] == nil {
				found[name] = map[string]bool{}
			}
			found[name][link.Ref.Namespace] = true
		}
	}
	var words candidates
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if in := slices.Collect(maps.Keys(found[name])); len(in) == 1 {
			words.add(name, in[0])
		}
	}
	return words
}

// shortKind is the short name of a kind, or the kind in lower case.
func shortKind(kind string) string {
	plural := finding.PluralOf(kind)
	for _, short := range slices.Sorted(maps.Keys(shortNames)) {
		meant := shortNames[short]
		if slices.Contains(meant, plural) {
			return short
		}
	}
	return strings.ToLower(kind)
}

// namespaceWords are the cluster's namespaces.
func (f *factsFlags) namespaceWords(cmd *cobra.Command) []cobra.Completion {
	snap := f.glance(cmd, collect.Wants(health.NamespaceKind))
	if snap == nil {
		return nil
	}
	var found candidates
	for _, obj := range snap.List(health.NamespaceKind, "").Objects {
		found.add(obj.GetName(), "")
	}
	return found
}

// kubeconfigWords are the contexts, clusters or users of the kubeconfig.
func (f *factsFlags) kubeconfigWords(flag string) []cobra.Completion {
	if f.checkKubeconfig() != nil {
		return nil
	}
	config, err := f.kube.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return nil
	}
	switch flag {
	case "context":
		return printable(slices.Sorted(maps.Keys(config.Contexts)))
	case "cluster":
		return printable(slices.Sorted(maps.Keys(config.Clusters)))
	}
	return printable(slices.Sorted(maps.Keys(config.AuthInfos)))
}
