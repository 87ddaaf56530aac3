package events

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// recorded is an example with two tenants.
func recorded(t *testing.T) *snapshot.Snapshot {
	t.Helper()
	snap, err := recording.Read(t.Context(), recording.Source{From: []string{recording.ExamplePrefix + "failing"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

func tenantNamed(t *testing.T, snap *snapshot.Snapshot, name string) tenant.Tenant {
	t.Helper()
	found, ok := tenant.Find(tenant.Discover(snap), name)
	if !ok {
		t.Fatalf("no tenant %s", name)
	}
	return found
}

// TestScope checks that the events of each tenant are its own and those that it shares, and
// none of the other's.
func TestScope(t *testing.T) {
	snap := recorded(t)
	of := map[string][]string{}
	for name, other := range map[string]string{"bhs": "mhr", "mhr": "bhs"} {
		scope := ScopeOf(snap, tenantNamed(t, snap, name))
		list := List(snap, scope, Filter{})
		for _, e := range list {
			if strings.Contains(e.About.Namespace+"/"+e.About.Name, other) {
				t.Errorf("%s has an event about %s", name, e.About)
			}
			of[name] = append(of[name], e.About.String())
		}
		if !slices.IsSortedFunc(list, Event.compare) {
			t.Errorf("%s: the events are not sorted", name)
		}
		if missing := scope.Missing(snap); len(missing) > 0 {
			t.Errorf("%s: missing %v", name, missing)
		}
	}
	for _, want := range []string{
		"Kustomization flux-system/bhs-application", "Kustomization flux-system/infrastructure", "GitRepository flux-system/flux-system",
		"HelmRelease bhs-orthweb/postgres-ha", "HelmChart flux-system/bhs-orthweb-postgres-ha", "HelmRepository flux-system/bitnami",
		"HelmRelease istio-system/istiod", "HelmChart flux-system/istio-system-istiod", "Node lab-1", "Certificate bhs-orthweb/orthweb-cert",
	} {
		if !slices.Contains(of["bhs"], want) {
			t.Errorf("bhs has no event about %s", want)
		}
	}
}

// withObjects is a snapshot of objects in YAML, each answered by a list of its kind.
func withObjects(t *testing.T, text string) *snapshot.Snapshot {
	t.Helper()
	var objects []map[string]any
	if err := yaml.Unmarshal([]byte(text), &objects); err != nil {
		t.Fatal(err)
	}
	builder := snapshot.NewBuilder()
	for _, fields := range objects {
		obj := &unstructured.Unstructured{Object: normal(fields).(map[string]any)}
		gvk := obj.GroupVersionKind()
		builder.Add(snapshot.Request{Group: gvk.Group, Version: gvk.Version, Kind: gvk.Kind, Resource: object.PluralOf(gvk.Kind)}, obj)
	}
	return builder.Build(snapshot.Meta{At: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)})
}

// normal has whole numbers as the API's decoder returns them.
func normal(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = normal(v[key])
		}
	case []any:
		for i := range v {
			v[i] = normal(v[i])
		}
	case float64:
		return int64(v)
	}
	return value
}

// TestScopeElsewhere checks objects of a tenant in namespaces that are not its own: a release
// that installs into its namespace, and the pods of an ingress that serves several tenants.
func TestScopeElsewhere(t *testing.T) {
	snap := withObjects(t, `
- {apiVersion: v1, kind: Namespace, metadata: {name: one-orthweb}}
- {apiVersion: v1, kind: Namespace, metadata: {name: two-orthweb}}
- {apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: db, namespace: releases}, spec: {targetNamespace: one-orthweb, chartRef: {kind: OCIRepository, name: charts}}}
- {apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: other, namespace: releases}, spec: {targetNamespace: two-orthweb}}
- {apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: web, namespace: one-orthweb}, spec: {selector: {istio: ingress}, servers: [{hosts: ["web.one.org"], port: {number: 443, protocol: HTTPS}}]}}
- {apiVersion: v1, kind: Service, metadata: {name: ingress, namespace: istio-system}, spec: {selector: {istio: ingress}, ports: [{port: 443}]}}
- {apiVersion: v1, kind: Pod, metadata: {name: ingress-5d9c5bfbf-2v8l7, namespace: istio-system, labels: {istio: ingress, pod-template-hash: 5d9c5bfbf}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: ingress-5d9c5bfbf, controller: true, uid: x}]}}
- {apiVersion: v1, kind: Pod, metadata: {name: istiod-5d9c5bfbf-2v8l7, namespace: istio-system}}
- {apiVersion: v1, kind: Pod, metadata: {name: orthanc-0, namespace: one-orthweb}, spec: {nodeName: a}}
- {apiVersion: v1, kind: Pod, metadata: {name: orthanc-0, namespace: two-orthweb}, spec: {nodeName: b}}
- {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: one-orthweb}, spec: {volumeName: pv-1}}
`)
	scope := ScopeOf(snap, tenantNamed(t, snap, "one"))
	for text, want := range map[string]bool{
		"HelmRelease releases/db": true, "OCIRepository releases/charts": true, "HelmRelease releases/other": false,
		"Service istio-system/ingress": true, "Pod istio-system/ingress-5d9c5bfbf-2v8l7": true, "ReplicaSet istio-system/ingress-5d9c5bfbf": true,
		"Deployment istio-system/ingress": true, "Pod istio-system/istiod-5d9c5bfbf-2v8l7": false,
		"Node a": true, "Node b": false, "PersistentVolume pv-1": true, "Pod one-orthweb/gone": true, "Pod two-orthweb/orthanc-0": false,
		"Namespace one-orthweb": true, "Namespace two-orthweb": false,
	} {
		kind, rest, _ := strings.Cut(text, " ")
		namespace, name, namespaced := strings.Cut(rest, "/")
		if !namespaced {
			namespace, name = "", rest
		}
		group := map[string]string{
			"HelmRelease": "helm.toolkit.fluxcd.io/v2", "OCIRepository": "source.toolkit.fluxcd.io/v1", "ReplicaSet": "apps/v1", "Deployment": "apps/v1",
		}[kind]
		event := Event{Object: &unstructured.Unstructured{Object: map[string]any{}}, About: object.Ref{APIVersion: group, Kind: kind, Namespace: namespace, Name: name}}
		if got := scope.has(event); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if got := strings.Join(scope.Namespaces(), " "); got != "default istio-system one-orthweb releases" {
		t.Errorf("namespaces: %s", got)
	}
}

// TestMissing checks that events that were not read, or only some of them, are not treated as
// absent.
func TestMissing(t *testing.T) {
	event := snapshot.Request{Version: "v1", Kind: "Event", Resource: "events"}
	with := func(change func(*snapshot.Request)) snapshot.Request {
		changed := event
		change(&changed)
		return changed
	}
	for _, c := range []struct {
		about    string
		requests []snapshot.Request
		want     string
	}{
		{"all", []snapshot.Request{event}, ""},
		{"each namespace", []snapshot.Request{with(func(r *snapshot.Request) { r.Namespace = "a" }), with(func(r *snapshot.Request) { r.Namespace = "default" })}, ""},
		{"the other API", []snapshot.Request{{Group: "events.k8s.io", Version: "v1", Kind: "Event", Resource: "events"}}, ""},
		{"none", nil, "events in namespace a were not read"},
		{"warnings alone", []snapshot.Request{with(func(r *snapshot.Request) { r.FieldSelector = "type=Warning" })}, "events in namespace a were not read"},
		{"refused", []snapshot.Request{with(func(r *snapshot.Request) {
			r.Failure = &snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: "events"}
		})}, "forbidden: cannot list events at the cluster scope"},
		{"refused in one", []snapshot.Request{with(func(r *snapshot.Request) { r.Namespace = "default" }), with(func(r *snapshot.Request) {
			r.Namespace, r.Failure = "a", &snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: "events", Namespace: "a"}
		})}, `forbidden: cannot list events in namespace "a"`},
	} {
		builder := snapshot.NewBuilder()
		for _, request := range c.requests {
			builder.Add(request)
		}
		scope := Scope{namespaces: map[string]bool{"a": true}, objects: map[object.Key]bool{{Name: "n"}: true}}
		missing := scope.Missing(builder.Build(snapshot.Meta{}))
		got := ""
		if len(missing) > 0 {
			got = missing[0].String()
		}
		if got != c.want {
			t.Errorf("%s: %q, not %q", c.about, got, c.want)
		}
	}
}

// TestList reads events of both APIs, and filters them.
func TestList(t *testing.T) {
	snap := withObjects(t, `
- {apiVersion: v1, kind: Event, metadata: {name: a, namespace: one}, involvedObject: {kind: Pod, namespace: one, name: p}, type: Warning, reason: BackOff, message: " m ", count: 5, firstTimestamp: "2026-01-02T11:20:00Z", lastTimestamp: "2026-01-02T11:48:00Z", source: {component: kubelet}}
- {apiVersion: v1, kind: Event, metadata: {name: b, namespace: one}, involvedObject: {kind: Pod, namespace: one, name: p}, type: Normal, reason: Pulled, message: m, firstTimestamp: null, lastTimestamp: null, eventTime: "2026-01-02T11:00:00.123456Z", series: {count: 3, lastObservedTime: "2026-01-02T11:59:00.000000Z"}, reportingComponent: kubelet}
- {apiVersion: events.k8s.io/v1, kind: Event, metadata: {name: b, namespace: one}, regarding: {kind: Pod, namespace: one, name: p}, type: Normal, reason: Pulled, note: twice}
- {apiVersion: events.k8s.io/v1, kind: Event, metadata: {name: c, namespace: one}, regarding: {kind: Pod, namespace: one, name: q}, type: Normal, reason: Scheduled, note: m, deprecatedCount: 2, deprecatedFirstTimestamp: "2026-01-02T10:00:00Z", deprecatedLastTimestamp: "2026-01-02T10:30:00Z", reportingController: scheduler}
- {apiVersion: v1, kind: Event, metadata: {name: d, namespace: two}, involvedObject: {kind: Pod, namespace: two, name: p}, type: Normal, reason: Other}
- {apiVersion: v1, kind: Event, metadata: {name: e, namespace: one}, type: 7, involvedObject: [], message: {}, count: many}
`)
	scope := Scope{namespaces: map[string]bool{"one": true}}
	at := func(clock string) time.Time {
		parsed, err := time.Parse(time.TimeOnly, clock)
		if err != nil {
			t.Fatal(err)
		}
		return parsed.AddDate(2026, 0, 1)
	}
	for _, c := range []struct {
		filter Filter
		want   string
	}{
		{Filter{}, "e x1 0001 0001, c x2 10:00 10:30 scheduler, a x5 11:20 11:48 kubelet, b x3 11:00 11:59 kubelet"},
		{Filter{Types: []string{Warning}}, "a x5 11:20 11:48 kubelet"},
		{Filter{After: at("11:48:00")}, "a x5 11:20 11:48 kubelet, b x3 11:00 11:59 kubelet"},
		{Filter{After: at("11:48:01"), Types: []string{Warning, Normal}}, "b x3 11:00 11:59 kubelet"},
	} {
		var got []string
		for _, e := range List(snap, scope, c.filter) {
			clock := func(at time.Time) string {
				if at.IsZero() {
					return at.Format("2006")
				}
				return at.Format("15:04")
			}
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s x%d %s %s %s", e.Object.GetName(), e.Count, clock(e.First), clock(e.Last), e.Source)))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%+v: %s\nwant %s", c.filter, strings.Join(got, ", "), c.want)
		}
	}
}
