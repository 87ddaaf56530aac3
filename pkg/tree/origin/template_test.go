package origin

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// fromTemplate is an object of a template with a release.
func fromTemplate(t testing.TB, template, rendered, release string) *Object {
	t.Helper()
	s := source.New(tree.New(map[string][]byte{"app/templates/a.yaml": []byte(template), "release.yaml": []byte(release)}), nil, nil)
	documents, err := s.Tree.Documents("release.yaml")
	if err != nil || len(documents) != 1 {
		t.Fatal(documents, err)
	}
	content := map[string]any{}
	if err := yaml.Unmarshal([]byte(rendered), &content); err != nil {
		t.Fatal(err)
	}
	return FromTemplate(s, &unstructured.Unstructured{Object: content}, "app/templates/a.yaml", FromDocument(s, documents[0]))
}

// TestLocateRendered finds fields of an object in its template, and in the release.
func TestLocateRendered(t *testing.T) {
	const template = `{{- if .Values.on }}
apiVersion: apps/v1
kind: Deployment # a comment
metadata:
  name: {{ .Release.Name }}
  labels: {tier: backend, app: {{ .Chart.Name }}}
  annotations: {plain: text, other: value}
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      containers:
      - name: "web"
        image: {{ .Values.image }}:{{ .Values.tag }}
        args: [a]
        port: 80
        livePort: 80
      - name: sidecar
        image: sidecar:1
        resources: {{ toYaml .Values.resources | nindent 10 }}
      {{- range .Values.more }}
      - {{ . }}
      - port: {{ .port }}
      {{- end }}
{{- end }}
`
	const rendered = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, labels: {tier: backend, app: a}, annotations: {plain: text, other: value}}
spec:
  replicas: 3
  template:
    spec:
      containers:
      - {name: web, image: "r/web:v9", args: [a], port: 80, livePort: 80}
      - {name: sidecar, image: "sidecar:1", resources: {limits: {cpu: 1}}}
      - {name: generated, port: 81}
`
	const release = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: a}
spec:
  chart:
    spec:
      chart: ./app
  values:
    replicas: 3
    image: r/web
    tag: v9
    others: [81, 81]
`
	o := fromTemplate(t, template, rendered, release)
	const file = "app/templates/a.yaml:"
	for field, want := range map[string]string{
		"apiVersion": file + "2:13 true", "kind": file + "3:7 true", "metadata.name": file + "3:7 false",
		"metadata.labels.tier": "release.yaml:7:14 false", "metadata.annotations.other": file + "7:37 true",
		"metadata.labels.app": "release.yaml:7:14 false", "spec.replicas": "release.yaml:9:15 false",
		"spec.template.spec.containers[0].name": file + "13:15 true", "spec.template.spec.containers[0].image": "release.yaml:11:10 false",
		"spec.template.spec.containers[1].image": file + "19:16 true", "spec.template.spec.containers[0].port": file + "16:15 true",
		"spec.template.spec.containers[0].livePort":             file + "17:19 true",
		"spec.template.spec.containers[1].resources.limits":     file + "20:9 false",
		"spec.template.spec.containers[1].resources.limits.cpu": "release.yaml:7:14 false",
		"spec.template.spec.containers[0].readinessProbe":       file + "13:15 false",
		"spec.template.spec.containers[2].port":                 file + "23:9 false",
		"spec.paused":                                           file + "3:7 false",
	} {
		at, sure := o.Locate(field)
		got := at.String() + map[bool]string{true: " true", false: " false"}[sure]
		if got != want {
			t.Errorf("%s is at %s, want %s", field, got, want)
		}
	}
	if o.Start().String() != file+"3:7" || o.Document() != nil || o.File() != "app/templates/a.yaml" {
		t.Errorf("it begins at %s", o.Start())
	}
}

// TestLocateInLargeTemplates checks that a large template has no lines.
func TestLocateInLargeTemplates(t *testing.T) {
	o := fromTemplate(t, "kind: A\n"+string(make([]byte, maxTemplate)), "kind: A\nmetadata: {name: a}\n", "kind: HelmRelease\nspec: {chart: {spec: {chart: a}}}\n")
	if at, sure := o.Locate("kind"); sure || at.File != "release.yaml" {
		t.Errorf("found %s", at)
	}
}

// FuzzTemplate finds fields in templates of any text.
func FuzzTemplate(f *testing.F) {
	f.Add("kind: A\nmetadata:\n  - name: \"{{ x }}\" # c\nspec: {a: b, c: [d]}\n", "spec.a")
	f.Add("'\"':\n- - : x", "spec[0].name")
	f.Fuzz(func(t *testing.T, template, field string) {
		o := fromTemplate(t, template, "kind: A\nmetadata: {name: a}\nspec: {a: b}\n", "kind: HelmRelease\nspec: {chart: {spec: {chart: a}}}\n")
		at, _ := o.Locate(field)
		if at.Line < 0 || at.File == "" {
			t.Errorf("found %+v", at)
		}
	})
}
