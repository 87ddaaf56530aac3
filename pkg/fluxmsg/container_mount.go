package fluxmsg

import (
	"strings"
)

var (
	// k8s.io/kubernetes 1.36, pkg/volume/util/operationexecutor; there is a
	// space in front of the colon.
	mountFailed = wording(`(?s)^(?:MountVolume\.(?:SetUp|MountDevice|WaitForAttach|NewMounter initialization)|AttachVolume\.Attach|MapVolume\.\w+|MultiAttach) failed for volume "([^"\s]+)" ?: (.*)$`)
	multiAttach = wording(`(?s)^Multi-Attach error for volume "([^"\s]+)" (.*)$`)
	// pkg/kubelet/volumemanager/volume_manager.go.
	mountTimeout = wording(`(?s)^Unable to attach or mount volumes: unmounted volumes=\[([^\]\s]+)[^\]]*\]((?:, |: ).*)$`)

	// pkg/volume/secret, pkg/volume/configmap, pkg/volume/projected.
	mountObject = wording(`(?:^|[\s\[])(secret|configmap) "(` + nameShape + `)" not found`)
	mountKey    = wording(`(?:references non-existent (?:secret|config) key: |configmap references non-existent config key: )([^\s\]]+)`)
	// pkg/kubelet/util/manager: the kubelet has not been told of the pod yet.
	mountUnknown = wording(`object "(` + namespaceShape + `)"/"(` + nameShape + `)" not registered`)
)

// parseMount reads why a volume is not there for a container to use.
func parseMount(text string) (Container, bool) {
	var found []string
	for _, expression := range []*pattern{mountFailed, multiAttach, mountTimeout} {
		if found = expression.FindStringSubmatch(text); found != nil {
			break
		}
	}
	if found == nil {
		return Container{}, false
	}
	container := Container{Problem: ContainerMount, Volume: word(found[1]), Detail: detail(strings.TrimLeft(found[2], ":, "))}
	why := found[2]
	if named := mountObject.FindStringSubmatch(why); named != nil && isName(named[2]) {
		container.Object = Object{Kind: secretOrConfigMap[named[1]], Name: named[2]}
	} else if named := mountUnknown.FindStringSubmatch(why); named != nil && isNamespace(named[1]) && isName(named[2]) {
		container.Object = Object{Namespace: named[1], Name: named[2]}
	}
	if named := mountKey.FindStringSubmatch(why); named != nil {
		container.Key = word(named[1])
	}
	return container, true
}
