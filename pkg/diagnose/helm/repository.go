package helm

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// repositoryTypeFinding reports a HelmRepository whose type does not match its URL.
func repositoryTypeFinding(x *engine.Context, repository *unstructured.Unstructured, v health.Verdict) (finding.Finding, bool) {
	parsed, _ := x.Message(v.Statement.Message).ChartRepository()
	f := finding.Finding{Code: engine.CodeChartScheme, Ref: v.Ref, Reason: string(v.Reason), Severity: finding.Critical, Since: v.Since}
	address, kind := object.Text(repository.Object, "spec", "url"), object.Text(repository.Object, "spec", "type")
	fix := finding.Fix{File: x.DefinedIn(repository)}
	switch {
	case parsed.Problem == message.ChartTypeDefault && kind != "oci" && strings.HasPrefix(address, "oci://"):
		f.Message = fmt.Sprintf("%s has an OCI registry in spec.url, but is not of type oci", v.Ref)
		fix.Text = fmt.Sprintf("Set spec.type: oci in %s", v.Ref)
	case parsed.Problem == message.ChartTypeOCI && kind == "oci" && address != "" && !strings.HasPrefix(address, "oci://"):
		f.Message = fmt.Sprintf("%s is of type oci, but spec.url is not the address of an OCI registry", v.Ref)
		fix.Text = fmt.Sprintf("Remove spec.type from %s, or set a spec.url that begins with oci://", v.Ref)
		f.Evidence = append(f.Evidence, engine.Evidence(repository, "spec.type", kind, time.Time{}))
	default:
		return f, false
	}
	f.Evidence = append(f.Evidence, engine.Evidence(repository, "spec.url", address, time.Time{}))
	for _, kind := range []string{"FetchFailed", "Stalled", "Ready"} {
		if c := object.ConditionOf(repository, kind); c.Status != "" && c.Message != "" {
			f.Evidence = append(f.Evidence, engine.Quote(repository, c))
			break
		}
	}
	f.Fixes = []finding.Fix{fix, {Text: "Then reconcile the source", Command: flux.Command("reconcile", repository)}}
	return f, true
}

// chartRepositoryFinding reports a chart that can't be fetched because of the type or
// the limits of its repository.
func chartRepositoryFinding(x *engine.Context, chart *unstructured.Unstructured, c chartRequest, v health.Verdict) (finding.Finding, bool) {
	parsed, _ := x.Message(v.Statement.Message).ChartRepository()
	f := chartFinding(x, chart, v, engine.CodeChartScheme, "")
	file := f.Fixes[0].File
	switch parsed.Problem {
	case message.ChartSchemeOCI:
		return f, c.points(parsed, file, &f)
	case message.ChartRateLimited:
		f.Code = engine.CodeChartRateLimit
		c.limited(parsed, file, &f)
		if revision := object.Text(chart.Object, "status", "artifact", "revision"); revision != "" {
			f.Message += fmt.Sprintf("; chart %s, which was fetched before, is still served", revision)
			f.Evidence = engine.WithProof(f.Evidence, engine.Evidence(chart, "status.artifact.revision", revision, object.Time(chart.Object, "status", "artifact", "lastUpdateTime")))
		}
		if interval := object.Duration(chart.Object, "spec", "interval"); interval > 0 && interval < 10*time.Minute {
			f.Evidence = engine.WithProof(f.Evidence, engine.Evidence(chart, "spec.interval", object.Text(chart.Object, "spec", "interval"), time.Time{}))
			f.Fixes = append(f.Fixes, finding.Fix{Text: "Reduce the number of requests: raise spec.chart.spec.interval", File: file})
		}
		f.Fixes = append(f.Fixes, finding.Fix{Text: "Wait until the limit is lifted, then retry", Command: flux.Command("reconcile", chart)})
		return f, true
	}
	return f, false
}

// points completes a finding about an index that points to an OCI registry. Only
// a HelmRepository that is not of type oci has an index.
func (c chartRequest) points(parsed message.ChartRepository, file string, f *finding.Finding) bool {
	if c.ref.GroupKind() != object.HelmRepositoryKind {
		return false
	}
	f.Code = engine.CodeChartScheme
	registry := "an OCI registry"
	chart, tag := c.name, c.version
	if parent, name, version, ok := ociChart(parsed.URL); ok {
		registry, chart = parent, name
		if version != "" {
			tag = version
		}
	}
	if c.repository != nil {
		if object.Text(c.repository.Object, "spec", "type") == "oci" {
			return false
		}
		f.Evidence = engine.WithProof(f.Evidence, engine.Evidence(c.repository, "spec.url", c.address(), time.Time{}))
	}
	f.Message = fmt.Sprintf("%s can't fetch its chart %s: the index of %s points to %s, but a HelmRepository that is not of type oci can't fetch from OCI registries", f.Ref, c, c.ref, registry)
	if !strings.HasPrefix(registry, "oci://") {
		f.Fixes = []finding.Fix{{Text: "Add a HelmRepository with spec.type: oci and the URL of the registry, and name it in spec.chart.spec.sourceRef", File: file}}
		if c.address() != "" {
			f.Fixes = append(f.Fixes, finding.Fix{Text: "Find the registry in the index",
				Command: escape.Command("curl -sL %s/index.yaml | grep %s", strings.TrimSuffix(c.address(), "/"), "oci://.*/"+c.name+":")})
		}
		return true
	}
	check := escape.Command("helm show chart %s/%s", registry, chart)
	reference := fmt.Sprintf("spec.url: %s/%s", registry, chart)
	if tag != "" {
		check += " --version " + escape.ShellWord(tag)
		reference += " and spec.ref.tag: " + tag
	}
	f.Fixes = []finding.Fix{
		{Text: fmt.Sprintf("Add a HelmRepository with spec.type: oci and spec.url: %s, and name it in spec.chart.spec.sourceRef", registry), File: file},
		{Text: fmt.Sprintf("Or add an OCIRepository with %s, and name it in spec.chartRef instead of spec.chart", reference), File: file},
		{Text: "Check that the registry has the version", Command: check},
	}
	return true
}

// ociChart splits the URL of a chart: "oci://host/path/chart:version".
func ociChart(address string) (registry, chart, version string, ok bool) {
	if !strings.HasPrefix(address, "oci://") {
		return "", "", "", false
	}
	slash := strings.LastIndex(address, "/")
	if slash <= len("oci://") {
		return "", "", "", false
	}
	chart, version, _ = strings.Cut(address[slash+1:], ":")
	return address[:slash], chart, version, chart != ""
}

// limited completes a finding about a registry that limits the rate of requests.
func (c chartRequest) limited(parsed message.ChartRepository, file string, f *finding.Finding) {
	f.Code = engine.CodeChartRateLimit
	host := "its repository"
	for _, address := range []string{parsed.URL, c.address()} {
		if read, err := url.Parse(address); err == nil && read.Host != "" {
			host = read.Host
			break
		}
	}
	f.Message = fmt.Sprintf("%s can't fetch its chart %s: %s limits the rate of requests", f.Ref, c, host)
	f.Fixes = nil
	if c.repository == nil {
		return
	}
	f.Evidence = engine.WithProof(f.Evidence, engine.Evidence(c.repository, "spec.url", c.address(), time.Time{}))
	// A plain web server has no higher limit for clients with credentials.
	if strings.HasPrefix(c.address(), "oci://") && object.Text(c.repository.Object, "spec", "secretRef", "name") == "" {
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Authenticate to the registry: name a Secret in spec.secretRef of %s; anonymous requests have the lowest limit", c.ref), File: file}}
	}
}
