package operate

import (
	"strings"
	"testing"
)

// TestRun simulates runs: "due" lines are the next requests, which are sent; other lines are
// the resulting state of an object, "gone" means deleted, and "over" the outcomes.
func TestRun(t *testing.T) {
	const done, failed = " asked:t handled:t", " failing asked:t handled:t"
	for _, c := range []struct {
		about, cluster string
		sources        bool
		play           []string
	}{
		{about: "each after what it needs", cluster: cluster, sources: true, play: []string{
			"due source/flux-system", "due",
			"source/flux-system ready" + done, "due layer/bhs-dependency",
			"layer/bhs-dependency trying asked:t", "due",
			"layer/bhs-dependency ready" + done, "due layer/bhs-application",
			"layer/bhs-application ready" + done, "due",
			"over source/flux-system Ready, layer/bhs-dependency Ready, layer/bhs-application Ready"}},
		{about: "what depends on a failure is left out", cluster: cluster, play: []string{
			"due layer/bhs-dependency", "layer/bhs-dependency" + failed, "due",
			"over layer/bhs-dependency Failing, layer/bhs-application Skipped"}},
		{about: "a source that can't be fetched", cluster: cluster, sources: true, play: []string{
			"due source/flux-system", "source/flux-system" + failed, "due",
			"over source/flux-system Failing, layer/bhs-dependency Skipped, layer/bhs-application Skipped"}},
		{about: "something newer was fetched: shared layers have to get there first", cluster: cluster, sources: true, play: []string{
			"due source/flux-system", "source/flux-system ready fetched:r2" + done, "due layer/flux-system",
			"layer/flux-system trying asked:t", "due", "layer/flux-system checking asked:t", "due layer/infrastructure",
			"layer/infrastructure ready attempted:r1" + done, "due",
			"layer/infrastructure ready attempted:r2" + done, "due layer/bhs-dependency",
			"layer/bhs-dependency ready attempted:r2" + done, "due layer/bhs-application",
			"layer/flux-system ready attempted:r2" + done, "layer/bhs-application ready attempted:r2" + done,
			"over source/flux-system Ready, layer/flux-system Ready, layer/infrastructure Ready, layer/bhs-dependency Ready, layer/bhs-application Ready"}},
		{about: "a shared layer fails at what was fetched", cluster: cluster, sources: true, play: []string{
			"due source/flux-system", "source/flux-system ready fetched:r2" + done, "due layer/flux-system",
			"layer/flux-system ready attempted:r2" + done, "due layer/infrastructure",
			"layer/infrastructure failing attempted:r2" + done, "due",
			"over source/flux-system Ready, layer/flux-system Ready, layer/infrastructure Failing, layer/bhs-dependency Skipped, layer/bhs-application Skipped"}},
		{about: "nothing newer was fetched", cluster: cluster, sources: true, play: []string{
			"due source/flux-system", "source/flux-system ready fetched:r1" + done, "due layer/bhs-dependency"}},
		{about: "a failing shared layer", cluster: with("layer/infrastructure failing"), play: []string{
			"due layer/infrastructure", "layer/infrastructure" + failed, "due",
			"over layer/infrastructure Failing, layer/bhs-dependency Skipped, layer/bhs-application Skipped"}},
		{about: "a release in a layer, asked while the layer checks its health", cluster: with("release/postgres-ha stalled by:bhs-dependency"), play: []string{
			"due layer/bhs-dependency", "layer/bhs-dependency trying asked:t", "due",
			"layer/bhs-dependency checking asked:t", "due release/postgres-ha",
			"release/postgres-ha ready" + done, "due",
			"layer/bhs-dependency ready" + done, "due layer/bhs-application",
			"layer/bhs-application ready" + done,
			"over layer/bhs-dependency Ready, layer/bhs-application Ready, release/postgres-ha Ready"}},
		{about: "a layer that gave up at once on a release gets a second try", cluster: with("release/postgres-ha stalled by:bhs-dependency"), play: []string{
			"due layer/bhs-dependency", "layer/bhs-dependency" + failed, "due release/postgres-ha", "due",
			"release/postgres-ha ready" + done, "due layer/bhs-dependency",
			"layer/bhs-dependency ready" + done, "due layer/bhs-application", "layer/bhs-application ready" + done,
			"over layer/bhs-dependency Ready, layer/bhs-application Ready, release/postgres-ha Ready"}},
		{about: "but no third", cluster: with("release/postgres-ha stalled by:bhs-dependency"), play: []string{
			"due layer/bhs-dependency", "layer/bhs-dependency" + failed, "due release/postgres-ha",
			"release/postgres-ha ready" + done, "due layer/bhs-dependency",
			"layer/bhs-dependency" + failed, "due",
			"over layer/bhs-dependency Failing, layer/bhs-application Skipped, release/postgres-ha Ready"}},
		{about: "and none when the release fails", cluster: with("release/postgres-ha stalled by:bhs-dependency"), play: []string{
			"due layer/bhs-dependency", "layer/bhs-dependency" + failed, "due release/postgres-ha",
			"release/postgres-ha stalled" + done, "due",
			"over layer/bhs-dependency Failing, layer/bhs-application Skipped, release/postgres-ha Failing"}},
		{about: "who applies the layers need not be ready itself", cluster: with("layer/flux-system failing"), play: []string{
			"due layer/flux-system", "layer/flux-system checking asked:t", "due layer/bhs-dependency",
			"layer/bhs-dependency ready" + done, "due layer/bhs-application", "layer/bhs-application ready" + done,
			"due", "layer/flux-system ready" + done,
			"over layer/flux-system Ready, layer/bhs-dependency Ready, layer/bhs-application Ready"}},
		{about: "a release is not asked when its layer was not", cluster: with("layer/infrastructure failing", "release/postgres-ha stalled by:bhs-dependency"), play: []string{
			"due layer/infrastructure", "layer/infrastructure" + failed, "due",
			"over layer/infrastructure Failing, layer/bhs-dependency Skipped, layer/bhs-application Skipped, release/postgres-ha Skipped"}},
		{about: "deleted while it was waited for", cluster: cluster, play: []string{
			"due layer/bhs-dependency", "gone layer/bhs-dependency", "due",
			"over layer/bhs-dependency Failing, layer/bhs-application Skipped"}},
		{about: "deleted by its layer, which was triggered", cluster: with("layer/flux-system failing"), play: []string{
			"due layer/flux-system", "layer/flux-system checking asked:t has:bhs-dependency", "due layer/bhs-dependency",
			"layer/flux-system ready has:bhs-application" + done, "gone layer/bhs-dependency", "due layer/bhs-application",
			"layer/bhs-application ready" + done,
			"over layer/flux-system Ready, layer/bhs-dependency Ready, layer/bhs-application Ready"}},
		{about: "deleted, although its layer still applies it", cluster: with("layer/flux-system failing"), play: []string{
			"due layer/flux-system", "layer/flux-system ready has:bhs-dependency" + done, "due layer/bhs-dependency",
			"gone layer/bhs-dependency", "due",
			"over layer/flux-system Ready, layer/bhs-dependency Failing, layer/bhs-application Skipped"}},
		{about: "deleted, and its layer fails", cluster: with("layer/flux-system failing"), play: []string{
			"due layer/flux-system", "layer/flux-system failing has:bhs-application" + done, "due layer/bhs-dependency",
			"gone layer/bhs-dependency", "due",
			"over layer/flux-system Failing, layer/bhs-dependency Failing, layer/bhs-application Skipped"}},
		{about: "a release of a layer that was deleted", cluster: with("layer/flux-system failing", "release/postgres-ha stalled by:bhs-dependency"), play: []string{
			"due layer/flux-system", "layer/flux-system ready has:bhs-application" + done, "due layer/bhs-dependency",
			"gone layer/bhs-dependency", "due layer/bhs-application release/postgres-ha",
			"gone release/postgres-ha", "layer/bhs-application ready" + done, "due",
			"over layer/flux-system Ready, layer/bhs-dependency Ready, layer/bhs-application Ready, release/postgres-ha Ready"}},
		{about: "a release after its chart, and that after its repository", sources: true,
			cluster: ownOnly + "\nrelease/a failing chart:r\nrepo/r ready\nchart/bhs-orthweb-a ready from:r", play: []string{
				"due source/flux-system repo/r", "source/flux-system ready" + done, "due layer/bhs-dependency", "layer/bhs-dependency ready" + done, "due",
				"repo/r" + failed, "due chart/bhs-orthweb-a", "chart/bhs-orthweb-a ready" + done, "due release/a", "release/a ready" + done,
				"over source/flux-system Ready, layer/bhs-dependency Ready, repo/r Failing, chart/bhs-orthweb-a Ready, release/a Ready"}},
		{about: "a chart that may not be triggered", sources: true,
			cluster: ownOnly + "\nrelease/a failing chart:r\nchart/bhs-orthweb-a ready", play: []string{
				"due source/flux-system chart/bhs-orthweb-a", "forgo chart/bhs-orthweb-a", "due release/a", "source/flux-system ready" + done, "due layer/bhs-dependency",
				"layer/bhs-dependency ready" + done, "release/a ready" + done, "due",
				"over source/flux-system Ready, layer/bhs-dependency Ready, chart/bhs-orthweb-a Skipped, release/a Ready"}},
		{about: "a chart that failed before helm-controller has changed it", sources: true,
			cluster: ownOnly + "\nrelease/a failing chart:r\nchart/bhs-orthweb-a ready", play: []string{
				"due source/flux-system chart/bhs-orthweb-a", "chart/bhs-orthweb-a" + failed, "source/flux-system ready" + done, "due layer/bhs-dependency release/a",
				"layer/bhs-dependency ready" + done, "release/a ready" + done, "due", "chart/bhs-orthweb-a ready" + done,
				"over source/flux-system Ready, layer/bhs-dependency Ready, chart/bhs-orthweb-a Ready, release/a Ready"}},
		{about: "a dependency that does not exist", cluster: with("layer/bhs-dependency ready by:flux-system on:nowhere", "release/postgres-ha failing by:bhs-dependency"), play: []string{
			"due layer/bhs-dependency", "unmet layer/bhs-dependency layer/nowhere", "due",
			"over layer/bhs-dependency Failing, layer/bhs-application Skipped, release/postgres-ha Skipped"}},
		{about: "a circle", cluster: with("layer/bhs-dependency waiting on:bhs-application", "layer/bhs-application waiting on:bhs-dependency"), play: []string{
			"due", "over layer/bhs-dependency Skipped, layer/bhs-application Skipped"}},
	} {
		t.Run(c.about, func(t *testing.T) {
			snap, statuses := read(t, c.cluster, []string{"bhs"})
			plan, err := Reconcile(snap, statuses, Options{Sources: c.sources})
			if err != nil {
				t.Fatal(err)
			}
			play(t, NewRun(plan), c.play)
		})
	}
}

func play(t *testing.T, run *Run, lines []string) {
	t.Helper()
	for _, line := range lines {
		what, rest, _ := strings.Cut(line, " ")
		switch what {
		case "due":
			var due []string
			for _, step := range run.Due() {
				due = append(due, short(step.Ref))
				run.Triggered(step.Ref)
			}
			if got := strings.Join(due, " "); got != rest {
				t.Fatalf("due %q, want %q", got, rest)
			}
		case "unmet":
			ref, dependency, _ := strings.Cut(rest, " ")
			if got := run.Unmet(refOf(t, ref), refOf(t, dependency)); got.Message != "it depends on Kustomization flux-system/nowhere, which does not exist" {
				t.Fatal(got.Message)
			}
		case "forgo":
			run.Forgo(refOf(t, rest), "forbidden")
			if tenants := run.Tenants(Blocked); len(tenants) > 0 {
				t.Fatalf("a failure of %v", tenants)
			}
		case "gone":
			run.Gone(refOf(t, rest))
		case "over":
			var results []string
			for _, r := range run.Results() {
				results = append(results, short(r.Ref)+" "+string(r.Outcome))
			}
			if got := strings.Join(results, ", "); got != rest || !run.Over() {
				t.Fatalf("over %v: %s\nwant %s", run.Over(), got, rest)
			}
		default:
			run.Observe(newObject(t, line), now)
		}
	}
}
