package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// unmounted is a pod on a node whose volumes or network are not there yet.
func (s podView) unmounted() []trouble {
	if field.Text(s.pod.Object, "status", "phase") != "Pending" {
		return nil
	}
	e, words, ok := s.mountFailure()
	if !ok {
		return nil
	}
	var t trouble
	switch p, missing := s.missingInVolume(words); {
	case words.Problem == fluxmsg.ContainerAttached:
		t = s.attached(e, words)
		t.evidence, t.since = append(t.evidence, eventEvidence(finding.RefOf(s.pod), e)), e.First
		return []trouble{t}
	case e.Reason == "FailedCreatePodSandBox":
		t = s.noSandbox(e)
	case missing:
		t = s.lacks(p, s.owner.String(), e.Reason)
		t.evidence = s.volumeOf(p, words.Volume)
	default:
		t = trouble{
			code: codeVolumeMount, reason: e.Reason,
			message: s.owner.String() + " waits for a volume that can't be mounted: " + firstLine(cmp.Or(words.Detail, e.Message)),
			fixes:   []finding.Fix{{Text: "Check which volume it is", Command: s.describe()}},
		}
	}
	// The first moments of a pod are full of mounts that are tried again.
	t.soft = t.soft || e.Count < 3 && e.Last.Sub(e.First) < time.Minute
	proof, since := s.said(e.Reason)
	t.evidence, t.since = append(t.evidence, proof...), since
	return []trouble{t}
}

// mountFailure is the newest event about a volume or the network that says why:
// a kubelet repeats for long that it has waited in vain.
func (s podView) mountFailure() (health.Warning, fluxmsg.Container, bool) {
	var vague health.Warning
	for _, e := range s.events {
		if !slices.Contains([]string{"FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox"}, e.Reason) {
			continue
		}
		words, _ := s.x.message(e.Message).Container()
		if words.Problem != fluxmsg.ContainerMountTimeout {
			return e, words, true
		}
		if vague.Reason == "" {
			vague = e
		}
	}
	words, _ := s.x.message(vague.Message).Container()
	return vague, words, vague.Reason != ""
}

// missingInVolume is the Secret, ConfigMap or key that a volume lacks. A kubelet
// that misses a key names the volume alone.
func (s podView) missingInVolume(said fluxmsg.Container) (part, bool) {
	if p, ok := missingPart(said, s.pod.GetNamespace()); ok {
		return p, true
	}
	source := named(field.List(s.pod.Object, "spec", "volumes"), said.Volume)
	if said.Key == "" || source == nil {
		return part{}, false
	}
	if name := field.Text(source, "secret", "secretName"); name != "" {
		return part{coreRef("Secret", s.pod.GetNamespace(), name), said.Key}, true
	}
	name := field.Text(source, "configMap", "name")
	return part{coreRef("ConfigMap", s.pod.GetNamespace(), name), said.Key}, name != ""
}

// noSandbox is a node that can't give the pod a network: CNI's trouble.
func (s podView) noSandbox(e health.Warning) trouble {
	node := coreRef("Node", "", field.Text(s.pod.Object, "spec", "nodeName"))
	t := trouble{
		code: codeContainerFailed, reason: e.Reason, ref: node,
		message: fmt.Sprintf("node %s can't set up the network of %s: %s", node.Name, s.pods(), firstLine(e.Message)),
		fixes:   []finding.Fix{{Text: "Check the node's network plugin", Command: "kubectl get pods -A --field-selector spec.nodeName=" + escape.ShellWord(node.Name)}},
	}
	if node.Name == "" {
		t.ref = finding.Ref{}
	}
	return t
}

// claims are the names of the claims that a pod's volumes are on: those it
// names, and those made for it alone (generic ephemeral volumes).
func claims(pod *unstructured.Unstructured) []string {
	var found []string
	for _, volume := range field.List(pod.Object, "spec", "volumes") {
		if name := field.Text(volume, "persistentVolumeClaim", "claimName"); name != "" {
			found = append(found, name)
		}
		if field.Map(volume, "ephemeral") != nil {
			found = append(found, pod.GetName()+"-"+field.Text(volume, "name"))
		}
	}
	return found
}
