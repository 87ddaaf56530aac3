package completion

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// How long a user who pressed <TAB> waits at most: for a cluster, which may not be reachable,
// and for a recording, which is on this machine.
const (
	clusterTimeout   = time.Second
	recordingTimeout = 5 * time.Second
)

// tryRead reads the cluster, or the snapshot of the command's --from, and returns nil
// when that fails or takes too long.
func tryRead(f *command.Call, cmd *cobra.Command, required []collect.Query) *snapshot.Snapshot {
	var o command.Origin
	if flag := cmd.Flags().Lookup("from"); flag != nil {
		o.From, _ = cmd.Flags().GetStringArray("from") // of another type in no command
		// cobra v1.10 parses the flags twice before it requests completions.
		slices.Sort(o.From)
		o.From = slices.Compact(o.From)
	}
	if slices.Contains(o.From, "-") {
		return nil // the shell's own input
	}
	if command.Given(cmd.Flags(), "contexts") || command.Given(cmd.Flags(), "all-contexts") {
		return nil // the current context's cluster may have other names
	}
	timeout := recordingTimeout
	if o.Live() {
		timeout = clusterTimeout
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
	defer cancel()
	snap, err := f.Read(ctx, o, required)
	if err != nil {
		return nil
	}
	return snap
}

// candidates are names in the cluster that a shell reads line by line and inserts into
// the command line.
type candidates []cobra.Completion

// add ignores a name that a shell would have to quote: no object has such a name.
func (c *candidates) add(name, about string) {
	if name == "" || escape.ShellWord(name) != name {
		return
	}
	if about = escape.Line(about); about != "" {
		name = cobra.CompletionWithDesc(name, about)
	}
	*c = append(*c, name)
}

// printable removes names of the kubeconfig that are not one word of one line.
func printable(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return escape.Line(name) != name })
}

// tenantWords are the tenants, with their namespaces.
func tenantWords(f *command.Call, cmd *cobra.Command) []cobra.Completion {
	snap := tryRead(f, cmd, queries.Names())
	if snap == nil {
		return nil
	}
	var found candidates
	for _, t := range tenant.Discover(snap) {
		found.add(t.Name, strings.Join(t.Namespaces, ", "))
	}
	return found
}

// objectWords are the objects that tenants depend on, in the form that `explain` takes:
// by a name that is in one namespace only, or in that of -n.
func objectWords(f *command.Call, cmd *cobra.Command) []cobra.Completion {
	snap := tryRead(f, cmd, queries.Status())
	if snap == nil {
		return nil
	}
	found := map[string]map[string]bool{}
	for _, status := range tenant.Assess(snap, tenant.Discover(snap)) {
		for _, link := range status.Chain {
			if f.Namespace() != "" && link.Ref.Namespace != "" && link.Ref.Namespace != f.Namespace() {
				continue
			}
			name := explain.ShortKind(link.Ref.Kind) + "/" + link.Ref.Name
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

// namespaceWords are the cluster's namespaces.
func namespaceWords(f *command.Call, cmd *cobra.Command) []cobra.Completion {
	snap := tryRead(f, cmd, collect.Queries(object.NamespaceKind))
	if snap == nil {
		return nil
	}
	var found candidates
	for _, obj := range snap.List(object.NamespaceKind, "").Objects {
		found.add(obj.GetName(), "")
	}
	return found
}

// kubeconfigWords are the contexts, clusters or users of the kubeconfig.
func kubeconfigWords(f *command.Call, flag string) []cobra.Completion {
	if f.CheckKubeconfig() != nil {
		return nil
	}
	config, err := f.Kube.ToRawKubeConfigLoader().RawConfig()
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
