package diagnose

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
)

// probeAdvice is what a probe's answer tells of the probe itself: that it asks
// the wrong port or path, or the wrong way. Where it tells nothing, the log may.
func (c container) probeAdvice(t *trouble, message string) {
	said, _ := c.x.message(message).Container()
	if said.Probe == "" || c.resetByProxy(t, said) {
		return
	}
	at := strings.ToLower(said.Probe) + "Probe"
	probe := field.Map(c.spec, at)
	kind := "httpGet"
	if field.Map(probe, kind) == nil {
		kind = "tcpSocket"
	}
	if field.Map(probe, kind) == nil {
		return
	}
	path := c.path(at + "." + kind + ".")
	why, setting := c.probeFault(probe, kind, said)
	if setting == "" {
		return
	}
	t.message += "; " + why
	t.evidence = append(t.evidence, c.specified(path+setting)...)
	if setting == "port" {
		for i := range field.List(c.spec, "ports") {
			t.evidence = append(t.evidence, c.specified(c.path(fmt.Sprintf("ports[%d].containerPort", i)))...)
		}
	}
	name := fmt.Sprintf("%s.%s.%s", at, kind, setting)
	t.fixes = append([]finding.Fix{{Text: "Correct " + name + " of the container", File: c.x.file(c.work, c.field(name)), Command: c.x.applyNow(c.work)}}, t.fixes...)
}

// probeFault is which of a probe's settings is wrong, by what it was answered.
func (c container) probeFault(probe map[string]any, kind string, said fluxmsg.Container) (why, setting string) {
	detail := strings.ToLower(said.Detail)
	port := textAt(probe, kind, "port")
	switch {
	case said.HTTPStatus == 404:
		return "the server responds, but does not have the probe's path", "path"
	case said.HTTPStatus == 401 || said.HTTPStatus == 403:
		return "the server responds, but requires credentials for the probe's path", "path"
	case strings.Contains(detail, "server gave http response to https client"):
		return "the server does not use TLS on that port", "scheme"
	case strings.Contains(detail, "malformed http response"), strings.Contains(detail, "http request to an https server"):
		return "the server uses TLS on that port", "scheme"
	case strings.Contains(detail, "connection refused") && c.undeclared(port):
		return fmt.Sprintf("the probe uses port %s, which is not among the container's ports", port), "port"
	}
	return "", ""
}

// undeclared tells whether the container names its ports, and this is none.
func (c container) undeclared(port string) bool {
	ports := field.List(c.spec, "ports")
	for _, p := range ports {
		if port == field.Text(p, "name") || port == strconv.FormatInt(field.Int(p, "containerPort"), 10) {
			return false
		}
	}
	return len(ports) > 0 && port != ""
}

// stillStarting tells whether a container is killed by its liveness probe each
// time before it has come up: it lives as long as the probe takes to give up,
// never answers, and has no startup probe. Then it needs more time.
func (c container) stillStarting(t *trouble, ended end, message string) bool {
	said, _ := c.x.message(message).Container()
	probe := field.Map(c.spec, "livenessProbe")
	began := field.Time(c.status, strings.Split(ended.path, ".")[0], "terminated", "startedAt")
	if said.Probe != "Liveness" || probe == nil || field.Map(c.spec, "startupProbe") != nil || began.IsZero() || ended.at.IsZero() {
		return false
	}
	detail := strings.ToLower(said.Detail)
	if !strings.Contains(detail, "connection refused") && !strings.Contains(detail, "deadline exceeded") && !strings.Contains(detail, "timeout") {
		return false
	}
	seconds := field.Int(probe, "initialDelaySeconds") + field.IntOr(3, probe, "failureThreshold")*field.IntOr(10, probe, "periodSeconds")
	grace := field.IntOr(30, c.pod.Object, "spec", "terminationGracePeriodSeconds")
	gaveUp := time.Duration(seconds+field.IntOr(10, probe, "periodSeconds")+grace) * time.Second
	if lived := ended.at.Sub(began); lived > gaveUp {
		return false
	}
	t.message += fmt.Sprintf("; it has %d s to start, and no startup probe", seconds)
	t.evidence = append(t.evidence, c.state(ended.path+".startedAt", time.Time{})...)
	t.evidence = append(t.evidence, c.state(ended.path+".finishedAt", time.Time{})...)
	t.fixes = append(t.fixes, finding.Fix{
		Text: "If its log shows that it is still starting at that time, add a startupProbe that gives it enough time",
		File: c.x.file(c.work, c.field("startupProbe")), Command: c.x.applyNow(c.work),
	})
	return true
}

// rewriteProbers is the annotation by which Istio's injector lets the proxy answer
// the kubelet's probes in the container's place (istio 1.28, pkg/kube/inject/app_probe.go).
const rewriteProbers = "sidecar.istio.io/rewriteAppHTTPProbers"

// resetByProxy tells whether a probe is reset because the pod's proxy accepts mutual
// TLS alone, which a kubelet does not use, and the pod's annotation keeps Istio from
// redirecting the probe.
func (c container) resetByProxy(t *trouble, said fluxmsg.Container) bool {
	reset := strings.Contains(said.Detail, "connection reset by peer") || strings.Contains(said.Detail, "EOF")
	if !reset || c.work == nil || c.pod.GetAnnotations()[rewriteProbers] != "false" {
		return false
	}
	strict, ok := c.x.strict(c.work)
	if !ok {
		return false
	}
	t.vague = false
	t.message += fmt.Sprintf("; %s makes its proxy accept only mutual TLS, which a kubelet does not use, and annotation %s prevents Istio from redirecting the probe",
		finding.RefOf(strict), rewriteProbers)
	t.evidence = append(t.evidence, evidence(c.pod, "metadata.annotations["+rewriteProbers+"]", "false", time.Time{}),
		evidence(strict, "spec.mtls.mode", "STRICT", time.Time{}))
	t.fixes = append([]finding.Fix{{Text: fmt.Sprintf("Remove annotation %s from spec.template.metadata.annotations of %s", rewriteProbers, c.owner),
		File: c.x.file(c.work, "spec.template.metadata.annotations["+rewriteProbers+"]"), Command: c.x.applyNow(c.work)}}, t.fixes...)
	return true
}
