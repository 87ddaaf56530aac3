package message

import (
	"github.com/digihunch/kubectl-orthweb/pkg/message/apierror"
	"github.com/digihunch/kubectl-orthweb/pkg/message/healthcheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/helm"
	"github.com/digihunch/kubectl-orthweb/pkg/message/kubelet"
)

// parsers are all parsers, each with a message that it parses.
var parsers = []struct {
	name  string
	parse func(string) (any, bool)
	seeds []string
}{
	{"HealthCheck", untyped(healthcheck.Parse), []string{
		`health check failed after 9m30.0231s: timeout waiting for: [Deployment/a/b status: 'InProgress', Foo/x status: 'Failed': bad, [y], can't determine status for Foo/a/b]`,
		`Health check timed out for [deployments.apps 'ns/name', Deployment 'foo/bar']`}},
	{"Dependency", untyped(parseDependency), []string{
		`dependencies do not meet ready condition (dependency 'a/b' is not ready): retrying in 30s`, `unable to get 'a/b' dependency: b not found`}},
	{"APIError", untyped(apierror.Parse), []string{
		`Deployment/a/b dry-run failed (Invalid): Deployment.apps "b" is invalid: [spec.x: Required value, spec.selector: Invalid value: {"a":"b"}: field is immutable]`,
		`server-side apply failed for object a/b apps/v1, Kind=Deployment: failed calling webhook "a.b": failed to call webhook: Post "https://c.d.svc:443/x": no endpoints available for service "c"`,
		`Error creating: pods "x" is forbidden: exceeded quota: q, requested: a=1,b=2, used: a=1, limited: a=1`,
		`Error creating: pods "x" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi`,
		`x "y" is forbidden: ValidatingAdmissionPolicy 'a' with binding 'b' denied request: no`,
		"admission webhook \"a.b\" denied the request: \n\nc:\n  d: 'e'\n",
		`x is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "a"`,
		`resource mapping not found for name: "x" namespace: "y" from "": no matches for kind "K" in version "g.io/v1"`}},
	{"Build", untyped(parseBuild), []string{
		`kustomization path not found: stat /tmp/kustomization-1/a: no such file or directory`,
		`post build failed for 'Deployment.v1.apps/x': substitute from 'Secret/b' error: secrets "b" not found`,
		`kustomize build failed: accumulating resources from 'x': open /tmp/kustomization-1/a: no such file or directory`}},
	{"Helm", untyped(helm.Parse), []string{
		"Helm install failed for release a/b with chart c@1.0.0: resource Deployment/a/b not ready. status: InProgress, message: x\ncontext deadline exceeded",
		"Helm upgrade failed: failed pre-install: 1 error occurred:\n\t* job x failed: BackoffLimitExceeded",
		`template: c/templates/x.yaml:12:20: executing "x" at <y>: z`, `could not find Secret 'a/b'`}},
	{"HelmValueErrors", untyped(helm.ParseValueErrors), []string{
		"values don't meet the specifications of the schema(s) in the following chart(s):\na:\n- at '/b/0': got string, want integer\n- c.d: Invalid type. Expected: x, given: y",
		`template: a/charts/b/templates/c.yaml:1:2: executing "x" at <.Values.a.b>: wrong type for value; expected string; got int`,
		`failed to create typed patch object (a/b; apps/v1, Kind=Deployment): .spec.env[name="x"].value: expected string, got &value.valueUnstructured{Value:3}`}},
	{"Source", untyped(parseSource), []string{
		`failed to fetch Helm repository index: failed to fetch https://u:p@x.io/index.yaml?a=b : 404 Not Found`,
		`HelmChart 'a/b' is not ready: invalid chart reference: no 'x' chart with version matching '9' found`,
		`failed to checkout and determine revision: unable to clone 'https://x.io/y': couldn't find remote ref "refs/heads/x"`}},
	{"Scheduling", untyped(kubelet.ParseScheduling), []string{
		`0/3 nodes are available: 1 node(s) had taint {a: b}, that the pod didn't tolerate, 2 Insufficient memory. preemption: 0/3 nodes are available: 3 x.`}},
	{"ACME", untyped(parseACME), []string{
		`Waiting for HTTP-01 challenge propagation: wrong status code '404', expected '200'`,
		`429 urn:ietf:params:acme:error:rateLimited: too many certificates, retry after 2026-03-02 10:11:12 UTC`}},
	{"Container", untyped(kubelet.ParseContainer), []string{
		`Back-off pulling image "x:y": ErrImagePull: failed to pull and unpack image "x:y": not found`,
		`MountVolume.SetUp failed for volume "tls" : secret "x" not found`, `couldn't find key k in Secret a/b`,
		`Readiness probe failed: HTTP probe failed with statuscode: 401`}},
	{"Provisioning", untyped(kubelet.ParseProvisioning), []string{`failed to provision volume with StorageClass "a": rpc error: code = ResourceExhausted desc = x`}},
	{"NamespaceContent", untyped(parseNamespaceContent), []string{
		`Some resources are remaining: a.b.io has 1 resource instances, pods. has 2 resource instances`,
		`Some content in the namespace has finalizers remaining: a.io/x in 1 resource instances`,
		`unable to retrieve the complete list of server APIs: a.io/v1: x: a.io/v1, b/v2beta1: y`}},
	{"Fetch", untyped(parseFetch), []string{`unable to clone 'ssh://git@x.io/y', error: ssh: handshake failed: knownhosts: key is unknown`}},
	{"Pull", untyped(kubelet.ParsePull), []string{`toomanyrequests: You have reached your pull rate limit.`, `Back-off pulling image "x:y"`}},
	{"Resize", untyped(kubelet.ParseResize), []string{`resize volume "pvc-1" by resizer "ebs.csi.aws.com" failed: rpc error: code = OutOfRange desc = after round-up, volume size exceeds the limit specified`}},
	{"ChartRepository", untyped(parseChartRepository), []string{
		`chart pull error: failed to download chart for remote reference: could not fetch https://a.io/b: unexpected status: 429 Too Many Requests`,
		`invalid Helm repository URL: 'oci' URL scheme cannot be used with 'default' HelmRepository type`}},
	{"Ownership", untyped(helm.ParseOwnership), []string{
		`Secret "a" in namespace "b" exists and cannot be imported into the current release: invalid ownership metadata; annotation validation error: key "meta.helm.sh/release-name" must equal "c": current value is "d"`,
		`invalid ownership metadata; label validation error: missing key "app.kubernetes.io/managed-by": must be set to "Helm"; annotation validation error: missing key "meta.helm.sh/release-name": must be set to "c"`}},
}

func untyped[T any](parse func(string) (T, bool)) func(string) (any, bool) {
	return func(message string) (any, bool) {
		read, ok := parse(message)
		return read, ok
	}
}
