package lint

import (
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// TestArtifacts checks that findings in an external artifact are in the files of the tree, that these
// are fixed, and that what was merged of several files is not.
func TestArtifacts(t *testing.T) {
	claim := func(name string) []byte {
		return []byte("apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: " + name + "\n  namespace: bhs-orthweb\n")
	}
	tr := tree.New(map[string][]byte{
		"clusters/sync.yaml": []byte(`apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec: {path: ./clusters, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: bhs, namespace: flux-system}
spec: {path: ./app, prune: true, sourceRef: {kind: ExternalArtifact, name: bhs}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: extracted, namespace: flux-system}
spec: {path: ./, prune: true, sourceRef: {kind: ExternalArtifact, name: extracted}}
---
apiVersion: source.extensions.fluxcd.io/v1beta1
kind: ArtifactGenerator
metadata: {name: tree, namespace: flux-system}
spec:
  sources: [{alias: repo, kind: GitRepository, name: flux-system}]
  artifacts:
  - name: bhs
    copy:
    - {from: "@repo/tenants/bhs/**", to: "@artifact/app/"}
    - {from: "@repo/tenants/more.yaml", to: "@artifact/app/merged.yaml", strategy: Merge}
  - name: extracted
    copy: [{from: "@repo/a.tgz", to: "@artifact/", strategy: Extract}]
`),
		"tenants/bhs/claim.yaml":  claim("claim"),
		"tenants/bhs/merged.yaml": claim("merged"),
		"tenants/more.yaml":       []byte("spec: {storageClassName: fast}\n"),
		"app/claim.yaml":          claim("not-in-the-artifact"),
	})
	config := Config{Only: []string{"prunes-data"}}
	report, err := Check(t.Context(), tr, config)
	if err != nil {
		t.Fatal(err)
	}
	if got := list(report); !strings.Contains(got, "tenants/bhs/claim.yaml:4:9") || !strings.Contains(got, "tenants/more.yaml") || len(report.Findings) != 2 {
		t.Errorf("found:\n%s", got)
	}
	if len(report.Unknown) != 1 || report.Unknown[0].At.File != "clusters/sync.yaml" || !strings.Contains(report.Unknown[0].Message, "strategy Extract") || len(report.OtherSources) > 0 {
		t.Errorf("unknown: %+v, in other sources: %+v", report.Unknown, report.OtherSources)
	}
	fixed, err := Fix(t.Context(), tr, config, report.Findings)
	if err != nil || len(fixed.Files) != 1 || !strings.Contains(string(fixed.Files["tenants/bhs/claim.yaml"]), "prune: disabled") {
		t.Errorf("fixed %v, %v", fixed, err)
	}
}
