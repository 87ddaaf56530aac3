// Package kubelet parses the messages of kubelets, the scheduler and volume
// provisioners.
package kubelet

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Container is what the kubelet reports about a container that does not run, or is not
// ready: in an event, or in the waiting state of the container.
type Container struct {
	Problem ContainerProblem
	// Image is the image as in the spec of the pod, or as the container runtime writes
	// it.
	Image string
	// Object is the Secret or ConfigMap that does not exist, or lacks the key.
	Object match.Object
	Key    string
	// Volume is the name of the volume in the spec of the pod, or of the
	// PersistentVolume.
	Volume string
	// Holders are the pods that already have the volume, for ContainerAttached.
	Holders []string
	// Command is the command that could not be run.
	Command string
	// Name is the name of the container, if the message has it.
	Name string
	// Probe is Readiness, Liveness or Startup; HTTPStatus is the status of the answer,
	// zero if there was no HTTP answer.
	Probe      string
	HTTPStatus int
	Detail     string
}

// ContainerProblem is what is wrong with a container.
type ContainerProblem string

// The problems a Container has (k8s.io/kubernetes 1.36, pkg/kubelet).
const (
	ContainerImageNotFound     ContainerProblem = "ImageNotFound"
	ContainerImageUnauthorized ContainerProblem = "ImageUnauthorized" // or no such repository
	ContainerImageName         ContainerProblem = "ImageNameInvalid"
	ContainerImageUnreachable  ContainerProblem = "ImageUnreachable"
	ContainerImageRateLimit    ContainerProblem = "ImageRateLimit"
	ContainerImageDNS          ContainerProblem = "ImageDNS"      // the registry's name is not resolved
	ContainerImageTLS          ContainerProblem = "ImageTLS"      // its certificate is not trusted, or it has none
	ContainerImageProxy        ContainerProblem = "ImageProxy"    // the node's proxy does not answer
	ContainerImageDisk         ContainerProblem = "ImageDisk"     // the node has no room for it
	ContainerImagePlatform     ContainerProblem = "ImagePlatform" // there is none for the node's architecture
	ContainerImageBackOff      ContainerProblem = "ImageBackOff"  // and the message has no reason
	ContainerImageOther        ContainerProblem = "ImageOther"
	ContainerObjectMissing     ContainerProblem = "ObjectMissing"
	ContainerKeyMissing        ContainerProblem = "KeyMissing"
	ContainerMount             ContainerProblem = "Mount"
	ContainerAttached          ContainerProblem = "Attached"     // the volume is attached to another node
	ContainerMountTimeout      ContainerProblem = "MountTimeout" // and the message has no reason
	ContainerProbe             ContainerProblem = "Probe"
	ContainerBackOff           ContainerProblem = "BackOff" // it terminated and will be restarted
	ContainerRoot              ContainerProblem = "Root"    // runAsNonRoot, but it runs as root
	ContainerUser              ContainerProblem = "User"    // runAsNonRoot, and its user is not a number
	ContainerCommand           ContainerProblem = "Command" // it has no such command
	ContainerNotExecutable     ContainerProblem = "NotExecutable"
	ContainerArchitecture      ContainerProblem = "Architecture" // for another architecture
)

var (
	// pkg/kubelet/kubelet_pods.go, makeEnvironmentVariables; in an event, after "Error: "
	// (events.FailedToCreateContainer).
	objectMissing = match.Wording(`^(secret|configmap) "(` + match.NameShape + `)" not found$`)
	keyMissing    = match.Wording(`^couldn't find key ([^\s]+) in (Secret|ConfigMap) (` + match.NamespaceShape + `/` + match.NameShape + `)$`)
	// pkg/kubelet/prober/prober.go and pkg/probe/http.
	probe     = match.Wording(`(?s)^(Readiness|Liveness|Startup) probe (?:failed|errored(?: and resulted in \w+ state)?): (.*)$`)
	probeHTTP = match.Wording(`^HTTP probe failed with statuscode: (\d{3})$`)
	// pkg/kubelet/kuberuntime/kuberuntime_manager.go, doBackOff.
	crashLoop = match.Wording(`^(?:back-off \S+ restarting failed container=|Back-off restarting failed container )(` + match.NamespaceShape + `)(?: in)? pod[= ]`)
	// pkg/kubelet/kuberuntime/security_context_others.go.
	runsAsRoot = match.Wording(`^container(?:'s runAsUser breaks non-root policy| has runAsNonRoot and image (?:will run as root|has (non-numeric user) \([^\n]*\), cannot verify user is non-root))(?: \([^\n]*container: (` + match.NamespaceShape + `)\))?`)
	// Go's os/exec, LookPath, and Linux, through runc 1.3, libcontainer.
	noCommand     = match.Wording(`(?:exec: "([^"\n]+)": (?:executable file not found in \$PATH|stat [^\n:]+: no such file or directory)|exec:? ([^\s:"]+): no such file or directory)`)
	notExecutable = match.Wording(`(?:exec: "([^"\n]+)": permission denied|exec:? ([^\s:"]+): permission denied)`)
	wrongMachine  = match.Wording(`(?:exec:? "?([^\s:"]+)"?: )?exec format error`)
)

var secretOrConfigMap = map[string]string{"secret": "Secret", "configmap": "ConfigMap"}

// ParseContainer parses a message of the kubelet about one container.
func ParseContainer(message string) (Container, bool) {
	text := strings.TrimSpace(match.Bound(message))
	text = strings.TrimPrefix(text, "Error: ")
	if container, ok := parseImage(text); ok {
		return container, true
	}
	if container, ok := parseMount(text); ok {
		return container, true
	}
	if container, ok := parseConfig(text); ok {
		return container, true
	}
	if found := probe.FindStringSubmatch(text); found != nil {
		container := Container{Problem: ContainerProbe, Probe: found[1], Detail: match.Detail(found[2])}
		if status := probeHTTP.FindStringSubmatch(container.Detail); status != nil {
			container.HTTPStatus, _ = strconv.Atoi(status[1]) // three digits
		}
		return container, true
	}
	if found := crashLoop.FindStringSubmatch(text); found != nil && match.IsNamespace(found[1]) {
		return Container{Problem: ContainerBackOff, Name: found[1], Detail: match.Detail(text)}, true
	}
	if found := runsAsRoot.FindStringSubmatch(text); found != nil && (found[2] == "" || match.IsNamespace(found[2])) {
		container := Container{Problem: ContainerRoot, Name: found[2], Detail: match.Detail(text)}
		if found[1] != "" {
			container.Problem = ContainerUser
		}
		return container, true
	}
	return parseCommand(text)
}

// parseCommand parses why a container's command can't be run.
func parseCommand(text string) (Container, bool) {
	for _, known := range []struct {
		problem    ContainerProblem
		expression *match.Pattern
	}{{ContainerCommand, noCommand}, {ContainerNotExecutable, notExecutable}, {ContainerArchitecture, wrongMachine}} {
		found := known.expression.FindStringSubmatch(text)
		if found == nil {
			continue
		}
		command := ""
		for _, group := range found[1:] {
			command = cmp.Or(command, match.Word(group))
		}
		return Container{Problem: known.problem, Command: command, Detail: match.Detail(text)}, true
	}
	return Container{}, false
}

// parseConfig parses what prevents a container from being created: environment variables that
// come from a missing Secret, ConfigMap or key.
func parseConfig(text string) (Container, bool) {
	if found := objectMissing.FindStringSubmatch(text); found != nil && match.IsName(found[2]) {
		return Container{
			Problem: ContainerObjectMissing, Object: match.Object{Kind: secretOrConfigMap[found[1]], Name: found[2]}, Detail: match.Detail(text),
		}, true
	}
	if found := keyMissing.FindStringSubmatch(text); found != nil {
		object, ok := match.Namespaced(found[3])
		object.Kind = found[2]
		return Container{Problem: ContainerKeyMissing, Object: object, Key: match.Word(found[1]), Detail: match.Detail(text)}, ok
	}
	return Container{}, false
}
