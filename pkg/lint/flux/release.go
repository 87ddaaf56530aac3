package flux

import (
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/chart"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var unpinnedChart = &rule.Rule{
	Code: "OW3901", Name: "unpinned-chart", Severity: finding.Warning,
	Title: "A release has no version of its chart",
	Object: func(c *rule.Context, o *cluster.Object) {
		switch o.Ref().GroupKind() {
		case object.HelmReleaseKind:
			chart := object.Map(o.Unstructured.Object, "spec", "chart", "spec")
			version := object.Text(chart, "version")
			// The version of a chart in a Git repository is that of the revision.
			if chart == nil || object.Text(chart, "sourceRef", "kind") != object.HelmRepositoryKind.Kind || !unbounded(version) {
				return
			}
			c.Report(o, "spec.chart.spec.version", fmt.Sprintf("%s of chart %s is installed as soon as it is published, including incompatible ones",
				versions(version), object.Text(chart, "chart")), inFile(o.File(), "Set spec.chart.spec.version to a version or a bounded range"))
		case object.OCIRepositoryKind:
			ref := object.Map(o.Unstructured.Object, "spec", "ref")
			if object.Text(ref, "digest") != "" || !usedByRelease(c, o) {
				return
			}
			tag, semver := object.Text(ref, "tag"), object.Text(ref, "semver")
			if tag == "" && unbounded(semver) || tag == "latest" {
				c.Report(o, "spec.ref", fmt.Sprintf("%s of the chart is installed as soon as it is published, including incompatible ones", versions(semver)),
					inFile(o.File(), "Set spec.ref.tag to a version, or spec.ref.semver to a bounded range"))
			}
		}
	},
}

var notRenderable = &rule.Rule{
	Code: engine.CodeTemplateFailed, Name: "not-renderable", Severity: finding.Critical,
	Title: "The chart of a release can't be rendered",
	Cluster: func(c *rule.Context) {
		for _, release := range c.Releases {
			if release.Err != nil && release.Err.Reason == chart.Failed {
				c.ReportAt(release.At, release.Object, "its chart can't be rendered: "+release.Err.Message,
					inFile(release.At.File, "Correct the chart, or the values of the release"))
			}
		}
	},
}

// unbounded reports whether a range of versions has no upper end.
func unbounded(semver string) bool {
	if rule.Unknown(semver) {
		return false
	}
	text := strings.ReplaceAll(semver, " ", "")
	return text == "" || text == "*" || text == "x" || strings.HasPrefix(text, ">") && !strings.ContainsAny(text, "<|")
}

func versions(semver string) string {
	if semver == "" || semver == "*" || semver == "x" {
		return "every new version"
	}
	return "every version " + semver
}

// usedByRelease reports whether a HelmRelease has its chart from a source.
func usedByRelease(c *rule.Context, source *cluster.Object) bool {
	return slices.ContainsFunc(c.OfKind(object.HelmReleaseKind), func(release *cluster.Object) bool {
		_, ref, ok := sourceRef(release)
		return ok && ref.Key() == source.Ref().Key()
	})
}

var evidenceLost = &rule.Rule{
	Code: "OW3902", Name: "evidence-lost", Severity: finding.Info,
	Title: "A failed installation is uninstalled before it is retried",
	Object: func(c *rule.Context, o *cluster.Object) {
		if o.Ref().GroupKind() != object.HelmReleaseKind {
			return
		}
		install := object.Map(o.Unstructured.Object, "spec", "install")
		retries := object.Int(install, "remediation", "retries")
		if retries == 0 || object.Text(install, "strategy", "name") == "RetryOnFailure" {
			return
		}
		times := fmt.Sprintf("up to %d times", retries)
		if retries < 0 {
			times = "without end"
		}
		c.Report(o, "spec.install.remediation.retries", fmt.Sprintf("after a failed installation, Flux uninstalls the release and retries, %s: the pods and logs of the earlier attempts are deleted", times),
			inFile(o.File(), "Set spec.install.strategy.name: RetryOnFailure (Flux 2.7 and later), or remove the retries while you look for a cause"))
	},
}
