package korthweb

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"text/template"
	"time"
)

// Values are the values of a tree that depend on the lab.
type Values struct {
	// GitURL is the URL from which Flux clones the tree: plain HTTP, no secret.
	GitURL string
	// HelmURL is the base of the five Helm repositories, each HelmURL + "/" + name.
	HelmURL string
	// HealthTimeout, when not zero, becomes spec.timeout of every Kustomization but the root,
	// with spec.retryInterval 15s, so that a fault becomes visible in time.
	HealthTimeout time.Duration
	// MutualTLS makes the Gateways request client certificates.
	MutualTLS bool
}

// ModuleDir finds the directory on disk of a module that the lab's go.mod pins.
type ModuleDir = func(modulePath string) (string, error)

// These are the tree's sources. A path with tenantDir is rendered once for each tenant; a path
// that ends in templateExt is a text/template, and the extension is removed.
const (
	treeRoot    = "tree"
	tenantDir   = "TENANT"
	templateExt = ".tmpl"
)

//go:embed all:tree
var treeFiles embed.FS

// Tenants are the two tenants that upstream deploys: Beaverdale Health Services and Maple Hill
// Radiology (gitops/fluxcd/bhs-*.yaml and mhr-*.yaml).
func Tenants() []string { return []string{"bhs", "mhr"} }

// Tree returns the GitOps repository's files by path, "gitops/…", in upstream's layout, with
// Values inserted and Flux's manifests in the directory that bootstrap uses.
func Tree(v Values, moduleDir ModuleDir) (map[string][]byte, error) {
	if v.GitURL == "" || v.HelmURL == "" {
		return nil, fmt.Errorf("a tree needs both a Git and a Helm URL, got %q and %q", v.GitURL, v.HelmURL)
	}
	files, err := renderTree(v)
	if err != nil {
		return nil, fmt.Errorf("render the tree: %w", err)
	}
	components, err := FluxComponents(moduleDir)
	if err != nil {
		return nil, err
	}
	files["gitops/fluxcd/flux-system/gotk-components.yaml"] = components
	return files, nil
}

func renderTree(v Values) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(treeFiles, treeRoot, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		source, err := treeFiles.ReadFile(path)
		if err != nil {
			return err
		}
		tenants := []string{""}
		if strings.Contains(path, tenantDir) {
			tenants = Tenants()
		}
		for _, tenant := range tenants {
			name, content, err := renderFile(path, source, v, tenant)
			if err != nil {
				return err
			}
			files[name] = content
		}
		return nil
	})
	return files, err
}

func renderFile(path string, source []byte, v Values, tenant string) (string, []byte, error) {
	name := strings.TrimPrefix(path, treeRoot+"/")
	name = strings.ReplaceAll(name, tenantDir, tenant)
	name, isTemplate := strings.CutSuffix(name, templateExt)
	if !isTemplate {
		return name, source, nil
	}
	t, err := template.New(path).Parse(string(source))
	if err != nil {
		return "", nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, struct {
		Values
		Tenant string
	}{v, tenant})
	return name, out.Bytes(), err
}
