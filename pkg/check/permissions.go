package check

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Permission is what one request requires, as RBAC names it. Namespace is empty for all
// namespaces, and for a kind without namespaces.
type Permission struct{ Verb, Group, Resource, Namespace string }

// String is the permission in kubectl's words: "list pods at the cluster scope".
func (p Permission) String() string {
	resource := schema.GroupResource{Group: p.Group, Resource: p.Resource}.String()
	if p.Namespace == "" {
		return p.Verb + " " + resource + " at the cluster scope"
	}
	return fmt.Sprintf("%s %s in namespace %q", p.Verb, resource, p.Namespace)
}

// Access is the API server's answer about one permission.
type Access struct {
	Allowed bool
	// Unknown is why there is no answer, empty if there is one.
	Unknown string
}

// Command is a command with the permissions that it requires.
type Command struct {
	// Name is the command's: "cert issue".
	Name string
	// Check is the name of the check of its permissions.
	Check       string
	Permissions []Permission
	// Role is the ClusterRole that has the permissions.
	Role string
	// Optional is set for a command that not every user runs: its missing permissions are
	// warnings.
	Optional bool
}

// CommandsOf are the commands whose permissions are checked: status and explain, which list
// kinds; reconcile and cert issue, in the namespaces of the snapshot's layers and tenants, or
// only in the given namespace if it is not empty. With pre, the installation of Flux is one
// of them (`flux install` creates CustomResourceDefinitions and ClusterRoleBindings to
// cluster-admin).
func CommandsOf(snap *snapshot.Snapshot, namespace string, status, explain []schema.GroupKind, pre bool) []Command {
	commands := []Command{
		{Name: "status", Check: "can-status", Permissions: lists(status, namespace), Role: "orthweb-viewer"},
		{Name: "explain", Check: "can-explain", Permissions: lists(explain, namespace), Role: "orthweb-viewer", Optional: true},
	}
	if pre {
		return append(commands, Command{
			Name: "flux install", Check: "can-install-flux", Permissions: []Permission{{"*", "*", "*", ""}}, Role: clusterAdmin, Optional: true,
		})
	}
	layers, tenants := namespacesOf(snap, namespace)
	var reconcile, issue []Permission
	for _, in := range layers {
		for _, kind := range []schema.GroupKind{object.KustomizationKind, object.GitRepositoryKind} {
			reconcile = append(reconcile, each(kind, in, "get", "patch")...)
		}
	}
	for _, in := range tenants {
		reconcile = append(reconcile, each(object.HelmReleaseKind, in, "get", "patch")...)
		issue = append(issue, each(object.RequestKind, in, "create", "get", "delete")...)
	}
	return append(commands,
		Command{Name: "reconcile", Check: "can-reconcile", Permissions: reconcile, Role: "orthweb-operator", Optional: true},
		Command{Name: "cert issue", Check: "can-cert-issue", Permissions: issue, Role: "orthweb-cert-issuer", Optional: true})
}

// clusterAdmin is the ClusterRole of Kubernetes that allows every request.
const clusterAdmin = "cluster-admin"

// namespacesOf are the namespaces of the layers and of the tenants. A cluster without them is
// checked for Korthweb's layers, and for tenants in all namespaces.
func namespacesOf(snap *snapshot.Snapshot, only string) (layers, tenants []string) {
	if only != "" {
		return []string{only}, []string{only}
	}
	inLayers, inTenants := map[string]bool{}, map[string]bool{}
	for _, t := range tenant.Discover(snap) {
		for _, layer := range t.Layers {
			inLayers[layer.Ref.Namespace] = true
		}
		for _, namespace := range t.Namespaces {
			inTenants[namespace] = true
		}
	}
	layers, tenants = slices.Sorted(maps.Keys(inLayers)), slices.Sorted(maps.Keys(inTenants))
	if len(layers) == 0 {
		layers = []string{"flux-system"}
	}
	if len(tenants) == 0 || len(tenants) > manyTenants {
		tenants = []string{""}
	}
	return layers, tenants
}

// manyTenants is the number of namespaces above which permissions are checked for all
// namespaces at once: each is a request.
const manyTenants = 8

// clusterKinds are the kinds without namespaces among those that commands list.
var clusterKinds = []schema.GroupKind{
	object.NamespaceKind, object.NodeKind, object.VolumeKind, object.StorageClassKind, object.DriverKind, object.AttachmentKind,
	object.ClusterIssuerKind, object.RequestPolicyKind, object.IngressClassKind, object.GatewayClassKind, object.PriorityClassKind,
	object.DefinitionKind, object.APIServiceKind, object.ValidatingWebhookKind, object.MutatingWebhookKind, object.PolicyKind, object.BindingKind,
}

// lists are the permissions to list kinds, except Secrets: what depends on their contents is
// reported as unknown to a user who may not read them (docs/rbac.md).
func lists(kinds []schema.GroupKind, namespace string) []Permission {
	var all []Permission
	for _, kind := range kinds {
		if kind == object.SecretKind {
			continue
		}
		in := namespace
		if slices.Contains(clusterKinds, kind) {
			in = ""
		}
		for _, p := range each(kind, in, "list") {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

func each(kind schema.GroupKind, namespace string, verbs ...string) []Permission {
	var all []Permission
	for _, verb := range verbs {
		all = append(all, Permission{verb, kind.Group, object.PluralOf(kind.Kind), namespace})
	}
	return all
}

// permissionTests has one check for each command.
func permissionTests(c *cluster) []test {
	var tests []test
	for _, command := range c.Commands {
		tests = append(tests, test{command.Check, func(c *cluster) Check { return c.allowed(command) }})
	}
	return tests
}

// allowed checks the permissions of a command.
func (c *cluster) allowed(command Command) Check {
	if c.Access == nil {
		return unknown(finding.Fix{Text: "Run the check on the cluster, without --from"}, "a user's permissions are not recorded")
	}
	var missing []string
	var problem string
	for _, p := range command.Permissions {
		access, ok := c.Access[p]
		switch {
		case !ok:
			problem = "the permission was not requested: " + p.String()
		case access.Unknown != "":
			problem = access.Unknown
		case !access.Allowed:
			missing = append(missing, p.String())
		}
	}
	grant := finding.Fix{Text: fmt.Sprintf("Request these permissions; the ClusterRole %s has them (docs/rbac.md)", command.Role)}
	switch {
	case len(missing) > 0 && command.Role == clusterAdmin:
		return warn(finding.Fix{Text: "Request the ClusterRole " + clusterAdmin}, "you can't run %s: you are not %s", command.Name, clusterAdmin)
	case len(missing) > 0 && command.Optional:
		return warn(grant, "you can't run %s: cannot %s", command.Name, names(missing))
	case len(missing) > 0:
		return fail(grant, "you can't run %s: cannot %s", command.Name, names(missing))
	case problem != "":
		return unknown(finding.Fix{Text: "Check it with 'kubectl auth can-i --list'"}, "%s", problem)
	case command.Role == clusterAdmin:
		return pass("you are %s, which %s requires", clusterAdmin, command.Name)
	}
	return pass("you have all permissions for %s", command.Name)
}
