package korthweb

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"text/template"
)

// FluxVersion is the Flux release whose controllers the lab's go.mod pins, and the value of
// app.kubernetes.io/version on every object of Flux.
const FluxVersion = "v2.9.5"

// fluxController is one of the controllers that `flux install` deploys.
type fluxController struct {
	Name    string
	Version string // of its image and its module
	// CPU is the request in the controller's config/manager/deployment.yaml.
	CPU string
	// Grace is the pod's terminationGracePeriodSeconds in the same file.
	Grace int
}

func (c fluxController) module() string { return "github.com/fluxcd/" + c.Name }

// StoresArtifacts reports whether other controllers download artifacts from it: it then has a
// Service.
func (c fluxController) StoresArtifacts() bool { return c.Name == "source-controller" }

// fluxControllers omits notification-controller: the lab doesn't run it.
var fluxControllers = []fluxController{
	{Name: "source-controller", Version: "v1.9.5", CPU: "50m", Grace: 10},
	{Name: "kustomize-controller", Version: "v1.9.6", CPU: "100m", Grace: 60},
	{Name: "helm-controller", Version: "v1.6.1", CPU: "100m", Grace: 600},
}

//go:embed flux/components.yaml.tmpl
var fluxComponents string

// FluxComponents returns what `flux install` would apply as multi-document YAML: the namespace,
// the CRDs of the pinned controller modules, RBAC, and the controllers' Deployments. This is
// the output of `flux install
// --components=source-controller,kustomize-controller,helm-controller --network-policy=false`
// without the quota for critical pods: without that quota the pods have no priority class.
func FluxComponents(moduleDir ModuleDir) ([]byte, error) {
	crds, err := fluxCRDs(moduleDir)
	if err != nil {
		return nil, fmt.Errorf("flux components: %w", err)
	}
	t, err := template.New("components").Parse(fluxComponents)
	if err != nil {
		return nil, fmt.Errorf("flux components: %w", err)
	}
	var out bytes.Buffer
	err = t.Execute(&out, map[string]any{
		"Version":     FluxVersion,
		"CRDs":        string(crds),
		"Controllers": fluxControllers,
	})
	return out.Bytes(), err
}

// fluxCRDs adds the labels to each definition by which flux recognizes its own.
func fluxCRDs(moduleDir ModuleDir) ([]byte, error) {
	var out bytes.Buffer
	for _, c := range fluxControllers {
		source := crdSource{module: c.module(), glob: "config/crd/bases/*.yaml"}
		crds, err := source.read(moduleDir)
		if err != nil {
			return nil, err
		}
		for _, crd := range crds {
			labels := map[string]string{
				"app.kubernetes.io/component": c.Name,
				"app.kubernetes.io/instance":  "flux-system",
				"app.kubernetes.io/part-of":   "flux",
				"app.kubernetes.io/version":   FluxVersion,
			}
			maps.Copy(labels, crd.GetLabels())
			crd.SetLabels(labels)
		}
		data, err := encodeAll(crds)
		if err != nil {
			return nil, err
		}
		out.Write(data)
	}
	return out.Bytes(), nil
}
