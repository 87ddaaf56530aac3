package diagnose

import (
	"regexp"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
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
	if reason == "ErrImagePull" {
		reason = "ImagePullBackOff" // the same, between two tries
	}
	t := trouble{code: codeImagePull, reason: reason, setting: c.path("image"), evidence: append(c.setting("image"), c.state("state.waiting.reason", time.Time{})...)}
	proof, since := c.said("Failed", "InspectFailed", "ErrImageNeverPull")
	answer, _ := fluxmsg.ParseContainer(words)
	for _, e := range c.events { // the one with the registry's answer in it
		pulled, ok := fluxmsg.ParseContainer(e.message)
		if ok && pulled.Image == image && pulled.Problem != fluxmsg.ContainerImageBackOff {
			answer, proof = pulled, []finding.Evidence{said(finding.RefOf(c.pod), e)}
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
			t.message += "; its digest lacks sha256: in front"
		}
		t.fixes = c.rename(image)
		return t
	}
	failure, known := pullFailures[answer.Problem]
	if !known {
		failure = pullFailure{"its registry does not give it out", "Check the image's name and the registry"}
	}
	t.message = "the image " + image + " of " + c.what() + " can't be pulled: " + failure.why
	t.fixes = []finding.Fix{
		{Text: failure.fix, File: c.x.file(c.work, "images["+imageName(image)+"]"), Command: c.x.applyNow(c.work)},
		{Text: "See what the registry answered", Command: c.describe()},
	}
	return t
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

// rename is how to mend the image's name.
func (c container) rename(image string) []finding.Fix {
	if bareDigest.MatchString(image) {
		return []finding.Fix{{Text: "Put sha256: in front of the image's digest", File: c.x.file(c.work, "images["+imageName(image)+"].digest"), Command: c.x.applyNow(c.work)}}
	}
	return []finding.Fix{{Text: "Correct the image's name", File: c.x.file(c.work, "images["+imageName(image)+"]"), Command: c.x.applyNow(c.work)}}
}

// pullFailure is why an image could not be pulled, and what to do.
type pullFailure struct{ why, fix string }

var pullFailures = map[fluxmsg.ContainerProblem]pullFailure{
	fluxmsg.ContainerImageNotFound:     {"the registry does not have it", "Name a tag or digest that the registry has"},
	fluxmsg.ContainerImageUnauthorized: {"the registry wants credentials, or does not know it", "Check the image's name and imagePullSecrets"},
	fluxmsg.ContainerImageUnreachable:  {"the registry can't be reached, or takes no more pulls", "Check the nodes' way to the registry, or pull from a mirror"},
	fluxmsg.ContainerImageName:         {"its name can't be parsed", "Correct the image's name"},
}
