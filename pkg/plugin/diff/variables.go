package diff

import (
	"context"
	"encoding/base64"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/diff/execute"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/remote"
)

// variables reads the ConfigMaps and Secrets of spec.postBuild that the tree does not have.
type variables struct {
	cluster *execute.Cluster
	remote  *remote.Fetcher
	// secrets are all values of Secrets that were read.
	secrets []string
	read    map[object.Key]values
}

// values are the values of one object.
type values struct {
	data          map[string]string
	exists, known bool
}

// maxPasses is how often a tree is built again because variables became known: Kustomizations
// that are applied by those with variables may have variables themselves.
const maxPasses = 3

// complete builds the tree again with what only the cluster has: variables, and the source that
// contains the tree, if that is known. It returns the same part of the tree, and reads nothing
// that this part does not name.
func (v *variables) complete(ctx context.Context, t *tree.Tree, c *cluster.Cluster, origin object.Ref) (*cluster.Cluster, error) {
	opts := cluster.Options{Origin: origin, Remote: v.remote, Artifacts: true, Lookup: func(ref object.Ref) (map[string]string, bool, bool) {
		found := v.read[ref.Key()]
		return found.data, found.exists, found.known
	}}
	for pass := range maxPasses {
		wanted := v.wanted(c)
		if len(wanted) == 0 && (pass > 0 || origin.Name == "") {
			return c, nil
		}
		v.readAll(ctx, wanted)
		clusters, err := cluster.DiscoverWith(ctx, t, opts)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(clusters, func(other *cluster.Cluster) bool { return other.Entry == c.Entry })
		if at < 0 {
			return c, nil
		}
		c = clusters[at]
	}
	return c, nil
}

// wanted are the objects of the incomplete Kustomizations that have not been read.
func (v *variables) wanted(c *cluster.Cluster) []object.Ref {
	var refs []object.Ref
	for _, k := range c.Kustomizations {
		if !k.Incomplete() {
			continue
		}
		for _, from := range object.List(k.Unstructured.Object, "spec", "postBuild", "substituteFrom") {
			ref := object.Ref{APIVersion: "v1", Kind: object.Text(from, "kind"), Namespace: k.GetNamespace(), Name: object.Text(from, "name")}
			if _, known := v.read[ref.Key()]; !known && !slices.Contains(refs, ref) && (ref.GroupKind() == object.ConfigMapKind || ref.GroupKind() == object.SecretKind) {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}

// readAll reads objects.
func (v *variables) readAll(ctx context.Context, refs []object.Ref) {
	if v.read == nil {
		v.read = map[object.Key]values{}
	}
	for _, ref := range refs {
		obj, failure := v.cluster.Get(ctx, ref)
		found := values{known: failure == nil, exists: obj != nil, data: map[string]string{}}
		if obj != nil {
			for key, value := range object.Map(obj.Object, "data") {
				content, _ := value.(string)
				if ref.GroupKind() == object.SecretKind {
					decoded, err := base64.StdEncoding.DecodeString(content)
					if err != nil {
						continue
					}
					content = string(decoded)
					v.secrets = append(v.secrets, content)
				}
				found.data[key] = content
			}
		}
		v.read[ref.Key()] = found
	}
}
