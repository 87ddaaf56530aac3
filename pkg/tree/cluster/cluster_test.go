package cluster

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

var update = flag.Bool("update", false, "write the expected clusters")

// TestDiscover compares the clusters of the trees in testdata with what the comment of each
// archive lists, after a line "---".
func TestDiscover(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal(archives, err)
	}
	for _, file := range archives {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			archive := txtar.Parse(text)
			files := map[string][]byte{}
			for _, f := range archive.Files {
				files[f.Name] = f.Data
			}
			clusters, err := DiscoverWith(context.Background(), tree.New(files), Options{Artifacts: true})
			if err != nil {
				t.Fatal(err)
			}
			intro, want, _ := strings.Cut(string(archive.Comment), "\n---\n")
			got := describe(clusters)
			if *update {
				archive.Comment = []byte(intro + "\n---\n" + got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// describe lists the Kustomizations of clusters, and what they apply.
func describe(clusters []*Cluster) string {
	var b strings.Builder
	for _, c := range clusters {
		fmt.Fprintf(&b, "cluster %s", c.Entry)
		if c.FluxVersion != "" {
			fmt.Fprintf(&b, " with Flux %s", c.FluxVersion)
		}
		b.WriteString("\n")
		for _, k := range c.Kustomizations {
			fmt.Fprintf(&b, "  %s at %s", k.Ref(), k.Start())
			switch {
			case k.OtherSource != "":
				fmt.Fprintf(&b, ": in %s", k.OtherSource)
			case k.Err != nil:
				fmt.Fprintf(&b, ": %v", k.Err)
			}
			b.WriteString("\n")
			if k.Built == nil {
				continue
			}
			for _, o := range k.Built.Objects {
				value := ""
				if text, ok := object.Quote(o.Object, "data.value"); ok {
					at, sure := o.Locate("data.value")
					value = fmt.Sprintf(" %q at %s %t", text, at, sure)
				}
				fmt.Fprintf(&b, "    %s at %s%s\n", object.RefOf(o.Unstructured), o.Start(), value)
			}
		}
		for _, o := range c.Objects {
			if o.By == nil {
				fmt.Fprintf(&b, "  not applied: %s at %s\n", o.Ref(), o.Start())
			}
		}
	}
	return b.String()
}

// TestDiscoverEnds checks that a search ends when its context does.
func TestDiscoverEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Discover(ctx, tree.New(map[string][]byte{"a.yaml": []byte("kind: A\n")})); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestManyClusters checks the limit of clusters: each Kustomization here is one.
func TestManyClusters(t *testing.T) {
	for n, passes := range map[int]bool{maxClusters: true, maxClusters + 1: false} {
		files := map[string][]byte{}
		for i := range n {
			files[fmt.Sprintf("c%d/k.yaml", i)] = fmt.Appendf(nil, "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: k%d, namespace: a}\n"+
				"spec: {path: gone, sourceRef: {kind: GitRepository, name: s%d}}\n", i, i)
		}
		clusters, err := Discover(context.Background(), tree.New(files))
		if passes && (err != nil || len(clusters) != n) || !passes && !errors.Is(err, tree.ErrTooLarge) {
			t.Errorf("%d Kustomizations: %d clusters, %v", n, len(clusters), err)
		}
	}
}

// TestIgnoringSources checks that sources with the same spec.ignore are the same.
func TestIgnoringSources(t *testing.T) {
	f, err := scan(context.Background(), tree.New(map[string][]byte{"a.yaml": nil, "b.md": nil}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	one, same, other := "*.md", "*.md", "*.yaml"
	if s := f.sourceWith(&one); s != f.sourceWith(&same) || s == f.sourceWith(&other) || !s.Ignored("b.md") || s.Ignored("a.yaml") {
		t.Error("the sources of different patterns are the same, or those of one are not")
	}
}
