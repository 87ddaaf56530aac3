package kubelet

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

func TestContainerImage(t *testing.T) {
	pull := func(from, message string, problem ContainerProblem) parsecheck.Case[Container] {
		return parsecheck.Case[Container]{from, `Failed to pull image "x.io/orthanc:24.1": ` + message, Container{Problem: problem, Image: "x.io/orthanc:24.1", Detail: message}}
	}
	parsecheck.Check(t, ParseContainer, []parsecheck.Case[Container]{
		pull("containerd 2", `rpc error: code = NotFound desc = failed to pull and unpack image "x.io/orthanc:24.1": failed to resolve reference "x.io/orthanc:24.1": x.io/orthanc:24.1: not found`, ContainerImageNotFound),
		pull("CRI-O", `initializing source docker://x.io/orthanc:24.1: reading manifest 24.1 in x.io/orthanc: manifest unknown`, ContainerImageNotFound),
		pull("containerd", `failed to pull and unpack image "x.io/orthanc:24.1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`, ContainerImageUnauthorized),
		pull("containerd", `failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://x.io/token: 401 Unauthorized`, ContainerImageUnauthorized),
		pull("Go's net", `failed to do request: Head "https://x.io/v2/": dial tcp: lookup x.io: no such host`, ContainerImageDNS),
		pull("Go's net, a resolver's own words", `dial tcp: lookup x.io: not found: no such host`, ContainerImageDNS),
		pull("Go's net", `dial tcp 1.2.3.4:443: i/o timeout`, ContainerImageUnreachable),
		pull("a name is no complaint", `failed to extract "unauthorized:401": exit status 1`, ContainerImageOther),
		{"kubernetes 1.36, image_manager.go", `Failed to apply default image tag "orthanc@24": couldn't parse image name "orthanc@24": invalid reference format`, Container{Problem: ContainerImageName, Image: "orthanc@24", Detail: `couldn't parse image name "orthanc@24": invalid reference format`}},
		{"events of 1.36", `Back-off pulling image "a:b"`, Container{Problem: ContainerImageBackOff, Image: "a:b"}},
		{"a status of 1.36", `Back-off pulling image "a:b": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "a:b": not found`, Container{Problem: ContainerImageNotFound, Image: "a:b", Detail: `ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "a:b": not found`}},
		{"a status of 1.36, of a bad name", `Back-off pulling image "a:b": InvalidImageName: x`, Container{Problem: ContainerImageName, Image: "a:b", Detail: "InvalidImageName: x"}},
		{"a status, before backing off", `rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/a:b": not found`, Container{Problem: ContainerImageNotFound, Image: "docker.io/a:b", Detail: `rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/a:b": not found`}},
		{"image_manager.go", `Container image "a:b" is not present with pull policy of Never`, Container{Problem: ContainerImageNotFound, Image: "a:b", Detail: `Container image "a:b" is not present with pull policy of Never`}},
		{"image_manager.go", `image pull failed for a:b because the registry is unavailable: x`, Container{Problem: ContainerImageUnreachable, Image: "a:b", Detail: `image pull failed for a:b because the registry is unavailable: x`}},
		{"it was pulled", `Successfully pulled image "a:b" in 1.2s`, Container{}},
		{"another error of the runtime", `rpc error: code = Unknown desc = failed to start`, Container{}},
	})
}

func TestContainerConfigAndMount(t *testing.T) {
	secret := match.Object{Kind: "Secret", Name: "orthanc-db"}
	parsecheck.Check(t, ParseContainer, []parsecheck.Case[Container]{
		{"kubernetes 1.36, kubelet_pods.go", `secret "orthanc-db" not found`, Container{Problem: ContainerObjectMissing, Object: secret, Detail: `secret "orthanc-db" not found`}},
		{"the event", `Error: configmap "x" not found`, Container{Problem: ContainerObjectMissing, Object: match.Object{Kind: "ConfigMap", Name: "x"}, Detail: `configmap "x" not found`}},
		{"kubelet_pods.go", `couldn't find key password in Secret a/orthanc-db`, Container{Problem: ContainerKeyMissing, Object: match.Object{Kind: "Secret", Namespace: "a", Name: "orthanc-db"}, Key: "password", Detail: `couldn't find key password in Secret a/orthanc-db`}},
		{"operation_generator.go", `MountVolume.SetUp failed for volume "tls" : secret "orthanc-db" not found`, Container{Problem: ContainerMount, Volume: "tls", Object: secret, Detail: `secret "orthanc-db" not found`}},
		{"pkg/volume/secret", `MountVolume.SetUp failed for volume "tls" : references non-existent secret key: tls.crt`, Container{Problem: ContainerMount, Volume: "tls", Key: "tls.crt", Detail: "references non-existent secret key: tls.crt"}},
		{"kubelet/util/manager", `MountVolume.SetUp failed for volume "kube-api-access" : object "a"/"kube-root-ca.crt" not registered`, Container{Problem: ContainerMount, Volume: "kube-api-access", Object: match.Object{Namespace: "a", Name: "kube-root-ca.crt"}, Detail: `object "a"/"kube-root-ca.crt" not registered`}},
		{"operation_generator.go", `AttachVolume.Attach failed for volume "pvc-1" : rpc error: code = NotFound desc = no`, Container{Problem: ContainerMount, Volume: "pvc-1", Detail: "rpc error: code = NotFound desc = no"}},
		{"operation_generator.go", `Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) x`, Container{Problem: ContainerAttached, Volume: "pvc-1", Holders: []string{"x"}, Detail: "Volume is already used by pod(s) x"}},
		{"attachdetach/reconciler.go", `Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) x, y-1 and 2 pod(s) in different namespaces`, Container{Problem: ContainerAttached, Volume: "pvc-1", Holders: []string{"x", "y-1"}, Detail: "Volume is already used by pod(s) x, y-1 and 2 pod(s) in different namespaces"}},
		{"attachdetach/reconciler.go", `Multi-Attach error for volume "pvc-1" Volume is already used by 2 pod(s) in different namespaces`, Container{Problem: ContainerAttached, Volume: "pvc-1", Detail: "Volume is already used by 2 pod(s) in different namespaces"}},
		{"attachdetach/reconciler.go", `Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node and can't be attached to another`, Container{Problem: ContainerAttached, Volume: "pvc-1", Detail: "Volume is already exclusively attached to one node and can't be attached to another"}},
		{"kubelet.go", `Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: timed out waiting for the condition`, Container{Problem: ContainerMountTimeout, Volume: "data", Detail: "unattached volumes=[], failed to process volumes=[]: timed out waiting for the condition"}},
		{"Helm's", `secrets "x" not found`, Container{}},
		{"in a sentence", `the secret "x" not found`, Container{}},
	})
}

func TestContainerRunning(t *testing.T) {
	parsecheck.Check(t, ParseContainer, []parsecheck.Case[Container]{
		{"kubernetes 1.36, probe/http", `Readiness probe failed: HTTP probe failed with statuscode: 401`, Container{Problem: ContainerProbe, Probe: "Readiness", HTTPStatus: 401, Detail: "HTTP probe failed with statuscode: 401"}},
		{"probe/tcp", `Liveness probe failed: dial tcp 10.0.0.1:4242: connect: connection refused`, Container{Problem: ContainerProbe, Probe: "Liveness", Detail: "dial tcp 10.0.0.1:4242: connect: connection refused"}},
		{"prober.go", `Startup probe errored and resulted in unknown state: rpc error`, Container{Problem: ContainerProbe, Probe: "Startup", Detail: "rpc error"}},
		{"kuberuntime_manager.go, a status", `back-off 5m0s restarting failed container=orthanc pod=orthanc-0_a(0123)`, Container{Problem: ContainerBackOff, Name: "orthanc", Detail: "back-off 5m0s restarting failed container=orthanc pod=orthanc-0_a(0123)"}},
		{"kuberuntime_manager.go, an event", `Back-off restarting failed container orthanc in pod orthanc-0_a(0123)`, Container{Problem: ContainerBackOff, Name: "orthanc", Detail: "Back-off restarting failed container orthanc in pod orthanc-0_a(0123)"}},
		{"security_context_others.go", `Error: container has runAsNonRoot and image will run as root (pod: "x_a(1)", container: orthanc)`, Container{Problem: ContainerRoot, Name: "orthanc", Detail: `container has runAsNonRoot and image will run as root (pod: "x_a(1)", container: orthanc)`}},
		{"security_context_others.go", `container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root (pod: "x_a(1)", container: web)`, Container{Problem: ContainerUser, Name: "web", Detail: `container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root (pod: "x_a(1)", container: web)`}},
		{"security_context_others.go", `container's runAsUser breaks non-root policy (pod: "x_a(1)", container: web)`, Container{Problem: ContainerRoot, Name: "web", Detail: `container's runAsUser breaks non-root policy (pod: "x_a(1)", container: web)`}},
		{"runc 1.3 through containerd 2", `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "orthancd": executable file not found in $PATH`, Container{Problem: ContainerCommand, Command: "orthancd", Detail: `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "orthancd": executable file not found in $PATH`}},
		{"runc 1.3, a path", `unable to start container process: exec: "/bin/nope": stat /bin/nope: no such file or directory`, Container{Problem: ContainerCommand, Command: "/bin/nope", Detail: `unable to start container process: exec: "/bin/nope": stat /bin/nope: no such file or directory`}},
		{"runc 1.3", `unable to start container process: exec: "/run.sh": permission denied`, Container{Problem: ContainerNotExecutable, Command: "/run.sh", Detail: `unable to start container process: exec: "/run.sh": permission denied`}},
		{"Linux, in a log", `exec /usr/local/bin/entry.sh: exec format error`, Container{Problem: ContainerArchitecture, Command: "/usr/local/bin/entry.sh", Detail: `exec /usr/local/bin/entry.sh: exec format error`}},
		{"a probe's warning", `Readiness probe warning: Probe terminated redirects`, Container{}},
		{"it started", `Started container orthanc`, Container{}},
		{"nothing", ``, Container{}},
	})
}

func TestContainerImageMessages(t *testing.T) {
	// These messages are those of registries, and of Go's net, as containerd, CRI-O and Docker
	// pass them on.
	for message, problem := range map[string]ContainerProblem{
		"unauthorized: x":                                                       ContainerImageUnauthorized,
		"authentication required":                                               ContainerImageUnauthorized,
		"unexpected status: 403 Forbidden":                                      ContainerImageUnauthorized,
		"pull access denied":                                                    ContainerImageUnauthorized,
		"insufficient_scope: authorization failed":                              ContainerImageUnauthorized,
		"denied: requested access to the resource":                              ContainerImageUnauthorized,
		"no basic auth credentials":                                             ContainerImageUnauthorized,
		"invalid reference format":                                              ContainerImageName,
		"couldn't parse image name":                                             ContainerImageName,
		"name unknown: The repository":                                          ContainerImageNotFound,
		"no such image":                                                         ContainerImageNotFound,
		"connect: connection refused":                                           ContainerImageUnreachable,
		"x509: certificate signed by unknown authority":                         ContainerImageTLS,
		"http: server gave HTTP response to HTTPS client":                       ContainerImageTLS,
		"remote error: tls: bad certificate":                                    ContainerImageTLS,
		"proxyconnect tcp: dial tcp 10.0.0.9:3128: connect: connection refused": ContainerImageProxy,
		"connect: network is unreachable":                                       ContainerImageUnreachable,
		"no match for platform in manifest: not found":                          ContainerImagePlatform,
		"no matching manifest for linux/arm64/v8 in the manifest list entries":  ContainerImagePlatform,
		"429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit": ContainerImageRateLimit,
		"context deadline exceeded":                         ContainerImageUnreachable,
		"net/http: TLS handshake timeout":                   ContainerImageUnreachable,
		"connect: no route to host":                         ContainerImageUnreachable,
		"lookup x.io on 10.96.0.10:53: server misbehaving":  ContainerImageDNS,
		"read: connection reset by peer":                    ContainerImageUnreachable,
		"toomanyrequests: You have reached your pull rate":  ContainerImageRateLimit,
		"unexpected status code: 500 Internal Server Error": ContainerImageUnreachable,
		"unexpected status code: 502 Bad Gateway":           ContainerImageUnreachable,
		"unexpected status code: 503 Service Unavailable":   ContainerImageUnreachable,
		"no space left on device":                           ContainerImageDisk,
		"failed to verify signature":                        ContainerImageOther,
	} {
		if got, ok := ParseContainer(`Failed to pull image "a:b": ` + message); !ok || got.Problem != problem {
			t.Errorf("%s: %v %s", message, ok, got.Problem)
		}
	}
	if got, _ := ParseContainer("Error response from daemon: manifest for a:b not found: manifest unknown"); got.Image != "a:b" {
		t.Errorf("Docker's: %+v", got)
	}
}
