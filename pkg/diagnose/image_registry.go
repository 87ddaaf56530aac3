package diagnose

import (
	"regexp"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
)

// pullLimit is what registries answer who pulls too often: Docker Hub, ECR, and
// HTTP itself (RFC 6585).
var pullLimit = regexp.MustCompile(`(?i)\btoomanyrequests\b|\b429 too many requests\b|pull rate limit`)

// explain tells a registry that limits pulls from one that can't be reached, and
// an image that Bitnami has moved (bitnami/charts#35164) from one that never was.
func (p pullFailure) explain(image string, answer fluxmsg.Container) pullFailure {
	switch {
	case pullLimit.MatchString(answer.Detail):
		return pullFailure{why: "its registry limits the rate of pulls",
			fix: "Authenticate the pulls by imagePullSecrets, or pull from a mirror; the limit is lifted with time"}
	case answer.Problem == fluxmsg.ContainerImageNotFound && strings.HasPrefix(strings.TrimPrefix(image, "docker.io/"), "bitnami/"):
		return pullFailure{inGit: true, why: p.why + "; Bitnami moved most images of its free catalogue to docker.io/bitnamilegacy in August 2025",
			fix: "Use another image; docker.io/bitnamilegacy may have this one, without updates"}
	}
	return p
}
