package cluster

import "github.com/digihunch/kubectl-orthweb/pkg/tree/build"

// Uses are the files of the tree that a Kustomization of the cluster is built from.
func (c *Cluster) Uses(k *Kustomization) (*build.Uses, error) {
	return build.UsesOf(c.source, k.Unstructured)
}
