package flux

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var healthCheckTarget = &rule.Rule{
	Code: "OW1105", Name: "health-check-target", Severity: finding.Critical,
	Title: "A health check names an object that does not exist",
	Kustomization: func(c *rule.Context, k *cluster.Kustomization) {
		for i, check := range checks(k) {
			if rule.Unknown(check.Name) || rule.Unknown(check.Namespace) || mayExist(c, check) {
				continue
			}
			var names []string
			for _, o := range c.InNamespace(check.GroupKind(), check.Namespace) {
				names = append(names, o.GetName())
			}
			c.Report(k.Object, fmt.Sprintf("spec.healthChecks[%d]", i),
				fmt.Sprintf("a health check names %s, %s", check, suggest(similar.Nearest(check.Name, names))),
				inFile(k.File(), "Correct or remove the health check: until its timeout, the layer waits for an object that never exists"))
		}
	},
}

// checks are the objects that spec.healthChecks names.
func checks(k *cluster.Kustomization) []object.Ref {
	var refs []object.Ref
	for _, entry := range object.List(k.Unstructured.Object, "spec", "healthChecks") {
		refs = append(refs, object.Ref{
			APIVersion: object.Text(entry, "apiVersion"), Kind: object.Text(entry, "kind"),
			Namespace: object.Text(entry, "namespace"), Name: object.Text(entry, "name"),
		})
	}
	return refs
}

// fromTree are kinds that usually neither charts nor controllers create.
var fromTree = []schema.GroupKind{object.HelmReleaseKind, object.KustomizationKind}

// mayExist reports whether an object exists in the tree, or may be created by something that is
// not in it: a chart from a registry, another source, an operator. A misspelled name does not.
func mayExist(c *rule.Context, ref object.Ref) bool {
	if exists(c, ref) || c.IsHook(ref) {
		return true
	}
	if c.MisspellingOf(ref) != "" {
		return false
	}
	if slices.Contains(fromTree, ref.GroupKind()) {
		return slices.ContainsFunc(c.Kustomizations, func(k *cluster.Kustomization) bool { return k.Built == nil })
	}
	return !c.Complete(ref.Namespace)
}

var uncoveredWorkload = &rule.Rule{
	Code: "OW1901", Name: "uncovered-workload", Severity: finding.Warning,
	Title: "A Kustomization is Ready before its workloads are",
	Object: func(c *rule.Context, o *cluster.Object) {
		if !isWorkload(o) || covered(c, o) || coveredIndirectly(c, o) || isDecided(o.By) {
			return
		}
		consequence := "so the layer becomes Ready although it fails"
		switch {
		case len(c.Dependents(o.By)) > 0:
			consequence = "so layers that depend on it start although it fails"
		case len(checks(o.By)) == 0:
			return
		}
		c.Report(o, "metadata.name", "no health check of its layer covers it, "+consequence,
			inFile(o.By.File(), "Add it to spec.healthChecks of the layer, or set spec.wait: true"))
	},
}

var noWait = &rule.Rule{
	Code: "OW1903", Name: "no-wait", Severity: finding.Info,
	Title: "A Kustomization waits for none of its workloads",
	Kustomization: func(c *rule.Context, k *cluster.Kustomization) {
		if _, decided := object.Read(k.Unstructured.Object, "spec.wait"); decided || !k.Declared() || len(checks(k)) > 0 || len(c.Dependents(k)) > 0 {
			return
		}
		var workloads []object.Ref
		for _, o := range c.AppliedBy(k) {
			if isWorkload(o) {
				workloads = append(workloads, o.Ref())
			}
		}
		switch len(workloads) {
		case 0:
			return
		case 1:
			c.Report(k.Object, "spec", fmt.Sprintf("it does not wait for its workload, %s", workloads[0]), waitOrNot(k))
		default:
			c.Report(k.Object, "spec", fmt.Sprintf("it waits for none of its %d workloads, such as %s", len(workloads), workloads[0]), waitOrNot(k))
		}
	},
}

func waitOrNot(k *cluster.Kustomization) finding.Fix {
	return inFile(k.File(), "Set spec.wait: true; to keep it as it is, set spec.wait: false")
}

// isDecided reports whether spec.wait is false, so that not waiting is intended.
func isDecided(k *cluster.Kustomization) bool {
	wait, ok := object.Read(k.Unstructured.Object, "spec.wait")
	return ok && wait == false
}

// coveredIndirectly reports whether the Kustomization waits for what an object creates: a
// workload of a release, or a certificate that the CA of a Certificate signs.
func coveredIndirectly(c *rule.Context, o *cluster.Object) bool {
	switch o.Ref().GroupKind() {
	case object.HelmReleaseKind:
		return slices.ContainsFunc(checks(o.By), func(check object.Ref) bool {
			inNamespace := check.Namespace == o.GetNamespace() && slices.Contains(waitedFor, check.GroupKind()) && check.GroupKind() != object.HelmReleaseKind
			return inNamespace || strings.Contains(check.Name, o.GetName())
		})
	case object.CertificateKind:
		secret := object.Text(o.Unstructured.Object, "spec", "secretName")
		return slices.ContainsFunc(c.OfKind(object.CertificateKind), func(other *cluster.Object) bool {
			return other.By == o.By && other != o && covered(c, other) && secret != "" && caSecret(c, other) == secret
		})
	}
	return false
}

// caSecret is the Secret with the CA of the issuer that a Certificate names, in its namespace.
func caSecret(c *rule.Context, certificate *cluster.Object) string {
	issuers := c.Find(object.IssuerKind, certificate.GetNamespace(), object.Text(certificate.Unstructured.Object, "spec", "issuerRef", "name"))
	if len(issuers) == 0 {
		return ""
	}
	return object.Text(issuers[0].Unstructured.Object, "spec", "ca", "secretName")
}

// isWorkload reports whether a Kustomization applies an object that takes time to become ready,
// or fails to. A suspended one never does.
func isWorkload(o *cluster.Object) bool {
	return o.By != nil && o.Release == nil && !object.Bool(o.Unstructured.Object, "spec", "suspend") && slices.Contains(waitedFor, o.Ref().GroupKind()) && !rule.OfFlux(o)
}

// waitedFor are kinds that take time to become ready, or fail to.
var waitedFor = []schema.GroupKind{
	object.DeploymentKind, object.StatefulSetKind, object.DaemonSetKind, object.JobKind,
	object.HelmReleaseKind, object.CertificateKind,
}

// covered reports whether the Kustomization that applies an object waits for it. A health check
// with a misspelled name is another finding.
func covered(c *rule.Context, o *cluster.Object) bool {
	ref := o.Ref()
	return object.Bool(o.By.Unstructured.Object, "spec", "wait") ||
		slices.ContainsFunc(checks(o.By), func(check object.Ref) bool {
			same := check.GroupKind() == ref.GroupKind() && check.Namespace == ref.Namespace
			return same && (check.Name == ref.Name || rule.Misspelled(check.Name, ref.Name) && !exists(c, check))
		})
}
