package pod

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/message/kubelet"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// probeAdvice derives from the response to a probe that its port, path or scheme is
// wrong. If the response does not show that, the log may.
func probeAdvice(c pods.Container, t *pods.Problem, message string) {
	parsed, _ := c.X.Message(message).Container()
	if parsed.Probe == "" || resetByProxy(c, t, parsed) {
		return
	}
	at := strings.ToLower(parsed.Probe) + "Probe"
	probe := object.Map(c.Spec, at)
	kind := "httpGet"
	if object.Map(probe, kind) == nil {
		kind = "tcpSocket"
	}
	if object.Map(probe, kind) == nil {
		return
	}
	path := c.Path(at + "." + kind + ".")
	why, setting := probeFault(c, probe, kind, parsed)
	if setting == "" {
		return
	}
	t.Message += "; " + why
	t.Evidence = append(t.Evidence, c.Specified(path+setting)...)
	if setting == "port" {
		for i := range object.List(c.Spec, "ports") {
			t.Evidence = append(t.Evidence, c.Specified(c.Path(fmt.Sprintf("ports[%d].containerPort", i)))...)
		}
	}
	name := fmt.Sprintf("%s.%s.%s", at, kind, setting)
	t.Fixes = append([]finding.Fix{{Text: "Correct " + name + " of the container", File: flux.File(c.X, c.Work, c.Field(name)), Command: flux.ApplyCommand(c.X, c.Work)}}, t.Fixes...)
}

// probeFault is the wrong setting of a probe, according to the response.
func probeFault(c pods.Container, probe map[string]any, kind string, parsed kubelet.Container) (why, setting string) {
	detail := strings.ToLower(parsed.Detail)
	port := pods.TextAt(probe, kind, "port")
	switch {
	case parsed.HTTPStatus == 404:
		return "the server responds, but does not have the probe's path", "path"
	case parsed.HTTPStatus == 401 || parsed.HTTPStatus == 403:
		return "the server responds, but requires credentials for the probe's path", "path"
	case strings.Contains(detail, "server gave http response to https client"):
		return "the server does not use TLS on that port", "scheme"
	case strings.Contains(detail, "malformed http response"), strings.Contains(detail, "http request to an https server"):
		return "the server uses TLS on that port", "scheme"
	case strings.Contains(detail, "connection refused") && undeclared(c, port):
		return fmt.Sprintf("the probe uses port %s, which is not among the container's ports", port), "port"
	}
	return "", ""
}

// undeclared reports whether the container declares ports, but not this one.
func undeclared(c pods.Container, port string) bool {
	ports := object.List(c.Spec, "ports")
	for _, p := range ports {
		if port == object.Text(p, "name") || port == strconv.FormatInt(object.Int(p, "containerPort"), 10) {
			return false
		}
	}
	return len(ports) > 0 && port != ""
}

// stillStarting reports whether the liveness probe kills a container each time before it
// has started: it runs as long as the probe takes to fail, never responds, and has no
// startup probe. Then it needs more time.
func stillStarting(c pods.Container, t *pods.Problem, ended pods.ContainerExit, message string) bool {
	parsed, _ := c.X.Message(message).Container()
	probe := object.Map(c.Spec, "livenessProbe")
	began := object.Time(c.Status, strings.Split(ended.Path, ".")[0], "terminated", "startedAt")
	if parsed.Probe != "Liveness" || probe == nil || object.Map(c.Spec, "startupProbe") != nil || began.IsZero() || ended.At.IsZero() {
		return false
	}
	detail := strings.ToLower(parsed.Detail)
	if !strings.Contains(detail, "connection refused") && !strings.Contains(detail, "deadline exceeded") && !strings.Contains(detail, "timeout") {
		return false
	}
	seconds := object.Int(probe, "initialDelaySeconds") + object.IntOr(3, probe, "failureThreshold")*object.IntOr(10, probe, "periodSeconds")
	grace := object.IntOr(30, c.Pod.Object, "spec", "terminationGracePeriodSeconds")
	gaveUp := time.Duration(seconds+object.IntOr(10, probe, "periodSeconds")+grace) * time.Second
	if lived := ended.At.Sub(began); lived > gaveUp {
		return false
	}
	t.Message += fmt.Sprintf("; it has %d s to start, and no startup probe", seconds)
	t.Evidence = append(t.Evidence, c.State(ended.Path+".startedAt", time.Time{})...)
	t.Evidence = append(t.Evidence, c.State(ended.Path+".finishedAt", time.Time{})...)
	t.Fixes = append(t.Fixes, finding.Fix{
		Text: "If its log shows that it is still starting at that time, add a startupProbe that gives it enough time",
		File: flux.File(c.X, c.Work, c.Field("startupProbe")), Command: flux.ApplyCommand(c.X, c.Work),
	})
	return true
}

// rewriteProbers is the annotation with which Istio's injector makes the proxy answer the
// kubelet's probes instead of the container (istio 1.28, pkg/kube/inject/app_probe.go).
const rewriteProbers = "sidecar.istio.io/rewriteAppHTTPProbers"

// resetByProxy reports whether a probe is reset because the pod's proxy requires mutual
// TLS, which a kubelet does not use, and the pod's annotation prevents Istio from
// redirecting the probe.
func resetByProxy(c pods.Container, t *pods.Problem, parsed kubelet.Container) bool {
	reset := strings.Contains(parsed.Detail, "connection reset by peer") || strings.Contains(parsed.Detail, "EOF")
	if !reset || c.Work == nil || c.Pod.GetAnnotations()[rewriteProbers] != "false" {
		return false
	}
	strict, ok := traffic.StrictPeerAuthentication(c.X, c.Work)
	if !ok {
		return false
	}
	t.Unexplained = false
	t.Message += fmt.Sprintf("; %s makes its proxy accept only mutual TLS, which a kubelet does not use, and annotation %s prevents Istio from redirecting the probe",
		object.RefOf(strict), rewriteProbers)
	t.Evidence = append(t.Evidence, engine.Evidence(c.Pod, "metadata.annotations["+rewriteProbers+"]", "false", time.Time{}),
		engine.Evidence(strict, "spec.mtls.mode", "STRICT", time.Time{}))
	t.Fixes = append([]finding.Fix{{Text: fmt.Sprintf("Remove annotation %s from spec.template.metadata.annotations of %s", rewriteProbers, c.Owner),
		File: flux.File(c.X, c.Work, "spec.template.metadata.annotations["+rewriteProbers+"]"), Command: flux.ApplyCommand(c.X, c.Work)}}, t.Fixes...)
	return true
}
