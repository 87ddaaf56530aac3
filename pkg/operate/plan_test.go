package operate

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// formatPlan formats the plan: a word for each step, with its dependencies.
func formatPlan(plan Plan) []string {
	var all []string
	for _, s := range plan.Steps {
		text := short(s.Ref)
		if s.Reset {
			text += " reset"
		}
		if s.IfMoved {
			text += "?"
		}
		for _, need := range s.Needs {
			text += " needs:" + short(need)
		}
		for _, source := range s.After {
			text += " after:" + short(source)
		}
		for _, ref := range s.Missing {
			text += " missing:" + short(ref)
		}
		for _, layer := range s.Within {
			text += " within:" + short(layer)
		}
		all = append(all, text)
	}
	return all
}

// ownOnly is a cluster with one layer.
const ownOnly = "source/flux-system ready\nlayer/bhs-dependency ready"

func TestReconcile(t *testing.T) {
	for _, c := range []struct {
		about     string
		cluster   string
		tenants   string
		options   Options
		forbidden []string
		want      []string
		notes     []string
		unknown   string
		err       string
	}{
		{about: "all is ready: own layers alone", cluster: cluster, options: Options{Sources: true}, want: []string{
			"source/flux-system", "layer/flux-system? needs:source/flux-system",
			"layer/infrastructure? needs:source/flux-system within:layer/flux-system",
			"layer/bhs-dependency needs:source/flux-system needs:layer/infrastructure within:layer/flux-system",
			"layer/bhs-application needs:source/flux-system needs:layer/bhs-dependency within:layer/flux-system"}},
		{about: "without the source", cluster: cluster, want: []string{"layer/bhs-dependency", "layer/bhs-application needs:layer/bhs-dependency"}},
		{about: "two tenants share a source", cluster: cluster, tenants: "bhs mhr", options: Options{Sources: true}, want: []string{
			"source/flux-system", "layer/flux-system? needs:source/flux-system",
			"layer/infrastructure? needs:source/flux-system within:layer/flux-system",
			"layer/bhs-dependency needs:source/flux-system needs:layer/infrastructure within:layer/flux-system",
			"layer/bhs-application needs:source/flux-system needs:layer/bhs-dependency within:layer/flux-system",
			"layer/mhr-application needs:source/flux-system needs:layer/infrastructure within:layer/flux-system"}},
		{about: "a shared layer that fails comes first", cluster: with("layer/infrastructure failing"),
			want:  []string{"layer/infrastructure", "layer/bhs-dependency needs:layer/infrastructure", "layer/bhs-application needs:layer/bhs-dependency"},
			notes: []string{"Kustomization flux-system/infrastructure is shared with other tenants, and is also triggered because it is Failing"}},
		{about: "who applies the layers fails", cluster: with("layer/flux-system failing"),
			want:  []string{"layer/flux-system", "layer/bhs-dependency within:layer/flux-system", "layer/bhs-application needs:layer/bhs-dependency within:layer/flux-system"},
			notes: []string{"Kustomization flux-system/flux-system is shared with other tenants, and is also triggered because it is Failing"}},
		{about: "releases: one that was given up, one that waits for it", cluster: with("release/postgres-ha stalled by:bhs-dependency", "release/istio-ingress waiting on:postgres-ha by:bhs-application"),
			want: []string{"layer/bhs-dependency", "layer/bhs-application needs:layer/bhs-dependency",
				"release/istio-ingress needs:release/postgres-ha within:layer/bhs-application", "release/postgres-ha reset within:layer/bhs-dependency"}},
		{about: "a release that may still come is not reset", cluster: with("release/postgres-ha failing by:bhs-dependency"),
			want: []string{"layer/bhs-dependency", "layer/bhs-application needs:layer/bhs-dependency", "release/postgres-ha within:layer/bhs-dependency"}},
		{about: "own things suspended", cluster: with("layer/bhs-dependency ready suspended by:flux-system on:infrastructure", "release/postgres-ha ready suspended by:bhs-dependency"),
			err: "Kustomization flux-system/bhs-dependency, HelmRelease bhs-orthweb/postgres-ha are suspended: Flux would not act"},
		{about: "another tenant's suspended", cluster: with("layer/mhr-application ready suspended on:infrastructure"),
			want: []string{"layer/bhs-dependency", "layer/bhs-application needs:layer/bhs-dependency"}},
		{about: "own things that will be resumed", cluster: with("layer/bhs-dependency ready suspended by:flux-system on:infrastructure"), options: Options{Resumed: true},
			want: []string{"layer/bhs-dependency", "layer/bhs-application needs:layer/bhs-dependency"}},
		{about: "a suspended source", cluster: with("source/flux-system ready suspended"), options: Options{Sources: true, Resumed: true},
			err: "GitRepository flux-system/flux-system is suspended: Flux would not act"},
		{about: "a suspended source that is not asked", cluster: with("source/flux-system ready suspended"),
			want: []string{"layer/bhs-dependency", "layer/bhs-application needs:layer/bhs-dependency"}},
		{about: "a shared layer suspended", cluster: with("layer/infrastructure ready suspended"),
			want:  []string{"layer/bhs-dependency", "layer/bhs-application needs:layer/bhs-dependency"},
			notes: []string{"Kustomization flux-system/infrastructure is shared and suspended, and is skipped; objects that depend on it may have to wait"}},
		{about: "a shared layer that is not there", cluster: with("layer/infrastructure absent"),
			want:  []string{"layer/bhs-dependency missing:layer/infrastructure", "layer/bhs-application needs:layer/bhs-dependency"},
			notes: []string{"Kustomization flux-system/bhs-dependency will not be triggered unless this changes: it depends on Kustomization flux-system/infrastructure, which does not exist"}},
		{about: "a typing error in a dependency", cluster: with("layer/bhs-dependency ready by:flux-system on:infrastucture"),
			want:  []string{"layer/bhs-dependency missing:layer/infrastucture", "layer/bhs-application needs:layer/bhs-dependency"},
			notes: []string{"Kustomization flux-system/bhs-dependency will not be triggered unless this changes: it depends on Kustomization flux-system/infrastucture, which does not exist (did you mean infrastructure?)"}},
		{about: "the chart of a release, and its repository", options: Options{Sources: true},
			cluster: ownOnly + "\nrelease/postgres-ha failing chart:bitnami by:bhs-dependency\nrelease/ready ready chart:other\nrepo/bitnami ready\nrepo/other ready\nchart/bhs-orthweb-postgres-ha ready from:bitnami\nchart/bhs-orthweb-ready ready from:other",
			want: []string{"source/flux-system", "layer/bhs-dependency needs:source/flux-system", "repo/bitnami",
				"chart/bhs-orthweb-postgres-ha after:repo/bitnami within:layer/bhs-dependency", "release/postgres-ha after:chart/bhs-orthweb-postgres-ha within:layer/bhs-dependency"}},
		{about: "not without sources", cluster: ownOnly + "\nrelease/postgres-ha failing chart:bitnami\nrepo/bitnami ready\nchart/bhs-orthweb-postgres-ha ready from:bitnami",
			want: []string{"layer/bhs-dependency", "release/postgres-ha"}},
		{about: "two releases with one repository, and charts that they name", options: Options{Sources: true},
			cluster: ownOnly + "\nrelease/a failing chartref:HelmChart/shared\nrelease/b failing chart:bitnami\nrelease/c failing chartref:OCIRepository/podinfo\nrepo/bitnami ready\noci/podinfo ready\nchart/shared ready from:bitnami\nchart/bhs-orthweb-b ready from:bitnami",
			want: []string{"source/flux-system", "layer/bhs-dependency needs:source/flux-system", "repo/bitnami", "oci/podinfo",
				"chart/shared after:repo/bitnami", "chart/bhs-orthweb-b after:repo/bitnami",
				"release/a after:chart/shared", "release/b after:chart/bhs-orthweb-b", "release/c after:oci/podinfo"}},
		{about: "sources of releases that can't be triggered", options: Options{Sources: true},
			cluster: ownOnly + "\nrelease/a failing chart:oci\nrelease/b failing chart:gone\nrelease/c failing chart:off\nrelease/d failing chart:new\nrepo/oci ready type:oci\nrepo/off ready suspended\nchart/bhs-orthweb-a ready from:oci\nchart/bhs-orthweb-b ready from:gone\nchart/bhs-orthweb-c ready from:off",
			want: []string{"source/flux-system", "layer/bhs-dependency needs:source/flux-system",
				"chart/bhs-orthweb-a", "chart/bhs-orthweb-b", "chart/bhs-orthweb-c",
				"release/a after:chart/bhs-orthweb-a", "release/b after:chart/bhs-orthweb-b", "release/c after:chart/bhs-orthweb-c", "release/d"},
			notes: []string{"HelmRepository flux-system/gone does not exist, which HelmChart flux-system/bhs-orthweb-b requires",
				"HelmRepository flux-system/off is suspended, and is skipped; HelmChart flux-system/bhs-orthweb-c uses what was fetched before"}},
		{about: "charts can't be read", options: Options{Sources: true}, forbidden: []string{"chart"},
			cluster: ownOnly + "\nrelease/a failing chart:bitnami", want: []string{"source/flux-system", "layer/bhs-dependency needs:source/flux-system", "release/a"},
			notes: []string{"HelmChart flux-system/bhs-orthweb-a is not triggered before HelmRelease bhs-orthweb/a: forbidden: cannot list charts at the cluster scope"}},
		{about: "no own layers", cluster: with("layer/bhs-dependency absent", "layer/bhs-application absent", "release/postgres-ha failing"), want: []string{"release/postgres-ha"}},
		{about: "releases can't be read", cluster: cluster, forbidden: []string{"release"},
			want: []string{"layer/bhs-dependency", "layer/bhs-application needs:layer/bhs-dependency"}, unknown: "forbidden: cannot list releases at the cluster scope"},
		{about: "sources can't be read", cluster: cluster, forbidden: []string{"source"}, options: Options{Sources: true},
			want: []string{"layer/flux-system?", "layer/infrastructure? within:layer/flux-system",
				"layer/bhs-dependency needs:layer/infrastructure within:layer/flux-system",
				"layer/bhs-application needs:layer/bhs-dependency within:layer/flux-system"}, unknown: "forbidden: cannot list sources at the cluster scope"},
		{about: "two layers that apply each other", cluster: with("layer/bhs-dependency failing by:bhs-application", "layer/bhs-application failing by:bhs-dependency"),
			want: []string{"layer/bhs-dependency", "layer/bhs-application within:layer/bhs-dependency"}},
	} {
		t.Run(c.about, func(t *testing.T) {
			if c.tenants == "" {
				c.tenants = "bhs"
			}
			snap, statuses := read(t, c.cluster, strings.Fields(c.tenants), c.forbidden...)
			plan, err := Reconcile(snap, statuses, c.options)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("error %v, want %q", err, c.err)
			}
			if got := formatPlan(plan); !slices.Equal(got, c.want) {
				t.Errorf("steps\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if !slices.Equal(plan.Notes, c.notes) {
				t.Errorf("notes %q, want %q", plan.Notes, c.notes)
			}
			if got := strings.Join(plan.Unknown, "; "); got != c.unknown {
				t.Errorf("unknown %q, want %q", got, c.unknown)
			}
		})
	}
}

func TestTenantsOfSteps(t *testing.T) {
	snap, statuses := read(t, cluster, []string{"bhs", "mhr"})
	plan, err := Reconcile(snap, statuses, Options{Sources: true})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range plan.Steps {
		got[short(s.Ref)] = strings.Join(s.Tenants, " ")
	}
	if got["source/flux-system"] != "bhs mhr" || got["layer/bhs-application"] != "bhs" || got["layer/mhr-application"] != "mhr" {
		t.Errorf("%v", got)
	}
}

func TestSuspendedTenants(t *testing.T) {
	snap, statuses := read(t, with("layer/bhs-dependency ready suspended by:flux-system"), []string{"bhs", "mhr"})
	_, err := Reconcile(snap, statuses, Options{})
	var suspended *SuspendedError
	if !errors.As(err, &suspended) || !slices.Equal(suspended.Tenants, []string{"bhs"}) {
		t.Errorf("%v", err)
	}
}

func TestPatch(t *testing.T) {
	for _, c := range []struct {
		about string
		step  Step
		want  map[string]any
	}{
		{"a request", Step{}, map[string]any{RequestAnnotation: "t"}},
		{"a release that was given up", Step{Reset: true}, map[string]any{RequestAnnotation: "t", resetAnnotation: "t"}},
	} {
		patch := c.step.Patch("t")
		annotations, _ := patch["metadata"].(map[string]any)["annotations"].(map[string]any)
		if len(patch) != 1 || len(annotations) != len(c.want) || annotations[RequestAnnotation] != "t" || annotations[resetAnnotation] != c.want[resetAnnotation] {
			t.Errorf("%s: %v", c.about, patch)
		}
	}
}
