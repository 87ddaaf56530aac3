package supervise

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
	"github.com/digihunch/kubectl-orthweb/lab/faults"
	"github.com/digihunch/kubectl-orthweb/lab/gitserver"
	"github.com/digihunch/kubectl-orthweb/lab/korthweb"
	"github.com/digihunch/kubectl-orthweb/lab/parts"
	"github.com/digihunch/kubectl-orthweb/lab/stages"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// applyBase applies the objects that the parts need before they start: kwok's Stages, the lab's
// roles, the nodes, and Flux's own manifests as "flux bootstrap" applies them.
func (s *supervisor) applyBase(ctx context.Context) error {
	began := time.Now()
	objs, err := stages.Objects(s.source.ModuleDir)
	if err != nil {
		return err
	}
	roles, err := cluster.Roles()
	if err != nil {
		return err
	}
	if err := s.cluster.Apply(ctx, "orthweb-lab", append(objs, roles...)); err != nil {
		return err
	}
	version, err := s.source.Version("k8s.io/kubernetes")
	if err != nil {
		return err
	}
	for _, node := range cluster.NewNodes(parts.NodeAnnotation, version) {
		if err := s.cluster.Create(ctx, node); err != nil {
			return err
		}
	}
	components, err := korthweb.FluxComponents(s.source.ModuleDir)
	if err != nil {
		return err
	}
	if err := s.applyManifest(ctx, "flux", components); err != nil {
		return err
	}
	logf("nodes, Stages and Flux's manifests are applied: %s", since(began))
	return nil
}

// bootstrap does the same as "flux bootstrap" after Flux runs: it pushes the tree, and applies
// the objects that make Flux follow it.
func (s *supervisor) bootstrap(ctx context.Context) error {
	began := time.Now()
	lab := s.snapshot()
	list, err := faults.Injected(s.cfg.Dir)
	if err != nil {
		return err
	}
	for _, f := range list {
		stages, err := f.Stages()
		if err != nil {
			return err
		}
		if err := s.cluster.Apply(ctx, "orthweb-lab", stages); err != nil {
			return err
		}
	}
	files, err := Tree(lab, list, s.source.ModuleDir)
	if err != nil {
		return err
	}
	commit, _, err := gitserver.Push(WorkTree(s.cfg.Dir), GitPath(s.cfg.Dir), Message(list), files)
	if err != nil {
		return err
	}
	const sync = "gitops/fluxcd/flux-system/gotk-sync.yaml"
	if files[sync] == nil {
		return fmt.Errorf("the tree has no %s", sync)
	}
	if err := s.applyManifest(ctx, "flux", files[sync]); err != nil {
		return err
	}
	logf("the tree is pushed at %.12s: %s", commit, since(began))
	return nil
}

func (s *supervisor) applyManifest(ctx context.Context, manager string, data []byte) error {
	objs, err := cluster.Parse(data)
	if err != nil {
		return err
	}
	return s.cluster.Apply(ctx, manager, objs)
}

// Message is the message of the commit of a tree with the faults, or of the unchanged tree if
// there are none.
func Message(list []faults.Fault) string {
	if len(list) == 0 {
		return "Korthweb as the lab deploys it"
	}
	var names []string
	for _, f := range list {
		names = append(names, f.Name)
	}
	return "Break: " + strings.Join(names, ", ")
}

// Tree returns the files of the lab's tree with the faults.
func Tree(lab state.Lab, list []faults.Fault, moduleDir func(string) (string, error)) (map[string][]byte, error) {
	files, err := korthweb.Tree(korthweb.Values{
		GitURL: lab.GitURL, HelmURL: lab.HelmURL, HealthTimeout: lab.HealthTimeout, MutualTLS: lab.MutualTLS,
	}, moduleDir)
	if err != nil {
		return nil, fmt.Errorf("creating the tree: %w", err)
	}
	if files, err = faults.Break(files, list); err != nil {
		return nil, fmt.Errorf("breaking the tree: %w", err)
	}
	return files, nil
}
