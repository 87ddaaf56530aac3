package kubelet

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

var (
	// k8s.io/kubernetes 1.36, pkg/volume/util/operationexecutor; there is a space before the
	// colon.
	mountFailed = match.Wording(`(?s)^(?:MountVolume\.(?:SetUp|MountDevice|WaitForAttach|NewMounter initialization)|AttachVolume\.Attach|MapVolume\.\w+|MultiAttach) failed for volume "([^"\s]+)" ?: (.*)$`)
	multiAttach = match.Wording(`(?s)^Multi-Attach error for volume "([^"\s]+)" (.*)$`)
	// pkg/controller/volume/attachdetach/reconciler/reconciler.go, reportMultiAttachError.
	usedBy = match.Wording(`^Volume is already used by pod\(s\) ([^\n]+?)(?: and \d+ pod\(s\) in different namespaces)?$`)
	// pkg/kubelet/volumemanager/volume_manager.go.
	mountTimeout = match.Wording(`(?s)^Unable to attach or mount volumes: unmounted volumes=\[([^\]\s]+)[^\]]*\]((?:, |: ).*)$`)

	// pkg/volume/secret, pkg/volume/configmap, pkg/volume/projected.
	mountObject = match.Wording(`(?:^|[\s\[])(secret|configmap) "(` + match.NameShape + `)" not found`)
	mountKey    = match.Wording(`(?:references non-existent (?:secret|config) key: |configmap references non-existent config key: )([^\s\]]+)`)
	// pkg/kubelet/util/manager: the kubelet does not have the pod yet.
	mountUnknown = match.Wording(`object "(` + match.NamespaceShape + `)"/"(` + match.NameShape + `)" not registered`)
)

// parseMount parses why a volume can't be mounted for a container.
func parseMount(text string) (Container, bool) {
	var found []string
	for _, expression := range []*match.Pattern{mountFailed, multiAttach, mountTimeout} {
		if found = expression.FindStringSubmatch(text); found != nil {
			break
		}
	}
	if found == nil {
		return Container{}, false
	}
	container := Container{Problem: ContainerMount, Volume: match.Word(found[1]), Detail: match.Detail(strings.TrimLeft(found[2], ":, "))}
	switch {
	case strings.HasPrefix(text, "Multi-Attach"):
		container.Problem = ContainerAttached
		container.Holders = holders(container.Detail)
	case strings.HasPrefix(text, "Unable to attach or mount"):
		container.Problem = ContainerMountTimeout
	}
	why := found[2]
	if named := mountObject.FindStringSubmatch(why); named != nil && match.IsName(named[2]) {
		container.Object = match.Object{Kind: secretOrConfigMap[named[1]], Name: named[2]}
	} else if named := mountUnknown.FindStringSubmatch(why); named != nil && match.IsNamespace(named[1]) && match.IsName(named[2]) {
		container.Object = match.Object{Namespace: named[1], Name: named[2]}
	}
	if named := mountKey.FindStringSubmatch(why); named != nil {
		container.Key = match.Word(named[1])
	}
	return container, true
}

// holders are the pods that already use a volume, if the message names them.
func holders(why string) []string {
	found := usedBy.FindStringSubmatch(why)
	if found == nil {
		return nil
	}
	var pods []string
	for name := range strings.SplitSeq(found[1], ", ") {
		if match.IsName(name) && len(pods) < match.MaxItems {
			pods = append(pods, name)
		}
	}
	return pods
}
