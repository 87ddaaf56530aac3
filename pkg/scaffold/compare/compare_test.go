package compare

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// sideOf is a tenant with one layer, whose objects are in a text. Objects with a place are those of
// a tree.
func sideOf(t *testing.T, name, text string, inTree bool) Side {
	t.Helper()
	s := Side{Name: name, Namespaces: []string{name + "-orthweb"}, Domain: name + ".orthweb.com"}
	l := Layer{Name: name + "-application"}
	for _, document := range strings.Split(text, "---\n") {
		var o map[string]any
		if err := yaml.Unmarshal([]byte(document), &o); err != nil {
			t.Fatal(err)
		}
		c := Object{Unstructured: &unstructured.Unstructured{Object: o}}
		if inTree {
			c.Locate = func(field string) tree.Position { return tree.Position{File: name + ".yaml", Line: 1 + len(field)} }
		}
		l.Objects = append(l.Objects, c)
	}
	s.Layers = []Layer{l}
	return s
}

func manifest(kind, name, rest string) string {
	return "apiVersion: v1\nkind: " + kind + "\nmetadata:\n  namespace: NAME-orthweb\n  name: " + name + "\n" + rest
}

// TestTenants compares pairs of objects.
func TestTenants(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		live       bool
		want       []string
	}{
		{name: "the same except for names", a: manifest("Service", "NAME-web", "spec: {host: web.NAME.orthweb.com, label: NAME}\n"), b: manifest("Service", "NAME-web", "spec: {host: web.NAME.orthweb.com, label: NAME}\n")},
		{name: "a value", a: manifest("Service", "web", "spec: {port: 1}\n"), b: manifest("Service", "web", "spec: {port: 2}\n"), want: []string{`Value spec.port "1" "2"`}},
		{name: "text and number", a: manifest("Service", "web", "spec: {port: 1}\n"), b: manifest("Service", "web", "spec: {port: '1'}\n"), want: []string{`Value spec.port "1" "1"`}},
		{name: "a missing field", a: manifest("Service", "web", "spec: {port: 1}\n"), b: manifest("Service", "web", "spec: {}\n"), want: []string{`FieldMissing spec.port "1" ""`}},
		{name: "a missing object", a: manifest("Service", "web", "") + "---\n" + manifest("ConfigMap", "x", ""), b: manifest("Service", "web", ""), want: []string{`ObjectMissing  "" ""`}},
		{name: "the other's name", a: manifest("Service", "web", "spec: {from: NAME-orthweb}\n"), b: manifest("Service", "web", "spec: {from: bhs-orthweb}\n"), want: []string{`Value spec.from "bhs-orthweb" "bhs-orthweb"`}},
		{name: "the other's host", a: manifest("Service", "web", "spec: {hosts: [web.NAME.orthweb.com]}\n"), b: manifest("Service", "web", "spec: {hosts: [web.bhs.orthweb.com]}\n"), want: []string{`Value spec.hosts[0] "web.bhs.orthweb.com" "web.bhs.orthweb.com"`}},
		{name: "another host", a: manifest("Service", "web", "spec: {hosts: [web.NAME.orthweb.com]}\n"), b: manifest("Service", "web", "spec: {hosts: [pacs.example.org]}\n"), want: []string{`Host spec.hosts[0] "web.bhs.orthweb.com" "pacs.example.org"`}},
		{name: "an address", a: manifest("Service", "web", "spec: {loadBalancerIP: 192.0.2.1}\n"), b: manifest("Service", "web", "spec: {loadBalancerIP: 192.0.2.2}\n"), want: []string{`Address spec.loadBalancerIP "192.0.2.1" "192.0.2.2"`}},
		{name: "an image of that name", a: manifest("Pod", "x", "spec: {image: bhs/x}\n"), b: manifest("Pod", "x", "spec: {image: mhr/x}\n"), want: []string{`Value spec.image "bhs/x" "mhr/x"`}},
		{name: "entries by name", a: manifest("Pod", "x", "spec: {list: [{name: a, v: 1}, {name: b, v: 2}]}\n"), b: manifest("Pod", "x", "spec: {list: [{name: b, v: 3}, {name: a, v: 1}]}\n"), want: []string{`Value spec.list[1].v "2" "3"`}},
		{name: "hashes of generated objects", a: manifest("ConfigMap", "x-2456789bcd", "") + "---\n" + manifest("Pod", "p", "spec: {cm: x-2456789bcd}\n"), b: manifest("ConfigMap", "x-hkmt456789", "") + "---\n" + manifest("Pod", "p", "spec: {cm: x-hkmt456789}\n")},
		{name: "lines of a text", a: manifest("Service", "x", "spec: {f: \"a\\nNAME\\nc\\n\"}\n"), b: manifest("Service", "x", "spec: {f: \"a\\nNAME\\nd\\n\"}\n"), want: []string{`Value spec.f "c" "d"`}},
		{name: "a secret", a: manifest("Secret", "x", "stringData: {p: TopSecretA, q: one}\n"), b: manifest("Secret", "x", "stringData: {p: TopSecretB, r: two}\n"), want: []string{`FieldMissing stringData.q "<redacted>" ""`, `FieldMissing stringData.r "" "<redacted>"`, `Secret stringData.p "<redacted>" "<redacted>"`}},
		{name: "a password elsewhere", a: manifest("ConfigMap", "x", "data: {password: TopSecretA}\n"), b: manifest("ConfigMap", "x", "data: {password: TopSecretB}\n"), want: []string{`Value data.password "<redacted>" "<redacted>"`}},
		{name: "requests to Flux", live: true, a: strings.Replace(manifest("Service", "web", ""), "metadata:", "metadata:\n  annotations: {reconcile.fluxcd.io/requestedAt: x}", 1), b: manifest("Service", "web", "")},
		{name: "what the API server sets", live: true, a: manifest("Service", "web", "spec: {clusterIP: 10.0.0.1}\nstatus: {a: 1}\n"), b: manifest("Service", "web", "spec: {clusterIP: 10.0.0.2}\nstatus: {a: 2}\n")},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Tenants(sideOf(t, "bhs", strings.ReplaceAll(c.a, "NAME", "bhs"), !c.live), sideOf(t, "mhr", strings.ReplaceAll(c.b, "NAME", "mhr"), !c.live))
			var got []string
			for _, d := range append(r.Differences, r.Expected...) {
				field := d.A.Field
				if field == "" {
					field = d.B.Field
				}
				got = append(got, fmt.Sprintf("%s %s %q %q", d.Kind, field, d.A.Value, d.B.Value))
				if strings.Contains(d.Describe(), "TopSecret") {
					t.Errorf("a secret is shown: %s", d.Describe())
				}
				if !c.live && d.A.Present && d.A.At.File != "bhs.yaml" {
					t.Errorf("%+v has no place", d)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("differences\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// TestSharedSecret checks that the same value in both Secrets is reported.
func TestSharedSecret(t *testing.T) {
	text := manifest("Secret", "x", "stringData: {p: TopSecret}\n")
	r := Tenants(sideOf(t, "bhs", strings.ReplaceAll(text, "NAME", "bhs"), true), sideOf(t, "mhr", strings.ReplaceAll(text, "NAME", "mhr"), true))
	if len(r.SharedSecrets) != 1 || r.SharedSecrets[0].A.Field != "stringData.p" || strings.Contains(fmt.Sprint(r), "TopSecret") {
		t.Errorf("%+v", r)
	}
}

// TestMissingLayer checks a layer that only one tenant has.
func TestMissingLayer(t *testing.T) {
	a := sideOf(t, "bhs", manifest("Service", "web", ""), true)
	b := sideOf(t, "mhr", manifest("Service", "web", ""), true)
	b.Layers[0].Name = "mhr-viewer"
	r := Tenants(a, b)
	if len(r.Differences) != 2 || r.Differences[0].Layer != "TENANT-application" || r.Differences[1].Layer != "TENANT-viewer" || r.Differences[0].B.Present {
		t.Errorf("%+v", r.Differences)
	}
}

// TestWords checks that only whole words are replaced.
func TestWords(t *testing.T) {
	w := &Words{}
	w.Domain("bhs.orthweb.com", "nhs.example.org")
	w.Address("192.0.2.7", "192.0.2.8")
	w.Address("2001:db8::7", "2001:db8::8")
	w.Keep("bhs-shared")
	w.Name("bhs", "nhs")
	for text, want := range map[string]string{
		"bhs":                      "nhs",
		"subhs bhsx xbhs bhs2":     "subhs bhsx xbhs bhs2",
		"bhs-orthweb":              "nhs-orthweb",
		"bhs_db.bhs/bhs:bhs":       "nhs_db.nhs/nhs:nhs",
		"BHS Bhs":                  "NHS Bhs",
		"bhs-shared":               "bhs-shared",
		"web.bhs.orthweb.com":      "web.nhs.example.org",
		"bhs.orthweb.com":          "nhs.example.org",
		"bhs.orthweb.com.":         "nhs.example.org.",
		"bhs.orthweb.com:443/x":    "nhs.example.org:443/x",
		"bhs.orthweb.community":    "nhs.orthweb.community",
		"bhs.orthweb.com.evil.org": "nhs.orthweb.com.evil.org",
		"my-bhs.orthweb.com":       "my-nhs.orthweb.com",
		"192.0.2.7 192.0.2.70":     "192.0.2.8 192.0.2.70",
		"1.192.0.2.7 192.0.2.7.1":  "1.192.0.2.7 192.0.2.7.1",
		"at 192.0.2.7.":            "at 192.0.2.8.",
		"[2001:db8::7]:1 2001:db8::70 2001:db8::7:1": "[2001:db8::8]:1 2001:db8::70 2001:db8::7:1",
		"ébhs": "ébhs",
	} {
		if got := w.Apply(text); got != want {
			t.Errorf("%q becomes %q, not %q", text, got, want)
		}
	}
}

// FuzzWords checks that replacing a name and replacing it back gives the same text, if that did
// not have the new name.
func FuzzWords(f *testing.F) {
	f.Add("web.bhs.orthweb.com bhs-orthweb subhs BHS")
	f.Add("bhs.bhs-bhsbhs.orthweb.com")
	f.Fuzz(func(t *testing.T, text string) {
		forth, back := &Words{}, &Words{}
		forth.Domain("bhs.orthweb.com", "q9.example.org")
		forth.Name("bhs", "q9")
		back.Domain("q9.example.org", "bhs.orthweb.com")
		back.Name("q9", "bhs")
		if back.Has(text) || strings.Contains(text, "example") {
			return
		}
		if got := back.Apply(forth.Apply(text)); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
	})
}
