package diagnose

import (
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
)

// cannotRun reports a container whose command its node can't run at all, according to
// the message of the runtime; a retry does not help.
func (c container) cannotRun(t trouble, words string) (trouble, bool) {
	said, _ := c.x.message(words).Container()
	switch said.Problem {
	case fluxmsg.ContainerArchitecture:
		t.code, t.setting = codeArchitecture, c.path("image")
		t.message = c.description() + " can't run on its node: its program is built for another architecture (exec format error)"
		t.evidence = append(append(c.setting("image"), c.architecture()...), t.evidence...)
		t.fixes = []finding.Fix{
			{Text: "Use an image that is built for the architecture of the node, or schedule the pods on nodes with the architecture of the image (nodeSelector kubernetes.io/arch)",
				File: c.x.file(c.work, c.imageSetting(field.Text(c.spec, "image"))), Command: c.x.applyNow(c.work)},
			{Text: "Check the architecture of each node", Command: "kubectl get nodes -L kubernetes.io/arch"},
		}
	case fluxmsg.ContainerCommand:
		t.code = codeCommand
		t.message = fmt.Sprintf("%s can't be started: its image has no command %s", c.description(), said.Command)
		t.fixes = c.commandFix(&t, "Correct %s: the image has no such program")
	case fluxmsg.ContainerNotExecutable:
		t.code = codeCommand
		t.message = fmt.Sprintf("%s can't be started: its user may not execute %s", c.description(), said.Command)
		t.fixes = c.commandFix(&t, "Correct %s, or make the program executable in the image for the user that the container runs as")
	default:
		return t, false
	}
	t.vague, t.soft = false, false
	return t, true
}

// commandFix is where the command comes from: the workload, or else the image. The
// command itself is not in the snapshot, since it may be secret; whether the workload
// sets one is.
func (c container) commandFix(t *trouble, text string) []finding.Fix {
	t.evidence = append(c.setting("image"), t.evidence...)
	if _, own := c.spec["command"]; own {
		return []finding.Fix{{Text: fmt.Sprintf(text, "command of the container"), File: c.x.file(c.work, c.field("command")), Command: c.x.applyNow(c.work)}}
	}
	t.setting = c.path("image")
	return []finding.Fix{{Text: "Compare the image with the one that the chart or manifest was written for: the workload sets no command, so the command is the image's", Command: c.describe()}}
}

// wouldRunAsRoot reports a container that its securityContext forbids to run as root,
// but whose image runs as root, or may.
func (c container) wouldRunAsRoot(said fluxmsg.Container) trouble {
	proof, since := c.eventProof("Failed")
	t := trouble{code: codeRunsAsRoot, reason: "CreateContainerConfigError", since: since}
	t.message = c.description() + " must not run as root (runAsNonRoot), but its image would run as root"
	if said.Problem == fluxmsg.ContainerUser {
		t.message = c.description() + " must not run as root (runAsNonRoot), but its image has a user name instead of a user ID, so the kubelet can't verify that the user is not root"
	}
	t.evidence = append(c.specified(c.path("securityContext.runAsNonRoot")), c.specified("securityContext.runAsNonRoot")...)
	t.evidence = append(append(t.evidence, c.specified(c.path("securityContext.runAsUser"))...), c.waiting()...)
	t.evidence = append(t.evidence, proof...)
	t.fixes = []finding.Fix{{
		Text: "Set securityContext.runAsUser to a user ID other than 0 with which the image works, or use an image that does not run as root",
		File: c.x.file(c.work, c.field("securityContext.runAsUser")), Command: c.x.applyNow(c.work),
	}}
	return t
}
