package message

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/message/kubelet"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

func TestContainerImage(t *testing.T) {
	pull := func(from, said string, problem kubelet.ContainerProblem) one[kubelet.Container] {
		return one[kubelet.Container]{from, `Failed to pull image "x.io/orthanc:24.1": ` + said, kubelet.Container{Problem: problem, Image: "x.io/orthanc:24.1", Detail: said}}
	}
	check(t, kubelet.ParseContainer, []one[kubelet.Container]{
		pull("containerd 2", `rpc error: code = NotFound desc = failed to pull and unpack image "x.io/orthanc:24.1": failed to resolve reference "x.io/orthanc:24.1": x.io/orthanc:24.1: not found`, kubelet.ContainerImageNotFound),
		pull("CRI-O", `initializing source docker://x.io/orthanc:24.1: reading manifest 24.1 in x.io/orthanc: manifest unknown`, kubelet.ContainerImageNotFound),
		pull("containerd", `failed to pull and unpack image "x.io/orthanc:24.1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`, kubelet.ContainerImageUnauthorized),
		pull("containerd", `failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://x.io/token: 401 Unauthorized`, kubelet.ContainerImageUnauthorized),
		pull("Go's net", `failed to do request: Head "https://x.io/v2/": dial tcp: lookup x.io: no such host`, kubelet.ContainerImageDNS),
		pull("Go's net, a resolver's own words", `dial tcp: lookup x.io: not found: no such host`, kubelet.ContainerImageDNS),
		pull("Go's net", `dial tcp 1.2.3.4:443: i/o timeout`, kubelet.ContainerImageUnreachable),
		pull("a name is no complaint", `failed to extract "unauthorized:401": exit status 1`, kubelet.ContainerImageOther),
		{"kubernetes 1.36, image_manager.go", `Failed to apply default image tag "orthanc@24": couldn't parse image name "orthanc@24": invalid reference format`, kubelet.Container{Problem: kubelet.ContainerImageName, Image: "orthanc@24", Detail: `couldn't parse image name "orthanc@24": invalid reference format`}},
		{"events of 1.36", `Back-off pulling image "a:b"`, kubelet.Container{Problem: kubelet.ContainerImageBackOff, Image: "a:b"}},
		{"a status of 1.36", `Back-off pulling image "a:b": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "a:b": not found`, kubelet.Container{Problem: kubelet.ContainerImageNotFound, Image: "a:b", Detail: `ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "a:b": not found`}},
		{"a status of 1.36, of a bad name", `Back-off pulling image "a:b": InvalidImageName: x`, kubelet.Container{Problem: kubelet.ContainerImageName, Image: "a:b", Detail: "InvalidImageName: x"}},
		{"a status, before backing off", `rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/a:b": not found`, kubelet.Container{Problem: kubelet.ContainerImageNotFound, Image: "docker.io/a:b", Detail: `rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/a:b": not found`}},
		{"image_manager.go", `Container image "a:b" is not present with pull policy of Never`, kubelet.Container{Problem: kubelet.ContainerImageNotFound, Image: "a:b", Detail: `Container image "a:b" is not present with pull policy of Never`}},
		{"image_manager.go", `image pull failed for a:b because the registry is unavailable: x`, kubelet.Container{Problem: kubelet.ContainerImageUnreachable, Image: "a:b", Detail: `image pull failed for a:b because the registry is unavailable: x`}},
		{"it was pulled", `Successfully pulled image "a:b" in 1.2s`, kubelet.Container{}},
		{"another error of the runtime", `rpc error: code = Unknown desc = failed to start`, kubelet.Container{}},
	})
}

func TestContainerConfigAndMount(t *testing.T) {
	secret := match.Object{Kind: "Secret", Name: "orthanc-db"}
	check(t, kubelet.ParseContainer, []one[kubelet.Container]{
		{"kubernetes 1.36, kubelet_pods.go", `secret "orthanc-db" not found`, kubelet.Container{Problem: kubelet.ContainerObjectMissing, Object: secret, Detail: `secret "orthanc-db" not found`}},
		{"the event", `Error: configmap "x" not found`, kubelet.Container{Problem: kubelet.ContainerObjectMissing, Object: match.Object{Kind: "ConfigMap", Name: "x"}, Detail: `configmap "x" not found`}},
		{"kubelet_pods.go", `couldn't find key password in Secret a/orthanc-db`, kubelet.Container{Problem: kubelet.ContainerKeyMissing, Object: match.Object{Kind: "Secret", Namespace: "a", Name: "orthanc-db"}, Key: "password", Detail: `couldn't find key password in Secret a/orthanc-db`}},
		{"operation_generator.go", `MountVolume.SetUp failed for volume "tls" : secret "orthanc-db" not found`, kubelet.Container{Problem: kubelet.ContainerMount, Volume: "tls", Object: secret, Detail: `secret "orthanc-db" not found`}},
		{"pkg/volume/secret", `MountVolume.SetUp failed for volume "tls" : references non-existent secret key: tls.crt`, kubelet.Container{Problem: kubelet.ContainerMount, Volume: "tls", Key: "tls.crt", Detail: "references non-existent secret key: tls.crt"}},
		{"kubelet/util/manager", `MountVolume.SetUp failed for volume "kube-api-access" : object "a"/"kube-root-ca.crt" not registered`, kubelet.Container{Problem: kubelet.ContainerMount, Volume: "kube-api-access", Object: match.Object{Namespace: "a", Name: "kube-root-ca.crt"}, Detail: `object "a"/"kube-root-ca.crt" not registered`}},
		{"operation_generator.go", `AttachVolume.Attach failed for volume "pvc-1" : rpc error: code = NotFound desc = no`, kubelet.Container{Problem: kubelet.ContainerMount, Volume: "pvc-1", Detail: "rpc error: code = NotFound desc = no"}},
		{"operation_generator.go", `Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) x`, kubelet.Container{Problem: kubelet.ContainerAttached, Volume: "pvc-1", Holders: []string{"x"}, Detail: "Volume is already used by pod(s) x"}},
		{"attachdetach/reconciler.go", `Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) x, y-1 and 2 pod(s) in different namespaces`, kubelet.Container{Problem: kubelet.ContainerAttached, Volume: "pvc-1", Holders: []string{"x", "y-1"}, Detail: "Volume is already used by pod(s) x, y-1 and 2 pod(s) in different namespaces"}},
		{"attachdetach/reconciler.go", `Multi-Attach error for volume "pvc-1" Volume is already used by 2 pod(s) in different namespaces`, kubelet.Container{Problem: kubelet.ContainerAttached, Volume: "pvc-1", Detail: "Volume is already used by 2 pod(s) in different namespaces"}},
		{"attachdetach/reconciler.go", `Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node and can't be attached to another`, kubelet.Container{Problem: kubelet.ContainerAttached, Volume: "pvc-1", Detail: "Volume is already exclusively attached to one node and can't be attached to another"}},
		{"kubelet.go", `Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: timed out waiting for the condition`, kubelet.Container{Problem: kubelet.ContainerMountTimeout, Volume: "data", Detail: "unattached volumes=[], failed to process volumes=[]: timed out waiting for the condition"}},
		{"Helm's", `secrets "x" not found`, kubelet.Container{}},
		{"in a sentence", `the secret "x" not found`, kubelet.Container{}},
	})
}

func TestContainerRunning(t *testing.T) {
	check(t, kubelet.ParseContainer, []one[kubelet.Container]{
		{"kubernetes 1.36, probe/http", `Readiness probe failed: HTTP probe failed with statuscode: 401`, kubelet.Container{Problem: kubelet.ContainerProbe, Probe: "Readiness", HTTPStatus: 401, Detail: "HTTP probe failed with statuscode: 401"}},
		{"probe/tcp", `Liveness probe failed: dial tcp 10.0.0.1:4242: connect: connection refused`, kubelet.Container{Problem: kubelet.ContainerProbe, Probe: "Liveness", Detail: "dial tcp 10.0.0.1:4242: connect: connection refused"}},
		{"prober.go", `Startup probe errored and resulted in unknown state: rpc error`, kubelet.Container{Problem: kubelet.ContainerProbe, Probe: "Startup", Detail: "rpc error"}},
		{"kuberuntime_manager.go, a status", `back-off 5m0s restarting failed container=orthanc pod=orthanc-0_a(0123)`, kubelet.Container{Problem: kubelet.ContainerBackOff, Name: "orthanc", Detail: "back-off 5m0s restarting failed container=orthanc pod=orthanc-0_a(0123)"}},
		{"kuberuntime_manager.go, an event", `Back-off restarting failed container orthanc in pod orthanc-0_a(0123)`, kubelet.Container{Problem: kubelet.ContainerBackOff, Name: "orthanc", Detail: "Back-off restarting failed container orthanc in pod orthanc-0_a(0123)"}},
		{"security_context_others.go", `Error: container has runAsNonRoot and image will run as root (pod: "x_a(1)", container: orthanc)`, kubelet.Container{Problem: kubelet.ContainerRoot, Name: "orthanc", Detail: `container has runAsNonRoot and image will run as root (pod: "x_a(1)", container: orthanc)`}},
		{"security_context_others.go", `container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root (pod: "x_a(1)", container: web)`, kubelet.Container{Problem: kubelet.ContainerUser, Name: "web", Detail: `container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root (pod: "x_a(1)", container: web)`}},
		{"security_context_others.go", `container's runAsUser breaks non-root policy (pod: "x_a(1)", container: web)`, kubelet.Container{Problem: kubelet.ContainerRoot, Name: "web", Detail: `container's runAsUser breaks non-root policy (pod: "x_a(1)", container: web)`}},
		{"runc 1.3 through containerd 2", `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "orthancd": executable file not found in $PATH`, kubelet.Container{Problem: kubelet.ContainerCommand, Command: "orthancd", Detail: `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "orthancd": executable file not found in $PATH`}},
		{"runc 1.3, a path", `unable to start container process: exec: "/bin/nope": stat /bin/nope: no such file or directory`, kubelet.Container{Problem: kubelet.ContainerCommand, Command: "/bin/nope", Detail: `unable to start container process: exec: "/bin/nope": stat /bin/nope: no such file or directory`}},
		{"runc 1.3", `unable to start container process: exec: "/run.sh": permission denied`, kubelet.Container{Problem: kubelet.ContainerNotExecutable, Command: "/run.sh", Detail: `unable to start container process: exec: "/run.sh": permission denied`}},
		{"Linux, in a log", `exec /usr/local/bin/entry.sh: exec format error`, kubelet.Container{Problem: kubelet.ContainerArchitecture, Command: "/usr/local/bin/entry.sh", Detail: `exec /usr/local/bin/entry.sh: exec format error`}},
		{"a probe's warning", `Readiness probe warning: Probe terminated redirects`, kubelet.Container{}},
		{"it started", `Started container orthanc`, kubelet.Container{}},
		{"nothing", ``, kubelet.Container{}},
	})
}

func TestContainerImageWords(t *testing.T) {
	// Of registries, and of Go's net, as containerd, CRI-O and Docker pass
	// them on.
	for said, problem := range map[string]kubelet.ContainerProblem{
		"unauthorized: x":                                                       kubelet.ContainerImageUnauthorized,
		"authentication required":                                               kubelet.ContainerImageUnauthorized,
		"unexpected status: 403 Forbidden":                                      kubelet.ContainerImageUnauthorized,
		"pull access denied":                                                    kubelet.ContainerImageUnauthorized,
		"insufficient_scope: authorization failed":                              kubelet.ContainerImageUnauthorized,
		"denied: requested access to the resource":                              kubelet.ContainerImageUnauthorized,
		"no basic auth credentials":                                             kubelet.ContainerImageUnauthorized,
		"invalid reference format":                                              kubelet.ContainerImageName,
		"couldn't parse image name":                                             kubelet.ContainerImageName,
		"name unknown: The repository":                                          kubelet.ContainerImageNotFound,
		"no such image":                                                         kubelet.ContainerImageNotFound,
		"connect: connection refused":                                           kubelet.ContainerImageUnreachable,
		"x509: certificate signed by unknown authority":                         kubelet.ContainerImageTLS,
		"http: server gave HTTP response to HTTPS client":                       kubelet.ContainerImageTLS,
		"remote error: tls: bad certificate":                                    kubelet.ContainerImageTLS,
		"proxyconnect tcp: dial tcp 10.0.0.9:3128: connect: connection refused": kubelet.ContainerImageProxy,
		"connect: network is unreachable":                                       kubelet.ContainerImageUnreachable,
		"no match for platform in manifest: not found":                          kubelet.ContainerImagePlatform,
		"no matching manifest for linux/arm64/v8 in the manifest list entries":  kubelet.ContainerImagePlatform,
		"429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit": kubelet.ContainerImageRateLimit,
		"context deadline exceeded":                         kubelet.ContainerImageUnreachable,
		"net/http: TLS handshake timeout":                   kubelet.ContainerImageUnreachable,
		"connect: no route to host":                         kubelet.ContainerImageUnreachable,
		"lookup x.io on 10.96.0.10:53: server misbehaving":  kubelet.ContainerImageDNS,
		"read: connection reset by peer":                    kubelet.ContainerImageUnreachable,
		"toomanyrequests: You have reached your pull rate":  kubelet.ContainerImageRateLimit,
		"unexpected status code: 500 Internal Server Error": kubelet.ContainerImageUnreachable,
		"unexpected status code: 502 Bad Gateway":           kubelet.ContainerImageUnreachable,
		"unexpected status code: 503 Service Unavailable":   kubelet.ContainerImageUnreachable,
		"no space left on device":                           kubelet.ContainerImageDisk,
		"failed to verify signature":                        kubelet.ContainerImageOther,
	} {
		if got, ok := kubelet.ParseContainer(`Failed to pull image "a:b": ` + said); !ok || got.Problem != problem {
			t.Errorf("%s: %v %s", said, ok, got.Problem)
		}
	}
	if got, _ := kubelet.ParseContainer("Error response from daemon: manifest for a:b not found: manifest unknown"); got.Image != "a:b" {
		t.Errorf("Docker's: %+v", got)
	}
}
