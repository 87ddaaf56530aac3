package kubelet

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

var (
	// k8s.io/kubernetes 1.36, pkg/kubelet/images/image_manager.go.
	imageFailed  = match.Wording(`(?s)^Failed to pull image "([^"\s]+)": (.*)$`)
	imageBackOff = match.Wording(`(?s)^Back-off pulling image "([^"\s]+)"(?:: (.*))?$`)
	imageName    = match.Wording(`(?s)^Failed to apply default image tag "([^"\s]+)": (.*)$`)
	imageNever   = match.Wording(`^Container image "([^"\s]+)" is not present with pull policy of Never$`)
	imageGone    = match.Wording(`(?s)^image pull failed for (\S+) because the (?:registry is unavailable|signature validation failed)(.*)$`)
	// A container status only has the message of the runtime: containerd's, then Docker's and
	// CRI-O's.
	imageRuntime = match.Wording(`(?s)^(?:ErrImagePull: )?(?:rpc error: code = \w+ desc = )?(?:failed to pull and unpack image|initializing source|Error response from daemon: (?:manifest for|pull access denied for)|(?:reading|writing) manifest) ?"?([^"\s]*)"?,?(.*)$`)
)

func parseImage(text string) (Container, bool) {
	if found := imageName.FindStringSubmatch(text); found != nil {
		return Container{Problem: ContainerImageName, Image: match.Word(found[1]), Detail: match.Detail(found[2])}, true
	}
	if found := imageFailed.FindStringSubmatch(text); found != nil {
		return Container{Problem: imageProblem(found[2]), Image: match.Word(found[1]), Detail: match.Detail(found[2])}, true
	}
	if found := imageBackOff.FindStringSubmatch(text); found != nil {
		container := Container{Problem: ContainerImageBackOff, Image: match.Word(found[1]), Detail: match.Detail(found[2])}
		if found[2] != "" {
			container.Problem = imageProblem(found[2])
		}
		return container, true
	}
	if found := imageNever.FindStringSubmatch(text); found != nil {
		return Container{Problem: ContainerImageNotFound, Image: match.Word(found[1]), Detail: match.Detail(text)}, true
	}
	if found := imageGone.FindStringSubmatch(text); found != nil {
		return Container{Problem: imageProblem(text), Image: match.Word(found[1]), Detail: match.Detail(text)}, true
	}
	if found := imageRuntime.FindStringSubmatch(text); found != nil {
		container := Container{Problem: imageProblem(text), Detail: match.Detail(text)}
		if strings.Contains(text, "failed to pull and unpack image") || strings.HasPrefix(text, "Error response") {
			container.Image = match.Word(found[1])
		}
		return container, true
	}
	return Container{}, false
}

// ParsePull parses the waiting state of a container whose image can't be pulled. Any message
// there is about a pull, and is often only that of a registry: "toomanyrequests: You have
// reached your pull rate limit."
func ParsePull(message string) (Container, bool) {
	text := strings.TrimPrefix(strings.TrimSpace(match.Bound(message)), "Error: ")
	if container, ok := parseImage(text); ok {
		return container, true
	}
	return Container{Problem: imageProblem(text), Detail: match.Detail(text)}, text != ""
}

// pullLimited matches the response of a registry that accepts no more pulls for some time:
// Docker Hub's, GitHub's and Amazon ECR's "toomanyrequests: …" (OCI distribution-spec 1.1,
// error codes), Quay's and others' HTTP status. An image may have such a name, too.
var pullLimited = match.Wording(`(?:^|[\s:])toomanyrequests(?::\s|\s|:?$)|\b429 too many requests\b|\bstatus(?: code)?:? 429\b|\bpull rate limit\b|\brate (?:limit )?exceeded\b`)

var quotedText = match.Wording(`"[^"\n]*"`)

// imageProblem classifies a message of a registry or a container runtime. Without permission,
// a client may get "not found", so refusals are checked first.
func imageProblem(why string) ContainerProblem {
	// The name of the image, in quotes, is not part of the error.
	lower := strings.ToLower(quotedText.ReplaceAllString(why, ""))
	switch {
	case pullLimited.MatchString(lower): // Docker Hub adds "denied" to these too
		return ContainerImageRateLimit
	case match.ContainsAny(lower, "unauthorized", "authentication required", "403 forbidden", "access denied", "authorization failed", "denied:", "no basic auth credentials"):
		return ContainerImageUnauthorized
	case match.ContainsAny(lower, "invalid reference format", "couldn't parse image", "invalidimagename"):
		return ContainerImageName
	case match.ContainsAny(lower, "proxyconnect"):
		return ContainerImageProxy
	case match.ContainsAny(lower, "no such host", "server misbehaving"):
		return ContainerImageDNS
	case match.ContainsAny(lower, "x509: ", "tls: ", "server gave http response to https client"):
		return ContainerImageTLS
	case match.ContainsAny(lower, "no space left on device"):
		return ContainerImageDisk
	case match.ContainsAny(lower, "no match for platform", "no matching manifest for ", "no image found in manifest list for architecture"):
		return ContainerImagePlatform
	case match.ContainsAny(lower, "manifest unknown", "not found", "name unknown", "no such image"):
		return ContainerImageNotFound
	case match.ContainsAny(lower, "i/o timeout", "connection refused", "deadline exceeded", "tls handshake", "no route to host", "network is unreachable", "registry is unavailable", "connection reset", "500 internal", "502 bad", "503 service"):
		return ContainerImageUnreachable
	}
	return ContainerImageOther
}
