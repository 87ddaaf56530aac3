package pod

import (
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/message/kubelet"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// cannotRun reports a container whose command its node can't run at all, according to
// the message of the runtime; a retry does not help.
func cannotRun(c pods.Container, t pods.Problem, words string) (pods.Problem, bool) {
	parsed, _ := c.X.Message(words).Container()
	switch parsed.Problem {
	case kubelet.ContainerArchitecture:
		t.Code, t.Setting = engine.CodeArchitecture, c.Path("image")
		t.Message = c.Description() + " can't run on its node: its program is built for another architecture (exec format error)"
		t.Evidence = append(append(c.Setting("image"), architecture(c.View)...), t.Evidence...)
		t.Fixes = []finding.Fix{
			{Text: "Use an image that is built for the architecture of the node, or schedule the pods on nodes with the architecture of the image (nodeSelector kubernetes.io/arch)",
				File: flux.File(c.X, c.Work, imageSetting(c, object.Text(c.Spec, "image"))), Command: flux.ApplyCommand(c.X, c.Work)},
			{Text: "Check the architecture of each node", Command: "kubectl get nodes -L kubernetes.io/arch"},
		}
	case kubelet.ContainerCommand:
		t.Code = engine.CodeCommand
		t.Message = fmt.Sprintf("%s can't be started: its image has no command %s", c.Description(), parsed.Command)
		t.Fixes = commandFix(c, &t, "Correct %s: the image has no such program")
	case kubelet.ContainerNotExecutable:
		t.Code = engine.CodeCommand
		t.Message = fmt.Sprintf("%s can't be started: its user may not execute %s", c.Description(), parsed.Command)
		t.Fixes = commandFix(c, &t, "Correct %s, or make the program executable in the image for the user that the container runs as")
	default:
		return t, false
	}
	t.Unexplained, t.MayBeTemporary = false, false
	return t, true
}

// commandFix is where the command comes from: the workload, or else the image. The
// command itself is not in the snapshot, since it may be secret; whether the workload
// sets one is.
func commandFix(c pods.Container, t *pods.Problem, text string) []finding.Fix {
	t.Evidence = append(c.Setting("image"), t.Evidence...)
	if _, own := c.Spec["command"]; own {
		return []finding.Fix{{Text: fmt.Sprintf(text, "command of the container"), File: flux.File(c.X, c.Work, c.Field("command")), Command: flux.ApplyCommand(c.X, c.Work)}}
	}
	t.Setting = c.Path("image")
	return []finding.Fix{{Text: "Compare the image with the one that the chart or manifest was written for: the workload sets no command, so the command is the image's", Command: c.Describe()}}
}

// wouldRunAsRoot reports a container that its securityContext forbids to run as root,
// but whose image runs as root, or may.
func wouldRunAsRoot(c pods.Container, parsed kubelet.Container) pods.Problem {
	proof, since := c.EventProof("Failed")
	t := pods.Problem{Code: engine.CodeRunsAsRoot, Reason: "CreateContainerConfigError", Since: since}
	t.Message = c.Description() + " must not run as root (runAsNonRoot), but its image would run as root"
	if parsed.Problem == kubelet.ContainerUser {
		t.Message = c.Description() + " must not run as root (runAsNonRoot), but its image has a user name instead of a user ID, so the kubelet can't verify that the user is not root"
	}
	t.Evidence = append(c.Specified(c.Path("securityContext.runAsNonRoot")), c.Specified("securityContext.runAsNonRoot")...)
	t.Evidence = append(append(t.Evidence, c.Specified(c.Path("securityContext.runAsUser"))...), c.Waiting()...)
	t.Evidence = append(t.Evidence, proof...)
	t.Fixes = []finding.Fix{{
		Text: "Set securityContext.runAsUser to a user ID other than 0 with which the image works, or use an image that does not run as root",
		File: flux.File(c.X, c.Work, c.Field("securityContext.runAsUser")), Command: flux.ApplyCommand(c.X, c.Work),
	}}
	return t
}
