package pod

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/message/kubelet"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// lacks reports a pod that can't start without a Secret or ConfigMap. The cause is that
// object, or what should have created it if that is not ready.
func lacks(s pods.View, p engine.ConfigSource, what, reason string) pods.Problem {
	t := pods.Problem{Code: engine.CodeConfigMissing, Reason: reason, Ref: p.Ref}
	t.Message = fmt.Sprintf("%s needs %s, which does not exist", what, p)
	owner, known := creator(s, p)
	switch {
	case known && owner.GroupKind() == object.CertificateKind:
		t.Message += "; " + owner.String() + " should create it"
	case known:
		t.Message += "; it comes from " + owner.String()
	}
	if s.X.Presence(p) == snapshot.Present {
		t.MayBeTemporary = true
		t.Message = fmt.Sprintf("%s did not find %s, which exists now: it starts with the next retry", what, p)
		return t
	}
	if known && flux.KnownNotReady(s.X, owner) {
		t.Blame = []object.Ref{owner}
	}
	if known {
		t.Fixes = flux.RecreateFixes(s.X, p, owner, known)
		return t
	}
	withoutCreator(s, p, &t)
	return t
}

// istioRoot is the ConfigMap that istiod creates in each namespace (istio 1.28,
// pilot/pkg/serviceregistry/kube/controller/namespacecontroller.go).
const istioRoot = "istio-ca-root-cert"

// creator is what should have created a Secret or ConfigMap, as far as that is
// known.
func creator(s pods.View, p engine.ConfigSource) (object.Ref, bool) {
	if p.Ref.Kind != "ConfigMap" || p.Ref.Name != istioRoot {
		return flux.CreatorOf(s.X, p.Ref)
	}
	for _, work := range s.X.Snap.List(object.DeploymentKind, "").Objects {
		if work.GetName() == "istiod" || work.GetLabels()["app"] == "istiod" {
			return object.RefOf(work), true
		}
	}
	return object.Ref{}, false
}

// withoutCreator reports a missing object without a known creator. Its name, or that of
// the key, may be misspelled.
func withoutCreator(s pods.View, p engine.ConfigSource, t *pods.Problem) {
	list := object.PluralOf(p.Ref.Kind)
	t.Fixes = []finding.Fix{{Text: fmt.Sprintf("Create %s, or correct the name where the pods reference it", p),
		File: flux.File(s.X, s.Work, "the name of "+p.Ref.Short()), Command: escape.Command("kubectl get %s -n %s", list, p.Ref.Namespace)}}
	if p.Key != "" {
		if keys := keysOf(s.X, p.Ref); len(keys) > 0 {
			t.Message += "; the " + p.Ref.Kind + " has these keys: " + strings.Join(keys, ", ")
		}
		t.Fixes[0].Text = fmt.Sprintf("Add key %s to %s, or use one of its existing keys where the pods reference it", p.Key, p.Ref)
		t.Fixes[0].Command = escape.Command("kubectl describe %s %s -n %s", strings.ToLower(p.Ref.Kind), p.Ref.Name, p.Ref.Namespace)
		return
	}
	near, ok := s.X.Nearest(p.Ref)
	if ok && len(s.X.Unreadable(p.Ref.GroupKind(), p.Ref.Namespace)) == 0 {
		t.Message += fmt.Sprintf("; did you mean %s?", near.Name)
	}
}

// keysOf are the first keys of a Secret or ConfigMap.
func keysOf(x *engine.Context, ref object.Ref) []string {
	obj := x.Snap.Lookup(ref).Object
	if obj == nil {
		return nil
	}
	var keys []string
	for _, data := range []string{"data", "binaryData"} {
		keys = append(keys, slices.Collect(maps.Keys(object.Map(obj.Object, data)))...)
	}
	slices.Sort(keys)
	return keys[:min(len(keys), engine.MaxNamed)]
}

// badConfig reports a container whose environment references an object or key that does
// not exist.
func badConfig(c pods.Container) pods.Problem {
	words := object.Text(c.Status, "state", "waiting", "message")
	proof, since := c.EventProof("Failed")
	proof = append(c.Waiting(), proof...)
	parsed, _ := c.X.Message(words).Container()
	p, ok := engine.MissingConfigSource(parsed, c.Pod.GetNamespace())
	if parsed.Problem == kubelet.ContainerRoot || parsed.Problem == kubelet.ContainerUser {
		return wouldRunAsRoot(c, parsed)
	}
	if !ok {
		t := notStarted(c, "CreateContainerConfigError")
		t.Code = engine.CodeConfigMissing
		return t
	}
	t := lacks(c.View, p, c.Description(), "CreateContainerConfigError")
	t.Evidence, t.Since = append(references(c, p), proof...), since
	return t
}

// references is where the spec of the container references the object.
func references(c pods.Container, p engine.ConfigSource) []finding.Evidence {
	from, by := "secretKeyRef", "secretRef"
	if p.Ref.Kind == "ConfigMap" {
		from, by = "configMapKeyRef", "configMapRef"
	}
	here := c.List + "[" + c.Name + "]."
	for _, env := range object.List(c.Spec, "env") {
		name, key := object.Text(env, "valueFrom", from, "name"), object.Text(env, "valueFrom", from, "key")
		if name == p.Ref.Name && (p.Key == "" || p.Key == key) {
			path := fmt.Sprintf("%senv[%s].valueFrom.%s.", here, object.Text(env, "name"), from)
			return append(c.Specified(path+"name"), c.Specified(path+"key")...)
		}
	}
	for i, env := range object.List(c.Spec, "envFrom") {
		if object.Text(env, by, "name") == p.Ref.Name {
			return c.Specified(fmt.Sprintf("%senvFrom[%d].%s.name", here, i, by))
		}
	}
	return nil
}

// volumeOf is where the spec of the pod has the object as a volume.
func volumeOf(s pods.View, p engine.ConfigSource, volume string) []finding.Evidence {
	path, kind := "volumes["+volume+"].", "secret.secretName"
	if p.Ref.Kind == "ConfigMap" {
		kind = "configMap.name"
	}
	if proof := s.Specified(path + kind); len(proof) > 0 {
		return proof
	}
	source, kind := pods.EntryNamed(object.List(s.Pod.Object, "spec", "volumes"), volume), "secret"
	if p.Ref.Kind == "ConfigMap" {
		kind = "configMap"
	}
	for i, part := range object.List(source, "projected", "sources") {
		if object.Text(part, kind, "name") == p.Ref.Name {
			return s.Specified(fmt.Sprintf("%sprojected.sources[%d].%s.name", path, i, kind))
		}
	}
	return nil
}
