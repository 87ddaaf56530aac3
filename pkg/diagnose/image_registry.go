package diagnose

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
)

// explain distinguishes an image that Bitnami has moved (bitnami/charts#35164) from one
// that never existed.
func (p pullFailure) explain(image string, answer fluxmsg.Container) pullFailure {
	if answer.Problem == fluxmsg.ContainerImageNotFound && strings.HasPrefix(strings.TrimPrefix(image, "docker.io/"), "bitnami/") {
		return pullFailure{why: p.why + "; Bitnami moved most images of its free catalogue to docker.io/bitnamilegacy in August 2025",
			fix: "Use another image; docker.io/bitnamilegacy may have this one, without updates"}
	}
	return p
}
