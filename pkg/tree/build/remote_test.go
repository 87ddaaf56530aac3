package build

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/internal/remotetest"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/remote"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// configMap is a manifest.
func configMap(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\ndata:\n  a: b\n"
}

// deployment is a manifest.
func deployment(name string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: " + name + "\nspec:\n  template:\n    spec:\n      containers:\n      - {name: a, image: example.org/a:v1}\n"
}

// remoteServer serves what the kustomizations of these tests reference.
func remoteServer(t *testing.T) *remotetest.Server {
	s := remotetest.New(t)
	s.Repository("org/base", map[string]string{
		"kustomization.yaml":           "resources: [app, lib/one.yaml]\n",
		"app/kustomization.yaml":       "resources: [web.yaml, ../lib]\nnamePrefix: x-\nconfigMapGenerator:\n- {name: g, files: [web.yaml]}\n",
		"app/web.yaml":                 deployment("web"),
		"lib/kustomization.yaml":       "resources: [one.yaml]\n",
		"lib/one.yaml":                 configMap("one"),
		"component/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages:\n- {name: example.org/a, newTag: v2}\nresources: [more.yaml]\n",
		"component/more.yaml":          configMap("more"),
		"nested/kustomization.yaml":    "resources:\n- " + s.URL + "/org/other//deep?ref=main\n- " + s.URL + "/files/one.yaml\n- ../app\ncommonLabels: {a: b}\n",
	})
	s.Git("org/base", "tag", "v1")
	s.Repository("org/other", map[string]string{"deep/kustomization.yaml": "resources: [a.yaml]\nnameSuffix: -deep\n", "deep/a.yaml": configMap("other")})
	s.File("/files/one.yaml", configMap("file"))
	s.File("/files/page/x", "<html><body>not a manifest</body></html>")
	s.File("/files/a.txt", "text")
	s.File("/files/env", "A=B\n")
	s.File("/files/patch.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: local}\ndata: {patched: remote}\n")
	s.File("/files/labels.yaml", "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\nlabels: {from: remote}\nfieldSpecs:\n- {path: metadata/labels, create: true}\n")
	s.File("/files/replace.yaml", "source: {kind: ConfigMap, name: local, fieldPath: data.a}\ntargets:\n- select: {kind: ConfigMap, name: local}\n  fieldPaths: [data.c]\n  options: {create: true}\n")
	s.File("/files/config.yaml", "namePrefix:\n- {path: data/name}\n")
	return s
}

// TestBuildsRemoteAsFlux builds kustomizations with remote references, and compares the objects with
// those of Flux's own library, for which kustomize downloads them.
func TestBuildsRemoteAsFlux(t *testing.T) {
	s := remoteServer(t)
	for name, kustomization := range map[string]string{
		"a base":                   "resources:\n- $URL/org/base//app?ref=v1\n- local.yaml\nimages:\n- {name: example.org/a, newTag: v3}\nnamespace: n\n",
		"the root of a repository": "resources:\n- $URL/org/base?ref=v1\n",
		"two directories":          "resources:\n- $URL/org/base//lib?ref=v1\n- $URL/org/base//app\npatches:\n- {target: {kind: ConfigMap, name: one}, patch: '[{\"op\": \"add\", \"path\": \"/metadata/annotations\", \"value\": {\"p\": \"q\"}}]'}\n",
		"bases":                    "bases:\n- git::$URL/org/base//lib?ref=v1\n",
		"a component":              "resources:\n- $URL/org/base//app?ref=v1\ncomponents:\n- $URL/org/base//component?ref=v1\n",
		"nested":                   "resources:\n- $URL/org/base//nested\nnamePrefix: y-\n",
		"a file":                   "resources:\n- $URL/files/one.yaml\nnamePrefix: f-\n",
		"old patches":              "resources: [local.yaml]\npatchesStrategicMerge: ['$URL/files/patch.yaml']\n",
		"other files": "resources: [local.yaml]\nnamePrefix: z-\nconfigurations: ['$URL/files/config.yaml']\npatches:\n- {path: '$URL/files/patch.yaml'}\n" +
			"transformers: ['$URL/files/labels.yaml']\nreplacements:\n- {path: '$URL/files/replace.yaml'}\n" +
			"configMapGenerator:\n- {name: g, files: ['$URL/files/a.txt', 'key=$URL/files/a.txt', local.yaml], envs: ['$URL/files/env']}\nsecretGenerator:\n- {name: s, env: '$URL/files/env'}\n",
		"a local base": "resources: [sub]\nnamePrefix: l-\n",
		"annotations":  "resources:\n- $URL/org/base//nested\n- sub\n- local.yaml\nbuildMetadata: [originAnnotations, transformerAnnotations, managedByLabel]\nnamePrefix: a-\nnamespace: n\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "clusters/app/kustomization.yaml"), []byte(strings.ReplaceAll(kustomization, "$URL", s.URL)))
			write(t, filepath.Join(dir, "clusters/app/local.yaml"), []byte(configMap("local")))
			write(t, filepath.Join(dir, "clusters/app/sub/kustomization.yaml"), []byte("resources:\n- "+s.URL+"/org/other//deep\nnamePrefix: s-\n"))
			ks := kustomizationOf("clusters/app")
			opened, err := tree.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer opened.Close()
			fetcher := remote.NewFetcher(t.Context(), []string{"127.0.0.1"})
			defer fetcher.Close()
			built, err := Build(source.New(opened, nil, fetcher), ks, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, o := range built.Objects {
				got[object.RefOf(o.Unstructured).String()] = text(t, o.Object)
				if at := o.Start(); !strings.HasPrefix(at.File, "clusters/app/") {
					t.Errorf("%s is at %s, which is not in the tree", o.GetName(), at)
				}
			}
			want := fluxBuild(t, dir, ks, true)
			for name := range want {
				if got[name] != want[name] {
					t.Errorf("%s: built\n%s\nFlux builds\n%s", name, got[name], want[name])
				}
				delete(got, name)
			}
			for name := range got {
				t.Errorf("built %s, which Flux does not", name)
			}
		})
	}
}

// buildRemote builds the directory "app" of a tree with remote references.
func buildRemote(t *testing.T, s *remotetest.Server, files map[string]string) (*Result, error) {
	t.Helper()
	contents := map[string][]byte{}
	for name, text := range files {
		contents[name] = []byte(strings.ReplaceAll(text, "$URL", s.URL))
	}
	fetcher := remote.NewFetcher(t.Context(), []string{"127.0.0.1"})
	t.Cleanup(func() { _ = fetcher.Close() })
	return Build(source.New(tree.New(contents), nil, fetcher), kustomizationOf("app"), nil, nil)
}

// TestRemotePositions checks that what is in a remote base has the position of the reference, and
// what the tree sets its own.
func TestRemotePositions(t *testing.T) {
	s := remoteServer(t)
	built, err := buildRemote(t, s, map[string]string{
		"app/kustomization.yaml": "resources:\n- own.yaml\n- $URL/org/base//nested\ncomponents:\n- $URL/org/base//component\nimages:\n- name: example.org/b\n  newTag: v9\npatches:\n- target: {kind: Deployment, name: web}\n  patch: |\n    - op: add\n      path: /spec/replicas\n      value: 3\n",
		"app/own.yaml":           deployment("own"),
	})
	if err != nil {
		t.Fatal(err)
	}
	const image = "spec.template.spec.containers[0].image"
	for _, want := range []struct {
		name, field, at string
		sure            bool
	}{
		{"other-deep", "data.a", "app/kustomization.yaml:3:3", false},
		{"file", "metadata.name", "app/kustomization.yaml:3:3", false},
		{"x-web", "spec.template", "app/kustomization.yaml:3:3", false},
		{"x-web", "spec.replicas", "app/kustomization.yaml:14:14", true},
		{"x-web", image, "app/kustomization.yaml:5:3", false},
		{"own", image, "app/kustomization.yaml:5:3", false},
		{"own", "metadata.name", "app/own.yaml:4:9", true},
		{"more", "data.a", "app/kustomization.yaml:5:3", false},
	} {
		found := false
		for _, o := range built.Objects {
			if o.GetName() != want.name {
				continue
			}
			found = true
			if at, sure := o.Locate(want.field); at.String() != want.at || sure != want.sure {
				t.Errorf("%s of %s is at %s, %t", want.field, want.name, at, sure)
			}
			if own := want.name == "own"; o.IsRemote() == own || (o.Document() != nil) != own {
				t.Errorf("%s: remote is %t", want.name, o.IsRemote())
			}
			if at := o.LineOf("a"); !strings.HasPrefix(at.File, "app/") {
				t.Errorf("%s is at %s", want.name, at)
			}
		}
		if !found {
			t.Errorf("no object %s", want.name)
		}
	}
	if len(built.Kustomizations) != 1 {
		t.Errorf("kustomizations %v", built.Kustomizations)
	}
}

// TestHostileRemotes checks that a remote base does not reach the tree or another repository, and
// that each ends with an error that names the reference in the tree.
func TestHostileRemotes(t *testing.T) {
	s := remoteServer(t)
	secret := "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: in-the-tree}\n"
	plugin := func(path string) string {
		return "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: stolen}\nname: stolen\nfiles: ['" + path + "']\n"
	}
	for name, c := range map[string]struct {
		base   map[string]string
		reason Reason
		want   string
	}{
		"a file of the tree":       {map[string]string{"a/kustomization.yaml": "resources: [../../../app/secret.yaml]\n"}, Outside, "outside of the repository"},
		"the root":                 {map[string]string{"a/kustomization.yaml": "resources: [../../..]\n"}, Outside, "outside of the repository"},
		"an absolute path":         {map[string]string{"a/kustomization.yaml": "resources: [/app/secret.yaml]\n"}, Outside, "outside of the repository"},
		"another repository":       {map[string]string{"a/kustomization.yaml": "resources: [../../0/lib]\n"}, Outside, "outside of the repository"},
		"another by its path":      {map[string]string{"a/kustomization.yaml": "configMapGenerator:\n- {name: g, files: [/.remote/0/lib/one.yaml]}\n"}, Outside, "outside of the repository"},
		"a file beside":            {map[string]string{"a/kustomization.yaml": "configMapGenerator:\n- {name: g, files: [../b.txt]}\n", "b.txt": "b"}, Outside, "does not accept in a remote base"},
		"a manifest beside":        {map[string]string{"a/kustomization.yaml": "resources: [../b.yaml]\n", "b.yaml": configMap("b")}, Outside, "does not accept in a remote base"},
		"a generator's file":       {map[string]string{"a/kustomization.yaml": "generators: [g.yaml]\n", "a/g.yaml": plugin("../../../app/secret.yaml")}, Outside, "does not accept in a remote base"},
		"a generator's named file": {map[string]string{"a/kustomization.yaml": "generators: [g.yaml]\n", "a/g.yaml": plugin("k=../../../app/secret.yaml")}, Outside, "does not accept in a remote base"},
		"a generator's path":       {map[string]string{"a/kustomization.yaml": "generators: [g.yaml]\n", "a/g.yaml": plugin("/app/secret.yaml")}, Outside, "does not accept in a remote base"},
		"an inline generator":      {map[string]string{"a/kustomization.yaml": "generators:\n- |\n" + indented(plugin("k=/app/secret.yaml"))}, Outside, "does not accept in a remote base"},
		"the other repository":     {map[string]string{"a/kustomization.yaml": "generators: [g.yaml]\n", "a/g.yaml": plugin("../../0/lib/one.yaml")}, Outside, "does not accept in a remote base"},
		"a cycle":                  {map[string]string{"a/kustomization.yaml": "resources: ['$URL/org/evil//a']\n"}, Cycle, "contains this kustomization"},
		"a cycle of two":           {map[string]string{"a/kustomization.yaml": "resources: ['$URL/org/evil//b']\n", "b/kustomization.yaml": "resources: ['$URL/org/evil//a']\n"}, Cycle, "contains this kustomization"},
		"a missing file":           {map[string]string{"a/kustomization.yaml": "resources: [gone.yaml]\n"}, Malformed, "a/kustomization.yaml:1:13: gone.yaml does not exist"},
		"not YAML":                 {map[string]string{"a/kustomization.yaml": "resources: [a.yaml]\n", "a/a.yaml": "a: [\n"}, Malformed, "a/a.yaml:"},
		"unknown fields":           {map[string]string{"a/kustomization.yaml": "resources: ['$URL/files/one.yaml']\nunknown: true\n"}, Malformed, "unknown field"},
		"no kustomization":         {map[string]string{"a/a.yaml": "a: b\n"}, Missing, "has no kustomization.yaml"},
		"no directory":             {map[string]string{"b/a.yaml": "a: b\n"}, Missing, "a does not exist in the repository"},
		"a file as a directory":    {map[string]string{"a": "a: b\n"}, Malformed, "is a file, but resources must name directories"},
		"another host":             {map[string]string{"a/kustomization.yaml": "resources: ['http://localhost:1/a/b']\n"}, Remote, "http://localhost:1/a/b is a remote reference"},
		"a helper":                 {map[string]string{"a/kustomization.yaml": "resources: ['ext::sh -c id']\n"}, Remote, "ext::sh -c id is a remote reference"},
		"a local repository":       {map[string]string{"a/kustomization.yaml": "resources: ['file:///etc/a.git']\n"}, Remote, "not supported"},
		"a failed download":        {map[string]string{"a/kustomization.yaml": "resources: ['$URL/org/gone?ref=v1']\n"}, Remote, "as a Git repository: git fetch failed"},
		"a failed file":            {map[string]string{"a/kustomization.yaml": "patches: [{path: '$URL/org/gone'}]\n"}, Remote, "the server answered 404"},
		"a chart":                  {map[string]string{"a/kustomization.yaml": "helmCharts: [{name: a, repo: 'https://example.org'}]\n"}, Unsupported, "helmCharts"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.RemoveAll(s.Dir("org/evil")); err != nil {
				t.Fatal(err)
			}
			base := map[string]string{}
			for name, text := range c.base {
				base[name] = strings.ReplaceAll(text, "$URL", s.URL)
			}
			s.Repository("org/evil", base)
			built, err := buildRemote(t, s, map[string]string{
				"app/kustomization.yaml": "resources:\n- $URL/org/base//lib\n- $URL/org/evil//a\n", "app/secret.yaml": secret,
			})
			if built != nil {
				for _, o := range built.Objects {
					t.Errorf("built %v", o.Object)
				}
			}
			var failed *Error
			if !errors.As(err, &failed) || failed.Problems[0].Reason != c.reason || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v", err)
			}
			for _, p := range failed.Problems {
				if p.Position.String() != "app/kustomization.yaml:3:3" {
					t.Errorf("the position is %s", p.Position)
				}
			}
		})
	}
}

// TestRemoteRefused checks the problems of references that are not allowed, and that secrets in them
// are not shown.
func TestRemoteRefused(t *testing.T) {
	s := remoteServer(t)
	for text, host := range map[string]string{
		"https://github.com/org/repo//a?ref=v1": "github.com", "git@gitlab.example.org:a/b.git": "gitlab.example.org", "https://raw.example.org/a.yaml": "raw.example.org",
		"https://user:hunter2secret@example.org/a/b": "", "gh:a/b": "", "file:///a/b.git": "",
	} {
		for _, fetcher := range []*remote.Fetcher{nil, remote.NewFetcher(t.Context(), []string{"127.0.0.1"})} {
			files := map[string][]byte{"app/kustomization.yaml": []byte("resources:\n- " + text + "\n")}
			_, err := Build(source.New(tree.New(files), nil, fetcher), kustomizationOf("app"), nil, nil)
			var failed *Error
			if !errors.As(err, &failed) || len(failed.Problems) != 1 || failed.Problems[0].Reason != Remote || failed.Problems[0].Host != host || strings.Contains(err.Error(), "hunter2secret") {
				t.Errorf("%s: %v, %+v", text, err, failed)
			}
		}
	}
	if requests := s.Requests(); len(requests) > 0 {
		t.Errorf("request %s", requests[0].URL)
	}
}

// TestInlineEntriesAreNoReferences checks entries that have the form of YAML, and that kustomize
// would download nevertheless.
func TestInlineEntriesAreNoReferences(t *testing.T) {
	s := remotetest.New(t)
	for _, entry := range []string{"$URL/{a}", "$URL/a/b{c}", "git@127.0.0.1: a/{b}", "$URL/a/b\n", "a@127.0.0.1:{b}/c"} {
		for _, field := range []string{"generators", "transformers", "validators", "patchesStrategicMerge"} {
			entry := strings.ReplaceAll(strings.ReplaceAll(entry, "$URL", s.URL), "\n", `\n`)
			files := map[string][]byte{"app/kustomization.yaml": []byte("resources: [a.yaml]\n" + field + ": [\"" + entry + "\"]\n"), "app/a.yaml": []byte(configMap("a"))}
			_, err := Build(source.New(tree.New(files), nil, nil), kustomizationOf("app"), nil, nil)
			var failed *Error
			if !errors.As(err, &failed) || failed.Problems[0].Reason != Remote {
				t.Errorf("%s: %q: %v", field, entry, err)
			}
		}
	}
	if requests := s.Requests(); len(requests) > 0 {
		t.Errorf("request %s", requests[0].URL)
	}
}

// TestSubmodules checks that a directory in a submodule is not reported as missing.
func TestSubmodules(t *testing.T) {
	s := remoteServer(t)
	s.Repository("org/with", map[string]string{".gitmodules": "[submodule \"sub\"]\n\tpath = sub\n\turl = " + s.URL + "/org/base\n", "a/kustomization.yaml": "resources: [../sub/lib]\n"})
	s.Git("org/with", "update-index", "--add", "--cacheinfo", "160000,"+s.Git("org/base", "rev-parse", "HEAD")+",sub")
	s.Git("org/with", "commit", "--quiet", "--message=Add a submodule")
	for _, dir := range []string{"a", "sub/lib"} {
		_, err := buildRemote(t, s, map[string]string{"app/kustomization.yaml": "resources:\n- $URL/org/with//" + dir + "\n"})
		var failed *Error
		if !errors.As(err, &failed) || failed.Problems[0].Reason != Remote || !strings.Contains(err.Error(), "submodule") {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// TestRemoteOnce checks that each reference is downloaded once, however often it is used.
func TestRemoteOnce(t *testing.T) {
	s := remotetest.New(t)
	s.Repository("org/base", map[string]string{"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": configMap("a")})
	requests := 0
	s.Mux.HandleFunc("/one.yaml", func(w http.ResponseWriter, _ *http.Request) {
		requests++
		_, _ = w.Write([]byte(configMap("one")))
	})
	files := map[string][]byte{}
	for _, dir := range []string{"a", "b", "c"} {
		files[dir+"/kustomization.yaml"] = []byte("resources: [../base]\nnamePrefix: " + dir + "-\n")
	}
	files["base/kustomization.yaml"] = []byte("resources:\n- " + s.URL + "/one.yaml\n- " + s.URL + "/org/base\n")
	files["app/kustomization.yaml"] = []byte("resources: [../a, ../b, ../c]\n")
	fetcher := remote.NewFetcher(t.Context(), []string{"*"})
	defer fetcher.Close()
	src := source.New(tree.New(files), nil, fetcher)
	var ks *unstructured.Unstructured
	for _, dir := range []string{"app", "a", "app"} {
		ks = kustomizationOf(dir)
		if built, err := Build(src, ks, nil, nil); err != nil || dir == "app" && len(built.Objects) != 6 {
			t.Errorf("%s: %v, %v", dir, built, err)
		}
	}
	clones := 0
	for _, r := range s.Requests() {
		if strings.HasSuffix(r.URL.Path, "/org/base/git-upload-pack") {
			clones++
		}
	}
	if requests != 1 || clones > 2 { // Git's protocol has two: the refs and the objects
		t.Errorf("%d requests of the file, %d of the repository", requests, clones)
	}
}
