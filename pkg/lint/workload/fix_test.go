package workload_test

import (
	"context"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/digihunch/kubectl-orthweb/pkg/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// TestFixes checks the numbers in fixes, and the files that they are about.
func TestFixes(t *testing.T) {
	for _, c := range []struct{ rule, about, file, fix string }{
		{"image-name", "Deployment bhs-orthweb/orthanc", "kustomization.yaml", "Write digest: sha256:13914140549d…"},
		{"memory-limit", "Deployment bhs-orthweb/orthanc", "a.yaml", "to at least 512Mi, or MaximumStorageCacheSize in Orthanc's configuration to at most 32"},
		{"memory-limit", "Deployment bhs-orthweb/orthanc-large", "b.yaml", "to at least 2432Mi, or MaximumStorageCacheSize in Orthanc's configuration to at most 640"},
		{"autoscaler-memory", "HorizontalPodAutoscaler bhs-orthweb/orthanc", "hpa.yaml", "Scale on CPU alone, or set averageUtilization to a value from 400 to 799"},
		{"autoscaler-memory", "HorizontalPodAutoscaler bhs-orthweb/small", "small.yaml", "Scale on CPU alone: no target for memory fits a limit of 128Mi"},
		{"autoscaler-memory", "HorizontalPodAutoscaler bhs-orthweb/unlimited", "unlimited.yaml", "Scale on CPU alone, or set averageValue to at least 512Mi"},
		{"autoscaler-memory", "HorizontalPodAutoscaler bhs-orthweb/viewer", "viewer.yaml", "Scale on CPU alone, or set averageUtilization to at most 119"},
		{"autoscaler-memory", "HorizontalPodAutoscaler bhs-orthweb/worker", "worker.yaml", "Scale on CPU alone, or set averageValue to at most 119Mi"},
		{"budget-blocks", "PodDisruptionBudget bhs-orthweb/none", "one.yaml", "Set maxUnavailable: 1"},
		{"budget-blocks", "PodDisruptionBudget bhs-orthweb/all", "two.yaml", "instead of minAvailable, or set replicas to at least 4"},
		{"budget-blocks", "PodDisruptionBudget bhs-orthweb/percent", "three.yaml", "instead of minAvailable, or set replicas to at least 4"},
		{"budget-blocks", "PodDisruptionBudget bhs-orthweb/everything", "five.yaml", "instead of minAvailable"},
		{"budget-blocks", "PodDisruptionBudget bhs-orthweb/scaled", "scaled.yaml", "instead of minAvailable, or set minReplicas to at least 3"},
		{"retired-catalogue", "HelmRepository bhs-orthweb/charts", "release.yaml", "In the values of the releases (release.yaml and second.yaml), set the images to docker.io/bitnamilegacy/…"},
		{"retired-catalogue", "Deployment bhs-orthweb/orthanc", "a.yaml", "Set the image to docker.io/bitnamilegacy/redis"},
	} {
		t.Run(c.rule+" "+c.about, func(t *testing.T) {
			for _, f := range findings(t, c.rule) {
				fix := f.Fixes[0]
				if f.Ref.String() == c.about && fix.File == c.file && (strings.Contains(fix.Text, c.fix+";") || strings.Contains(fix.Text, c.fix+",") || strings.HasSuffix(fix.Text, c.fix)) {
					return
				}
			}
			t.Errorf("no fix in %s: %s, in %+v", c.file, c.fix, findings(t, c.rule))
		})
	}
}

// findings are those of a rule in its test's tree.
func findings(t *testing.T, name string) []lint.Finding {
	t.Helper()
	archive, err := txtar.ParseFile("../testdata/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range archive.Files {
		if file, ok := strings.CutPrefix(f.Name, "fail/"); ok {
			files[file] = f.Data
		}
	}
	report, err := lint.Check(context.Background(), tree.New(files), lint.Config{Only: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	return report.Findings
}
