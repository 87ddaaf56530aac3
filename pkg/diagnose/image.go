package diagnose

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// imageReasons are a kubelet's words for an image that can't be had
// (kubernetes v1.36, pkg/kubelet/images/types.go).
var imageReasons = map[string]bool{
	"InvalidImageName": true, "ErrImagePull": true, "ImagePullBackOff": true, "ErrImageNeverPull": true,
	"ImageInspectError": true, "RegistryUnavailable": true, "SignatureValidationFailed": true,
}

// badImage is an image that can't be named or pulled.
func (c container) badImage(reason string) trouble {
	image, words := field.Text(c.spec, "image"), field.Text(c.status, "state", "waiting", "message")
	t := trouble{code: codeImagePull, reason: reason, setting: c.path("image"), evidence: append(c.setting("image"), c.state("state.waiting.reason", time.Time{})...)}
	proof, since := c.said("Failed", "InspectFailed", "ErrImageNeverPull")
	answer, _ := c.x.message(words).Pull()
	for _, e := range c.events { // the one with the registry's answer in it
		pulled, ok := c.x.message(e.Message).Container()
		if ok && pulled.Image == image && pulled.Problem != fluxmsg.ContainerImageBackOff {
			answer, proof = pulled, []finding.Evidence{eventEvidence(finding.RefOf(c.pod), e)}
			break
		}
	}
	if len(proof) == 0 { // else the event says the same
		proof = c.state("state.waiting.message", time.Time{})
	}
	t.since, t.evidence = since, append(t.evidence, proof...)
	if image == injectedImage {
		return c.notInjected(t)
	}
	if reason == "InvalidImageName" {
		t.code = codeInvalidImage
		t.message = c.what() + " has an image name that can't be parsed: " + image
		if bareDigest.MatchString(image) {
			t.message += "; its digest lacks the prefix sha256:"
		}
		t.fixes = c.rename(image)
		return t
	}
	if reason == "ErrImageNeverPull" {
		return c.neverPulled(t, image)
	}
	c.pullFailed(&t, image, answer)
	return t
}

// neverPulled is an image that is not on the node and must not be pulled
// (kubernetes v1.36, pkg/kubelet/images/image_manager.go).
func (c container) neverPulled(t trouble, image string) trouble {
	t.message = "the image " + image + " of " + c.what() + " is not on the node, and imagePullPolicy Never prevents the node from pulling it"
	t.fixes = []finding.Fix{
		{Text: "Set imagePullPolicy to IfNotPresent, or load the image on every node", File: c.x.file(c.work, c.field("imagePullPolicy"))},
		{Text: "Check on which node it is missing", Command: c.describe()},
	}
	return t
}

// pullFailed tells why an image can't be pulled, and what helps: where the
// image's name is right, nothing in Git does.
func (c container) pullFailed(t *trouble, image string, answer fluxmsg.Container) {
	failure, known := pullFailures[answer.Problem]
	if !known {
		failure = pullFailure{why: "the container runtime reports no reason"}
	}
	failure = failure.explain(image, answer)
	t.message = "the image " + image + " of " + c.what() + " can't be pulled: " + failure.why
	if failure.fix != "" {
		fix := finding.Fix{Text: failure.fix}
		if pullInGit[answer.Problem] {
			fix.File, fix.Command = c.x.file(c.work, c.imageSetting(image)), c.x.applyNow(c.work)
		}
		t.fixes = append(t.fixes, fix)
	}
	switch answer.Problem {
	case fluxmsg.ContainerImageUnauthorized:
		c.pullSecrets(t)
	case fluxmsg.ContainerImagePlatform:
		t.evidence = append(t.evidence, c.architecture()...)
	case fluxmsg.ContainerImageDisk:
		t.fixes = append(t.fixes, finding.Fix{Text: "Check how much the node has left", Command: "kubectl describe node " + escape.ShellWord(field.Text(c.pod.Object, "spec", "nodeName"))})
	}
	t.fixes = append(t.fixes, finding.Fix{Text: "Check what the registry answered", Command: c.describe()})
}

// imageSetting is where an image is named in the GitOps tree: kustomize has a
// list of images, and a chart has its own values.
func (c container) imageSetting(image string) string {
	if c.work != nil && c.x.definedIn(c.work) == "" {
		return "the image of container " + c.name
	}
	return "images[" + imageName(image) + "]"
}

// pullSecrets are the Secrets with which the image is pulled, of which one may not
// exist. A pod gets its ServiceAccount's when it is created.
func (c container) pullSecrets(t *trouble) {
	named := field.List(c.pod.Object, "spec", "imagePullSecrets")
	for i, entry := range named {
		ref := coreRef("Secret", c.pod.GetNamespace(), field.Text(entry, "name"))
		if ref.Name == "" || c.x.presence(part{ref: ref}) != snapshot.Absent {
			continue
		}
		t.message += fmt.Sprintf("; %s, which should contain them, does not exist", ref)
		t.evidence = append(t.evidence, c.specified(fmt.Sprintf("imagePullSecrets[%d].name", i))...)
		t.evidence = append(t.evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
		t.fixes = append([]finding.Fix{{Text: "Create " + ref.String() + " with the registry's credentials, or set another in imagePullSecrets",
			Command: "kubectl get secrets -n " + escape.ShellWord(ref.Namespace) + " --field-selector type=kubernetes.io/dockerconfigjson"}}, t.fixes...)
		return
	}
	if len(named) == 0 {
		t.message += c.verb("; the pods have", "; the pod has") + " no imagePullSecrets"
	}
}

// architecture is that of the pod's node.
func (s podView) architecture() []finding.Evidence {
	node := s.x.snap.Lookup(coreRef(nodeKind.Kind, "", field.Text(s.pod.Object, "spec", "nodeName"))).Object
	if node == nil {
		return nil
	}
	const path = "status.nodeInfo.architecture"
	value, ok := field.Quote(node.Object, path)
	if !ok {
		return nil
	}
	return []finding.Evidence{evidence(node, path, value, time.Time{})}
}

// bareDigest is a digest without its algorithm.
var bareDigest = regexp.MustCompile(`@[0-9a-f]{64}$`)

// imageName is an image without its tag and digest, as kustomize names it.
func imageName(image string) string {
	name, _, _ := strings.Cut(image, "@")
	if at := strings.LastIndex(name, ":"); at > strings.LastIndex(name, "/") {
		name = name[:at]
	}
	return name
}

// rename is how to correct the image's name.
func (c container) rename(image string) []finding.Fix {
	setting := c.imageSetting(image)
	if !bareDigest.MatchString(image) {
		return []finding.Fix{{Text: "Correct the image's name", File: c.x.file(c.work, setting), Command: c.x.applyNow(c.work)}}
	}
	if strings.HasPrefix(setting, "images[") {
		setting += ".digest"
	}
	return []finding.Fix{{Text: "Add the prefix sha256: to the image's digest", File: c.x.file(c.work, setting), Command: c.x.applyNow(c.work)}}
}

// pullFailure is why an image could not be pulled, and what to do.
type pullFailure struct{ why, fix string }

// pullInGit are the failures that are corrected in Git.
var pullInGit = map[fluxmsg.ContainerProblem]bool{
	fluxmsg.ContainerImageNotFound: true, fluxmsg.ContainerImageUnauthorized: true,
	fluxmsg.ContainerImageName: true, fluxmsg.ContainerImagePlatform: true,
}

var pullFailures = map[fluxmsg.ContainerProblem]pullFailure{
	fluxmsg.ContainerImageNotFound:     {"the registry does not have it", "Use a tag or digest that the registry has"},
	fluxmsg.ContainerImageUnauthorized: {"the registry requires credentials, or does not have it", "If the image's name is wrong, correct it; if it is right, set a Secret with the registry's credentials in imagePullSecrets"},
	fluxmsg.ContainerImageName:         {"its name can't be parsed", "Correct the image's name"},
	fluxmsg.ContainerImagePlatform:     {"it has no variant for the node's architecture", "Use an image that is built for the node's architecture, or run the pods on other nodes (nodeSelector kubernetes.io/arch)"},
	fluxmsg.ContainerImageRateLimit:    {"its registry limits the rate of pulls", "Authenticate the pulls with imagePullSecrets, or pull from a mirror; the limit expires with time"},
	fluxmsg.ContainerImageDNS:          {"the host name of its registry can't be resolved", "Check the registry's host name in the image; if it is right, check the DNS servers that the nodes use"},
	fluxmsg.ContainerImageTLS:          {"the node does not trust its registry's certificate", "Have the nodes' container runtime trust the CA of the registry, or check the registry's certificate"},
	fluxmsg.ContainerImageProxy:        {"the node's proxy does not respond", "Check the proxy settings of the nodes' container runtime (HTTPS_PROXY, NO_PROXY)"},
	fluxmsg.ContainerImageDisk:         {"the node has no disk space left for it", "Free disk space on the node"},
	fluxmsg.ContainerImageUnreachable:  {"the registry does not respond", "Check the network from the nodes to the registry"},
}
