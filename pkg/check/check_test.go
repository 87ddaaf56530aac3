package check

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// now is the time of the snapshots.
var now = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

// state is a cluster that a test builds: that of testdata/ready.yaml, with changes.
type state struct {
	server, client string
	objects        map[object.Key]*unstructured.Unstructured
	// failures are the kinds that can't be read.
	failures map[schema.GroupKind]snapshot.Reason
	// discovered are kinds that were listed in a version, or with NotServed; they have no
	// CustomResourceDefinition that could be read.
	discovered map[schema.GroupKind]string
	denied     []Permission
	unanswered string
	recorded   bool
}

// ready is the state without changes.
func ready(t testing.TB) *state {
	text, err := os.ReadFile("testdata/ready.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := &state{
		server: "v1.36.3", client: "v1.36.4", objects: map[object.Key]*unstructured.Unstructured{},
		failures: map[schema.GroupKind]snapshot.Reason{}, discovered: map[schema.GroupKind]string{},
	}
	s.put(t, string(text))
	for kind, version := range map[schema.GroupKind]string{
		object.KustomizationKind: "v1", object.HelmReleaseKind: "v2", object.GitRepositoryKind: "v1", object.HelmRepositoryKind: "v1",
		object.CertificateKind: "v1", object.RequestKind: "v1", object.IssuerKind: "v1",
		object.GatewayKind: "v1beta1", object.VirtualServiceKind: "v1beta1",
	} {
		s.define(t, kind, version)
	}
	return s
}

// put adds or replaces objects.
func (s *state) put(t testing.TB, text string) {
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	for {
		var item runtime.RawExtension
		if err := decoder.Decode(&item); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		obj := &unstructured.Unstructured{}
		if err := obj.UnmarshalJSON(item.Raw); err != nil {
			t.Fatal(err)
		}
		s.objects[object.RefOf(obj).Key()] = obj
	}
}

// define adds an established CustomResourceDefinition that serves these versions; the last is
// the storage version. A version with a prefix "-" is not served.
func (s *state) define(t testing.TB, kind schema.GroupKind, versions ...string) {
	var specs []string
	for i, v := range versions {
		specs = append(specs, fmt.Sprintf("{name: %s, served: %v, storage: %v}", strings.TrimPrefix(v, "-"), !strings.HasPrefix(v, "-"), i == len(versions)-1))
	}
	s.put(t, fmt.Sprintf(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %s}
spec: {group: %s, names: {kind: %s}, versions: [%s]}
status: {storedVersions: [%s], conditions: [{type: Established, status: "True"}]}
`, definitionRef(kind).Name, kind.Group, kind.Kind, strings.Join(specs, ", "), strings.TrimPrefix(versions[len(versions)-1], "-")))
}

// get is an object that a test changes.
func (s *state) get(t testing.TB, kind, name string) *unstructured.Unstructured {
	for key, obj := range s.objects {
		if key.Kind == kind && key.Name == name {
			return obj
		}
	}
	t.Fatalf("no %s %s", kind, name)
	return nil
}

// set changes a field of an object.
func (s *state) set(t testing.TB, kind, name string, value any, path ...string) {
	if err := unstructured.SetNestedField(s.get(t, kind, name).Object, value, path...); err != nil {
		t.Fatal(err)
	}
}

// remove deletes the objects of a kind, or the one of that name.
func (s *state) remove(kind, name string) {
	for key := range s.objects {
		if key.Kind == kind && (name == "" || key.Name == name) {
			delete(s.objects, key)
		}
	}
}

// undefine deletes the CustomResourceDefinition of a kind.
func (s *state) undefine(kind schema.GroupKind) {
	s.remove("CustomResourceDefinition", definitionRef(kind).Name)
}

// facts builds the snapshot, with a list of each kind that the command reads.
func (s *state) facts() Facts {
	into := snapshot.NewBuilder()
	for _, query := range queries.Check(false) {
		if _, ok := s.discovered[query.GroupKind]; ok {
			continue
		}
		var objects []*unstructured.Unstructured
		for _, obj := range s.objects {
			if object.RefOf(obj).GroupKind() == query.GroupKind {
				objects = append(objects, obj.DeepCopy())
			}
		}
		request := snapshot.Request{Group: query.Group, Version: "v1", Kind: query.Kind, Resource: object.PluralOf(query.Kind)}
		_, defined := s.objects[definitionRef(query.GroupKind).Key()]
		reason := s.failures[query.GroupKind]
		if reason == "" && strings.Contains(query.Group, "fluxcd.io") && !defined {
			reason = snapshot.NotServed
		}
		if reason != "" {
			request.Version, objects = "", nil
			request.Failure = &snapshot.Failure{Reason: reason, Verb: "list", Resource: schema.GroupResource{Group: query.Group, Resource: request.Resource}.String(), Message: "no answer in time"}
		}
		into.Add(request, objects...)
	}
	for kind, version := range s.discovered {
		request := snapshot.Request{Group: kind.Group, Version: version, Kind: kind.Kind, Resource: object.PluralOf(kind.Kind)}
		if version == string(snapshot.NotServed) {
			request.Version, request.Failure = "", &snapshot.Failure{Reason: snapshot.NotServed, Resource: request.Resource + "." + kind.Group}
		}
		into.Add(request)
	}
	snap := into.Build(snapshot.Meta{At: now, Server: s.server})
	facts := Facts{Snap: snap, Client: s.client, Commands: CommandsOf(snap, "", []schema.GroupKind{object.PodKind, object.NodeKind}, []schema.GroupKind{object.PodKind, object.EventKind, object.SecretKind}, false)}
	if s.recorded {
		return facts
	}
	facts.Access = map[Permission]Access{}
	for _, command := range facts.Commands {
		for _, p := range command.Permissions {
			facts.Access[p] = Access{Allowed: s.unanswered == "" && !slices.Contains(s.denied, p), Unknown: s.unanswered}
		}
	}
	return facts
}

// resultOf is the check of that name, and whether it was performed.
func resultOf(categories []Category, name string) (Check, bool) {
	for _, category := range categories {
		for _, c := range category.Checks {
			if c.Name == name {
				return c, true
			}
		}
	}
	return Check{}, false
}

// TestReady checks that all checks of a ready cluster pass: the other direction of all cases
// of TestChecks.
func TestReady(t *testing.T) {
	categories := Run(ready(t).facts(), false)
	seen := map[string]bool{}
	for _, category := range categories {
		for _, c := range category.Checks {
			if c.Outcome != Pass || c.Message == "" || c.Fix.Text != "" {
				t.Errorf("%s: %+v", category.Name, c)
			}
			if seen[c.Name] {
				t.Errorf("two checks are named %s", c.Name)
			}
			seen[c.Name] = true
		}
	}
	if Worst(categories) != Pass {
		t.Errorf("the worst is %s", Worst(categories))
	}
}

// controller is a Deployment with a name and an image.
const controller = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: %s, namespace: metallb-system}, spec: {template: {spec: {containers: [{name: a, image: %q}]}}}}"

// change is one difference from the ready cluster, and the check that reports it.
type change struct {
	name    string
	do      func(*testing.T, *state)
	check   string
	want    Outcome // "" if the check must not apply
	message string
}

// TestChecks changes the ready cluster in one way each.
func TestChecks(t *testing.T) {
	all := slices.Concat(kubernetesCases, loadBalancerCases, capacityCases, fluxCases, certManagerCases, ingressCases, permissionCases)
	covered := map[string]bool{}
	for _, c := range all {
		t.Run(c.check+"/"+c.name, func(t *testing.T) {
			s := ready(t)
			c.do(t, s)
			got, ok := resultOf(Run(s.facts(), false), c.check)
			if got.Outcome != c.want || !strings.Contains(got.Message, c.message) || ok != (c.want != "") {
				t.Errorf("%s %q, want %s %q", got.Outcome, got.Message, c.want, c.message)
			}
			if (got.Fix.Text == "") != (got.Outcome == Pass || got.Outcome == "") {
				t.Errorf("%s with the fix %+v", got.Outcome, got.Fix)
			}
		})
		if c.want != Pass {
			covered[c.check] = true
		}
	}
	for _, category := range Run(ready(t).facts(), false) {
		for _, c := range category.Checks {
			if !covered[c.Name] {
				t.Errorf("no case in which %s does not pass", c.Name)
			}
		}
	}
}

// forbid makes a kind unreadable.
func forbid(kind schema.GroupKind) func(*testing.T, *state) {
	return func(_ *testing.T, s *state) { s.failures[kind] = snapshot.Forbidden }
}

func setServer(version string) func(*testing.T, *state) {
	return func(_ *testing.T, s *state) { s.server = version }
}

func labelFlux(version string, controllers ...string) func(*testing.T, *state) {
	return func(t *testing.T, s *state) {
		for _, name := range controllers {
			s.set(t, "Deployment", name, version, "metadata", "labels", "app.kubernetes.io/version")
		}
	}
}

var fluxControllers = []string{"source-controller", "kustomize-controller", "helm-controller", "notification-controller"}

var kubernetesCases = []change{
	{"the oldest that Flux supports", setServer("v1.33.0"), "kubernetes-version", Pass, "Flux 2.9 requires 1.33"},
	{"of a vendor", setServer("v1.34.2-eks-1a2b3c"), "kubernetes-version", Pass, "v1.34.2-eks-1a2b3c"},
	{"too old", setServer("v1.32.9"), "kubernetes-version", Fail, "v1.32.9 is too old: Flux 2.9 requires 1.33 or later"},
	{"old, with an old Flux", func(t *testing.T, s *state) { labelFlux("v2.7.1", fluxControllers...)(t, s); s.server = "v1.32.9" }, "kubernetes-version", Pass, "Flux 2.7 requires 1.32"},
	{"a Flux that is not known", func(t *testing.T, s *state) { labelFlux("v2.12.0", fluxControllers...)(t, s) }, "kubernetes-version", Pass, "Flux 2.9"},
	{"not recorded", setServer(""), "kubernetes-version", Unknown, "does not have the API server's version"},
	{"malformed", setServer("unknown"), "kubernetes-version", Unknown, `"unknown" can't be compared`},
	{"a minor newer", setServer("v1.37.0"), "client-version", Pass, "1.36, the server 1.37"},
	{"two minors newer", setServer("v1.38.0"), "client-version", Warn, "more than one minor version apart"},
	{"a build without a version", func(_ *testing.T, s *state) { s.client = "" }, "client-version", "", ""},
	{"not recorded", setServer(""), "client-version", Unknown, "recording"},
	{"malformed", setServer("unknown"), "client-version", Unknown, `"unknown" can't be compared`},
	{"no node", func(_ *testing.T, s *state) { s.remove("Node", "") }, "nodes-ready", Fail, "has no nodes"},
	{"the only node is not ready", func(t *testing.T, s *state) { s.put(t, node("one", "v1.36.3", "False", "{}")) }, "nodes-ready", Fail, "not ready: one"},
	{"one of two is not ready", func(t *testing.T, s *state) { s.put(t, node("two", "v1.36.3", "Unknown", "{}")) }, "nodes-ready", Warn, "1 of 2 nodes not ready: two"},
	{"cordoned", func(t *testing.T, s *state) { s.set(t, "Node", "one", true, "spec", "unschedulable") }, "nodes-ready", Fail, "all nodes are cordoned or tainted: one"},
	{"tainted", func(t *testing.T, s *state) {
		s.put(t, node("one", "v1.36.3", "True", "{taints: [{key: a, effect: NoSchedule}]}"))
	}, "nodes-ready", Fail, "cordoned or tainted"},
	{"tainted, with a preference only", func(t *testing.T, s *state) {
		s.put(t, node("one", "v1.36.3", "True", "{taints: [{key: a, effect: PreferNoSchedule}]}"))
	}, "nodes-ready", Pass, "1 schedulable"},
	{"forbidden", forbid(object.NodeKind), "nodes-ready", Unknown, "forbidden: cannot list nodes at the cluster scope"},
	{"three minors older", func(t *testing.T, s *state) { s.put(t, node("two", "v1.33.0", "True", "{}")) }, "kubelet-version", Pass, ""},
	{"four minors older", func(t *testing.T, s *state) { s.put(t, node("two", "v1.32.9", "True", "{}")) }, "kubelet-version", Fail, "two v1.32.9"},
	{"newer", func(t *testing.T, s *state) { s.put(t, node("two", "v1.37.0", "True", "{}")) }, "kubelet-version", Fail, "two v1.37.0"},
	{"not reported", func(t *testing.T, s *state) { s.put(t, node("two", "", "True", "{}")) }, "kubelet-version", Unknown, "two"},
	{"forbidden", forbid(object.NodeKind), "kubelet-version", Unknown, "cannot list nodes"},
	{"no server version", setServer(""), "kubelet-version", Unknown, "recording"},
	{"no node", func(_ *testing.T, s *state) { s.remove("Node", "") }, "kubelet-version", "", ""},
	{"no class", func(_ *testing.T, s *state) { s.remove("StorageClass", "") }, "default-storage-class", Fail, "has no StorageClass"},
	{"none is the default", func(t *testing.T, s *state) {
		s.set(t, "StorageClass", "standard", map[string]any{}, "metadata", "annotations")
	}, "default-storage-class", Fail, "none of 1 StorageClass is the default (standard)"},
	{"the former annotation", func(t *testing.T, s *state) {
		s.set(t, "StorageClass", "standard", map[string]any{"storageclass.beta.kubernetes.io/is-default-class": "true"}, "metadata", "annotations")
	}, "default-storage-class", Pass, "standard is the default"},
	{"two", func(t *testing.T, s *state) {
		s.put(t, `{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}}`)
	}, "default-storage-class", Warn, "2 StorageClasses are the default"},
	{"not read", func(_ *testing.T, s *state) { s.failures[object.StorageClassKind] = snapshot.Failed }, "default-storage-class", Unknown, "listing storageclasses.storage.k8s.io failed: no answer in time"},
}

func node(name, kubelet, ready, spec string) string {
	return fmt.Sprintf(`{apiVersion: v1, kind: Node, metadata: {name: %s}, spec: %s, status: {allocatable: {cpu: "8", memory: 16Gi, pods: "110"}, nodeInfo: {kubeletVersion: %q}, conditions: [{type: Ready, status: %q}]}}`, name, spec, kubelet, ready)
}

func service(name, created, address string) string {
	return fmt.Sprintf(`{apiVersion: v1, kind: Service, metadata: {name: %s, namespace: bhs-orthweb, creationTimestamp: %q}, spec: {type: LoadBalancer}, status: {loadBalancer: {ingress: [%s]}}}`, name, created, address)
}

const gateway = "istio-ingressgateway"

var loadBalancerCases = []change{
	{"a host name", func(t *testing.T, s *state) {
		s.put(t, service(gateway, "2026-11-01T00:00:00Z", "{hostname: lb.example.com}"))
	}, "load-balancer", Pass, "lb.example.com"},
	{"no address for a day", func(t *testing.T, s *state) { s.put(t, service(gateway, "2026-11-01T00:00:00Z", "")) }, "load-balancer", Fail, "no controller assigns addresses to Services: bhs-orthweb/istio-ingressgateway"},
	{"no address for a day, with a controller", func(t *testing.T, s *state) {
		s.put(t, service(gateway, "2026-11-01T00:00:00Z", "")+"\n---\n"+fmt.Sprintf(controller, "controller", "quay.io/metallb/controller:v0.14.8"))
	}, "load-balancer", Fail, "MetalLB is installed, but Services have no address"},
	{"one of two has an address", func(t *testing.T, s *state) { s.put(t, service("other", "2026-11-01T00:00:00Z", "")) }, "load-balancer", Warn, "these have no address: bhs-orthweb/other"},
	{"just created", func(t *testing.T, s *state) { s.put(t, service(gateway, "2026-11-01T23:59:00Z", "")) }, "load-balancer", Warn, "wait for their first address"},
	{"no evidence", func(_ *testing.T, s *state) { s.remove("Service", "") }, "load-balancer", Warn, "no known load balancer implementation was found"},
	{"a controller only", func(t *testing.T, s *state) {
		s.remove("Service", "")
		s.put(t, fmt.Sprintf(controller, "controller", "quay.io/metallb/controller:v0.14.8"))
	}, "load-balancer", Pass, "MetalLB is installed"},
	{"a DaemonSet only", func(t *testing.T, s *state) {
		s.remove("Service", "")
		s.put(t, strings.Replace(fmt.Sprintf(controller, "svclb-traefik", "rancher/klipper-lb:v0.4.9"), "Deployment", "DaemonSet", 1))
	}, "load-balancer", Pass, "K3s ServiceLB"},
	{"a cloud", func(t *testing.T, s *state) {
		s.remove("Service", "")
		s.set(t, "Node", "one", "aws:///eu-west-1a/i-0", "spec", "providerID")
	}, "load-balancer", Pass, "AWS is installed"},
	{"kind, which has none", func(t *testing.T, s *state) {
		s.remove("Service", "")
		s.set(t, "Node", "one", "kind://docker/kind/one", "spec", "providerID")
	}, "load-balancer", Warn, "no known load balancer"},
	{"Services can't be read", forbid(object.ServiceKind), "load-balancer", Unknown, "cannot list services"},
}

func pods(count int, cpu, memory, phase string) func(*testing.T, *state) {
	return func(t *testing.T, s *state) {
		for i := range count {
			s.put(t, fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: other-%d, namespace: default}, spec: {nodeName: one, containers: [{name: a, resources: {requests: {cpu: %q, memory: %q}}}]}, status: {phase: %s}}`, i, cpu, memory, phase))
		}
	}
}

var capacityCases = []change{
	{"as a tenant", func(*testing.T, *state) {}, "tenant-capacity", Pass, "7 CPU, 14Gi memory free on schedulable nodes, enough for one more tenant of 1 pod (1 CPU, 2Gi memory), as large as bhs"},
	{"full", pods(1, "1", "13Gi", "Running"), "tenant-capacity", Warn, "1 pod would not fit of one more tenant of 1 pod"},
	{"full of pods that have ended", pods(6, "1", "2Gi", "Succeeded"), "tenant-capacity", Pass, "7 CPU"},
	{"no processors left", pods(13, "500m", "1Mi", "Running"), "tenant-capacity", Warn, "500m CPU"},
	{"no tenant has pods", func(_ *testing.T, s *state) { s.remove("Pod", "") }, "tenant-capacity", Pass, "one more tenant of 9 pods (1.2 CPU, 1.5Gi memory), with Korthweb's defaults"},
	{"full before the first tenant", func(t *testing.T, s *state) {
		s.remove("Pod", "")
		pods(1, "1", "15Gi", "Running")(t, s)
	}, "tenant-capacity", Fail, "would not fit"},
	{"enough in total, but on no node", func(t *testing.T, s *state) {
		s.put(t, node("two", "v1.36.3", "True", "{}"))
		s.put(t, `{apiVersion: v1, kind: Pod, metadata: {name: large, namespace: bhs-orthweb}, spec: {nodeName: one, containers: [{name: a, resources: {requests: {memory: 9Gi}}}]}, status: {phase: Running}}`)
		s.put(t, `{apiVersion: v1, kind: Pod, metadata: {name: half, namespace: default}, spec: {nodeName: two, containers: [{name: a, resources: {requests: {memory: 8Gi}}}]}, status: {phase: Running}}`)
	}, "tenant-capacity", Warn, "1 pod would not fit of one more tenant of 2 pods"},
	{"a cordoned node does not count", func(t *testing.T, s *state) {
		pods(1, "1", "13Gi", "Running")(t, s)
		s.put(t, node("two", "v1.36.3", "True", "{unschedulable: true}"))
	}, "tenant-capacity", Warn, "would not fit"},
	{"the number of pods is the limit", func(t *testing.T, s *state) { s.set(t, "Node", "one", "1", "status", "allocatable", "pods") }, "tenant-capacity", Warn, "would not fit"},
	{"Pods can't be read", forbid(object.PodKind), "tenant-capacity", Unknown, "cannot list pods"},
	{"Nodes can't be read", forbid(object.NodeKind), "tenant-capacity", Unknown, "cannot list nodes"},
}

// deploymentState replaces the status of a Deployment.
func deploymentState(name, status string) func(*testing.T, *state) {
	return func(t *testing.T, s *state) {
		d := s.get(t, "Deployment", name)
		s.put(t, fmt.Sprintf("{apiVersion: apps/v1, kind: Deployment, metadata: {name: %s, namespace: %s}, status: %s}", name, d.GetNamespace(), status))
		s.get(t, "Deployment", name).Object["metadata"], s.get(t, "Deployment", name).Object["spec"] = d.Object["metadata"], d.Object["spec"]
	}
}

const (
	down    = `{replicas: 1, updatedReplicas: 1, conditions: [{type: Available, status: "False", reason: MinimumReplicasUnavailable}, {type: Progressing, status: "True", reason: NewReplicaSetAvailable}]}`
	rolling = `{replicas: 2, updatedReplicas: 1, availableReplicas: 2, conditions: [{type: Available, status: "True"}, {type: Progressing, status: "True", reason: ReplicaSetUpdated}]}`
)

// undefined has the CustomResourceDefinitions unreadable, and a kind listed in a version.
func undefined(kind schema.GroupKind, version string) func(*testing.T, *state) {
	return func(_ *testing.T, s *state) {
		s.failures[object.DefinitionKind] = snapshot.Forbidden
		s.discovered[kind] = version
	}
}

// componentCases are those that all checks of a Deployment have in common.
func componentCases(check, deployment string) []change {
	return []change{
		{"no Deployment", func(_ *testing.T, s *state) { s.remove("Deployment", deployment) }, check, Fail, "exists"},
		{"not available", deploymentState(deployment, down), check, Fail, deployment + " is not available"},
		{"a rollout", deploymentState(deployment, rolling), check, Warn, deployment + " is available, but not ready"},
		{"scaled to zero", func(t *testing.T, s *state) { s.set(t, "Deployment", deployment, int64(0), "spec", "replicas") }, check, Fail, "scaled to zero"},
		{"forbidden", forbid(object.DeploymentKind), check, Unknown, "cannot list deployments.apps"},
	}
}

// servedCases are those that all checks of a kind in a version have in common.
func servedCases(check string, kind schema.GroupKind, version string) []change {
	return []change{
		{"no definition", func(_ *testing.T, s *state) { s.undefine(kind) }, check, Fail, "is not installed"},
		{"an old version only", func(t *testing.T, s *state) { s.define(t, kind, "v1alpha9") }, check, Fail, "is served as v1alpha9, not as " + version},
		{"a version that is no longer served", func(t *testing.T, s *state) { s.define(t, kind, "-"+version, "v9") }, check, Fail, "is served as v9, not as " + version},
		{"several versions", func(t *testing.T, s *state) { s.define(t, kind, "v1alpha9", version) }, check, Pass, version + " is served"},
		{"not established", func(t *testing.T, s *state) {
			s.set(t, "CustomResourceDefinition", definitionRef(kind).Name, []any{map[string]any{"type": "Established", "status": "False", "message": "names conflict"}}, "status", "conditions")
		}, check, Fail, "not established: names conflict"},
		{"discovery only", undefined(kind, version), check, Pass, version + " is served"},
		{"discovery only, of another version", undefined(kind, "v1alpha9"), check, Unknown, "the API server prefers v1alpha9; whether it also serves " + version + " is not known: forbidden: cannot list customresourcedefinitions"},
		{"discovery only, not served", undefined(kind, string(snapshot.NotServed)), check, Fail, "is not installed: the cluster does not serve"},
	}
}

var fluxCases = slices.Concat(
	servedCases("kustomizations-served", object.KustomizationKind, "v1"),
	servedCases("helmreleases-served", object.HelmReleaseKind, "v2"),
	servedCases("gitrepositories-served", object.GitRepositoryKind, "v1"),
	servedCases("helmrepositories-served", object.HelmRepositoryKind, "v1"),
	componentCases("source-controller", "source-controller"),
	componentCases("kustomize-controller", "kustomize-controller"),
	componentCases("helm-controller", "helm-controller"),
	[]change{
		{"neither the definitions nor discovery", forbid(object.DefinitionKind), "gitrepositories-served", Unknown, "forbidden: cannot list customresourcedefinitions.apiextensions.k8s.io"},
		{"an old version is stored", func(t *testing.T, s *state) {
			s.define(t, object.HelmReleaseKind, "v2beta2", "v2")
			s.set(t, "CustomResourceDefinition", definitionRef(object.HelmReleaseKind).Name, []any{"v2beta2", "v2"}, "status", "storedVersions")
		}, "flux-stored-versions", Warn, "helmreleases.helm.toolkit.fluxcd.io v2beta2"},
		{"an old version of another program is stored", func(t *testing.T, s *state) {
			s.set(t, "CustomResourceDefinition", definitionRef(object.IssuerKind).Name, []any{"v1alpha2", "v1"}, "status", "storedVersions")
		}, "flux-stored-versions", Pass, "4 CustomResourceDefinitions"},
		{"forbidden", forbid(object.DefinitionKind), "flux-stored-versions", Unknown, "cannot list customresourcedefinitions"},
		{"a shard that is not available", func(t *testing.T, s *state) {
			s.put(t, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: source-controller-shard1, namespace: flux-system, labels: {app.kubernetes.io/part-of: flux, app.kubernetes.io/component: source-controller}}, status: `+down+`}`)
		}, "source-controller", Fail, "source-controller-shard1 is not available"},
		{"not available", deploymentState("notification-controller", down), "flux-other-controllers", Warn, "notification-controller is not available"},
		{"none", func(_ *testing.T, s *state) { s.remove("Deployment", "notification-controller") }, "flux-other-controllers", "", ""},
		{"a partial upgrade", labelFlux("v2.8.0", "helm-controller"), "flux-version", Warn, "several versions (v2.8.0, v2.9.5)"},
		{"newer than the plugin", labelFlux("v2.10.0", fluxControllers...), "flux-version", Warn, "newer than v2.9"},
		{"the oldest that is supported", labelFlux("v2.7.0", fluxControllers...), "flux-version", Pass, "v2.7.0"},
		{"not supported", labelFlux("v2.6.4", fluxControllers...), "flux-version", Warn, "older than the 3 minor versions"},
		{"malformed", labelFlux("latest", fluxControllers...), "flux-version", Unknown, `"latest" can't be compared`},
		{"no label", labelFlux("", fluxControllers...), "flux-version", Unknown, "have no label"},
		{"no Flux", func(_ *testing.T, s *state) {
			for _, name := range fluxControllers {
				s.remove("Deployment", name)
			}
		}, "flux-version", "", ""},
		{"forbidden", forbid(object.DeploymentKind), "flux-version", Unknown, "cannot list deployments.apps"},
	},
)

var certManagerCases = slices.Concat(
	servedCases("certificates-served", object.CertificateKind, "v1"),
	servedCases("certificaterequests-served", object.RequestKind, "v1"),
	servedCases("issuers-served", object.IssuerKind, "v1"),
	componentCases("cert-manager-controller", "cert-manager"),
	componentCases("cert-manager-webhook", "cert-manager-webhook"),
	componentCases("cert-manager-cainjector", "cert-manager-cainjector"),
	[]change{
		{"no caBundle", func(t *testing.T, s *state) {
			s.set(t, "ValidatingWebhookConfiguration", "cert-manager-webhook", []any{map[string]any{"name": "a", "clientConfig": map[string]any{"service": map[string]any{"name": "cert-manager-webhook"}}}}, "webhooks")
		}, "cert-manager-webhook-ca", Fail, "without caBundle: ValidatingWebhookConfiguration cert-manager-webhook"},
		{"an address instead of a Service", func(t *testing.T, s *state) {
			s.set(t, "ValidatingWebhookConfiguration", "cert-manager-webhook", []any{map[string]any{"name": "a", "clientConfig": map[string]any{"url": "https://a.example.com"}}}, "webhooks")
		}, "cert-manager-webhook-ca", Pass, ""},
		{"no configuration", func(_ *testing.T, s *state) { s.remove("ValidatingWebhookConfiguration", "") }, "cert-manager-webhook-ca", Warn, "cert-manager's webhook configuration is missing"},
		{"not recorded", func(_ *testing.T, s *state) { s.failures[object.MutatingWebhookKind] = snapshot.NotRequested }, "cert-manager-webhook-ca", Unknown, "the recording does not have all mutatingwebhookconfigurations"},
		{"forbidden", forbid(object.ValidatingWebhookKind), "cert-manager-webhook-ca", Unknown, "cannot list validatingwebhookconfigurations"},
	},
)

// useGatewayAPI replaces Istio with the Gateway API.
func useGatewayAPI(class string) func(*testing.T, *state) {
	return func(t *testing.T, s *state) {
		s.undefine(object.GatewayKind)
		s.undefine(object.VirtualServiceKind)
		s.remove("Deployment", "istiod")
		s.define(t, object.APIGatewayKind, "v1")
		if class != "" {
			s.put(t, `{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: envoy}, status: {conditions: [{type: Accepted, status: "`+class+`"}]}}`)
		}
	}
}

var ingressCases = slices.Concat(
	componentCases("istiod", "istiod"),
	[]change{
		{"neither API", func(_ *testing.T, s *state) { s.undefine(object.GatewayKind) }, "gateways-served", Fail, "gateways.networking.istio.io is not installed"},
		{"no VirtualServices", func(_ *testing.T, s *state) { s.undefine(object.VirtualServiceKind) }, "gateways-served", Fail, "virtualservices.networking.istio.io is not installed"},
		{"no version", func(t *testing.T, s *state) { s.define(t, object.GatewayKind, "-v1") }, "gateways-served", Fail, "is served as no version"},
		{"the Gateway API instead", useGatewayAPI("True"), "gateways-served", Pass, "the Gateway API: v1 is served"},
		{"forbidden", forbid(object.DefinitionKind), "gateways-served", Unknown, "cannot list customresourcedefinitions"},
		{"the Gateway API instead", useGatewayAPI("True"), "istiod", "", ""},
		{"the Gateway API instead", useGatewayAPI("True"), "sidecar-injector", "", ""},
		{"Istio", func(*testing.T, *state) {}, "gateway-class", "", ""},
		{"accepted", useGatewayAPI("True"), "gateway-class", Pass, "envoy is accepted"},
		{"not accepted", useGatewayAPI("False"), "gateway-class", Fail, "no controller has accepted a GatewayClass: envoy"},
		{"none", useGatewayAPI(""), "gateway-class", Fail, "no GatewayClass exists"},
		{"forbidden", func(t *testing.T, s *state) { useGatewayAPI("True")(t, s); forbid(object.GatewayClassKind)(t, s) }, "gateway-class", Unknown, "cannot list gatewayclasses"},
		{"no webhook", func(_ *testing.T, s *state) { s.remove("MutatingWebhookConfiguration", "") }, "sidecar-injector", Warn, "Istio's sidecar injection webhook is missing"},
		{"not recorded", func(_ *testing.T, s *state) { s.failures[object.MutatingWebhookKind] = snapshot.NotRequested }, "sidecar-injector", Unknown, "the recording does not have all mutatingwebhookconfigurations"},
		{"no caBundle", func(t *testing.T, s *state) {
			s.set(t, "MutatingWebhookConfiguration", "istio-sidecar-injector", []any{map[string]any{"name": "a", "clientConfig": map[string]any{"service": map[string]any{"name": "istiod"}}}}, "webhooks")
		}, "sidecar-injector", Fail, "without caBundle"},
		{"forbidden", forbid(object.MutatingWebhookKind), "sidecar-injector", Unknown, "cannot list mutatingwebhookconfigurations"},
	},
)

// TestInstallAgain checks the fix of a webhook configuration that is missing: what installed the
// running software installs it again.
func TestInstallAgain(t *testing.T) {
	release := `{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: pki, namespace: infra}}`
	label := func(t *testing.T, s *state) {
		for _, name := range []string{"cert-manager", "cert-manager-webhook", "cert-manager-cainjector"} {
			labels := s.get(t, "Deployment", name).GetLabels()
			labels["helm.toolkit.fluxcd.io/name"], labels["helm.toolkit.fluxcd.io/namespace"] = "pki", "infra"
			s.get(t, "Deployment", name).SetLabels(labels)
		}
	}
	for _, test := range []struct {
		name          string
		do            func(*testing.T, *state)
		text, command string
	}{
		{"by a HelmRelease", func(t *testing.T, s *state) { label(t, s); s.put(t, release) },
			"Reconcile its release, which installs it again", "flux reconcile helmrelease pki -n infra --force"},
		{"by a HelmRelease that was deleted", label,
			"Install it again with what installed Deployment cert-manager/cert-manager", "kubectl get deployment cert-manager -n cert-manager -o yaml"},
		{"by another program", func(*testing.T, *state) {},
			"Install it again with what installed Deployment cert-manager/cert-manager", "kubectl get deployment cert-manager -n cert-manager -o yaml"},
		{"not installed", func(_ *testing.T, s *state) { s.remove("Deployment", "") }, installCertManager.Text, installCertManager.Command},
	} {
		s := ready(t)
		s.remove("ValidatingWebhookConfiguration", "")
		test.do(t, s)
		got, _ := resultOf(Run(s.facts(), false), "cert-manager-webhook-ca")
		if got.Outcome != Warn || got.Fix.Text != test.text || got.Fix.Command != test.command {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}

func deny(p ...Permission) func(*testing.T, *state) {
	return func(_ *testing.T, s *state) { s.denied = p }
}

func recorded(_ *testing.T, s *state) { s.recorded = true }

func unanswered(_ *testing.T, s *state) { s.unanswered = "no answer in time" }

var permissionCases = []change{
	{"denied", deny(Permission{"list", "", "pods", ""}), "can-status", Fail, "you can't run status: cannot list pods at the cluster scope"},
	{"recorded", recorded, "can-status", Unknown, "a user's permissions are not recorded"},
	{"not answered", unanswered, "can-status", Unknown, "no answer in time"},
	{"denied", deny(Permission{"list", "", "events", ""}), "can-explain", Warn, "cannot list events at the cluster scope"},
	{"Secrets are not required", deny(Permission{"list", "", "secrets", ""}), "can-explain", Pass, ""},
	{"denied to another command", deny(Permission{"list", "", "events", ""}), "can-status", Pass, ""},
	{"denied in the namespace of a tenant", deny(Permission{"patch", "helm.toolkit.fluxcd.io", "helmreleases", "bhs-orthweb"}), "can-reconcile", Warn, `cannot patch helmreleases.helm.toolkit.fluxcd.io in namespace "bhs-orthweb"`},
	{"denied in the namespace of the layers", deny(Permission{"get", "kustomize.toolkit.fluxcd.io", "kustomizations", "flux-system"}), "can-reconcile", Warn, `in namespace "flux-system"`},
	{"denied", deny(Permission{"create", "cert-manager.io", "certificaterequests", "bhs-orthweb"}), "can-cert-issue", Warn, "cannot create certificaterequests.cert-manager.io"},
	{"recorded", recorded, "can-cert-issue", Unknown, "not recorded"},
}

// TestPre checks that --pre performs only the checks that Flux is not required for.
func TestPre(t *testing.T) {
	s := ready(t)
	s.remove("CustomResourceDefinition", "")
	s.remove("Deployment", "")
	facts := s.facts()
	facts.Commands = CommandsOf(facts.Snap, "", []schema.GroupKind{object.PodKind}, nil, true)
	install := facts.Commands[len(facts.Commands)-1].Permissions[0]
	for _, allowed := range []bool{true, false} {
		facts.Access = map[Permission]Access{{"list", "", "pods", ""}: {Allowed: true}, install: {Allowed: allowed}}
		categories := Run(facts, true)
		var sections []string
		for _, category := range categories {
			sections = append(sections, category.Name)
		}
		if got := strings.Join(sections, " "); got != "Kubernetes Capacity Permissions" {
			t.Errorf("categories: %s", got)
		}
		want := map[bool]Outcome{true: Pass, false: Warn}[allowed]
		message := map[bool]string{true: "you are cluster-admin, which flux install requires", false: "you can't run flux install: you are not cluster-admin"}[allowed]
		if got, _ := resultOf(categories, "can-install-flux"); got.Outcome != want || got.Message != message || Worst(categories) != want {
			t.Errorf("allowed %v: %+v, worst %s", allowed, got, Worst(categories))
		}
	}
}

// TestWorst checks that a failure outweighs what is not known.
func TestWorst(t *testing.T) {
	for _, test := range []struct {
		outcomes []Outcome
		want     Outcome
	}{
		{nil, Pass},
		{[]Outcome{Pass, Warn, Pass}, Warn},
		{[]Outcome{Warn, Unknown}, Unknown},
		{[]Outcome{Fail, Unknown, Warn}, Fail},
	} {
		var category Category
		for _, outcome := range test.outcomes {
			category.Checks = append(category.Checks, Check{Outcome: outcome})
		}
		if got := Worst([]Category{category}); got != test.want {
			t.Errorf("%v: %s, want %s", test.outcomes, got, test.want)
		}
	}
}

// TestPodRequests compares with the scheduler's rules.
func TestPodRequests(t *testing.T) {
	for _, test := range []struct{ name, spec, want string }{
		{"containers", `{containers: [{resources: {requests: {cpu: 100m, memory: 1Mi}}}, {resources: {requests: {cpu: 50m}}}]}`, "150m CPU, 1Mi memory"},
		{"a larger init container", `{containers: [{resources: {requests: {cpu: 100m}}}], initContainers: [{resources: {requests: {cpu: 300m}}}]}`, "300m CPU, 0Mi memory"},
		{"a smaller init container", `{containers: [{resources: {requests: {cpu: 100m}}}], initContainers: [{resources: {requests: {cpu: 30m}}}]}`, "100m CPU, 0Mi memory"},
		{"a sidecar", `{containers: [{resources: {requests: {cpu: 100m}}}], initContainers: [{restartPolicy: Always, resources: {requests: {cpu: 30m}}}]}`, "130m CPU, 0Mi memory"},
		{"an init container after a sidecar", `{containers: [{resources: {requests: {cpu: 100m}}}], initContainers: [{restartPolicy: Always, resources: {requests: {cpu: 30m}}}, {resources: {requests: {cpu: 200m}}}]}`, "230m CPU, 0Mi memory"},
		{"overhead", `{overhead: {cpu: 10m, memory: 5Mi}, containers: [{resources: {requests: {cpu: 100m}}}]}`, "110m CPU, 5Mi memory"},
		{"malformed", `{containers: [{resources: {requests: {cpu: many, memory: 1Mi}}}]}`, "0 CPU, 1Mi memory"},
		{"large", `{containers: [{resources: {requests: {cpu: 22940m, memory: 96672Mi}}}]}`, "22.9 CPU, 94.4Gi memory"},
		{"just less than a processor", `{containers: [{resources: {requests: {cpu: 999m, memory: 1023Mi}}}]}`, "999m CPU, 1023Mi memory"},
		{"two digits", `{containers: [{resources: {requests: {cpu: 1250m, memory: 10Gi}}}]}`, "1.25 CPU, 10Gi memory"},
	} {
		pod := &unstructured.Unstructured{Object: map[string]any{}}
		var spec map[string]any
		if err := yaml.Unmarshal([]byte(test.spec), &spec); err != nil {
			t.Fatal(err)
		}
		pod.Object["spec"] = spec
		if got := podRequests(pod).String(); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestCommandsOf checks that -n limits the permissions to one namespace.
func TestCommandsOf(t *testing.T) {
	snap := ready(t).facts().Snap
	for _, command := range CommandsOf(snap, "bhs-orthweb", []schema.GroupKind{object.PodKind, object.NodeKind}, nil, false) {
		for _, p := range command.Permissions {
			if want := map[bool]string{true: "", false: "bhs-orthweb"}[p.Resource == "nodes"]; p.Namespace != want {
				t.Errorf("%s: %s", command.Name, p)
			}
		}
	}
}
