package diagnose

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// deployed is a Deployment with pods of one label, ready or not.
func deployed(namespace, name string, wanted, ready int64, labels map[string]any) map[string]any {
	return map[string]any{"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"namespace": namespace, "name": name, "labels": labels},
		"spec":     map[string]any{"replicas": wanted, "template": map[string]any{"metadata": map[string]any{"labels": labels}}},
		"status": map[string]any{"replicas": wanted, "updatedReplicas": wanted, "readyReplicas": ready, "availableReplicas": ready,
			"conditions": []any{map[string]any{"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable"}, map[string]any{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}}}}
}

func lease(namespace, name, renewed string) map[string]any {
	return map[string]any{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
		"metadata": map[string]any{"namespace": namespace, "name": name}, "spec": map[string]any{"renewTime": renewed}}
}

// TestControllers takes each controller down in turn, for a tenant that needs it and one that
// does not.
func TestControllers(t *testing.T) {
	layer := newObject("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system", "bhs-application", nil)
	release := newObject("helm.toolkit.fluxcd.io/v2", "HelmRelease", "bhs-orthweb", "postgres-ha", nil)
	certificate := newObject("cert-manager.io/v1", "Certificate", "bhs-orthweb", "orthweb-cert", nil)
	gateway := newObject("networking.istio.io/v1", "Gateway", "bhs-orthweb", "web-gw", nil)
	of := func(component string) map[string]any {
		return map[string]any{"app.kubernetes.io/instance": "cert-manager", "app.kubernetes.io/component": component}
	}
	istiod := func(revision string) map[string]any { return map[string]any{"app": "istiod", "istio.io/rev": revision} }
	namespace := map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "bhs-orthweb", "labels": map[string]any{"istio.io/rev": "1-28"}}}
	for _, c := range []struct {
		name    string
		objects []map[string]any
		want    []string
	}{
		{"all well", []map[string]any{layer, certificate, deployed("flux-system", "kustomize-controller", 1, 1, nil), deployed("cert-manager", "cert-manager", 1, 1, of("controller"))}, nil},
		{"kustomize-controller is down", []map[string]any{layer, deployed("flux-system", "kustomize-controller", 1, 0, nil)}, []string{"Deployment flux-system/kustomize-controller"}},
		{"kustomize-controller is scaled to zero", []map[string]any{layer, deployed("flux-system", "kustomize-controller", 0, 0, nil)}, []string{"Deployment flux-system/kustomize-controller"}},
		{"kustomize-controller hangs", []map[string]any{layer, deployed("flux-system", "kustomize-controller", 1, 1, nil), lease("flux-system", "kustomize-controller-leader-election", "2026-03-01T11:50:00Z")},
			[]string{"Lease flux-system/kustomize-controller-leader-election"}},
		{"one with a selector hangs", []map[string]any{layer, deployed("flux-system", "kustomize-controller", 1, 1, nil), lease("flux-system", "kustomize-controller-leader-election-f2173aaa", "2026-03-01T11:50:00Z")},
			[]string{"Lease flux-system/kustomize-controller-leader-election-f2173aaa"}},
		{"it lives", []map[string]any{layer, deployed("flux-system", "kustomize-controller", 1, 1, nil), lease("flux-system", "kustomize-controller-leader-election", "2026-03-01T11:59:50Z")}, nil},
		{"source-controller is down", []map[string]any{layer, deployed("flux-system", "source-controller", 1, 0, nil)}, []string{"Deployment flux-system/source-controller"}},
		{"helm-controller is down, with a release", []map[string]any{layer, release, deployed("flux-system", "helm-controller", 1, 0, nil)}, []string{"Deployment flux-system/helm-controller"}},
		{"helm-controller is down, without one", []map[string]any{layer, deployed("flux-system", "helm-controller", 1, 0, nil)}, nil},
		{"notification-controller is down", []map[string]any{layer, deployed("flux-system", "notification-controller", 0, 0, nil)}, nil},
		{"cert-manager is down", []map[string]any{certificate, deployed("cert-manager", "cert-manager", 1, 0, of("controller"))}, []string{"Deployment cert-manager/cert-manager"}},
		{"its webhook is down", []map[string]any{certificate, deployed("cert-manager", "certs-webhook", 1, 0, of("webhook"))}, []string{"Deployment cert-manager/certs-webhook"}},
		{"its cainjector is down", []map[string]any{certificate, deployed("cert-manager", "cert-manager-cainjector", 1, 0, of("cainjector"))}, []string{"Deployment cert-manager/cert-manager-cainjector"}},
		{"cert-manager is down, without a Certificate", []map[string]any{layer, deployed("cert-manager", "cert-manager", 1, 0, of("controller"))}, nil},
		{"cert-manager hangs", []map[string]any{certificate, lease("kube-system", "cert-manager-controller", "2026-03-01T11:50:00Z")}, []string{"Lease kube-system/cert-manager-controller"}},
		{"istiod is down", []map[string]any{gateway, deployed("istio-system", "istiod", 1, 0, istiod("default"))}, []string{"Deployment istio-system/istiod"}},
		{"istiod is down, without a Gateway", []map[string]any{layer, deployed("istio-system", "istiod", 1, 0, istiod("default"))}, nil},
		{"another revision of istiod is down", []map[string]any{gateway, namespace, deployed("istio-system", "istiod", 1, 0, istiod("default")), deployed("istio-system", "istiod-1-28", 1, 1, istiod("1-28"))}, nil},
		{"the namespace's revision is down", []map[string]any{gateway, namespace, deployed("istio-system", "istiod", 1, 1, istiod("default")), deployed("istio-system", "istiod-1-28", 1, 0, istiod("1-28"))},
			[]string{"Deployment istio-system/istiod-1-28"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			snap := pkiScenario{Objects: c.objects}.snapshot()
			x := newContext(snap, nil)
			tenantOf := tenant.Tenant{Name: "bhs", Namespaces: []string{"bhs-orthweb"}}
			for _, obj := range snap.List(object.KustomizationKind, "").Objects {
				tenantOf.Layers = append(tenantOf.Layers, tenant.Layer{Ref: object.RefOf(obj)})
			}
			compare(t, "of the tenant", texts(flux.ControllersOf(x, tenantOf)), c.want)
			compare(t, "of another tenant", texts(flux.ControllersOf(x, tenant.Tenant{Name: "mhr", Namespaces: []string{"mhr-orthweb"}})), nil)
			for _, ref := range flux.ControllersOf(x, tenantOf) {
				out := engine.NewWalk(x).From(ref, false)
				if len(out.Causes) != 1 || out.Causes[0].Ref.Kind != "Deployment" {
					t.Errorf("causes of %s: %+v", ref, out.Causes)
				}
				for _, cause := range out.Causes {
					sound(t, cause.Finding)
					readBack(t, snap, cause.Finding)
				}
			}
		})
	}
}

func texts[T fmt.Stringer](all []T) []string {
	var found []string
	for _, each := range all {
		found = append(found, each.String())
	}
	return found
}

// TestControllerOfHealthyTenants takes the recorded cluster in which all objects are ready, and
// scales one controller after the other to zero: it must be the only cause, for each tenant
// that needs it.
func TestControllerOfHealthyTenants(t *testing.T) {
	healthy := readCase(t, "testdata/F30-healthy.txtar").snap
	for _, name := range []string{"source-controller", "kustomize-controller", "helm-controller", "cert-manager", "cert-manager-webhook", "cert-manager-cainjector", "istiod"} {
		t.Run(name, func(t *testing.T) {
			snap := changed(healthy, func(obj *unstructured.Unstructured) {
				if obj.GetKind() == "Deployment" && obj.GetName() == name {
					obj.Object["spec"].(map[string]any)["replicas"] = int64(0)
					obj.Object["status"] = map[string]any{"observedGeneration": obj.GetGeneration()}
				}
			})
			for _, s := range all(snap).Subjects {
				if s.Verdict.Status == health.Ready || len(s.Causes) != 1 || s.Causes[0].Ref.Name != name || s.Causes[0].Reason != "ScaledToZero" || s.Causes[0].Severity != finding.Critical {
					t.Errorf("%s is %s: %+v", s.Tenant, s.Verdict.Status, s.Causes)
				}
			}
		})
	}
}

// TestControllerThatCrashes has a controller that runs out of memory: its Deployment must be
// the only cause, while the layers still report that they are ready.
func TestControllerThatCrashes(t *testing.T) {
	healthy := readCase(t, "testdata/F30-healthy.txtar").snap
	for _, name := range []string{"istiod", "cert-manager", "cert-manager-webhook", "cert-manager-cainjector"} {
		t.Run(name, func(t *testing.T) {
			snap := changed(healthy, func(obj *unstructured.Unstructured) {
				switch {
				case obj.GetKind() == "Deployment" && obj.GetName() == name:
					status := obj.Object["status"].(map[string]any)
					status["availableReplicas"], status["readyReplicas"], status["unavailableReplicas"] = int64(0), int64(0), int64(1)
					status["conditions"] = []any{
						map[string]any{"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable", "lastTransitionTime": "2026-11-24T07:00:00Z"},
						map[string]any{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}}
				case obj.GetKind() == "Pod" && len(obj.GetOwnerReferences()) > 0 && nameOfDeployment(obj.GetOwnerReferences()[0].Name) == name:
					status := obj.Object["status"].(map[string]any)
					container := obj.Object["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)["name"]
					status["conditions"] = []any{map[string]any{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}, map[string]any{"type": "PodScheduled", "status": "True"}}
					status["containerStatuses"] = []any{map[string]any{"name": container, "restartCount": int64(7),
						"state":     map[string]any{"waiting": map[string]any{"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}},
						"lastState": map[string]any{"terminated": map[string]any{"reason": "OOMKilled", "exitCode": int64(137)}}}}
				}
			})
			for _, s := range all(snap).Subjects {
				if len(s.Causes) != 1 || s.Causes[0].Ref.Name != name || s.Causes[0].Code != engine.CodeOOMKilled {
					t.Errorf("%s is %s: %+v", s.Tenant, s.Verdict.Status, s.Causes)
				}
			}
		})
	}
}

// nameOfDeployment returns the name of the Deployment of a ReplicaSet.
func nameOfDeployment(set string) string { return set[:max(0, strings.LastIndex(set, "-"))] }

// changed returns a copy of a snapshot with changed copies of its objects.
func changed(snap *snapshot.Snapshot, change func(*unstructured.Unstructured)) *snapshot.Snapshot {
	builder := snapshot.NewBuilder()
	for _, requested := range snap.Requests() {
		var objects []*unstructured.Unstructured
		for _, obj := range snap.List(requested.GroupKind(), requested.Namespace).Objects {
			obj = obj.DeepCopy()
			change(obj)
			objects = append(objects, obj)
		}
		builder.Add(requested, objects...)
	}
	return builder.Build(snap.Meta())
}
