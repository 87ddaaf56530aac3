package lint

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// TestCharts checks trees with charts with all rules: they find exactly what want lists in fail,
// and nothing in pass. Without the renderer, they find nothing in either.
func TestCharts(t *testing.T) {
	const name = "testdata/charts/objects.txtar"
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	config := Config{Charts: charts}
	fail := treeOf(archive, "fail/")
	report := check(t, fail, config)
	if got := list(report); *update {
		writeWant(t, filepath.FromSlash(name), archive, got)
	} else if want := fileOf(archive, "want"); got != want {
		t.Errorf("found in fail:\n%s\nwant:\n%s", got, want)
	}
	if found := list(check(t, treeOf(archive, "pass/"), config)); found != "" {
		t.Errorf("found in pass:\n%s", found)
	}
	if found := list(check(t, fail, Config{})); found != "" {
		t.Errorf("found without the renderer:\n%s", found)
	}
	fixed, err := Fix(t.Context(), fail, config, report.Findings)
	if err != nil || len(fixed.Files) > 0 {
		t.Errorf("changes %v, %v", fixed.Files, err)
	}
}

// TestCommentsInTemplates checks that a comment in a template ignores a finding.
func TestCommentsInTemplates(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/charts/objects.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range archive.Files {
		if f.Name == "fail/charts/orthanc/templates/service.yaml" {
			archive.Files[i].Data = []byte(strings.Replace(string(f.Data), "app: orthnac", "app: orthnac # orthweb:ignore service-without-pods: test", 1))
		}
	}
	report := check(t, treeOf(archive, "fail/"), Config{Charts: charts, Only: []string{"service-without-pods"}})
	if len(report.Ignored) != 1 || len(report.Findings) != 0 {
		t.Errorf("ignored %d findings, and found:\n%s", len(report.Ignored), list(report))
	}
}

// releaseOf is a HelmRelease of charts/app, with more fields of its spec.
func releaseOf(fields string) string {
	return "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: x}\nspec:\n  interval: 10m\n" +
		"  chart: {spec: {chart: charts/app, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}\n" + fields
}

// chartTree is a tree with a release and a chart that has one template.
func chartTree(manifests, template string) *tree.Tree {
	return tree.New(map[string][]byte{
		"clusters/sync.yaml": []byte("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: flux-system, namespace: flux-system}\n" +
			"spec: {path: ./clusters, prune: true, wait: true, sourceRef: {kind: GitRepository, name: flux-system}}\n"),
		"clusters/release.yaml":       []byte(manifests),
		"charts/app/Chart.yaml":       []byte("apiVersion: v2\nname: app\nversion: 1.0.0\n"),
		"charts/app/templates/a.yaml": []byte(template),
	})
}

// TestNotRendered checks releases whose charts are not rendered, and what is reported.
func TestNotRendered(t *testing.T) {
	const template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
	from := func(kind string) string { return releaseOf("  valuesFrom: [{kind: " + kind + ", name: values}]\n") }
	for _, test := range []struct {
		name, manifests, template string
		want                      string
		notInTree                 bool
	}{
		{"a Secret that is not in the tree", from("Secret"), template, "Secret values, which is not in the tree", true},
		{"an encrypted Secret", from("Secret") + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: values, namespace: x}\ndata: {values.yaml: \"ENC[AES256_GCM,data:x]\"}\nsops: {version: 3.9.0}\n", template, "Secret values, which is encrypted", true},
		{"another cluster", releaseOf("  kubeConfig: {secretRef: {name: a}}\n"), template, "in another cluster", true},
		{"a limit", releaseOf(""), `{{ repeat 2000000000 "x" }}`, "memory", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			report, err := Check(t.Context(), chartTree(test.manifests, test.template), Config{Charts: charts})
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Unknown) != 1 || !strings.Contains(report.Unknown[0].Message, test.want) || report.Unknown[0].NotInTree != test.notInTree {
				t.Fatalf("not checked: %+v", report.Unknown)
			}
			if at := report.Unknown[0].At; at.File != "clusters/release.yaml" || at.Line != 6 {
				t.Errorf("at %s", at)
			}
		})
	}
}

// TestSecretsOfCharts checks that a generated password is no secret in Git, that one in a template
// is, and that one in values is found there only.
func TestSecretsOfCharts(t *testing.T) {
	const password = "Tr0ub4dor3xKcd7Qz"
	secret := func(value string) string {
		return "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  password: " + value + "\n"
	}
	values := "---\napiVersion: v1\nkind: Secret\nmetadata: {name: v, namespace: x}\nstringData: {values.yaml: \"adminPassword: " + password + "\"}\n"
	for _, test := range []struct{ name, template, manifests, want string }{
		{"generated", secret("{{ randAlphaNum 20 }}"), releaseOf(""), ""},
		{"in the template", secret(password), releaseOf(""), "charts/app/templates/a.yaml:5:13"},
		{"in the release", secret("{{ .Values.adminPassword }}"), releaseOf("  values:\n    adminPassword: " + password + "\n"), "clusters/release.yaml:8:20"},
		{"in a Secret", secret("{{ .Values.adminPassword }}"), releaseOf("  valuesFrom: [{kind: Secret, name: v}]\n") + values, "clusters/release.yaml:12:27"},
	} {
		report := check(t, chartTree(test.manifests, test.template), Config{Charts: charts, Only: []string{"plain-text-secret"}})
		var found []string
		for _, f := range report.Findings {
			found = append(found, f.At.String())
		}
		if strings.Join(found, " ") != test.want {
			t.Errorf("%s: found\n%swant one at %s", test.name, list(report), test.want)
		}
	}
}

// TestUnsureCharts checks that objects are not reported as missing that a chart may create.
func TestUnsureCharts(t *testing.T) {
	namespace := "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n---\n"
	route := "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a}\nspec:\n  parentRefs: [{name: gateway, kind: Service, group: \"\"}]\n  rules:\n  - backendRefs: [{name: absent, port: 80}]\n"
	hook := "---\napiVersion: v1\nkind: Service\nmetadata: {name: absent, annotations: {helm.sh/hook: pre-install}}\nspec: {ports: [{port: 80}]}\n"
	for name, test := range map[string]struct {
		template string
		findings int
	}{
		"a chart that is known":          {route, 1},
		"one that looks for an object":   {`{{ $x := lookup "v1" "Secret" "x" "y" }}` + route, 0},
		"one that asks for another kind": {`{{ $x := .Capabilities.APIVersions.Has "example.org/v1" }}` + route, 0},
		"one with a hook":                {route + hook, 0},
	} {
		report := check(t, chartTree(namespace+releaseOf(""), test.template), Config{Charts: charts, Only: []string{"missing-backend"}})
		if len(report.Findings) != test.findings {
			t.Errorf("%s: found\n%s", name, list(report))
		}
	}
}

// TestHooks checks that the API versions of hooks are checked, and that other rules ignore them.
func TestHooks(t *testing.T) {
	hook := "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: a, annotations: {helm.sh/hook: EVENT}}\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: a}]}}}}}\n"
	for event, findings := range map[string]int{"pre-install": 1, "post-upgrade": 1, "pre-delete": 0, "test": 0} {
		report := check(t, chartTree(releaseOf(""), strings.Replace(hook, "EVENT", event, 1)), Config{Charts: charts, Only: []string{"removed-api", "floating-tag", "missing-limits"}})
		if len(report.Findings) != findings {
			t.Errorf("%s: found\n%s", event, list(report))
		}
	}
}
