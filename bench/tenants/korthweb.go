package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"text/template"

	"github.com/digihunch/kubectl-orthweb/pkg/bootstrap"
)

// values are those of the templates of the lab's repository (lab/korthweb/tree.go).
type values struct {
	GitURL, HelmURL, HealthTimeout string
	MutualTLS                      bool
	Tenant                         string
}

// tenantFolder is in the paths of the lab's templates that are rendered for each tenant.
const tenantFolder = "TENANT"

// korthweb are the files of the lab's repository with a number of tenants, and with the defects
// that Korthweb's public repository has, in each tenant. The first tenant is bhs; as in copies in
// which a name was not replaced everywhere, the others name its host and its namespace in one place
// each.
func korthweb(source string, count int) (map[string][]byte, error) {
	files, err := components()
	if err != nil {
		return nil, err
	}
	names := []string{"bhs", "mhr"}
	for i := range max(0, count-2) {
		names = append(names, fmt.Sprintf("t%03d", i))
	}
	tree := os.DirFS(source)
	return files, fs.WalkDir(tree, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(tree, file)
		if err != nil {
			return err
		}
		tenants := []string{""}
		if strings.Contains(file, tenantFolder) {
			tenants = names[:min(count, len(names))]
		}
		for _, tenant := range tenants {
			name := strings.TrimSuffix(strings.ReplaceAll(file, tenantFolder, tenant), ".tmpl")
			if files[name], err = render(file, string(text), tenant); err != nil {
				return err
			}
		}
		return nil
	})
}

// components is the installation of Flux that `flux bootstrap` commits.
func components() (map[string][]byte, error) {
	o := bootstrap.Defaults()
	repository, err := bootstrap.ParseRepository(repositoryURL)
	if err != nil {
		return nil, err
	}
	o.Repository, o.Path = repository, "gitops/fluxcd"
	generated, err := bootstrap.Generate(o)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{path.Join(generated.Directory, bootstrap.ComponentsFile): []byte(generated.Components)}, nil
}

// repositoryURL is where the repository is said to be.
const repositoryURL = "https://git.example.org/digihunch/korthweb"

// render is a file of the lab with the defects of the public repository.
func render(file, text, tenant string) ([]byte, error) {
	if strings.HasSuffix(file, ".tmpl") {
		parsed, err := template.New(file).Parse(text)
		if err != nil {
			return nil, err
		}
		var out strings.Builder
		if err := parsed.Execute(&out, values{GitURL: repositoryURL, HelmURL: "https://charts.example.org", Tenant: tenant}); err != nil {
			return nil, err
		}
		text = out.String()
	}
	return []byte(defects(tenant).Replace(text)), nil
}

// defects replaces what the lab's repository has corrected.
func defects(tenant string) *strings.Replacer {
	return strings.NewReplacer(
		"digest: sha256:", "digest: ",
		"helm.toolkit.fluxcd.io/v2", "helm.toolkit.fluxcd.io/v2beta2",
		"networking.istio.io/v1", "networking.istio.io/v1beta1",
		"security.istio.io/v1", "security.istio.io/v1beta1",
		"https://charts.example.org/bitnami", "https://charts.bitnami.com/bitnami",
		"      kubernetes.io/os: linux", "      beta.kubernetes.io/os: linux",
		"patches:\n- patch: |-\n    apiVersion", "patchesStrategicMerge:\n- |-\n    apiVersion",
		"- target:\n    kind: Gateway", "patches:\n- target:\n    kind: Gateway",
		"value: [web."+tenant+".orthweb.com]\n- target:\n    kind: VirtualService\n    name: web-vs", "value: [web.bhs.orthweb.com]\n- target:\n    kind: VirtualService\n    name: web-vs",
		"value: [istio-system, "+tenant+"-orthweb]\n    - op", "value: [istio-system, bhs-orthweb]\n    - op",
	)
}
