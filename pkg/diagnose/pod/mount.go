package pod

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/kubelet"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// NotMounted reports a pod on a node whose volumes or network are not set up yet.
func NotMounted(s pods.View) []pods.Trouble {
	if object.Text(s.Pod.Object, "status", "phase") != "Pending" {
		return nil
	}
	e, words, ok := mountFailure(s)
	if !ok {
		return nil
	}
	var t pods.Trouble
	switch p, missing := missingInVolume(s, words); {
	case words.Problem == kubelet.ContainerAttached:
		t = attached(s, e, words)
		t.Evidence, t.Since = append(t.Evidence, engine.EventEvidence(object.RefOf(s.Pod), e)), e.First
		return []pods.Trouble{t}
	case e.Reason == "FailedCreatePodSandBox":
		t = noSandbox(s, e)
	case missing:
		t = lacks(s, p, s.Owner.String(), e.Reason)
		t.Evidence = volumeOf(s, p, words.Volume)
	default:
		t = pods.Trouble{
			Code: engine.CodeVolumeMount, Reason: e.Reason,
			Message: s.Owner.String() + " waits for a volume that can't be mounted: " + engine.FirstLine(cmp.Or(words.Detail, e.Message)),
			Fixes:   []finding.Fix{{Text: "Check which volume it is", Command: s.Describe()}},
		}
	}
	// Mounts often fail and are retried when a pod starts.
	t.Soft = t.Soft || e.Count < 3 && e.Last.Sub(e.First) < time.Minute
	proof, since := s.EventProof(e.Reason)
	t.Evidence, t.Since = append(t.Evidence, proof...), since
	return []pods.Trouble{t}
}

// mountFailure is the newest event about a volume or the network that states the reason:
// for a long time, a kubelet only repeats that it has timed out.
func mountFailure(s pods.View) (health.Warning, kubelet.Container, bool) {
	var vague health.Warning
	for _, e := range s.Events {
		if !slices.Contains([]string{"FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox"}, e.Reason) {
			continue
		}
		words, _ := s.X.Message(e.Message).Container()
		if words.Problem != kubelet.ContainerMountTimeout {
			return e, words, true
		}
		if vague.Reason == "" {
			vague = e
		}
	}
	words, _ := s.X.Message(vague.Message).Container()
	return vague, words, vague.Reason != ""
}

// missingInVolume is the Secret, ConfigMap or key that a volume lacks. For a missing key,
// a kubelet names only the volume.
func missingInVolume(s pods.View, said kubelet.Container) (engine.Part, bool) {
	if p, ok := engine.MissingPart(said, s.Pod.GetNamespace()); ok {
		return p, true
	}
	source := pods.EntryNamed(object.List(s.Pod.Object, "spec", "volumes"), said.Volume)
	if said.Key == "" || source == nil {
		return engine.Part{}, false
	}
	if name := object.Text(source, "secret", "secretName"); name != "" {
		return engine.Part{Ref: engine.CoreRef("Secret", s.Pod.GetNamespace(), name), Key: said.Key}, true
	}
	name := object.Text(source, "configMap", "name")
	return engine.Part{Ref: engine.CoreRef("ConfigMap", s.Pod.GetNamespace(), name), Key: said.Key}, name != ""
}

// noSandbox reports a node that can't set up the pod's network, which is a problem of the
// CNI plugin.
func noSandbox(s pods.View, e health.Warning) pods.Trouble {
	node := engine.CoreRef("Node", "", object.Text(s.Pod.Object, "spec", "nodeName"))
	t := pods.Trouble{
		Code: engine.CodeContainerFailed, Reason: e.Reason, Ref: node,
		Message: fmt.Sprintf("node %s can't set up the network of %s: %s", node.Name, s.Pods(), engine.FirstLine(e.Message)),
		Fixes:   []finding.Fix{{Text: "Check the node's network plugin", Command: "kubectl get pods -A --field-selector spec.nodeName=" + escape.ShellWord(node.Name)}},
	}
	if node.Name == "" {
		t.Ref = object.Ref{}
	}
	return t
}
