package recording

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"reflect"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
)

// awkward are values that YAML would parse differently without quotes, or break across lines.
var awkward = map[string]any{
	"yes": "no", "number": "1.20", "int": int64(8042), "float": 1.5, "bool": true, "null": nil, "empty": "",
	"colon": "a: b", "hash": "a #b", "dash": "- a", "lines": "a\nb\n", "quotes": `say "x" and 'y'`, "html": "<redacted> & more",
	"braces": "{a}", "list": "[a]", "digits": "0123", "exponent": "1e3", "hex": "0x1f", "time": "2026-11-24T07:13:28Z", "off": "OFF",
	"long": strings.Repeat("word ", 100), "emptyMap": map[string]any{}, "emptyList": []any{},
	"deep": []any{map[string]any{"a": []any{[]any{"b", int64(1)}, map[string]any{"c": strings.Repeat("x", 300)}}}, "d"},
}

func TestEncodeReadsBack(t *testing.T) {
	var out bytes.Buffer
	encode(&out, awkward, 0)
	var got, want map[string]any
	if err := yaml.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	// The expected value is converted through YAML as well, so that numbers have the same type.
	data, err := yaml.Marshal(awkward)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if !reflect.DeepEqual(got[name], want[name]) {
			t.Errorf("%s: %#v, want %#v\n%s", name, got[name], want[name], out.String())
		}
	}
}

func TestEncodeIsShort(t *testing.T) {
	var out bytes.Buffer
	encode(&out, map[string]any{"metadata": map[string]any{"name": "a", "labels": map[string]any{"app": "b"}}}, 0)
	if got, want := out.String(), "metadata: {labels: {app: b}, name: a}\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

const since = "2026-11-24T07:00:00Z"

func parse(t *testing.T, manifests string) []Object {
	t.Helper()
	list, err := cluster.Parse([]byte(manifests))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestTrim(t *testing.T) {
	s := &Snapshot{Files: map[string][]Object{"objects/x.yaml": parse(t, `
{apiVersion: v1, kind: Pod, metadata: {name: dns, namespace: kube-system}}
---
{apiVersion: v1, kind: Pod, metadata: {name: bad, namespace: bhs-orthweb}, spec: {volumes: [{name: v}], tolerations: []}, status: {conditions: [{type: PodScheduled, status: "False"}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: good, namespace: bhs-orthweb, resourceVersion: "7"}, spec: {volumes: [{name: v}]}, status: {conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: tenants, namespace: bhs-orthweb}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: others, namespace: monitoring}}
---
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: old, namespace: bhs-orthweb}, spec: {replicas: 0}}
---
{apiVersion: v1, kind: Event, type: Normal, lastTimestamp: "2026-11-24T07:01:00Z", metadata: {name: of-bad, namespace: bhs-orthweb}, involvedObject: {kind: Pod, name: bad, namespace: bhs-orthweb}}
---
{apiVersion: v1, kind: Event, type: Normal, lastTimestamp: "2026-11-24T07:01:00Z", metadata: {name: of-good, namespace: bhs-orthweb}, involvedObject: {kind: Pod, name: good, namespace: bhs-orthweb}}
---
{apiVersion: v1, kind: Event, type: Warning, lastTimestamp: "2026-11-24T07:01:00Z", metadata: {name: warning, namespace: bhs-orthweb}, involvedObject: {kind: Pod, name: good, namespace: bhs-orthweb}}
---
{apiVersion: v1, kind: Event, type: Warning, lastTimestamp: "2026-11-24T06:59:00Z", metadata: {name: before, namespace: bhs-orthweb}, involvedObject: {kind: Pod, name: bad, namespace: bhs-orthweb}}
`)}}
	at, err := time.Parse(time.RFC3339, since)
	if err != nil {
		t.Fatal(err)
	}
	s.Trim(func(namespace string) bool { return namespace == "bhs-orthweb" }, at)
	var names []string
	for _, o := range s.Files["objects/x.yaml"] {
		names = append(names, o.GetName())
		spec, _ := o.Object["spec"].(map[string]any)
		if _, has := spec["volumes"]; has != (o.GetName() == "bad") {
			t.Errorf("%s has volumes: %v", o.GetName(), has)
		}
		if o.GetResourceVersion() != "" || spec["tolerations"] != nil {
			t.Errorf("%s has what the API server filled in", o.GetName())
		}
	}
	if got, want := strings.Join(names, " "), "bad good tenants of-bad warning"; got != want {
		t.Errorf("left: %s, want %s", got, want)
	}
}

func TestStatements(t *testing.T) {
	s := &Snapshot{Files: map[string][]Object{"objects/x.yaml": parse(t, `
{kind: Kustomization, metadata: {name: a, namespace: ns}, status: {conditions: [{type: Ready, status: "False", reason: R, message: "m\n  n"}, {type: Reconciling, status: "False"}]}}
---
{kind: Deployment, metadata: {name: d, namespace: ns}, status: {conditions: [{type: ReplicaFailure, status: "True", reason: F, message: quota}, {type: Available, status: "True"}]}}
---
{kind: Pod, metadata: {name: p, namespace: ns}, status: {containerStatuses: [{name: c, ready: false, state: {waiting: {reason: W, message: x}}}, {name: ok, ready: true, state: {running: {startedAt: t}}}]}}
---
{kind: PersistentVolumeClaim, metadata: {name: v, namespace: ns}, status: {phase: Pending}}
---
{kind: StatefulSet, metadata: {name: s, namespace: ns}, spec: {replicas: 3}, status: {}}
---
{kind: StatefulSet, metadata: {name: t, namespace: ns}, spec: {replicas: 3}, status: {readyReplicas: 3}}
---
{kind: Service, metadata: {name: b, namespace: ns}, spec: {type: LoadBalancer}, status: {loadBalancer: {}}}
---
{kind: Node, metadata: {name: o}, status: {conditions: [{type: MemoryPressure, status: "False"}, {type: Ready, status: "True"}]}}
`)}}
	want := []string{
		"Deployment ns/d: ReplicaFailure=True F: quota",
		"Kustomization ns/a: Ready=False R: m n",
		"PersistentVolumeClaim ns/v: phase=Pending",
		"Pod ns/p: container c waiting: W x",
		"Service ns/b: no load balancer's address",
		"StatefulSet ns/s: 0 of 3 ready",
	}
	if got := s.Said(); !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

func TestReadAndWrite(t *testing.T) {
	var file bytes.Buffer
	zipped := gzip.NewWriter(&file)
	out := tar.NewWriter(zipped)
	for _, f := range [][2]string{
		{"index.json", "{\"at\": \"" + since + "\", \"asked\": []}\n"},
		{"objects/core/pods.jsonl", "{\"kind\": \"Pod\", \"message\": \"/lab/tmp/x\"}\n{\"kind\": \"Pod\"}\n"},
		{"objects/core/nodes.jsonl", ""},
	} {
		_ = out.WriteHeader(&tar.Header{Name: f[0], Size: int64(len(f[1])), Mode: 0o644})
		_, _ = out.Write([]byte(f[1]))
	}
	_, _ = out.Close(), zipped.Close()
	s, err := Read(&file, strings.NewReplacer("/lab/tmp", "/tmp"))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := (Case{Header: "What\n\nwas done\n", Expect: map[string]any{"causes": []any{}}, Snapshot: s}).Write(&text); err != nil {
		t.Fatal(err)
	}
	want := `# What
#
# was done
-- expect.yaml --
causes: []
-- index.yaml --
asked: []
at: "2026-11-24T07:00:00Z"
-- objects/core/pods.yaml --
kind: Pod
message: "/tmp/x"
---
kind: Pod
`
	if text.String() != want {
		t.Errorf("%s", text.String())
	}
}

// TestTrimShortensDefinitions checks that Trim shortens the schemas of
// CustomResourceDefinitions and the data of ControllerRevisions, which are longer than the rest
// of a snapshot.
func TestTrimShortensDefinitions(t *testing.T) {
	s := &Snapshot{Files: map[string][]Object{"objects/x.yaml": parse(t, `
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: gateways.networking.istio.io}, spec: {group: networking.istio.io, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}}
---
{apiVersion: apps/v1, kind: ControllerRevision, metadata: {name: postgres-1, namespace: bhs-orthweb}, revision: 1, data: {spec: {}}}
`)}}
	s.Trim(func(string) bool { return true }, time.Time{})
	definition, revision := s.Files["objects/x.yaml"][0].Object, s.Files["objects/x.yaml"][1].Object
	spec := definition["spec"].(map[string]any)
	version := spec["versions"].([]any)[0].(map[string]any)
	if spec["group"] == nil || version["schema"] != nil || version["served"] != true {
		t.Errorf("of a definition is left %v", definition)
	}
	if revision["data"] != nil || revision["revision"] == nil {
		t.Errorf("of a revision is left %v", revision)
	}
}
