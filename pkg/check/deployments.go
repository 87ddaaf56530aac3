package check

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// deployments are the Deployments that match; unread is set if some may be missing.
func (c *cluster) deployments(match func(*unstructured.Unstructured) bool) (found []*unstructured.Unstructured, unread *Check) {
	all, unread := c.list(object.DeploymentKind)
	for _, deployment := range all {
		if match(deployment) {
			found = append(found, deployment)
		}
	}
	return found, unread
}

// available checks that the Deployments that match are available: there must be at least one,
// called name. install is the fix for a cluster without one.
func (c *cluster) available(name string, install finding.Fix, match func(*unstructured.Unstructured) bool) Check {
	found, unread := c.deployments(match)
	if len(found) == 0 {
		if unread != nil {
			return *unread
		}
		return fail(install, "no Deployment of %s exists", name)
	}
	var messages []string
	for _, deployment := range found {
		result := c.deploymentCheck(deployment)
		if result.Outcome != Pass {
			return result
		}
		messages = append(messages, result.Message)
	}
	return pass("%s", names(messages))
}

// deploymentCheck passes a Deployment that is ready, and warns of one that is available during
// a rollout.
func (c *cluster) deploymentCheck(deployment *unstructured.Unstructured) Check {
	ref := object.RefOf(deployment)
	at := ref.Namespace + "/" + ref.Name
	explain := finding.Fix{
		Text:    "Find out why the Deployment is not ready",
		Command: escape.Command("kubectl orthweb explain deployment/%s -n %s", ref.Name, ref.Namespace),
	}
	verdict := c.health.Of(ref)
	switch {
	case verdict.Status == health.Ready:
		return pass("%s %s, %s", at, ImageTag(deployment.Object), verdict.Message)
	case verdict.Status == health.Unknown:
		return unknown(explain, "%s: %s", at, verdict.Message)
	case verdict.Status == health.Suspended:
		return fail(finding.Fix{Text: "Scale it up", Command: escape.Command("kubectl scale deployment %s -n %s --replicas=1", ref.Name, ref.Namespace)}, "%s: %s", at, verdict.Message)
	case object.ConditionOf(deployment, "Available").Is("True"):
		return warn(explain, "%s is available, but not ready: %s", at, verdict.Message)
	}
	return fail(explain, "%s is not available: %s", at, verdict.Message)
}

// installAgain is the fix for an object that is missing although the software that it belongs to
// may run: the HelmRelease that installed one of the Deployments that match is reconciled. Without
// such a Deployment, the fix is to install the software.
func (c *cluster) installAgain(install finding.Fix, match func(*unstructured.Unstructured) bool) finding.Fix {
	found, _ := c.deployments(match)
	for _, deployment := range found {
		release := health.ReleasedBy(deployment)
		if release.Name != "" && c.Snap.Lookup(release).Presence == snapshot.Present {
			return finding.Fix{Text: "Reconcile its release, which installs it again",
				Command: escape.Command("flux reconcile helmrelease %s -n %s --force", release.Name, release.Namespace)}
		}
	}
	if len(found) > 0 {
		ref := object.RefOf(found[0])
		return finding.Fix{Text: "Install it again with what installed " + ref.String(),
			Command: escape.Command("kubectl get deployment %s -n %s -o yaml", ref.Name, ref.Namespace)}
	}
	return install
}

// describe is the command that shows an object without a namespace, with its events.
func describe(obj *unstructured.Unstructured) string {
	return escape.Command("kubectl describe %s %s", strings.ToLower(obj.GetKind()), obj.GetName())
}

// ImageTag is the tag of a Deployment's first image, empty if it has none.
func ImageTag(deployment map[string]any) string {
	for _, container := range object.List(deployment, "spec", "template", "spec", "containers") {
		image, _, _ := strings.Cut(object.Text(container, "image"), "@")
		_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
		return tag
	}
	return ""
}
