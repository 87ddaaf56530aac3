package cluster

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/chart"
)

func TestMain(m *testing.M) {
	chart.Main()
	os.Exit(m.Run())
}

// TestReleases compares what the charts of a tree render with what the comment of the archive
// lists, after a line "---".
func TestReleases(t *testing.T) {
	const file = "testdata/charts/releases.txtar"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	archive := txtar.Parse(text)
	files := map[string][]byte{}
	for _, f := range archive.Files {
		files[f.Name] = f.Data
	}
	charts := chart.NewRenderer()
	defer charts.Close()
	clusters, err := DiscoverWith(t.Context(), tree.New(files), Options{Charts: charts, Kubernetes: "1.36"})
	if err != nil || len(clusters) != 1 {
		t.Fatal(clusters, err)
	}
	got := describeReleases(clusters[0])
	intro, want, _ := strings.Cut(string(archive.Comment), "\n---\n")
	if *update {
		archive.Comment = []byte(intro + "\n---\n" + got)
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// describeReleases lists the releases of a cluster, and their objects.
func describeReleases(c *Cluster) string {
	var b strings.Builder
	for _, release := range c.Releases {
		fmt.Fprintf(&b, "%s", release.Ref())
		if release.Unsure {
			b.WriteString(" is unsure")
		}
		if release.Err != nil {
			fmt.Fprintf(&b, ": %s at %s: %s", release.Err.Reason, release.At, release.Err.Message)
		}
		b.WriteString("\n")
		for _, o := range c.Objects {
			if o.Release == release.Object {
				fmt.Fprintf(&b, "  %s at %s%s\n", o.Ref(), o.Start(), details(o))
			}
		}
		for _, o := range release.Hooks {
			fmt.Fprintf(&b, "  hook %s at %s\n", o.Ref(), o.Start())
		}
	}
	return b.String()
}

// details are the value of a ConfigMap, and the metadata that Helm and Flux do not always add.
func details(o *Object) string {
	text := ""
	if value, ok := object.Quote(o.Unstructured.Object, "data.value"); ok {
		text += fmt.Sprintf(" %q", value)
	}
	for _, key := range []string{"common", "helm.toolkit.fluxcd.io/name"} {
		if value := o.GetLabels()[key]; value != "" {
			text += " " + key + "=" + value
		}
	}
	return text
}

// TestReleasesAreOptional checks that no chart is rendered without a renderer.
func TestReleasesAreOptional(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/charts/releases.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range archive.Files {
		files[f.Name] = f.Data
	}
	clusters, err := Discover(t.Context(), tree.New(files))
	if err != nil || len(clusters) != 1 || len(clusters[0].Releases) > 0 {
		t.Fatal(clusters, err)
	}
	for _, o := range clusters[0].Objects {
		if o.Release != nil {
			t.Errorf("%s is of a chart", o.Ref())
		}
	}
}

// TestServedVersions checks the API versions that charts see.
func TestServedVersions(t *testing.T) {
	clusters, err := Discover(t.Context(), tree.New(map[string][]byte{"a.yaml": []byte(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  group: example.org
  names: {kind: Widget}
  versions: [{name: v1, served: true}, {name: v1alpha1, served: false}]
---
apiVersion: other.org/v1
kind: Other
metadata: {name: a}
`)}))
	if err != nil {
		t.Fatal(err)
	}
	for version, want := range map[string]bool{
		"v1": true, "apps/v1": true, "apps/v1/Deployment": true, "policy/v1beta1": false, "example.org/v1": true, "example.org/v1/Widget": true,
		"example.org/v1alpha1": false, "other.org/v1/Other": true, "cert-manager.io/v1": false,
	} {
		got := false
		for _, served := range servedVersions(clusters[0].Objects, "1.36") {
			got = got || served == version
		}
		if got != want {
			t.Errorf("%s is served: %v", version, got)
		}
	}
	old := strings.Join(servedVersions(nil, "1.20"), " ")
	if !strings.Contains(old, "policy/v1 ") {
		t.Errorf("Kubernetes 1.20 serves %s", old)
	}
}

// TestShorten checks the names of releases that are too long for Helm.
func TestShorten(t *testing.T) {
	for name, want := range map[string]string{
		"web": "web",
		// A case of helm-controller's own test.
		"release-name-with-very-long-name-which-is-longer-than-53-characters": "release-name-with-very-long-name-which-i-788ca0d0d7b0",
	} {
		if got := shorten(name); got != want || len(got) > 53 {
			t.Errorf("%s is shortened to %s", name, got)
		}
	}
}
