package scaffold

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"golang.org/x/tools/txtar"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/compare"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var update = flag.Bool("update", false, "update the golden files")

// files are those of the small repository, with some replaced or, with "", removed.
func files(t testing.TB, replaced map[string]string) map[string][]byte {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/korthweb.txtar")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, f := range archive.Files {
		all[f.Name] = f.Data
	}
	for name, text := range replaced {
		if all[name] = []byte(text); text == "" {
			delete(all, name)
		}
	}
	return all
}

// edited is the small repository with a text replaced in one file.
func edited(t testing.TB, name, old, replacement string) map[string][]byte {
	t.Helper()
	all := files(t, nil)
	changed := strings.Replace(string(all[name]), old, replacement, 1)
	if changed == string(all[name]) {
		t.Fatalf("%s does not have %q", name, old)
	}
	all[name] = []byte(changed)
	return all
}

// labFiles is the lab's repository, without Flux's own manifests.
func labFiles(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{"gitops/fluxcd/flux-system/gotk-components.yaml": []byte("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: flux-system\n")}
	root := "../../lab/korthweb/tree"
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		relative := strings.TrimPrefix(filepath.ToSlash(name), root+"/")
		for _, tenant := range []string{"bhs", "mhr"} {
			target := strings.ReplaceAll(relative, "TENANT", tenant)
			if short, ok := strings.CutSuffix(target, ".tmpl"); ok {
				var out bytes.Buffer
				if err := template.Must(template.New(name).Parse(string(text))).Execute(&out, map[string]any{
					"Tenant": tenant, "GitURL": "http://127.0.0.1/git", "HelmURL": "http://127.0.0.1/helm", "HealthTimeout": "", "MutualTLS": false,
				}); err != nil {
					return err
				}
				all[short] = out.Bytes()
				continue
			}
			all[target] = text
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// nhs are the options of the tenant that tests create.
var nhs = CreateOptions{Name: "nhs", Model: "bhs", Domain: "nhs.example.org"}

func create(t testing.TB, all map[string][]byte, options CreateOptions) (*Created, map[string][]byte) {
	t.Helper()
	created, err := Create(t.Context(), tree.New(all), options)
	if err != nil {
		t.Fatalf("%v\n%s", err, hint(err))
	}
	return created, applyTo(all, created.Changes)
}

func hint(err error) string {
	text, _ := advice.Of(err)
	return text
}

func applyTo(all map[string][]byte, changes []Change) map[string][]byte {
	after := maps.Clone(all)
	for _, c := range changes {
		if c.Removed() {
			delete(after, c.Path)
		} else {
			after[c.Path] = c.After
		}
	}
	return after
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s", name, got)
	}
}

func diffs(changes []Change) string {
	var b strings.Builder
	for _, c := range changes {
		b.WriteString(c.Diff())
	}
	return b.String()
}

// TestCreate compares all new files: names, hosts and AE titles are replaced in values and
// comments, images and other words are not.
func TestCreate(t *testing.T) {
	created, _ := create(t, files(t, nil), nhs)
	golden(t, "create.diff", diffs(created.Changes))
	if len(created.Kept) != 1 || created.Kept[0].String() != "gitops/application/nhs/kustomization.yaml:9:20" {
		t.Errorf("the image's name is kept at %v", created.Kept)
	}
	if !slices.Equal(created.Tenant.Titles, []string{"NHS"}) || created.Tenant.Domain != nhs.Domain {
		t.Errorf("%+v", created.Tenant)
	}
	if len(created.Mentions) != 1 || created.Mentions[0].File != "gitops/application/mhr/kustomization.yaml" {
		t.Errorf("mentions %v", created.Mentions)
	}
}

// layouts are ways to write the same repository.
func layouts(t testing.TB) map[string]map[string][]byte {
	const list = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- flux-system\n- infrastructure.yaml\n" +
		"- bhs-dependency.yaml # first\n- bhs-application.yaml\n- mhr-dependency.yaml\n- mhr-application.yaml"
	const listFile = "gitops/fluxcd/kustomization.yaml"
	crlf := files(t, nil)
	for name, text := range crlf {
		if strings.Contains(name, "bhs") && tree.IsYAML(name) {
			crlf[name] = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
		}
	}
	directories := files(t, nil)
	for _, tenant := range []string{"bhs", "mhr"} {
		for _, layer := range []string{"dependency", "application"} {
			old := "gitops/fluxcd/" + tenant + "-" + layer + ".yaml"
			directories["gitops/fluxcd/"+tenant+"/"+layer+".yaml"] = directories[old]
			delete(directories, old)
		}
		directories["gitops/fluxcd/"+tenant+"/kustomization.yaml"] = []byte("resources:\n- dependency.yaml\n- application.yaml\n")
	}
	directories[listFile] = []byte("resources:\n- flux-system\n- infrastructure.yaml\n- bhs\n- mhr\n")
	last := strings.Replace(list, "- mhr-dependency.yaml\n- mhr-application.yaml", "", 1)
	return map[string]map[string][]byte{
		"korthweb":                files(t, nil),
		"lab":                     labFiles(t),
		"a list":                  files(t, map[string]string{listFile: list + "\n"}),
		"a list without line end": files(t, map[string]string{listFile: strings.Replace(last, "- flux-system", "- flux-system\n- mhr-dependency.yaml\n- mhr-application.yaml", 1)}),
		"a directory per tenant":  directories,
		"carriage returns":        crlf,
	}
}

// TestCreateThenRemove checks that creating and removing a tenant restores the tree byte for byte,
// directly and in two steps, and that a name can't be created twice.
func TestCreateThenRemove(t *testing.T) {
	for name, all := range layouts(t) {
		t.Run(name, func(t *testing.T) {
			_, after := create(t, all, nhs)
			if _, err := Create(t.Context(), tree.New(after), nhs); err == nil || !strings.Contains(err.Error(), `tenant "nhs" exists already`) {
				t.Errorf("creating it again: %v", err)
			}
			left := after
			for _, deleteData := range []bool{false, true} {
				removed, err := Remove(t.Context(), tree.New(left), RemoveOptions{Name: "nhs", DeleteData: deleteData})
				if err != nil {
					t.Fatalf("%v\n%s", err, hint(err))
				}
				left = applyTo(left, removed.Changes)
			}
			direct, err := Remove(t.Context(), tree.New(after), RemoveOptions{Name: "nhs", DeleteData: true})
			if err != nil {
				t.Fatal(err)
			}
			for how, result := range map[string]map[string][]byte{"in two steps": left, "directly": applyTo(after, direct.Changes)} {
				if !maps.EqualFunc(all, result, bytes.Equal) {
					t.Errorf("%s, the tree is not restored: %v", how, diffs(direct.Changes))
				}
			}
		})
	}
}

// TestRemoveKeepsData compares what stays, and how the layers change.
func TestRemoveKeepsData(t *testing.T) {
	all := files(t, nil)
	removed, err := Remove(t.Context(), tree.New(all), RemoveOptions{Name: "bhs"})
	if err != nil {
		t.Fatalf("%v\n%s", err, hint(err))
	}
	var b strings.Builder
	for heading, list := range map[string][]*cluster.Object{"stays": removed.Data} {
		for _, o := range list {
			fmt.Fprintf(&b, "%s: %s\n", heading, o.Ref())
		}
	}
	for _, o := range removed.Deleted {
		fmt.Fprintf(&b, "deleted: %s\n", o.Ref())
	}
	golden(t, "remove.diff", b.String()+diffs(removed.Changes))
	if _, err := Remove(t.Context(), tree.New(applyTo(all, removed.Changes)), RemoveOptions{Name: "bhs"}); err == nil || !strings.Contains(err.Error(), "only the data") {
		t.Errorf("removing it again: %v", err)
	}
}

// TestRemoveLayerWithoutData checks that a layer without data is removed with its files.
func TestRemoveLayerWithoutData(t *testing.T) {
	all := edited(t, "gitops/application/bhs/kustomization.yaml", "- namespace.yaml\n", "")
	delete(all, "gitops/application/bhs/namespace.yaml")
	removed, err := Remove(t.Context(), tree.New(all), RemoveOptions{Name: "bhs"})
	if err != nil {
		t.Fatalf("%v\n%s", err, hint(err))
	}
	var got []string
	for _, c := range removed.Changes {
		got = append(got, fmt.Sprint(c.Path, " ", c.Removed()))
	}
	want := []string{
		"gitops/application/bhs/kustomization.yaml true", "gitops/application/bhs/orthanc.json true",
		"gitops/fluxcd/bhs-application.yaml true", "gitops/fluxcd/bhs-dependency.yaml false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("changes %q", got)
	}
}

// TestRemoveRefuses checks what prevents a removal.
func TestRemoveRefuses(t *testing.T) {
	for _, c := range []struct {
		name, want string
		files      map[string][]byte
		options    RemoveOptions
	}{
		{"unknown", `tenant "bsh" does not exist in the repository`, files(t, nil), RemoveOptions{Name: "bsh"}},
		{"no tenants", "no tenant was found", map[string][]byte{"a.yaml": nil}, RemoveOptions{Name: "bhs"}},
		{
			"a dependent", "mhr-dependency depends on Kustomization flux-system/bhs-application: gitops/fluxcd/mhr-dependency.yaml:9",
			edited(t, "gitops/fluxcd/mhr-dependency.yaml", "- name: infrastructure", "- name: bhs-application"), RemoveOptions{Name: "bhs", DeleteData: true},
		},
		{
			"a broken layer", "can't be built, so what Flux would delete is not known",
			edited(t, "gitops/application/bhs/kustomization.yaml", "- namespace.yaml", "- none.yaml"), RemoveOptions{Name: "bhs"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Remove(t.Context(), tree.New(c.files), c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) || hint(err) == "" {
				t.Errorf("%v: %s", err, hint(err))
			}
		})
	}
}

// TestCreateRefuses checks all collisions and names that can't be used.
func TestCreateRefuses(t *testing.T) {
	long := strings.Repeat("n", 53)
	with := func(change func(o *CreateOptions)) CreateOptions {
		o := nhs
		change(&o)
		return o
	}
	named := func(name string) CreateOptions { return with(func(o *CreateOptions) { o.Name = name }) }
	domain := func(name string) CreateOptions { return with(func(o *CreateOptions) { o.Domain = name }) }
	const deployment, address = "gitops/application/base/orthanc.yaml", "gitops/dependency/bhs/kustomization.yaml"
	for _, c := range []struct {
		name, want string
		files      map[string][]byte
		options    CreateOptions
	}{
		{"an existing tenant", `tenant "mhr" exists already`, nil, named("mhr")},
		{"the model", `tenant "bhs" exists already`, nil, named("bhs")},
		{"upper case", "not valid for a tenant", nil, named("NHS")},
		{"a number", "not valid for a tenant", nil, named("123")},
		{"a path", "not valid for a tenant", nil, named("../nhs")},
		{"a line break", "not valid for a tenant", nil, named("nhs\nkind: x")},
		{"nothing", "not valid for a tenant", nil, named("")},
		{"64 characters", "not valid for a tenant", nil, named(strings.Repeat("n", 64))},
		{"too long with the suffix", "would have 65 characters, and 63 are allowed", nil, named(long)},
		{"a boolean", "YAML does not read it as text", nil, named("true")},
		{"a boolean of YAML 1.1", "YAML does not read it as text", nil, named("yes")},
		{"null", "YAML does not read it as text", nil, named("null")},
		{"a word of the files", `the name "orthweb" is in use: gitops/application/bhs/`, nil, named("orthweb")},
		{"a directory", "the name \"base\" is in use", nil, named("base")},
		{"no domain", "a tenant like bhs requires a domain", nil, domain("")},
		{"another's domain", "the domain mhr.orthweb.com is that of tenant mhr", nil, domain("mhr.orthweb.com")},
		{"the model's domain", "the domain bhs.orthweb.com is that of tenant bhs", nil, domain("bhs.orthweb.com")},
		{"one label", "is not a DNS name", nil, domain("nhs")},
		{"an underscore", "is not a DNS name", nil, domain("n_hs.example.org")},
		{"a wildcard", "is not a DNS name", nil, domain("*.example.org")},
		{"an address", "is an IP address", nil, domain("192.0.2.1")},
		{"a long label", "is not a DNS name", nil, domain(strings.Repeat("n", 64) + ".example.org")},
		{"a long host", "more than 253 characters", nil, domain(strings.Repeat(strings.Repeat("n", 49)+".", 5) + "org")},
		{"an unknown model", `tenant "nhs" does not exist in the repository`, nil, with(func(o *CreateOptions) { o.Model = "nhs"; o.Name = "x" })},
		{"an unknown cluster", "does not exist in the cluster of none", nil, with(func(o *CreateOptions) { o.Entry = "none" })},
		{"an address without use", "--address has no effect", nil, with(func(o *CreateOptions) { o.Addresses = []string{"192.0.2.1"} })},
		{"an existing file", "gitops/application/nhs/namespace.yaml exists already", files(t, map[string]string{"gitops/application/nhs/namespace.yaml": "a: b\n"}), nhs},
		{"a host in use", "the host web.nhs.example.org exists already: Gateway mhr-orthweb/web-gw, gitops/application/", edited(t, "gitops/application/mhr/kustomization.yaml", "[web.mhr.orthweb.com]", "[web.mhr.orthweb.com, web.nhs.example.org]"), nhs},
		{"a host outside of the domain", "nhs would have the host pacs.example.com, too", edited(t, "gitops/application/bhs/kustomization.yaml", "[web.bhs.orthweb.com]", "[web.bhs.orthweb.com, pacs.example.com]"), nhs},
		{"an AE title in use", `the AE title "NHS" is that of tenant mhr`, edited(t, "gitops/application/mhr/kustomization.yaml", "patches:", "configMapGenerator:\n- name: site\n  literals:\n  - 'orthanc.json={\"DicomAet\": \"NHS\"}'\npatches:"), nhs},
		{"the same AE title", `the AE title "ONE" is that of tenant bhs`, edited(t, "gitops/application/bhs/orthanc.json", `"BHS"`, `"ONE"`), nhs},
		{"a long AE title", "and 16 are allowed", nil, named("nordic-health-system")},
		{"a cluster-wide object", "ClusterRole orthanc would exist twice", files(t, map[string]string{
			"gitops/application/bhs/namespace.yaml": "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: bhs-orthweb\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: orthanc\n",
		}), nhs},
		{"a broken model", "can't be built", edited(t, "gitops/application/bhs/kustomization.yaml", "- namespace.yaml", "- none.yaml"), nhs},
		{"no address", "the files of bhs specify the addresses of load balancers 192.0.2.7, and --address specifies 0 for nhs", edited(t, address, "patches:", "patches:\n- target: {kind: HelmRelease, name: istio-ingress}\n  patch: |-\n    - op: add\n      path: /spec/values\n      value: {service: {loadBalancerIP: 192.0.2.7}}"), nhs},
		{"a name in a shared base", "would differ from bhs in more than names", edited(t, deployment, "      - name: orthanc\n", "      - name: orthanc\n        env: [{name: DB, value: db.bhs-orthweb}]\n"), nhs},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := c.files
			if all == nil {
				all = files(t, nil)
			}
			_, err := Create(t.Context(), tree.New(all), c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) || hint(err) == "" {
				t.Errorf("%v\n%s", err, hint(err))
			}
		})
	}
}

// TestAddress checks that the address of a load balancer is replaced.
func TestAddress(t *testing.T) {
	all := edited(t, "gitops/dependency/bhs/kustomization.yaml", "patches:", "patches:\n- target: {kind: HelmRelease, name: istio-ingress}\n  patch: |-\n    - op: add\n      path: /spec/values\n      value: {service: {loadBalancerIP: 192.0.2.7}}")
	options := nhs
	options.Addresses = []string{"192.0.2.77"}
	created, _ := create(t, all, options)
	if !slices.Equal(created.Tenant.Addresses, options.Addresses) {
		t.Errorf("addresses %v", created.Tenant.Addresses)
	}
	for address, want := range map[string]string{"192.0.2.7": "is that of tenant bhs", "nhs": "is not an IP address"} {
		options.Addresses = []string{address}
		if _, err := Create(t.Context(), tree.New(all), options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

const secretFile = "gitops/dependency/bhs/password.yaml"

// secretTree is the small repository with a Secret of bhs.
func secretTree(t *testing.T, text string) map[string][]byte {
	t.Helper()
	all := edited(t, "gitops/dependency/bhs/kustomization.yaml", "- namespace.yaml\n", "- namespace.yaml\n- password.yaml\n")
	all[secretFile] = []byte(text)
	return all
}

// TestSecrets checks that no Secret is copied, and that the command can be run again when those of
// the new tenant exist.
func TestSecrets(t *testing.T) {
	const head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: bhs-db\n"
	for _, c := range []struct {
		name, text string
		want       Secret
	}{
		{"plain", head + "stringData:\n  password: TopSecret\n", Secret{Form: Plain, Name: "nhs-db", Namespace: "nhs-orthweb", Keys: []string{"password"}}},
		{
			"sops", head + "data:\n  user: ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]\n  password: ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]\n" +
				"sops:\n  mac: ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]\n  age:\n  - recipient: age1one\n  - recipient: age1two\n  encrypted_regex: ^(data|stringData)$\n",
			Secret{Form: SOPS, Name: "nhs-db", Namespace: "nhs-orthweb", Keys: []string{"password", "user"}, Recipients: []Flag{{"--age", "age1one,age1two"}, {"--encrypted-regex", "^(data|stringData)$"}}},
		},
		{
			"sealed", "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: bhs-db\nspec:\n  encryptedData:\n    password: AgBx\n",
			Secret{Form: Sealed, Name: "nhs-db", Namespace: "nhs-orthweb", Keys: []string{"password"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := secretTree(t, c.text)
			_, err := Create(t.Context(), tree.New(all), nhs)
			var missing *SecretsError
			if !errors.As(err, &missing) || len(missing.Missing) != 1 {
				t.Fatal(err)
			}
			got := missing.Missing[0]
			if got.File != "gitops/dependency/nhs/password.yaml" || got.At.File != secretFile || got.Form != c.want.Form || got.Name != c.want.Name ||
				got.Namespace != c.want.Namespace || !slices.Equal(got.Keys, c.want.Keys) || !slices.Equal(got.Recipients, c.want.Recipients) {
				t.Errorf("%+v", got)
			}
			if strings.Contains(err.Error()+fmt.Sprint(got), "TopSecret") {
				t.Error("the error has the secret")
			}
			all[got.File] = []byte(strings.NewReplacer("bhs", "nhs", "TopSecret", "Another", "data:x", "data:y", "AgBx", "AgBy").Replace(c.text))
			created, _ := create(t, all, nhs)
			if slices.ContainsFunc(created.Changes, func(change Change) bool { return change.Path == got.File }) {
				t.Error("the existing Secret is changed")
			}
		})
	}
}

// TestSecretLiterals checks that values in a secretGenerator are not copied.
func TestSecretLiterals(t *testing.T) {
	all := edited(t, "gitops/dependency/bhs/kustomization.yaml", "patches:", "secretGenerator:\n- name: db\n  literals: [password=TopSecret]\npatches:")
	if _, err := Create(t.Context(), tree.New(all), nhs); err == nil || !strings.Contains(err.Error(), "a secretGenerator has the values of a Secret") {
		t.Error(err)
	}
	all = edited(t, "gitops/dependency/bhs/kustomization.yaml", "patches:", "secretGenerator:\n- name: db\n  envs: [db-bhs.env]\npatches:")
	all["gitops/dependency/bhs/db-bhs.env"] = []byte("password=TopSecret\n")
	var missing *SecretsError
	if _, err := Create(t.Context(), tree.New(all), nhs); !errors.As(err, &missing) || missing.Missing[0].File != "gitops/dependency/nhs/db-nhs.env" {
		t.Error(err)
	}
}

// TestFind checks the tenants, their domains and files.
func TestFind(t *testing.T) {
	r, err := Find(t.Context(), tree.New(files(t, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Names(), []string{"bhs", "mhr"}) {
		t.Fatalf("tenants %v", r.Names())
	}
	bhs := r.Tenants[0]
	want := []string{
		"gitops/application/bhs/kustomization.yaml", "gitops/application/bhs/namespace.yaml", "gitops/application/bhs/orthanc.json",
		"gitops/dependency/bhs/kustomization.yaml", "gitops/dependency/bhs/namespace.yaml",
		"gitops/fluxcd/bhs-application.yaml", "gitops/fluxcd/bhs-dependency.yaml",
	}
	if !slices.Equal(bhs.Files, want) || bhs.Domain != "bhs.orthweb.com" || !slices.Equal(bhs.Hosts, []string{"dicom.bhs.orthweb.com", "web.bhs.orthweb.com"}) {
		t.Errorf("%+v", bhs)
	}
}

// TestCompare checks that only what is no name differs, with the places of both.
func TestCompare(t *testing.T) {
	all := edited(t, "gitops/application/mhr/kustomization.yaml", "[web.mhr.orthweb.com]", "[web.bhs.orthweb.com]")
	r, err := Find(t.Context(), tree.New(all))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	report := compare.Tenants(r.Tenants[0].Side(), r.Tenants[1].Side())
	for _, d := range report.Differences {
		fmt.Fprintf(&b, "%s: %s\n  %s\n  %s\n", d.Kind, d.Describe(), d.A.At, d.B.At)
	}
	golden(t, "compare.txt", b.String())
	same := compare.Tenants(r.Tenants[0].Side(), r.Tenants[0].Side())
	if len(same.Differences)+len(same.Expected) > 0 {
		t.Errorf("a tenant differs from itself: %+v", same.Differences)
	}
}
