package kubelet

import (
	"testing"
)

// TestPull covers the messages of waiting containers whose image can't be pulled, as containerd
// 2.1, CRI-O 1.34 and Docker Engine 28 (cri-dockerd) print them.
func TestPull(t *testing.T) {
	for message, want := range map[string]ContainerProblem{
		`toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit`: ContainerImageRateLimit,
		`Error response from daemon: toomanyrequests: You have reached your unauthenticated pull rate limit.`:                                                            ContainerImageRateLimit,
		`rpc error: code = Unknown desc = Error response from daemon: toomanyrequests: Rate exceeded`:                                                                    ContainerImageRateLimit,
		`rpc error: code = Unknown desc = pinging container registry docker.io: received unexpected HTTP status: 429 Too Many Requests`:                                  ContainerImageRateLimit,
		`denied: You have reached your pull rate limit`: ContainerImageRateLimit,
		`failed to pull and unpack image "example.org/toomanyrequests:1": failed to resolve reference "example.org/toomanyrequests:1": example.org/toomanyrequests:1: not found`: ContainerImageNotFound,
		`rpc error: code = NotFound desc = x.io/orthanc:1: not found`:                                                                                 ContainerImageNotFound,
		`pull access denied for orthanc, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`: ContainerImageUnauthorized,
		`Get "https://x.io/v2/": dial tcp 192.0.2.1:429: connect: connection refused`:                                                                 ContainerImageUnreachable,
		``: ContainerImageOther,
	} {
		if pull, _ := ParsePull(message); pull.Problem != want {
			t.Errorf("%s\nis %s, want %s", message, pull.Problem, want)
		}
	}
}
