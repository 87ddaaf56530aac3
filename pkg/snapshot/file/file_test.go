package file

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var sampleAt = time.Date(2026, 5, 4, 12, 30, 15, 123456789, time.UTC)

func newObject(apiVersion, kind, namespace, name string, fields map[string]any) *unstructured.Unstructured {
	metadata := map[string]any{"name": name}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	content := map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": metadata}
	for key, value := range fields {
		content[key] = value
	}
	return &unstructured.Unstructured{Object: content}
}

// sample has all features of a file: failures, several namespaces, kinds without objects, odd
// strings and numbers.
func sample() *snapshot.Snapshot {
	b := snapshot.NewBuilder()
	pods := snapshot.Request{Version: "v1", Kind: "Pod", Resource: "pods"}
	b.Add(pods, newObject("v1", "Pod", "b", "two", nil), newObject("v1", "Pod", "a", "three", nil),
		newObject("v1", "Pod", "a", "one", map[string]any{"status": map[string]any{
			"text":   "lines\n---\nand \x00 \x7f \u0085 \u2028 \ufeff \U0001F600 <&> \"\\ \t",
			"yaml":   []any{"true", "null", "1e3", "~", "- x", "0o7", "&a", "*a", "=", "<<"},
			"int":    int64(math.MaxInt64),
			"floats": []any{1.5, -0.25, 1e21, 1e-9, math.MaxFloat64},
			"empty":  []any{map[string]any{}, []any{}, "", nil, true},
		}}))
	b.Add(snapshot.Request{Group: "helm.toolkit.fluxcd.io", Version: "v2", Kind: "HelmRelease", Resource: "helmreleases", Namespace: "a",
		Failure: &snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: "helmreleases.helm.toolkit.fluxcd.io", Namespace: "a"}})
	b.Add(snapshot.Request{Version: "v1", Kind: "Event", Resource: "events", FieldSelector: "type!=Normal"})
	return b.Build(snapshot.Meta{At: sampleAt, Server: "v1.36.3", Plugin: "v0.1.0"})
}

func written(t testing.TB, s *snapshot.Snapshot) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, s); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRoundTrip(t *testing.T) {
	want := sample()
	got, err := Read(bytes.NewReader(written(t, want)))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read:\n%+v\nwritten:\n%+v", got.Requests(), want.Requests())
	}
	if !reflect.DeepEqual(got.Requests(), want.Requests()) || got.Meta() != want.Meta() {
		t.Errorf("read %+v %+v", got.Meta(), got.Requests())
	}
}

func TestWriteIsDeterministic(t *testing.T) {
	first := written(t, sample())
	for range 5 {
		if !bytes.Equal(first, written(t, sample())) {
			t.Fatal("the same snapshot makes different files")
		}
	}
	again, err := Read(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, written(t, again)) {
		t.Error("what was read is not written as it was")
	}
}

func TestFailuresAreMasked(t *testing.T) {
	b := snapshot.NewBuilder()
	b.Add(snapshot.Request{Version: "v1", Kind: "Pod", Resource: "pods",
		Failure: &snapshot.Failure{Reason: snapshot.Failed, Message: "Get https://u:hunter2@h: refused"}})
	s := b.Build(snapshot.Meta{At: sampleAt})
	if files := unpack(t, written(t, s)); bytes.Contains(files, []byte("hunter2")) {
		t.Errorf("the index tells a password:\n%s", files)
	}
	if got := s.Requests()[0].Failure.Message; got != "Get https://<redacted>@h: refused" {
		t.Errorf("what is shown live is %q", got)
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, add := range map[string]func(*snapshot.Builder){
		"a path in a resource": func(b *snapshot.Builder) { b.Add(snapshot.Request{Kind: "X", Resource: "../x"}) },
		"an object of another kind": func(b *snapshot.Builder) {
			b.Add(snapshot.Request{Kind: "X", Resource: "x"}, newObject("v1", "Y", "", "n", nil))
		},
		"a number that is none": func(b *snapshot.Builder) {
			b.Add(snapshot.Request{Kind: "X", Resource: "x"}, newObject("v1", "X", "", "n", map[string]any{"v": math.NaN()}))
		},
	} {
		b := snapshot.NewBuilder()
		add(b)
		if err := Write(&bytes.Buffer{}, b.Build(snapshot.Meta{At: sampleAt})); err == nil {
			t.Errorf("Write takes %s", name)
		}
	}
}

// unpack returns the tar in the file.
func unpack(t testing.TB, packed []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := out.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// pack creates a file of arbitrary headers and contents.
func pack(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	files := tar.NewWriter(zipped)
	for _, e := range entries {
		header := e.header
		header.Name, header.Mode = e.name, 0o644
		if header.Typeflag == 0 {
			header.Typeflag, header.Size = tar.TypeReg, int64(len(e.content))
		}
		err := files.WriteHeader(&header)
		if err == nil && header.Typeflag == tar.TypeReg {
			_, err = files.Write([]byte(e.content))
		}
		if err != nil {
			t.Fatal(fmt.Errorf("%s: %w", e.name, err))
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type entry struct {
	name, content string
	header        tar.Header
}
