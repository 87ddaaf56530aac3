package fluxmsg

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

// parsers are all of them, with a message each that they read.
var parsers = []struct {
	name  string
	parse func(string) (any, bool)
	seeds []string
}{
	{"HealthCheck", untyped(ParseHealthCheck), []string{
		`health check failed after 9m30.0231s: timeout waiting for: [Deployment/a/b status: 'InProgress', Foo/x status: 'Failed': bad, [y], can't determine status for Foo/a/b]`,
		`Health check timed out for [deployments.apps 'ns/name', Deployment 'foo/bar']`}},
	{"Dependency", untyped(ParseDependency), []string{
		`dependencies do not meet ready condition (dependency 'a/b' is not ready): retrying in 30s`, `unable to get 'a/b' dependency: b not found`}},
	{"APIError", untyped(ParseAPIError), []string{
		`Deployment/a/b dry-run failed (Invalid): Deployment.apps "b" is invalid: [spec.x: Required value, spec.selector: Invalid value: {"a":"b"}: field is immutable]`,
		`server-side apply failed for object a/b apps/v1, Kind=Deployment: failed calling webhook "a.b": failed to call webhook: Post "https://c.d.svc:443/x": no endpoints available for service "c"`,
		`Error creating: pods "x" is forbidden: exceeded quota: q, requested: a=1,b=2, used: a=1, limited: a=1`,
		`x is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "a"`,
		`resource mapping not found for name: "x" namespace: "y" from "": no matches for kind "K" in version "g.io/v1"`}},
	{"Build", untyped(ParseBuild), []string{
		`kustomization path not found: stat /tmp/kustomization-1/a: no such file or directory`,
		`post build failed for 'Deployment.v1.apps/x': substitute from 'Secret/b' error: secrets "b" not found`,
		`kustomize build failed: accumulating resources from 'x': open /tmp/kustomization-1/a: no such file or directory`}},
	{"Helm", untyped(ParseHelm), []string{
		"Helm install failed for release a/b with chart c@1.0.0: resource Deployment/a/b not ready. status: InProgress, message: x\ncontext deadline exceeded",
		"Helm upgrade failed: failed pre-install: 1 error occurred:\n\t* job x failed: BackoffLimitExceeded",
		`template: c/templates/x.yaml:12:20: executing "x" at <y>: z`, `could not find Secret 'a/b'`}},
	{"Source", untyped(ParseSource), []string{
		`failed to fetch Helm repository index: failed to fetch https://u:p@x.io/index.yaml?a=b : 404 Not Found`,
		`HelmChart 'a/b' is not ready: invalid chart reference: no 'x' chart with version matching '9' found`,
		`failed to checkout and determine revision: unable to clone 'https://x.io/y': couldn't find remote ref "refs/heads/x"`}},
	{"Scheduling", untyped(ParseScheduling), []string{
		`0/3 nodes are available: 1 node(s) had taint {a: b}, that the pod didn't tolerate, 2 Insufficient memory. preemption: 0/3 nodes are available: 3 x.`}},
	{"Container", untyped(ParseContainer), []string{
		`Back-off pulling image "x:y": ErrImagePull: failed to pull and unpack image "x:y": not found`,
		`MountVolume.SetUp failed for volume "tls" : secret "x" not found`, `couldn't find key k in Secret a/b`,
		`Readiness probe failed: HTTP probe failed with statuscode: 401`}},
}

func untyped[T any](parse func(string) (T, bool)) func(string) (any, bool) {
	return func(message string) (any, bool) {
		read, ok := parse(message)
		return read, ok
	}
}

// bounded looks at all that was read: every text is short, and every object
// has names that Kubernetes allows and that stand in the message.
func bounded(t *testing.T, message string, read reflect.Value) {
	switch read.Kind() {
	case reflect.String:
		if read.Len() > maxDetail {
			t.Errorf("%d bytes", read.Len())
		}
	case reflect.Slice:
		if read.Len() > maxItems {
			t.Errorf("%d items", read.Len())
		}
		for i := range read.Len() {
			bounded(t, message, read.Index(i))
		}
	case reflect.Struct:
		if object, ok := read.Interface().(Object); ok {
			for _, name := range []string{object.Group, object.Version, object.Namespace, object.Name} {
				if name != "" && (!isName(name) || !strings.Contains(message, name)) {
					t.Errorf("%q is no name in the message", name)
				}
			}
		}
		for i := range read.NumField() {
			bounded(t, message, read.Field(i))
		}
	}
}

var words = regexp.MustCompile(`[A-Za-z0-9]+`)

// stretch makes one word of a message at a time longer than anything may be
// that is handed on.
func stretch[T any](t *testing.T, message string, parse func(string) (T, bool)) {
	for _, at := range words.FindAllStringIndex(message, -1) {
		long := message[:at[1]] + strings.Repeat(message[at[1]-1:at[1]], maxDetail+1) + message[at[1]:]
		if read, ok := parse(long); ok {
			bounded(t, long, reflect.ValueOf(read))
		}
	}
}

func fuzz(f *testing.F, which string) {
	for _, each := range parsers {
		if each.name != which {
			continue
		}
		for _, seed := range each.seeds {
			if _, ok := each.parse(seed); !ok {
				f.Errorf("not read: %s", seed)
			}
			f.Add(seed)
		}
		f.Fuzz(func(t *testing.T, message string) {
			read, ok := each.parse(message)
			if ok {
				bounded(t, message, reflect.ValueOf(read))
			}
		})
		return
	}
	f.Fatal(which)
}

func FuzzHealthCheck(f *testing.F) { fuzz(f, "HealthCheck") }
func FuzzDependency(f *testing.F)  { fuzz(f, "Dependency") }
func FuzzAPIError(f *testing.F)    { fuzz(f, "APIError") }
func FuzzBuild(f *testing.F)       { fuzz(f, "Build") }
func FuzzHelm(f *testing.F)        { fuzz(f, "Helm") }
func FuzzSource(f *testing.F)      { fuzz(f, "Source") }
func FuzzScheduling(f *testing.F)  { fuzz(f, "Scheduling") }
func FuzzContainer(f *testing.F)   { fuzz(f, "Container") }

// TestHostile gives every parser the beginning of each message it reads and
// then, up to far more than is kept of any, one piece of it over and over.
func TestHostile(t *testing.T) {
	for _, each := range parsers {
		for _, seed := range each.seeds {
			for at := 0; at < len(seed); at += 23 {
				piece := seed[at:min(at+25, len(seed))]
				if at == 0 {
					piece = seed + "\n"
				}
				message := seed[:at] + strings.Repeat(piece, 2*maxMessage/len(piece))
				began := time.Now()
				read, ok := each.parse(message)
				if took := time.Since(began); took > 5*time.Second {
					t.Fatalf("%s took %s on %q", each.name, took, piece)
				}
				if ok {
					bounded(t, message, reflect.ValueOf(read))
				}
			}
		}
	}
}
