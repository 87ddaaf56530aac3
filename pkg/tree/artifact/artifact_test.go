package artifact

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// source are the files of the tree in these tests. Many cases are those of source-watcher's own tests
// (github.com/fluxcd/source-watcher v2.2.1, internal/builder/builder_test.go).
var source = []string{
	"README.md", "app.yaml", "config/app.yaml", "config/README.md", "config/db/db.yaml", "infrastructure/configs/issuer.yaml",
	"infrastructure/controllers/descheduler/release.yaml", "infrastructure/controllers/sealed/release.yaml", "infrastructure/descheduler/release.yaml",
	"charts/podinfo/Chart.yaml", "charts/podinfo/values.yaml", "values-prod.yaml", "testdata/test.yaml", ".hidden",
}

// texts are the contents of source.
func texts() map[string][]byte {
	files := map[string][]byte{}
	for _, name := range source {
		files[name] = []byte("name: " + name + "\nnested: {" + strings.NewReplacer("/", "_", ".", "_", "-", "_").Replace(name) + ": 1}\nlist: [" + name + "]\n")
	}
	return files
}

func assembleAll(copies ...Copy) (*tree.Tree, error) {
	t := tree.New(texts())
	return Assemble(t, map[string]*Files{"repo": NewFiles(t.Files("."))}, copies)
}

func TestAssemble(t *testing.T) {
	all := map[string]string{}
	for _, name := range source {
		all[name] = name
	}
	for name, c := range map[string]struct {
		copies []Copy
		want   map[string]string
	}{
		"a file to a directory": {[]Copy{{From: "@repo/config/app.yaml", To: "@artifact/dest/"}}, map[string]string{"dest/app.yaml": "config/app.yaml"}},
		"a file to the root":    {[]Copy{{From: "@repo/app.yaml", To: "@artifact/"}}, map[string]string{"app.yaml": "app.yaml"}},
		"a file to a file":      {[]Copy{{From: "@repo/app.yaml", To: "@artifact/a/b.yaml"}}, map[string]string{"a/b.yaml": "app.yaml"}},
		"a file to one that is a directory": {[]Copy{{From: "@repo/config/db", To: "@artifact/"}, {From: "@repo/app.yaml", To: "@artifact/db"}},
			map[string]string{"db/db.yaml": "config/db/db.yaml", "db/app.yaml": "app.yaml"}},
		"a directory":              {[]Copy{{From: "@repo/config/db", To: "@artifact/dest"}}, map[string]string{"dest/db/db.yaml": "config/db/db.yaml"}},
		"a directory with /":       {[]Copy{{From: "@repo/config/db/", To: "@artifact/dest/"}}, map[string]string{"dest/db/db.yaml": "config/db/db.yaml"}},
		"the root":                 {[]Copy{{From: "@repo/", To: "@artifact/"}}, all},
		"the root with a pattern":  {[]Copy{{From: "@repo/**", To: "@artifact/"}}, all},
		"a pattern":                {[]Copy{{From: "@repo/*.yaml", To: "@artifact/m/"}}, map[string]string{"m/app.yaml": "app.yaml", "m/values-prod.yaml": "values-prod.yaml"}},
		"a pattern in a directory": {[]Copy{{From: "@repo/config/*.yaml", To: "@artifact/m"}}, map[string]string{"m/config/app.yaml": "config/app.yaml"}},
		"a directory's content": {[]Copy{{From: "@repo/config/**", To: "@artifact/dest/"}},
			map[string]string{"dest/app.yaml": "config/app.yaml", "dest/README.md": "config/README.md", "dest/db/db.yaml": "config/db/db.yaml"}},
		"** is one element":      {[]Copy{{From: "@repo/**/release.yaml", To: "@artifact/"}, {From: "@repo/**/app.yaml", To: "@artifact/"}}, nil},
		"later files win":        {[]Copy{{From: "@repo/config/**", To: "@artifact/"}, {From: "@repo/app.yaml", To: "@artifact/"}, {From: "@repo/values-prod.yaml", To: "@artifact/db/db.yaml"}}, map[string]string{"app.yaml": "app.yaml", "README.md": "config/README.md", "db/db.yaml": "values-prod.yaml"}},
		"values of a chart":      {[]Copy{{From: "@repo/charts/**", To: "@artifact/"}, {From: "@repo/values-prod.yaml", To: "@artifact/podinfo/values.yaml"}}, map[string]string{"podinfo/Chart.yaml": "charts/podinfo/Chart.yaml", "podinfo/values.yaml": "values-prod.yaml"}},
		"exclude by name":        {[]Copy{{From: "@repo/config/**", To: "@artifact/", Exclude: []string{"*.md"}}}, map[string]string{"app.yaml": "config/app.yaml", "db/db.yaml": "config/db/db.yaml"}},
		"exclude the root's":     {[]Copy{{From: "@repo/infrastructure/**", To: "@artifact/", Exclude: []string{"infrastructure/controllers/descheduler/**"}}}, map[string]string{"configs/issuer.yaml": "infrastructure/configs/issuer.yaml", "controllers/sealed/release.yaml": "infrastructure/controllers/sealed/release.yaml", "descheduler/release.yaml": "infrastructure/descheduler/release.yaml"}},
		"exclude relative":       {[]Copy{{From: "@repo/infrastructure/**", To: "@artifact/", Exclude: []string{"controllers/descheduler/**"}}}, map[string]string{"configs/issuer.yaml": "infrastructure/configs/issuer.yaml", "controllers/sealed/release.yaml": "infrastructure/controllers/sealed/release.yaml", "descheduler/release.yaml": "infrastructure/descheduler/release.yaml"}},
		"exclude is anchored":    {[]Copy{{From: "@repo/infrastructure/**", To: "@artifact/", Exclude: []string{"descheduler/**"}}}, map[string]string{"configs/issuer.yaml": "infrastructure/configs/issuer.yaml", "controllers/sealed/release.yaml": "infrastructure/controllers/sealed/release.yaml", "controllers/descheduler/release.yaml": "infrastructure/controllers/descheduler/release.yaml"}},
		"exclude in a directory": {[]Copy{{From: "@repo/infrastructure", To: "@artifact/", Exclude: []string{"controllers/**", "infrastructure/configs/*"}}}, map[string]string{"infrastructure/descheduler/release.yaml": "infrastructure/descheduler/release.yaml"}},
		"exclude a file":         {[]Copy{{From: "@repo/app.yaml", To: "@artifact/", Exclude: []string{"app.yaml"}}}, map[string]string{}},
	} {
		got, err := assembleAll(c.copies...)
		if c.want == nil {
			if err == nil || !errors.Is(err, ErrMissing) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		files := map[string]string{}
		for _, file := range got.Files(".") {
			files[file] = got.Origin(file)
			if text, err := got.ReadFile(file); err != nil || !strings.HasPrefix(string(text), "name: "+got.Origin(file)+"\n") {
				t.Errorf("%s: %s is %q, %v", name, file, text, err)
			}
		}
		if !maps.Equal(files, c.want) {
			t.Errorf("%s: got %v, want %v", name, files, c.want)
		}
	}
}

func TestMerge(t *testing.T) {
	got, err := assembleAll(
		Copy{From: "@repo/charts/podinfo/values.yaml", To: "@artifact/values.yaml", Strategy: "Merge"},
		Copy{From: "@repo/values-prod.yaml", To: "@artifact/values.yaml", Strategy: "Merge"},
		Copy{From: "@repo/app.yaml", To: "@artifact/values.yaml", Strategy: "Merge"},
	)
	if err != nil {
		t.Fatal(err)
	}
	const want = "list:\n- app.yaml\nname: app.yaml\nnested:\n  app_yaml: 1\n  charts_podinfo_values_yaml: 1\n  values_prod_yaml: 1\n"
	if text, err := got.ReadFile("values.yaml"); string(text) != want {
		t.Errorf("%q, %v", text, err)
	}
	documents, err := got.Documents("values.yaml")
	if err != nil || len(documents) != 1 {
		t.Fatal(documents, err)
	}
	if at, _, _ := documents[0].Find("nested.app_yaml"); at.String() != "app.yaml" {
		t.Errorf("the position is %s", at)
	}
}

func TestAssembleErrors(t *testing.T) {
	long := strings.Repeat("a", maxPattern+1)
	for name, c := range map[string]struct {
		copy   Copy
		reason error
		want   string
	}{
		"no file":               {Copy{From: "@repo/none.yaml", To: "@artifact/"}, ErrMissing, "none.yaml does not exist in the source repo"},
		"no match":              {Copy{From: "@repo/*.json", To: "@artifact/"}, ErrMissing, "no files match *.json in the source repo"},
		"all excluded":          {Copy{From: "@repo/*.yaml", To: "@artifact/", Exclude: []string{"*.yaml"}}, ErrMissing, "excluded"},
		"a pattern":             {Copy{From: "@repo/[", To: "@artifact/"}, ErrInvalid, "not valid"},
		"an exclude pattern":    {Copy{From: "@repo/**", To: "@artifact/", Exclude: []string{"["}}, ErrInvalid, "not valid"},
		"no alias":              {Copy{From: "repo/**", To: "@artifact/"}, ErrInvalid, "begin with @"},
		"no path":               {Copy{From: "@repo", To: "@artifact/"}, ErrInvalid, "@ALIAS/PATTERN"},
		"another alias":         {Copy{From: "@other/**", To: "@artifact/"}, ErrInvalid, "does not exist"},
		"no artifact":           {Copy{From: "@repo/**", To: "dest/"}, ErrInvalid, "@artifact/"},
		"out of the source":     {Copy{From: "@repo/../../etc/passwd", To: "@artifact/"}, ErrMissing, "does not exist"},
		"a pattern out of it":   {Copy{From: "@repo/../*", To: "@artifact/"}, ErrMissing, "no files match"},
		"an absolute source":    {Copy{From: "@repo//etc/passwd", To: "@artifact/"}, ErrMissing, "does not exist"},
		"out of the artifact":   {Copy{From: "@repo/app.yaml", To: "@artifact/../x/"}, ErrInvalid, "outside of the artifact"},
		"through no directory":  {Copy{From: "@repo/app.yaml", To: "@artifact/x/../y.yaml"}, ErrInvalid, "does not exist in the artifact"},
		"further out":           {Copy{From: "@repo/config", To: "@artifact/a/../../b"}, ErrInvalid, "outside of the artifact"},
		"an absolute target":    {Copy{From: "@repo/**", To: "@artifact//etc/"}, ErrInvalid, "outside of the artifact"},
		"a file as a directory": {Copy{From: "@repo/app.yaml", To: "@artifact/first.yaml/a.yaml"}, ErrInvalid, "can't be a directory"},
		"a directory as a file": {Copy{From: "@repo/config/*", To: "@artifact/first.yaml"}, ErrInvalid, "can't be a directory"},
		"archives":              {Copy{From: "@repo/*.tgz", To: "@artifact/", Strategy: "Extract"}, ErrUnsupported, "strategy Extract"},
		"a long pattern":        {Copy{From: "@repo/" + long + "*", To: "@artifact/"}, tree.ErrTooLarge, "too long"},
		"many alternatives":     {Copy{From: "@repo/**", To: "@artifact/", Exclude: []string{strings.Repeat("{a,a}", 40)}}, tree.ErrTooLarge, "too long"},
		"no YAML":               {Copy{From: "@repo/list", To: "@artifact/first.yaml", Strategy: "Merge"}, ErrInvalid, "can't be merged"},
		"aliases":               {Copy{From: "@repo/bomb", To: "@artifact/first.yaml", Strategy: "Merge"}, ErrInvalid, "can't be merged"},
	} {
		files := texts()
		files["list"], files["bomb"] = []byte("- a\n"), []byte("a: &a [*a]\n")
		base := tree.New(files)
		got, err := Assemble(base, map[string]*Files{"repo": NewFiles(base.Files("."))}, []Copy{{From: "@repo/app.yaml", To: "@artifact/first.yaml"}, c.copy})
		var failed *Error
		if !errors.As(err, &failed) || failed.Copy != 1 || !errors.Is(err, c.reason) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// TestAssembleLimits checks that operations which are repeated end.
func TestAssembleLimits(t *testing.T) {
	files := map[string][]byte{}
	for i := range 1000 {
		files[fmt.Sprintf("d%d/a.yaml", i)] = []byte("a: b\n")
	}
	base := tree.New(files)
	for name, c := range map[string]Copy{"files": {From: "@repo/**", To: "@artifact/"}, "operations": {From: "@repo/d1/a.yaml", To: "@artifact/"}} {
		copies := slices.Repeat([]Copy{c}, maxCopies+1)
		if _, err := Assemble(base, map[string]*Files{"repo": NewFiles(base.Files("."))}, copies); !errors.Is(err, tree.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	base = tree.New(map[string][]byte{"a.yaml": []byte("a: " + strings.Repeat("b", tree.MaxFile/2) + "\n")})
	if _, err := Assemble(base, map[string]*Files{"repo": NewFiles(base.Files("."))}, slices.Repeat([]Copy{{From: "@repo/a.yaml", To: "@artifact/", Strategy: "Merge"}}, 20)); !errors.Is(err, tree.ErrTooLarge) {
		t.Errorf("merges: %v", err)
	}
}

// TestFiles compares the file system with that of the standard library.
func TestFiles(t *testing.T) {
	want := fstest.MapFS{}
	for _, name := range source {
		want[name] = &fstest.MapFile{}
	}
	got := NewFiles(source)
	for _, dir := range []string{".", "config", "infrastructure/controllers", "none", "app.yaml", "../a"} {
		a, errA := got.ReadDir(dir)
		b, errB := want.ReadDir(dir)
		if len(a) != len(b) || (errA == nil) != (errB == nil) {
			t.Errorf("%s: %v, %v; want %v, %v", dir, a, errA, b, errB)
		}
		for i := range min(len(a), len(b)) {
			if a[i].Name() != b[i].Name() || a[i].IsDir() != b[i].IsDir() {
				t.Errorf("%s: %s, want %s", dir, a[i].Name(), b[i].Name())
			}
		}
	}
}

func TestExpand(t *testing.T) {
	files := NewFiles([]string{"apps/Web/envs/prod/a.yaml", "apps/Web/envs/test/a.yaml", "apps/db/envs/prod/a.yaml", "apps/db/envs/prod/sub/a.yaml", "apps/README.md", "appsX/a/envs/b/c"})
	outputs := []Output{{Name: "{app}-{env}", Copies: []Copy{{From: "@repo/apps/{app}/envs/{env}/**", To: "@artifact/{app}/"}, {From: "@repo/apps/README.md", To: "@artifact/"}}}}
	got, err := Expand("@repo/apps/{app}/envs/{env}", files, outputs)
	if err != nil || len(got) != 3 || got[0].Name != "web-prod" || got[1].Name != "web-test" || got[2].Name != "db-prod" {
		t.Fatalf("%+v, %v", got, err)
	}
	if c := got[0].Copies; c[0].From != "@repo/apps/Web/envs/prod/**" || c[0].To != "@artifact/Web/" || c[1].From != "@repo/apps/README.md" || outputs[0].Name != "{app}-{env}" {
		t.Errorf("%+v", c)
	}
	for name, c := range map[string]struct{ pattern, output, want string }{
		"no alias":           {"apps/{app}", "{app}", "begin with @"},
		"an open brace":      {"@repo/apps/{app", "a", "brace"},
		"a closed brace":     {"@repo/apps/app}", "a", "brace"},
		"no name":            {"@repo/apps/{}", "a", "not valid"},
		"an expression":      {"@repo/apps/{a.*}", "a", "not valid"},
		"twice":              {"@repo/{a}/{a}", "{a}", "twice"},
		"an unknown one":     {"@repo/apps/{app}", "{env}", "not in spec.pathPattern"},
		"one name for all":   {"@repo/apps/{app}", "same", "another directory"},
		"an invalid name":    {"@repo/apps/{app}", "{app}_", "is not valid"},
		"a brace in a name":  {"@repo/apps/{app}", "{app", "brace"},
		"a pattern too long": {"@repo/" + strings.Repeat("a", maxPattern+1), "a", "too long"},
	} {
		if got, err := Expand(c.pattern, files, []Output{{Name: c.output}}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
