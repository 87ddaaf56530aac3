package manifest

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/decode"
)

const podList = `{
    "kind": "PodList",
    "apiVersion": "v1",
    "items": [
        {"metadata": {"name": "orthanc-0", "namespace": "bhs-orthweb", "creationTimestamp": "2026-01-02T03:04:05Z"}, "status": {"phase": "Running"}}
    ]
}
==== START logs for container orthanc of pod bhs-orthweb/orthanc-0 ====
{ not json
==== END logs for container orthanc of pod bhs-orthweb/orthanc-0 ====
{
    "kind": "NodeList",
    "apiVersion": "v1",
    "items": [{"metadata": {"name": "node-0", "creationTimestamp": "2026-01-02T03:00:00Z"}}]
}
`

func TestReadObjects(t *testing.T) {
	yamlList := "apiVersion: v1\nkind: List\nitems:\n- apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: orthanc, namespace: bhs-orthweb}\n  status:\n    conditions:\n    - {type: Available, lastTransitionTime: \"2026-01-02T03:30:00Z\"}\n---\napiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c, namespace: mhr-orthweb}\nstatus: {notAfter: \"2027-01-01T00:00:00Z\"}\n"
	s, err := ReadObjects([]File{{Name: "dump.txt", Content: strings.NewReader(podList)}, {Name: "get.yaml", Content: strings.NewReader(yamlList)}}, ObjectsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 1, 2, 3, 30, 0, 0, time.UTC); !s.Meta().At.Equal(want) {
		t.Errorf("the moment is %v, want %v: the newest time, ends of certificates aside", s.Meta().At, want)
	}
	for _, c := range []struct {
		ref  object.Ref
		want snapshot.Presence
	}{
		{object.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "bhs-orthweb", Name: "orthanc-0"}, snapshot.Present},
		{object.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "bhs-orthweb", Name: "orthanc-1"}, snapshot.Absent},
		{object.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "mhr-orthweb", Name: "orthanc-0"}, snapshot.Unknown},
		{object.Ref{APIVersion: "v1", Kind: "Node", Name: "node-0"}, snapshot.Present},
		{object.Ref{APIVersion: "v1", Kind: "Node", Name: "node-1"}, snapshot.Absent},
		{object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "bhs-orthweb", Name: "orthanc"}, snapshot.Present},
		{object.Ref{APIVersion: "v1", Kind: "Secret", Namespace: "bhs-orthweb", Name: "x"}, snapshot.Unknown},
		{object.Ref{APIVersion: "cert-manager.io/v1", Kind: "Certificate", Namespace: "mhr-orthweb", Name: "c"}, snapshot.Present},
		{object.Ref{APIVersion: "cert-manager.io/v1", Kind: "Certificate", Namespace: "mhr-orthweb", Name: "other"}, snapshot.Unknown}, // Objects that are printed alone
	} {
		if got := s.Lookup(c.ref).Presence; got != c.want {
			t.Errorf("%s: %v, want %v", c.ref, got, c.want)
		}
	}
}

// TestListOfParts checks that the known objects of a kind can be listed, even if only some
// namespaces are known.
func TestListOfParts(t *testing.T) {
	s, err := ReadObjects([]File{{Name: "p", Content: strings.NewReader(podList)}}, ObjectsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pods := schema.GroupKind{Kind: "Pod"}
	if all := s.List(pods, ""); len(all.Objects) != 1 || len(all.Unknown) != 0 {
		t.Errorf("all pods: %+v", all)
	}
	if there := s.List(pods, "mhr-orthweb"); len(there.Unknown) != 1 {
		t.Errorf("the pods of a namespace that nothing is known of: %+v", there)
	}
}

func TestReadObjectsCompleteAndAt(t *testing.T) {
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	s, err := ReadObjects([]File{{Name: "p", Content: strings.NewReader(podList)}}, ObjectsOptions{At: at, Complete: true})
	if err != nil {
		t.Fatal(err)
	}
	if !s.Meta().At.Equal(at) {
		t.Errorf("the moment is %v, want %v", s.Meta().At, at)
	}
	if got := s.Lookup(object.Ref{APIVersion: "v1", Kind: "Secret", Namespace: "bhs-orthweb", Name: "x"}).Presence; got != snapshot.Absent {
		t.Errorf("a Secret of a kind said to be complete: %v, want absent", got)
	}
}

func TestReadObjectsRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		reason error
	}{
		"nothing":  {"", decode.ErrNotASnapshot},
		"a letter": {"dear all", decode.ErrPrinted},
		"cut off":  {"{\n  \"kind\": \"Pod\",\n", decode.ErrPrinted},
		"anchors":  {"a: &x [1]\nb: *x\n", decode.ErrPrinted},
		"a tag":    {"a: !!seq &x [1]\nb: *x\n", decode.ErrPrinted},
		"a key":    {"a: &x y\n*x: 1\n", decode.ErrPrinted},
	} {
		if _, err := ReadObjects([]File{{Name: name, Content: strings.NewReader(c.text)}}, ObjectsOptions{}); !errors.Is(err, c.reason) {
			t.Errorf("%s: %v, want %v", name, err, c.reason)
		}
	}
}

// TestReadObjectsWithAmpersands checks that rules of CustomResourceDefinitions that look like
// anchors are not parsed as anchors.
func TestReadObjectsWithAmpersands(t *testing.T) {
	for name, rule := range map[string]string{
		"quoted":  `"!has(self.a) &&\n!has(self.b) ? a * b : (a &b)"`,
		"lines":   "\"!has(self.a)\n  && !has(self.b)\"",
		"block":   "|\n  !has(self.a) &&\n  &b\n",
		"escaped": `'[a, &b, - &c] *d'`,
	} {
		text := "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n rule: " + rule + "\n"
		if _, err := ReadObjects([]File{{Name: name, Content: strings.NewReader(text)}}, ObjectsOptions{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReadObjects(f *testing.F) {
	f.Add([]byte(podList))
	f.Add([]byte("kind: List\napiVersion: v1\nitems: [{kind: Pod, metadata: {name: x}}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := ReadObjects([]File{{Name: "f", Content: bytes.NewReader(text)}}, ObjectsOptions{}); err == nil && len(s.Requests()) == 0 {
			t.Error("read, and nothing in it")
		}
	})
}
