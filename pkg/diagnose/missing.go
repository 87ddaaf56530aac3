package diagnose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// part is a Secret or ConfigMap that a pod needs, or a key of one.
type part struct {
	ref finding.Ref
	key string
}

// missingPart is the Secret, ConfigMap or key that the kubelet did not find.
func missingPart(said fluxmsg.Container, namespace string) (part, bool) {
	if said.Object.Namespace != "" {
		namespace = said.Object.Namespace
	}
	p := part{coreRef(said.Object.Kind, namespace, said.Object.Name), said.Key}
	return p, said.Object.Kind != "" && said.Object.Name != ""
}

// String is its name for a message.
func (p part) String() string {
	if p.key == "" {
		return p.ref.String()
	}
	return "key " + p.key + " of " + p.ref.String()
}

// presence is whether the cluster has it now. The list of Secrets is read without those
// of Helm, which no pod uses.
func (x *examiner) presence(p part) snapshot.Presence {
	list := x.snap.List(p.ref.GroupKind(), p.ref.Namespace)
	for _, obj := range list.Objects {
		if obj.GetName() == p.ref.Name {
			if p.key == "" || hasKey(obj, p.key) {
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

func hasKey(obj *unstructured.Unstructured, key string) bool {
	for _, data := range []string{"data", "binaryData", "stringData"} {
		if _, ok := field.Map(obj.Object, data)[key]; ok {
			return true
		}
	}
	return false
}

// lacks reports a pod that can't start without a Secret or ConfigMap. The cause is that
// object, or what should have created it if that is not ready.
func (s podView) lacks(p part, what, reason string) trouble {
	t := trouble{code: codeConfigMissing, reason: reason, ref: p.ref}
	gone := "does not exist"
	if p.key != "" {
		gone = "is not in it"
	}
	t.message = fmt.Sprintf("%s needs %s, which %s", what, p, gone)
	maker, known := s.creator(p)
	switch {
	case known && maker.GroupKind() == health.CertificateKind:
		t.message += "; " + maker.String() + " should create it"
	case known:
		t.message += "; it comes from " + maker.String()
	}
	if s.x.presence(p) == snapshot.Present {
		t.soft = true
		t.message = fmt.Sprintf("%s did not find %s, which exists now: it starts with the next retry", what, p)
		return t
	}
	if known && s.x.knownNotReady(maker) {
		t.blame = []finding.Ref{maker}
	}
	if known {
		t.fixes = s.x.recreateFixes(p, maker, known)
		return t
	}
	s.withoutCreator(p, &t)
	return t
}

// istioRoot is the ConfigMap that istiod creates in each namespace (istio 1.28,
// pilot/pkg/serviceregistry/kube/controller/namespacecontroller.go).
const istioRoot = "istio-ca-root-cert"

// creator is what should have created a Secret or ConfigMap, as far as that is
// known.
func (s podView) creator(p part) (finding.Ref, bool) {
	if p.ref.Kind != "ConfigMap" || p.ref.Name != istioRoot {
		return s.x.creatorOf(p.ref)
	}
	for _, work := range s.x.snap.List(health.DeploymentKind, "").Objects {
		if work.GetName() == "istiod" || work.GetLabels()["app"] == "istiod" {
			return finding.RefOf(work), true
		}
	}
	return finding.Ref{}, false
}

// withoutCreator reports a missing object without a known creator. Its name, or that of
// the key, may be misspelled.
func (s podView) withoutCreator(p part, t *trouble) {
	list := finding.PluralOf(p.ref.Kind)
	t.fixes = []finding.Fix{{Text: fmt.Sprintf("Create %s, or correct the name where the pods refer to it", p),
		File: s.x.file(s.work, "the name of "+p.ref.Short()), Command: escape.Command("kubectl get %s -n %s", list, p.ref.Namespace)}}
	if p.key != "" {
		if keys := s.x.keysOf(p.ref); len(keys) > 0 {
			t.message += "; its keys are " + strings.Join(keys, ", ")
		}
		t.fixes[0].Text = fmt.Sprintf("Add %s, or name one of its keys where the pods refer to it", p)
		t.fixes[0].Command = escape.Command("kubectl describe %s %s -n %s", strings.ToLower(p.ref.Kind), p.ref.Name, p.ref.Namespace)
		return
	}
	near, ok := s.x.nearest(p.ref)
	if ok && len(s.x.unreadable(p.ref.GroupKind(), p.ref.Namespace)) == 0 {
		t.message += fmt.Sprintf("; did you mean %s?", near.Name)
	}
}

// keysOf are the first keys of a Secret or ConfigMap.
func (x *examiner) keysOf(ref finding.Ref) []string {
	obj := x.snap.Lookup(ref).Object
	if obj == nil {
		return nil
	}
	var keys []string
	for _, data := range []string{"data", "binaryData"} {
		keys = append(keys, slices.Collect(maps.Keys(field.Map(obj.Object, data)))...)
	}
	slices.Sort(keys)
	return keys[:min(len(keys), maxNamed)]
}

// badConfig reports a container whose environment references an object or key that does
// not exist.
func (c container) badConfig() trouble {
	words := field.Text(c.status, "state", "waiting", "message")
	proof, since := c.said("Failed")
	proof = append(c.waiting(), proof...)
	said, _ := c.x.message(words).Container()
	p, ok := missingPart(said, c.pod.GetNamespace())
	if said.Problem == fluxmsg.ContainerRoot || said.Problem == fluxmsg.ContainerUser {
		return c.wouldRunAsRoot(said)
	}
	if !ok {
		t := c.notStarted("CreateContainerConfigError")
		t.code = codeConfigMissing
		return t
	}
	t := c.lacks(p, c.what(), "CreateContainerConfigError")
	t.evidence, t.since = append(c.references(p), proof...), since
	return t
}

// references is where the spec of the container references the object.
func (c container) references(p part) []finding.Evidence {
	from, by := "secretKeyRef", "secretRef"
	if p.ref.Kind == "ConfigMap" {
		from, by = "configMapKeyRef", "configMapRef"
	}
	here := c.list + "[" + c.name + "]."
	for _, env := range field.List(c.spec, "env") {
		name, key := field.Text(env, "valueFrom", from, "name"), field.Text(env, "valueFrom", from, "key")
		if name == p.ref.Name && (p.key == "" || p.key == key) {
			path := fmt.Sprintf("%senv[%s].valueFrom.%s.", here, field.Text(env, "name"), from)
			return append(c.specified(path+"name"), c.specified(path+"key")...)
		}
	}
	for i, env := range field.List(c.spec, "envFrom") {
		if field.Text(env, by, "name") == p.ref.Name {
			return c.specified(fmt.Sprintf("%senvFrom[%d].%s.name", here, i, by))
		}
	}
	return nil
}

// volumeOf is where the spec of the pod has the object as a volume.
func (s podView) volumeOf(p part, volume string) []finding.Evidence {
	path, kind := "volumes["+volume+"].", "secret.secretName"
	if p.ref.Kind == "ConfigMap" {
		kind = "configMap.name"
	}
	if proof := s.specified(path + kind); len(proof) > 0 {
		return proof
	}
	source, kind := named(field.List(s.pod.Object, "spec", "volumes"), volume), "secret"
	if p.ref.Kind == "ConfigMap" {
		kind = "configMap"
	}
	for i, part := range field.List(source, "projected", "sources") {
		if field.Text(part, kind, "name") == p.ref.Name {
			return s.specified(fmt.Sprintf("%sprojected.sources[%d].%s.name", path, i, kind))
		}
	}
	return nil
}
