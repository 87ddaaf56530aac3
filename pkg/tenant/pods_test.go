package tenant

import (
	"fmt"
	"strings"
	"testing"
)

// podsOfBHS are pods in the namespaces of the stock tenant, and some of others.
const podsOfBHS = `
apiVersion: v1
kind: Pod
metadata:
  name: orthanc-5d-a
  namespace: bhs-orthweb
  labels: {app: orth, pod-template-hash: 5d}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: orthanc-5d, controller: true}]
status: {conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata:
  name: orthanc-5d-b
  namespace: bhs-orthweb
  labels: {app: orth, pod-template-hash: 5d}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: orthanc-5d, controller: true}]
---
apiVersion: v1
kind: Pod
metadata:
  name: postgres-ha-postgresql-ha-postgresql-0
  namespace: bhs-orthweb
  ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: postgres-ha-postgresql-ha-postgresql, controller: true}]
---
apiVersion: v1
kind: Pod
metadata:
  name: orthanc-backup-1
  namespace: bhs-orthweb
  labels: {app: orth}
  ownerReferences: [{apiVersion: batch/v1, kind: Job, name: orthanc, controller: true}]
---
apiVersion: v1
kind: Pod
metadata: {name: istio-ingressgateway-x, namespace: bhs-orthweb, labels: {app: istio-ingressgateway, istio: ingressgateway, more: x}}
---
apiVersion: v1
kind: Pod
metadata: {name: istio-egressgateway-x, namespace: bhs-orthweb, labels: {app: istio-ingressgateway}}
---
apiVersion: v1
kind: Pod
metadata:
  name: orthanc-5d-a
  namespace: mhr-orthweb
  labels: {app: istio-ingressgateway, istio: ingressgateway, pod-template-hash: 5d}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: orthanc-5d, controller: true}]
`

// TestPods finds the pods of workloads by their owners, and those of a Service by its selector,
// only within the tenant.
func TestPods(t *testing.T) {
	test := testCase{Korthweb: korthweb{Tenants: []string{"bhs"}}}
	for _, o := range decode(t, []byte(podsOfBHS)) {
		test.Objects = append(test.Objects, o.Object)
	}
	const (
		orthanc  = "Workloads Deployment bhs-orthweb/orthanc: orthanc-5d-a(ready) orthanc-5d-b\n"
		database = "Database StatefulSet bhs-orthweb/postgres-ha-postgresql-ha-postgresql: postgres-ha-postgresql-ha-postgresql-0\n"
		pool     = "Workloads Deployment bhs-orthweb/postgres-ha-postgresql-ha-pgpool:"
		gateway  = "Ingress Service bhs-orthweb/istio-ingressgateway: istio-ingressgateway-x\n"
	)
	service := func(name, selector string) map[string]any {
		return decode(t, []byte("{apiVersion: v1, kind: Service, metadata: {namespace: bhs-orthweb, name: "+name+"}, spec: {selector: "+selector+"}}"))[0].Object
	}
	for _, c := range []struct {
		about string
		more  []map[string]any
		drop  []string
		want  string
	}{
		{about: "each workload and the ingress", want: orthanc + pool + "\n" + database + gateway},
		{about: "two Services with the same pods", more: []map[string]any{service("second", "{istio: ingressgateway}")},
			want: orthanc + pool + "\n" + database + gateway + "Ingress Service bhs-orthweb/second: istio-ingressgateway-x\n"},
		{about: "the gateway's Deployment among the tenant's workloads", more: gatewayDeployment(t),
			want: "Workloads Deployment bhs-orthweb/istio-ingressgateway: istio-ingressgateway-6f-a(ready)\n" + orthanc + pool + "\n" + database +
				"Ingress Service bhs-orthweb/istio-ingressgateway: istio-ingressgateway-6f-a(ready) istio-ingressgateway-x\n"},
		{about: "a Service with a selector that is malformed", more: []map[string]any{service("odd", "{istio: ingressgateway, n: 7}")},
			want: orthanc + pool + "\n" + database + gateway + "Ingress Service bhs-orthweb/odd:\n"},
		{about: "no database", drop: []string{"StatefulSet bhs-orthweb/postgres-ha-postgresql-ha-postgresql"}, want: orthanc + pool + "\n" + gateway},
	} {
		changed := test
		changed.Objects, changed.Drop = append(test.Objects[:len(test.Objects):len(test.Objects)], c.more...), c.drop
		snap := changed.snapshot(changed.objects(t))
		var got strings.Builder
		for _, group := range Pods(snap, Assess(snap, Discover(snap))[0]) {
			fmt.Fprintf(&got, "%s %s:", group.Section, group.Of)
			for _, pod := range group.Pods {
				fmt.Fprintf(&got, " %s", pod.GetName())
				if PodReady(pod) {
					got.WriteString("(ready)")
				}
			}
			got.WriteString("\n")
			if group.Partial || len(group.Unknown) > 0 {
				t.Errorf("%s: the pods of %s were read", c.about, group.Of)
			}
		}
		if got.String() != c.want {
			t.Errorf("%s:\n got %swant %s", c.about, got.String(), c.want)
		}
	}
}

// gatewayDeployment is a Deployment in the tenant's own namespace whose pods receive the
// tenant's traffic, with one of them.
func gatewayDeployment(t *testing.T) (objects []map[string]any) {
	t.Helper()
	for _, o := range decode(t, []byte(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: istio-ingressgateway, namespace: bhs-orthweb}
spec: {replicas: 1, selector: {matchLabels: {istio: ingressgateway}}, template: {metadata: {labels: {istio: ingressgateway}}, spec: {containers: [{name: istio-proxy, image: proxyv2}]}}}
status: {replicas: 1, readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1}
---
apiVersion: v1
kind: Pod
metadata:
  name: istio-ingressgateway-6f-a
  namespace: bhs-orthweb
  labels: {app: istio-ingressgateway, istio: ingressgateway, pod-template-hash: 6f}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: istio-ingressgateway-6f, controller: true}]
status: {conditions: [{type: Ready, status: "True"}]}
`)) {
		objects = append(objects, o.Object)
	}
	return objects
}

// TestUnreadPods checks that unreadable pods are not treated as absent.
func TestUnreadPods(t *testing.T) {
	test := testCase{Korthweb: korthweb{Tenants: []string{"bhs"}}, Forbidden: []string{"Pod"}}
	snap := test.snapshot(test.objects(t))
	groups := Pods(snap, Assess(snap, Discover(snap))[0])
	if len(groups) != 4 {
		t.Fatalf("%d groups", len(groups))
	}
	for _, group := range groups {
		if len(group.Pods) > 0 || !group.Partial || len(group.Unknown) != 1 {
			t.Errorf("%s: %d pods, partial %v, unknown %v", group.Of, len(group.Pods), group.Partial, group.Unknown)
		}
	}
}
