package lint

import (
	"fmt"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// layer is a Kustomization of Flux, with more fields of its spec.
func layer(name, path, fields string) string {
	return "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: " + name + ", namespace: flux-system}\n" +
		"spec:\n  interval: 10m\n  prune: false\n  path: " + path + "\n  sourceRef: {kind: GitRepository, name: flux-system}\n" + fields
}

// deployment is a Deployment without findings.
func deployment(name string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name + ", namespace: web}\nspec:\n  selector: {matchLabels: {app: " + name + "}}\n" +
		"  template:\n    metadata: {labels: {app: " + name + "}}\n    spec:\n      containers:\n      - {name: main, image: 'ghcr.io/example/a:1.2.3', resources: {requests: {cpu: 1m, memory: 1Mi}, limits: {memory: 1Mi}}}\n"
}

// healthCheck is an entry of spec.healthChecks.
func healthCheck(kind, name string) string {
	version := "apps/v1"
	if kind == "Job" {
		version = "batch/v1"
	}
	return "  - {apiVersion: " + version + ", kind: " + kind + ", name: " + name + ", namespace: web}\n"
}

const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n"

// TestTrees checks what is found in whole trees, by the messages of findings and of what was not
// checked. Each case is about what several rules or the discovery of a tree have in common.
func TestTrees(t *testing.T) {
	start := map[string]string{"clusters/sync.yaml": layer("flux-system", "./clusters", "  wait: true\n")}
	hook := "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {{ .Release.Name }}-migrate\n  annotations: {helm.sh/hook: \"post-install\"}\n" +
		"spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: 'ghcr.io/example/m:1.2.3'}]}}}\n"
	for name, test := range map[string]struct {
		files  map[string]string
		config Config
		want   []string
		// unknown are parts of the messages about what was not checked.
		unknown []string
	}{
		"a health check of a hook": {
			files: map[string]string{
				"clusters/a.yaml": layer("a", "./apps", "  healthChecks:\n"+healthCheck("Job", "web-migrate")), "apps/ns.yaml": namespace,
				"apps/a.yaml": strings.Replace(releaseOf("  releaseName: web\n"), "namespace: x", "namespace: web", 1), "charts/app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n",
				"charts/app/templates/job.yaml": hook,
			},
			config: Config{Charts: charts, Only: []string{"health-check-target"}},
		},
		"a health check with a similar name that exists": {
			files:  map[string]string{"clusters/a.yaml": layer("a", "./apps", "  healthChecks:\n"+healthCheck("Deployment", "worker")), "apps/a.yaml": deployment("worker") + "---\n" + deployment("wroker")},
			config: Config{Only: []string{"uncovered-workload"}},
			want:   []string{"no health check of its layer covers it, so the layer becomes Ready although it fails"},
		},
		"a suspended job": {
			files: map[string]string{"clusters/a.yaml": layer("a", "./apps", "  healthChecks:\n"+healthCheck("Deployment", "worker")),
				"apps/a.yaml": deployment("worker") + "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: a, namespace: web}\nspec: {suspend: true}\n"},
			config: Config{Only: []string{"uncovered-workload"}},
		},
		"layers for two other clusters": {
			files: map[string]string{
				"clusters/a.yaml": layer("a", "./apps", "  kubeConfig: {secretRef: {name: a}}\n"), "clusters/b.yaml": layer("b", "./apps", "  kubeConfig: {secretRef: {name: b}}\n"),
				"apps/a.yaml": deployment("worker"),
			},
			config: Config{Only: []string{"applied-twice"}},
		},
		"layers for one cluster": {
			files:  map[string]string{"clusters/a.yaml": layer("a", "./apps", ""), "clusters/b.yaml": layer("b", "./apps", ""), "apps/a.yaml": deployment("worker")},
			config: Config{Only: []string{"applied-twice"}},
			want:   []string{"Kustomization flux-system/a and Kustomization flux-system/b both apply it; where they differ, they overwrite each other"},
		},
		"a chart that reports the values of a Secret": {
			files: map[string]string{
				"apps/ns.yaml": namespace, "clusters/a.yaml": layer("a", "./apps", "  wait: true\n"), "apps/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: x}\nstringData: {values.yaml: 'password: s3cr3t-value'}\n",
				"apps/a.yaml": releaseOf("  valuesFrom: [{kind: Secret, name: s}]\n"), "charts/app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n",
				"charts/app/templates/a.yaml": "{{ fail .Values.password }}\n",
			},
			config: Config{Charts: charts, Only: []string{"not-renderable"}},
			want:   []string{"its chart can't be rendered: the message is not shown, because the values of the release come from a Secret; `helm template` shows it"},
		},
		"a chart that reads a result of lookup": {
			files: map[string]string{
				"clusters/a.yaml": layer("a", "./apps", "  wait: true\n"), "apps/a.yaml": releaseOf(""), "charts/app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n",
				"charts/app/templates/a.yaml": "a: {{ (lookup \"v1\" \"Secret\" \"x\" \"y\").data.password }}\n",
			},
			config:  Config{Charts: charts, Only: []string{"not-renderable"}},
			unknown: []string{"its chart was not rendered"},
		},
		"values that only the release itself could create": {
			files: map[string]string{
				"clusters/a.yaml": layer("a", "./apps", "  wait: true\n"), "apps/ns.yaml": namespace,
				"apps/a.yaml": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a, namespace: web}\n" +
					"spec:\n  interval: 1h\n  valuesFrom: [{kind: ConfigMap, name: gone}]\n  chart: {spec: {chart: a, version: 1.0.0, sourceRef: {kind: HelmRepository, name: r}}}\n",
			},
			config: Config{Only: []string{"missing-values"}},
			want:   []string{"its values are in ConfigMap gone, which does not exist"},
		},
		"a misspelled external artifact": {
			files: map[string]string{
				"clusters/a.yaml": strings.Replace(layer("a", "./apps", ""), "kind: GitRepository, name: flux-system", "kind: ExternalArtifact, name: veiwer", 1),
				"clusters/g.yaml": "apiVersion: source.extensions.fluxcd.io/v1beta1\nkind: ArtifactGenerator\nmetadata: {name: g, namespace: flux-system}\n" +
					"spec:\n  sources: [{alias: a, kind: GitRepository, name: flux-sytsem}]\n  artifacts: [{name: viewer, copy: [{from: '@a/apps/**', to: '@artifact/'}]}]\n",
			},
			config: Config{Only: []string{"missing-source"}},
			want: []string{
				"its source is ExternalArtifact veiwer, which does not exist; did you mean viewer?",
				"its source is GitRepository flux-sytsem, which does not exist; did you mean flux-system?",
			},
		},
		"a path with a variable that is not known": {
			files: map[string]string{
				"clusters/a.yaml": layer("a", "./apps", "  postBuild: {substituteFrom: [{kind: Secret, name: facts}]}\n"), "apps/b.yaml": layer("b", "./web/${CLUSTER}", ""),
			},
			config:  Config{Only: []string{"missing-path"}},
			unknown: []string{"the path ./web/${CLUSTER} has a variable whose value is not known"},
		},
		"a path with a variable that nothing replaces": {
			files: map[string]string{
				"clusters/a.yaml": layer("a", "./apps", "  postBuild: {substitute: {OTHER: x}}\n"), "apps/b.yaml": layer("b", "./web/${CLUSTER}", ""),
			},
			config: Config{Only: []string{"missing-path"}},
			want:   []string{"the path web does not exist"},
		},
		"unknown fields that Flux removes": {
			files: map[string]string{
				"clusters/a.yaml": layer("a", "./apps", ""),
				"apps/a.yaml":     strings.Replace(deployment("worker"), "spec:\n", "spec:\n  replica: 3\n  empty:\n", 1),
				"apps/role.yaml":  "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a, namespace: web}\nrule: []\n",
			},
			config: Config{Only: []string{"invalid-object"}},
			want: []string{
				"spec.replica: is an unknown field; a similar field is replicas, and Flux removes it (schema of Kubernetes v1.36.3)",
				"rule: is an unknown field; a similar field is rules (schema of Kubernetes v1.36.3)",
			},
		},
		"unknown fields that Flux does not remove": {
			files: map[string]string{
				"clusters/a.yaml": layer("a", "./apps", ""),
				"apps/a.yaml":     strings.Replace(deployment("worker"), "spec:\n", "spec:\n  replica: 3\n  paused: 1\n", 1),
			},
			config: Config{Only: []string{"invalid-object"}},
			want: []string{
				"spec.replica: is an unknown field; a similar field is replicas (schema of Kubernetes v1.36.3)",
				"spec.paused: must be of type boolean, not integer (schema of Kubernetes v1.36.3)",
			},
		},
		"a prefix that no name can have": {
			files: map[string]string{"clusters/a.yaml": layer("a", "./apps", ""), "apps/kustomization.yaml": "namePrefix: " + strings.Repeat("a", 254) + "\nresources: [a.yaml]\n", "apps/a.yaml": deployment("worker")},
			want:  []string{"a prefix, suffix or namespace has 254 characters; names have at most 253"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string][]byte{}
			for _, all := range []map[string]string{start, test.files} {
				for file, text := range all {
					files[file] = []byte(text)
				}
			}
			compareReport(t, tree.New(files), test.config, test.want, test.unknown)
		})
	}
}

// TestTreesWithoutBootstrap checks trees that do not say where Flux begins.
func TestTreesWithoutBootstrap(t *testing.T) {
	for name, test := range map[string]struct {
		files   map[string]string
		want    []string
		unknown []string
	}{
		"a dependency in another directory": {files: map[string]string{
			"flux/infra/a.yaml": layer("infra", "./infra", ""), "flux/apps/a.yaml": layer("apps", "./apps", "  dependsOn: [{name: infra}]\n"),
			"infra/a.yaml": namespace, "apps/a.yaml": namespace,
		}},
		"a dependency that no directory has": {
			files: map[string]string{"flux/infra/a.yaml": layer("infra", "./infra", ""), "flux/apps/a.yaml": layer("apps", "./apps", "  dependsOn: [{name: other}]\n"), "infra/a.yaml": namespace, "apps/a.yaml": namespace},
			want:  []string{"depends on Kustomization other, which does not exist"},
		},
		"a file of Flux that is not YAML": {
			files:   map[string]string{"flux/a.yaml": layer("a", "./apps", ""), "flux/b.yaml": layer("b", "./apps", "   indented: wrong\n"), "apps/a.yaml": namespace},
			unknown: []string{"the file can't be read"},
		},
		"a manifest that is not YAML": {files: map[string]string{"a.yaml": namespace, "b.yaml": "a: [\n"}, unknown: []string{"the file can't be read"}},
		"a list of objects": {
			files: map[string]string{"list.yaml": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: a, namespace: web}\n  spec: {replicas: \"3\", selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}}}\n"},
			want:  []string{"spec.replicas: must be of type integer, not string (schema of Kubernetes v1.36.3)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string][]byte{}
			for file, text := range test.files {
				files[file] = []byte(text)
			}
			compareReport(t, tree.New(files), Config{Only: []string{"missing-dependency", "invalid-object", "not-buildable"}}, test.want, test.unknown)
		})
	}
}

func compareReport(t *testing.T, tr *tree.Tree, config Config, want, unknown []string) {
	t.Helper()
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	report, err := Check(t.Context(), tr, config)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range report.Findings {
		found = append(found, f.Message)
	}
	if fmt.Sprint(found) != fmt.Sprint(want) {
		t.Errorf("found %q, want %q", found, want)
	}
	if len(report.Unknown) != len(unknown) {
		t.Fatalf("not checked: %v, want %q", report.Unknown, unknown)
	}
	for i, part := range unknown {
		if !strings.Contains(report.Unknown[i].Message, part) {
			t.Errorf("not checked: %s, want %s", report.Unknown[i].Message, part)
		}
	}
}

// TestBelowPaths checks that counts, findings and what was not checked follow the named paths.
func TestBelowPaths(t *testing.T) {
	tr := tree.New(map[string][]byte{
		"clusters/sync.yaml":   []byte(layer("flux-system", "./clusters", "")),
		"clusters/a.yaml":      []byte(layer("a", "./apps", "")),
		"clusters/remote.yaml": []byte(layer("r", "./remote", "")),
		"apps/a.yaml":          []byte(releaseOf("")), "remote/kustomization.yaml": []byte("resources: ['https://example.com/a.yaml']\n"),
		"charts/app/Chart.yaml":       []byte("apiVersion: v2\nname: app\nversion: 1.0.0\n"),
		"charts/app/templates/a.yaml": []byte("{{ required \"set a\" .Values.a }}\n"), "helm/other.yaml": []byte(namespace),
	})
	for below, want := range map[string]string{
		"apps": "1 Kustomizations, 1 objects, 1 findings, 0 not checked, empty false", "charts": "0 Kustomizations, 0 objects, 1 findings, 0 not checked, empty false",
		"remote": "0 Kustomizations, 0 objects, 0 findings, 1 not checked, empty false", "helm": "0 Kustomizations, 0 objects, 0 findings, 0 not checked, empty true",
	} {
		r, err := Check(t.Context(), tr, Config{Charts: charts, Below: []string{below}, Only: []string{"not-renderable"}})
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%d Kustomizations, %d objects, %d findings, %d not checked, empty %v", r.Kustomizations, r.Objects, len(r.Findings), len(r.Unknown), r.Empty())
		if got != want {
			t.Errorf("%s: %s, want %s", below, got, want)
		}
	}
}

// TestKnownVersions checks that versions about which nothing is known are errors.
func TestKnownVersions(t *testing.T) {
	for _, test := range []struct {
		options rule.Options
		valid   bool
	}{
		{rule.Options{Flux: "2.9"}, true},
		{rule.Options{Flux: "v2.8.1", Kubernetes: "1.36.1"}, true},
		{rule.Options{Kubernetes: "1.20"}, true},
		{rule.Options{Flux: "2.10"}, false},
		{rule.Options{Flux: "3.0"}, false},
		{rule.Options{Flux: "1.0"}, false},
		{rule.Options{Kubernetes: "1.99"}, false},
		{rule.Options{Kubernetes: "2.0"}, false},
	} {
		config := Config{Options: test.options}
		if err := config.Validate(); (err == nil) != test.valid {
			t.Errorf("%+v: %v", test.options, err)
		}
	}
	config := Config{Only: []string{"no-wait"}, Skip: []string{"no-wait"}}
	if err := config.Validate(); err == nil {
		t.Error("a configuration without rules is valid")
	}
}
