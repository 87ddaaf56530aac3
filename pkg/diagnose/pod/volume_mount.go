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

// CheckMounts reports a pod on a node whose volumes or network are not set up yet.
func CheckMounts(s pods.View) []pods.Problem {
	if object.Text(s.Pod.Object, "status", "phase") != "Pending" {
		return nil
	}
	e, words, ok := mountFailure(s)
	if !ok {
		return nil
	}
	var t pods.Problem
	switch p, missing := missingInVolume(s, words); {
	case words.Problem == kubelet.ContainerAttached:
		t = attached(s, e, words)
		t.Evidence, t.Since = append(t.Evidence, engine.EventEvidence(object.RefOf(s.Pod), e)), e.First
		return []pods.Problem{t}
	case e.Reason == "FailedCreatePodSandBox":
		t = noSandbox(s, e)
	case missing:
		t = lacks(s, p, s.Owner.String(), e.Reason)
		t.Evidence = volumeOf(s, p, words.Volume)
	default:
		t = pods.Problem{
			Code: engine.CodeVolumeMount, Reason: e.Reason,
			Message: s.Owner.String() + " waits for a volume that can't be mounted: " + health.FirstLine(cmp.Or(words.Detail, e.Message)),
			Fixes:   []finding.Fix{{Text: "Check which volume it is", Command: s.Describe()}},
		}
	}
	// Mounts often fail and are retried when a pod starts.
	t.MayBeTemporary = t.MayBeTemporary || e.Count < 3 && e.Last.Sub(e.First) < time.Minute
	proof, since := s.EventProof(e.Reason)
	t.Evidence, t.Since = append(t.Evidence, proof...), since
	return []pods.Problem{t}
}

// mountFailure is the newest event about a volume or the network that states the reason:
// for a long time, a kubelet only repeats that it has timed out.
func mountFailure(s pods.View) (health.Warning, kubelet.Container, bool) {
	var general health.Warning
	for _, e := range s.Events {
		if !slices.Contains([]string{"FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox"}, e.Reason) {
			continue
		}
		words, _ := s.X.Message(e.Message).Container()
		if words.Problem != kubelet.ContainerMountTimeout {
			return e, words, true
		}
		if general.Reason == "" {
			general = e
		}
	}
	words, _ := s.X.Message(general.Message).Container()
	return general, words, general.Reason != ""
}

// missingInVolume is the Secret, ConfigMap or key that a volume lacks. For a missing key,
// a kubelet names only the volume.
func missingInVolume(s pods.View, parsed kubelet.Container) (engine.ConfigSource, bool) {
	if p, ok := engine.MissingConfigSource(parsed, s.Pod.GetNamespace()); ok {
		return p, true
	}
	source := pods.EntryNamed(object.List(s.Pod.Object, "spec", "volumes"), parsed.Volume)
	if parsed.Key == "" || source == nil {
		return engine.ConfigSource{}, false
	}
	if name := object.Text(source, "secret", "secretName"); name != "" {
		return engine.ConfigSource{Ref: engine.CoreRef("Secret", s.Pod.GetNamespace(), name), Key: parsed.Key}, true
	}
	name := object.Text(source, "configMap", "name")
	return engine.ConfigSource{Ref: engine.CoreRef("ConfigMap", s.Pod.GetNamespace(), name), Key: parsed.Key}, name != ""
}

// noSandbox reports a node that can't set up the pod's network, which is a problem of the
// CNI plugin.
func noSandbox(s pods.View, e health.Warning) pods.Problem {
	node := engine.CoreRef("Node", "", object.Text(s.Pod.Object, "spec", "nodeName"))
	t := pods.Problem{
		Code: engine.CodeContainerFailed, Reason: e.Reason, Ref: node,
		Message: fmt.Sprintf("node %s can't set up the network of %s: %s", node.Name, s.Pods(), health.FirstLine(e.Message)),
		Fixes:   []finding.Fix{{Text: "Check the node's network plugin", Command: "kubectl get pods -A --field-selector spec.nodeName=" + escape.ShellWord(node.Name)}},
	}
	if node.Name == "" {
		t.Ref = object.Ref{}
	}
	return t
}
