package pod

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/image"
	"github.com/digihunch/kubectl-orthweb/pkg/message/kubelet"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// imageReasons are the kubelet's reasons for an image that can't be used (kubernetes
// v1.36, pkg/kubelet/images/types.go).
var imageReasons = map[string]bool{
	"InvalidImageName": true, "ErrImagePull": true, "ImagePullBackOff": true, "ErrImageNeverPull": true,
	"ImageInspectError": true, "RegistryUnavailable": true, "SignatureValidationFailed": true,
}

// badImage reports an image whose name is invalid or that can't be pulled.
func badImage(c pods.Container, reason string) pods.Problem {
	image, words := object.Text(c.Spec, "image"), object.Text(c.Status, "state", "waiting", "message")
	t := pods.Problem{Code: engine.CodeImagePull, Reason: reason, Setting: c.Path("image"), Evidence: append(c.Setting("image"), c.State("state.waiting.reason", time.Time{})...)}
	proof, since := c.EventProof("Failed", "InspectFailed", "ErrImageNeverPull")
	answer, _ := c.X.Message(words).Pull()
	for _, e := range c.Events { // the one that contains the registry's answer
		pulled, ok := c.X.Message(e.Message).Container()
		if ok && pulled.Image == image && pulled.Problem != kubelet.ContainerImageBackOff {
			answer, proof = pulled, []finding.Evidence{engine.EventEvidence(object.RefOf(c.Pod), e)}
			break
		}
	}
	if len(proof) == 0 { // otherwise the event has the same message
		proof = c.State("state.waiting.message", time.Time{})
	}
	t.Since, t.Evidence = since, append(t.Evidence, proof...)
	if image == injectedImage {
		return notInjected(c, t)
	}
	if reason == "InvalidImageName" {
		t.Code = engine.CodeInvalidImage
		t.Message = c.Description() + " has an image name that can't be parsed: " + image
		if lacksAlgorithm(image) {
			t.Message += "; its digest lacks the prefix sha256:"
		}
		t.Fixes = rename(c, image)
		return t
	}
	if reason == "ErrImageNeverPull" {
		return neverPulled(c, t, image)
	}
	pullFailed(c, &t, image, answer)
	return t
}

// neverPulled reports an image that is not on the node and must not be pulled (kubernetes
// v1.36, pkg/kubelet/images/image_manager.go).
func neverPulled(c pods.Container, t pods.Problem, image string) pods.Problem {
	t.Message = "the image " + image + " of " + c.Description() + " is not on the node, and imagePullPolicy Never prevents the node from pulling it"
	t.Fixes = []finding.Fix{
		{Text: "Set imagePullPolicy to IfNotPresent, or load the image on every node", File: flux.File(c.X, c.Work, c.Field("imagePullPolicy"))},
		{Text: "Check on which node it is missing", Command: c.Describe()},
	}
	return t
}

// pullFailed reports why an image can't be pulled, and the fix: if the image's name is
// right, nothing in Git has to change.
func pullFailed(c pods.Container, t *pods.Problem, image string, answer kubelet.Container) {
	failure, known := pullFailures[answer.Problem]
	if !known {
		failure = pullFailure{why: "the container runtime reports no reason"}
	}
	failure = failure.explain(image, answer)
	t.Message = "the image " + image + " of " + c.Description() + " can't be pulled: " + failure.why
	if failure.fix != "" {
		fix := finding.Fix{Text: failure.fix}
		if pullInGit[answer.Problem] {
			fix.File, fix.Command = flux.File(c.X, c.Work, imageSetting(c, image)), flux.ApplyCommand(c.X, c.Work)
		}
		t.Fixes = append(t.Fixes, fix)
	}
	switch answer.Problem {
	case kubelet.ContainerImageUnauthorized:
		pullSecrets(c, t)
	case kubelet.ContainerImagePlatform:
		t.Evidence = append(t.Evidence, architecture(c.View)...)
	case kubelet.ContainerImageDisk:
		t.Fixes = append(t.Fixes, finding.Fix{Text: "Check how much the node has left", Command: "kubectl describe node " + escape.ShellWord(object.Text(c.Pod.Object, "spec", "nodeName"))})
	}
	t.Fixes = append(t.Fixes, finding.Fix{Text: "Check what the registry answered", Command: c.Describe()})
}

// imageSetting is the setting of an image in the GitOps tree: kustomize has a list of
// images, and a chart its own values.
func imageSetting(c pods.Container, name string) string {
	if c.Work != nil && c.X.DefinedIn(c.Work) == "" {
		return "the image of container " + c.Name
	}
	return "images[" + image.Split(name).Repository + "]"
}

// pullSecrets reports a Secret for pulling the image that does not exist. A pod gets its
// ServiceAccount's Secrets when it is created.
func pullSecrets(c pods.Container, t *pods.Problem) {
	named := object.List(c.Pod.Object, "spec", "imagePullSecrets")
	for i, entry := range named {
		ref := engine.CoreRef("Secret", c.Pod.GetNamespace(), object.Text(entry, "name"))
		if ref.Name == "" || c.X.Presence(engine.ConfigSource{Ref: ref}) != snapshot.Absent {
			continue
		}
		t.Message += fmt.Sprintf("; %s, which should contain them, does not exist", ref)
		t.Evidence = append(t.Evidence, c.Specified(fmt.Sprintf("imagePullSecrets[%d].name", i))...)
		t.Evidence = append(t.Evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
		t.Fixes = append([]finding.Fix{{Text: "Create " + ref.String() + " with the registry's credentials, or set another in imagePullSecrets",
			Command: "kubectl get secrets -n " + escape.ShellWord(ref.Namespace) + " --field-selector type=kubernetes.io/dockerconfigjson"}}, t.Fixes...)
		return
	}
	if len(named) == 0 {
		t.Message += c.Verb("; the pods have", "; the pod has") + " no imagePullSecrets"
	}
}

// architecture quotes the architecture of the pod's node.
func architecture(s pods.View) []finding.Evidence {
	node := s.X.Snap.Lookup(engine.CoreRef(object.NodeKind.Kind, "", object.Text(s.Pod.Object, "spec", "nodeName"))).Object
	if node == nil {
		return nil
	}
	const path = "status.nodeInfo.architecture"
	value, ok := object.Quote(node.Object, path)
	if !ok {
		return nil
	}
	return []finding.Evidence{engine.Evidence(node, path, value, time.Time{})}
}

// lacksAlgorithm reports whether the digest of an image has no algorithm.
func lacksAlgorithm(name string) bool {
	_, err := image.Parse(name)
	return errors.Is(err, image.ErrBareDigest)
}

// rename is the fix for the image's name.
func rename(c pods.Container, name string) []finding.Fix {
	setting := imageSetting(c, name)
	if !lacksAlgorithm(name) {
		return []finding.Fix{{Text: "Correct the image's name", File: flux.File(c.X, c.Work, setting), Command: flux.ApplyCommand(c.X, c.Work)}}
	}
	if strings.HasPrefix(setting, "images[") {
		setting += ".digest"
	}
	return []finding.Fix{{Text: "Add the prefix sha256: to the image's digest", File: flux.File(c.X, c.Work, setting), Command: flux.ApplyCommand(c.X, c.Work)}}
}

// pullFailure is why an image could not be pulled, and the fix.
type pullFailure struct{ why, fix string }

// pullInGit are the failures that are corrected in Git.
var pullInGit = map[kubelet.ContainerProblem]bool{
	kubelet.ContainerImageNotFound: true, kubelet.ContainerImageUnauthorized: true,
	kubelet.ContainerImageName: true, kubelet.ContainerImagePlatform: true,
}

var pullFailures = map[kubelet.ContainerProblem]pullFailure{
	kubelet.ContainerImageNotFound:     {"the registry does not have it", "Use a tag or digest that the registry has"},
	kubelet.ContainerImageUnauthorized: {"the registry requires credentials, or does not have it", "If the image's name is wrong, correct it; if it is right, set a Secret with the registry's credentials in imagePullSecrets"},
	kubelet.ContainerImageName:         {"its name can't be parsed", "Correct the image's name"},
	kubelet.ContainerImagePlatform:     {"it has no variant for the node's architecture", "Use an image that is built for the node's architecture, or run the pods on other nodes (nodeSelector kubernetes.io/arch)"},
	kubelet.ContainerImageRateLimit:    {"its registry limits the rate of pulls", "Authenticate the pulls with imagePullSecrets, or pull from a mirror; the limit expires with time"},
	kubelet.ContainerImageDNS:          {"the host name of its registry can't be resolved", "Check the registry's host name in the image; if it is right, check the DNS servers that the nodes use"},
	kubelet.ContainerImageTLS:          {"the node does not trust its registry's certificate", "Have the nodes' container runtime trust the CA of the registry, or check the registry's certificate"},
	kubelet.ContainerImageProxy:        {"the node's proxy does not respond", "Check the proxy settings of the nodes' container runtime (HTTPS_PROXY, NO_PROXY)"},
	kubelet.ContainerImageDisk:         {"the node has no disk space left for it", "Free disk space on the node"},
	kubelet.ContainerImageUnreachable:  {"the registry does not respond", "Check the network from the nodes to the registry"},
}

// explain distinguishes an image that Bitnami has moved from one that never existed.
func (p pullFailure) explain(name string, answer kubelet.Container) pullFailure {
	if _, moved := image.Split(name).Moved(); moved && answer.Problem == kubelet.ContainerImageNotFound {
		return pullFailure{why: p.why + "; Bitnami moved most images of its free catalogue to docker.io/bitnamilegacy in August 2025",
			fix: "Use another image; docker.io/bitnamilegacy may have this one, without updates"}
	}
	return p
}
