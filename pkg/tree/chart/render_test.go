package chart

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

func TestMain(m *testing.M) {
	Main()
	os.Exit(m.Run())
}

// treeOf is a tree of an archive.
func treeOf(archive *txtar.Archive) map[string][]byte {
	files := map[string][]byte{}
	for _, f := range archive.Files {
		files[f.Name] = f.Data
	}
	return files
}

// load loads charts/app.
func load(t testing.TB, files map[string][]byte) *Chart {
	t.Helper()
	c, err := Load(source.New(tree.New(files), nil, nil), "./charts/app")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRendersAsHelm compares what the charts in testdata render with the file "want" of the
// archive, which Helm's own installation has rendered: the tests of lab/charts check it.
func TestRendersAsHelm(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal(archives, err)
	}
	renderer := NewRenderer()
	defer renderer.Close()
	for _, name := range archives {
		t.Run(filepath.Base(name), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files := treeOf(archive)
			var release Release
			if err := json.Unmarshal(files["release.json"], &release); err != nil {
				t.Fatal(err)
			}
			result, err := renderer.Render(t.Context(), load(t, files), &release)
			if err != nil {
				t.Fatal(err)
			}
			if got := text(result); got != string(files["want"]) {
				t.Errorf("rendered\n%s\nwant\n%s", got, files["want"])
			}
			for _, m := range result.Manifests {
				if !m.Definition && !strings.HasPrefix(m.Path, "charts/app/") {
					t.Errorf("a manifest is from %q", m.Path)
				}
			}
		})
	}
}

// text are the manifests and hooks of a result, without definitions.
func text(r *Result) string {
	var b strings.Builder
	for _, m := range r.Manifests {
		switch {
		case m.Definition:
		case len(m.Hooks) > 0:
			fmt.Fprintf(&b, "--- %s\n%s\n", strings.Join(m.Hooks, ","), m.Text)
		default:
			fmt.Fprintf(&b, "---\n%s\n", m.Text)
		}
	}
	return b.String()
}

// minimal is a chart with one template.
func minimal(template string, more ...string) map[string][]byte {
	files := map[string][]byte{
		"charts/app/Chart.yaml":       []byte("apiVersion: v2\nname: app\nversion: 1.0.0\n"),
		"charts/app/templates/a.yaml": []byte(template),
	}
	for i := 0; i+1 < len(more); i += 2 {
		files["charts/app/"+more[i]] = []byte(more[i+1])
	}
	return files
}

// configMap is a template with one value.
func configMap(value string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  value: " + value + "\n"
}

// TestFailures checks the reason, the position and the message of charts that can't be rendered.
func TestFailures(t *testing.T) {
	renderer := NewRenderer()
	defer renderer.Close()
	const dependency = "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies: [{name: db, version: 1.0.0, repository: %q, condition: db.enabled}]\n"
	for _, test := range []struct {
		name   string
		files  map[string][]byte
		reason Reason
		at     string
		want   string
	}{
		{"a required value", minimal(configMap(`{{ required "set x" .Values.x }}`)), Failed, "charts/app/templates/a.yaml:5:13", "set x"},
		{"a nil pointer", minimal(configMap(`{{ .Values.a.b }}`)), Failed, "charts/app/templates/a.yaml:5:20", "nil pointer"},
		{"a nil pointer in an include", minimal("\n\n{{ include \"x\" . }}", "templates/_x.tpl", "{{ define \"x\" }}\n{{ .Values.a.b }}{{ end }}"), Failed, "charts/app/templates/_x.tpl:2:11", "nil pointer"},
		{"no template language", minimal("a: b\nc: {{ if }}"), Failed, "charts/app/templates/a.yaml:2:1", "missing value for if"},
		{"an unknown function", minimal("{{ nothing }}"), Failed, "charts/app/templates/a.yaml:1:1", `function "nothing" not defined`},
		{"env", minimal(`{{ env "HOME" }}`), Failed, "charts/app/templates/a.yaml:1:1", `function "env" not defined`},
		{"no YAML", minimal("a: [\n"), Failed, "charts/app/templates/a.yaml", "error converting YAML to JSON"},
		{"fail", minimal(`{{ fail "no" }}`), Failed, "charts/app/templates/a.yaml:1:4", "no"},
		{"a schema", minimal("", "values.yaml", "a: x\n", "values.schema.json", `{"properties": {"a": {"type": "integer"}}}`), Failed, "", "want integer"},
		{"a schema elsewhere", minimal("", "values.schema.json", `{"$ref": "https://example.org/a.json"}`), Incomplete, "", "references another schema"},
		{"a schema in a file", minimal("", "values.schema.json", `{"$ref": "file:///etc/passwd"}`), Incomplete, "", "references another schema"},
		{"another Kubernetes", minimal("", "Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\nkubeVersion: <1.30.0\n"), Failed, "", "requires Kubernetes <1.30.0"},
		{"a missing dependency", minimal("", "Chart.yaml", fmt.Sprintf(dependency, "https://example.org")), Incomplete, "", "of https://example.org, which was not downloaded"},
		{"a missing directory", minimal("", "Chart.yaml", fmt.Sprintf(dependency, "file://../db")), Failed, "", "is not in charts/"},
		{"no metadata", minimal("", "Chart.yaml", "a: b\n"), Failed, "", "chart.metadata.name is required"},
		{"values that are not YAML", minimal("", "values.yaml", "a: ["), Failed, "", "cannot load values.yaml"},
		{"an archive that is none", minimal("", "charts/x.tgz", "no"), Failed, "", "error unpacking subchart x.tgz"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := renderer.Render(t.Context(), load(t, test.files), &Release{Name: "web", Namespace: "x", Kubernetes: "1.36"})
			var failed *Error
			if !errors.As(err, &failed) || failed.Reason != test.reason || failed.At.String() != test.at || !strings.Contains(failed.Message, test.want) {
				t.Errorf("failed with %+v, want %s at %s: %s", failed, test.reason, test.at, test.want)
			}
		})
	}
}

// TestDependencies renders dependencies that are disabled, or directories beside the chart.
func TestDependencies(t *testing.T) {
	renderer := NewRenderer()
	defer renderer.Close()
	files := minimal(configMap("a"), "Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n"+
		"- {name: remote, version: 1.0.0, repository: https://example.org, condition: remote.enabled}\n- {name: beside, version: 1.0.0, repository: file://../beside}\n",
		"values.yaml", "remote: {enabled: false}\n")
	files["charts/beside/Chart.yaml"] = []byte("apiVersion: v2\nname: beside\nversion: 1.0.0\n")
	files["charts/beside/templates/b.yaml"] = []byte(strings.Replace(configMap("b"), "name: a", "name: b", 1))
	result, err := renderer.Render(t.Context(), load(t, files), &Release{Name: "web", Namespace: "x", Kubernetes: "1.36"})
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, m := range result.Manifests {
		paths = append(paths, m.Path)
	}
	slices.Sort(paths)
	if want := []string{"charts/app/templates/a.yaml", "charts/beside/templates/b.yaml"}; !slices.Equal(paths, want) {
		t.Errorf("rendered %q, want %q", paths, want)
	}
}

// TestValues checks how values are merged: those of files, of ConfigMaps, of the release, and at
// paths.
func TestValues(t *testing.T) {
	renderer := NewRenderer()
	defer renderer.Close()
	chart := load(t, minimal(configMap("{{ .Values | toJson | squote }}"), "values.yaml", "chart: 1\nshared: chart\n"))
	for _, test := range []struct {
		name    string
		release Release
		want    string
	}{
		{"the chart's", Release{}, `{"chart":1,"shared":"chart"}`},
		{"files replace the chart's", Release{Files: []File{{Name: "a", Data: []byte("a: {x: 1, z: 1}")}, {Name: "b", Data: []byte("a: {z: 2}")}}}, `{"a":{"x":1,"z":2}}`},
		{"the release has precedence", Release{
			From:   []Reference{{Text: []byte("shared: first\na: 1")}, {Text: []byte("shared: second\nb: 2")}},
			Values: map[string]any{"shared": "release"},
		}, `{"a":1,"b":2,"chart":1,"shared":"release"}`},
		{"a path has precedence over earlier values", Release{
			From: []Reference{{Text: []byte("v"), TargetPath: "a.b"}, {Text: []byte(`"5"`), TargetPath: "c"}, {Text: []byte("x,y=[1]"), TargetPath: "d", Literal: true}},
		}, `{"a":{"b":"v"},"c":"5","chart":1,"d":"x,y=[1]","shared":"chart"}`},
		{"null removes", Release{Values: map[string]any{"shared": nil}}, `{"chart":1}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.release.Name, test.release.Kubernetes = "web", "1.36"
			result, err := renderer.Render(t.Context(), chart, &test.release)
			if err != nil {
				t.Fatal(err)
			}
			if got := result.Manifests[0].Text; !strings.Contains(got, "'"+test.want+"'") {
				t.Errorf("rendered %s, want %s", got, test.want)
			}
		})
	}
}

// TestChance checks that random values are the same in each run, and that they are known.
func TestChance(t *testing.T) {
	for function, differs := range map[string]bool{
		`randAlphaNum 12`: true, `randBytes 3`: true, `randInt 3 9`: true, `uuidv4`: true, `now | date "2006"`: true, `genPrivateKey "rsa" | b64enc`: true,
		`(genCA "x" 3).Cert | b64enc`: true, `(genSignedCert "x" nil nil 3 (genCA "x" 3)).Key | b64enc`: true, `htpasswd "a" "b"`: true, `bcrypt "a"`: true,
		`sha256sum "a"`: false, `derivePassword 1 "long" "a" "b" "c"`: false, `"x"`: false,
	} {
		t.Run(function, func(t *testing.T) {
			var texts []string
			for range 2 {
				renderer := NewRenderer()
				result, err := renderer.Render(t.Context(), load(t, minimal(configMap("{{ "+function+" }}"))), &Release{Name: "a", Kubernetes: "1.36"})
				if err := errors.Join(err, renderer.Close()); err != nil {
					t.Fatal(err)
				}
				if m := result.Manifests[0]; (m.Other != "") != differs {
					t.Errorf("rendered %q and %q", m.Text, m.Other)
				}
				texts = append(texts, result.Manifests[0].Text)
			}
			if texts[0] != texts[1] {
				t.Errorf("rendered %q, and then %q", texts[0], texts[1])
			}
		})
	}
}

// TestUnsure checks that questions about the cluster are noted.
func TestUnsure(t *testing.T) {
	renderer := NewRenderer()
	defer renderer.Close()
	for template, want := range map[string]bool{
		`{{ lookup "v1" "Secret" "x" "y" }}`:                        true,
		`{{ .Capabilities.APIVersions.Has "example.org/v1" }}`:      true,
		`{{ .Capabilities.APIVersions.Has "served.org/v1" }}`:       false,
		`{{ .Capabilities.APIVersions.Has "policy/v1beta1" }}`:      false,
		`{{ .Capabilities.APIVersions.Has "batch.k8s.io/v7/Job" }}`: false,
		`{{ .Capabilities.KubeVersion.GitVersion }}`:                false,
	} {
		result, err := renderer.Render(t.Context(), load(t, minimal(configMap(template))), &Release{Name: "a", Kubernetes: "1.36", APIVersions: []string{"v1", "served.org/v1"}})
		if err != nil || result.Unsure != want {
			t.Errorf("%s: %+v, %v", template, result, err)
		}
	}
}
