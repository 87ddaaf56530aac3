package operate

import (
	"reflect"
	"strings"
	"testing"
)

func TestSwitches(t *testing.T) {
	for _, c := range []struct {
		about, cluster, tenants string
		forbidden               []string
		want, err               string
	}{
		{about: "own layers, then releases", cluster: cluster, tenants: "bhs",
			want: "layer/bhs-dependency layer/bhs-application release/istio-ingress release/postgres-ha"},
		{about: "what is suspended already", cluster: with("release/postgres-ha ready suspended"), tenants: "bhs",
			want: "layer/bhs-dependency layer/bhs-application release/istio-ingress release/postgres-ha!"},
		{about: "never a shared layer, suspended or not", cluster: with("layer/infrastructure ready suspended"), tenants: "bhs mhr",
			want: "layer/bhs-dependency layer/bhs-application release/istio-ingress release/postgres-ha layer/mhr-application"},
		{about: "no own layers", cluster: with("layer/bhs-dependency absent", "layer/bhs-application absent"), tenants: "bhs",
			err: "tenant bhs has no layers of its own, so nothing was changed"},
		{about: "stands on what others stand on", cluster: with("layer/bhs-application absent", "layer/mhr-application absent", "layer/bhs-dependency ready by:flux-system on:infrastructure touches:bhs-orthweb,mhr-orthweb"), tenants: "bhs",
			err: "tenant bhs has no layers of its own, so nothing was changed: other tenants also depend on Kustomization flux-system/flux-system, Kustomization flux-system/infrastructure, Kustomization flux-system/bhs-dependency"},
		{about: "releases can't be read", cluster: cluster, tenants: "bhs", forbidden: []string{"release"},
			err: "tenant bhs could not be read completely, so nothing was changed: forbidden: cannot list releases at the cluster scope"},
	} {
		t.Run(c.about, func(t *testing.T) {
			snap, statuses := read(t, c.cluster, strings.Fields(c.tenants), c.forbidden...)
			switches, err := Switches(snap, statuses)
			if (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
				t.Fatalf("error %v, want %q", err, c.err)
			}
			var got []string
			for _, s := range switches {
				text := short(s.Ref)
				if s.Suspended {
					text += "!"
				}
				got = append(got, text)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%v, want %s", got, c.want)
			}
		})
	}
}

func TestTurn(t *testing.T) {
	on, off := Switch{Tenant: "bhs"}, Switch{Tenant: "bhs", Suspended: true}
	for _, c := range []struct {
		about     string
		turn      Operation
		given     Switch
		did       Outcome
		would     Outcome
		message   string
		suspended any
	}{
		{"suspends", Suspend, on, Suspended, ToSuspend, "", true},
		{"is suspended", Suspend, off, Suspended, Suspended, "it already was", true},
		{"resumes", Resume, off, Resumed, ToResume, "", nil},
		{"is not suspended", Resume, on, Resumed, Resumed, "it was not suspended", nil},
	} {
		did, would := c.turn.Did(c.given), c.turn.Would([]Switch{c.given})[0]
		if did.Outcome != c.did || would.Outcome != c.would || did.Message != c.message || would.Message != c.message {
			t.Errorf("%s: %+v, %+v", c.about, did, would)
		}
		if patch := c.turn.Patch(); !reflect.DeepEqual(patch, map[string]any{"spec": map[string]any{"suspend": c.suspended}}) {
			t.Errorf("%s: %v", c.about, patch)
		}
	}
}
