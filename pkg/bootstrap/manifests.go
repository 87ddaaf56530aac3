package bootstrap

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/fluxcd/flux2/v2/pkg/manifestgen"
	"github.com/fluxcd/flux2/v2/pkg/manifestgen/install"
	"github.com/fluxcd/flux2/v2/pkg/manifestgen/sync"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/flux/release"
)

// The files that `flux bootstrap` commits.
const (
	ComponentsFile    = "gotk-components.yaml"
	SyncFile          = "gotk-sync.yaml"
	KustomizationFile = "kustomization.yaml"
)

// Manifests are the files that `flux bootstrap` commits to a repository.
type Manifests struct {
	// Directory is where they are in the repository, relative to its root: the path that Flux
	// applies and its namespace.
	Directory string
	// Components installs Flux, Sync makes it apply the repository: YAML of several documents.
	Components, Sync string
	// Kustomization is the kustomization.yaml that includes both.
	Kustomization string
}

// Documents returns the manifests as one YAML text of several documents.
func (m Manifests) Documents() string { return m.Components + m.Sync }

// Generate generates the manifests, with the code of flux2 and the manifests that are built in.
// It calls Validate.
func Generate(o Options) (Manifests, error) {
	if err := o.Validate(); err != nil {
		return Manifests{}, err
	}
	components, err := generateComponents(o)
	if err != nil {
		return Manifests{}, fmt.Errorf("generating the manifests of Flux %s: %w", o.Flux, err)
	}
	options := sync.MakeDefaultOptions()
	options.URL, options.Branch, options.Interval = o.Repository.URL, o.Branch, o.Interval
	options.Name, options.Namespace, options.Secret = o.Namespace, o.Namespace, o.Secret
	options.TargetPath = o.directory()
	synced, err := sync.Generate(options)
	if err != nil {
		return Manifests{}, fmt.Errorf("generating the manifests of the repository: %w", err)
	}
	kustomization, err := yaml.Marshal(types.Kustomization{
		TypeMeta:  types.TypeMeta{APIVersion: types.KustomizationVersion, Kind: types.KustomizationKind},
		Resources: []string{ComponentsFile, SyncFile},
	})
	if err != nil {
		return Manifests{}, fmt.Errorf("generating %s: %w", KustomizationFile, err)
	}
	return Manifests{
		Directory: path.Join(o.directory(), o.Namespace), Components: components, Sync: synced.Content, Kustomization: string(kustomization),
	}, nil
}

// generateComponents writes the bundle of the release to a temporary directory, in which flux2
// adds the options and runs kustomize. With such a directory, flux2 downloads nothing.
func generateComponents(o Options) (content string, err error) {
	bundle, err := release.Bundle(o.Flux)
	if err != nil {
		return "", err
	}
	private, err := manifestgen.MkdirTempAbs("", "kubectl-orthweb-") // only its owner can read it
	if err != nil {
		return "", err
	}
	defer func() {
		if removed := os.RemoveAll(private); err == nil {
			err = removed
		}
	}()
	// kustomize may read the parent of its directory, so that is private, too.
	base := filepath.Join(private, "manifests")
	if err := os.Mkdir(base, 0o700); err != nil {
		return "", err
	}
	for name, data := range bundle {
		if err := os.WriteFile(filepath.Join(base, name), data, 0o600); err != nil {
			return "", err
		}
	}
	options := install.MakeDefaultOptions()
	options.Version, options.Namespace, options.NetworkPolicy = o.Flux, o.Namespace, o.NetworkPolicy
	options.Components, options.ComponentsExtra = o.components(), nil
	manifest, err := install.Generate(options, base)
	if err != nil {
		return "", fmt.Errorf("%s", strings.ReplaceAll(err.Error(), private+string(filepath.Separator), ""))
	}
	if !strings.HasSuffix(manifest.Content, "\n") {
		manifest.Content += "\n"
	}
	return manifest.Content, nil
}
