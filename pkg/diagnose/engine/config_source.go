package engine

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/message/kubelet"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ConfigSource is a Secret or ConfigMap that a pod needs, or a key of one.
type ConfigSource struct {
	Ref object.Ref
	Key string
}

// MissingConfigSource is the Secret, ConfigMap or key that the kubelet did not find.
func MissingConfigSource(parsed kubelet.Container, namespace string) (ConfigSource, bool) {
	if parsed.Object.Namespace != "" {
		namespace = parsed.Object.Namespace
	}
	p := ConfigSource{CoreRef(parsed.Object.Kind, namespace, parsed.Object.Name), parsed.Key}
	return p, parsed.Object.Kind != "" && parsed.Object.Name != ""
}

// String is its name for a message.
func (p ConfigSource) String() string {
	if p.Key == "" {
		return p.Ref.String()
	}
	return "key " + p.Key + " of " + p.Ref.String()
}

// Presence is whether the cluster has it now. The list of Secrets is read without those
// of Helm, which no pod uses.
func (x *Context) Presence(p ConfigSource) snapshot.Presence {
	list := x.Snap.List(p.Ref.GroupKind(), p.Ref.Namespace)
	for _, obj := range list.Objects {
		if obj.GetName() == p.Ref.Name {
			if p.Key == "" || HasKey(obj, p.Key) {
				return snapshot.Present
			}
			return snapshot.Absent
		}
	}
	if len(list.Unknown) > 0 {
		return snapshot.Unknown
	}
	return snapshot.Absent
}

// HasKey reports whether a Secret or ConfigMap has the key.
func HasKey(obj *unstructured.Unstructured, key string) bool {
	for _, data := range []string{"data", "binaryData", "stringData"} {
		if _, ok := object.Map(obj.Object, data)[key]; ok {
			return true
		}
	}
	return false
}
