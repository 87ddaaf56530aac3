package workload

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var missingProbe = &rule.Rule{
	Code: "OW4905", Name: "missing-probe", Severity: finding.Warning,
	Title: "A container that a Service selects has no readiness probe",
	Object: func(c *rule.Context, o *cluster.Object) {
		if !isOneOf(o, servers) || rule.OfFlux(o) {
			return
		}
		for _, container := range running(o) {
			if object.Map(container.Fields, "readinessProbe") != nil {
				continue
			}
			if service := serviceOf(c, o, container); service != nil {
				c.Report(o, container.Path+".readinessProbe",
					fmt.Sprintf("%s has no readiness probe, so %s sends it connections before it accepts them, and while it hangs", nameOf(container), service.Ref()),
					inFile(o, "Add a readinessProbe"))
			}
		}
	},
}

// serviceOf is a Service that sends connections to a container of a workload once it is ready,
// or nil.
func serviceOf(c *rule.Context, o *cluster.Object, container rule.Container) *cluster.Object {
	labels := engine.PodLabels(o.Unstructured)
	for _, service := range c.InNamespace(object.ServiceKind, o.GetNamespace()) {
		selector := engine.SelectorOf(service.Unstructured)
		if len(selector) == 0 || !engine.Matches(selector, labels) ||
			object.Bool(service.Unstructured.Object, "spec", "publishNotReadyAddresses") {
			continue
		}
		for _, port := range object.List(service.Unstructured.Object, "spec", "ports") {
			if hasPort(o, container, port) {
				return service
			}
		}
	}
	return nil
}

// hasPort reports whether a port of a Service is one of a container: by its name or number, or
// because the pod has no other container.
func hasPort(o *cluster.Object, container rule.Container, port map[string]any) bool {
	target, ok := object.Quote(port, "targetPort")
	if !ok {
		target, _ = object.Quote(port, "port")
	}
	if len(running(o)) == 1 {
		return true
	}
	for _, declared := range object.List(container.Fields, "ports") {
		number, _ := object.Quote(declared, "containerPort")
		if target == number || target == object.Text(declared, "name") {
			return true
		}
	}
	return false
}

var probeCredentials = &rule.Rule{
	Code: "OW4910", Name: "probe-credentials", Severity: finding.Warning,
	Title: "A probe has credentials in it",
	Object: func(c *rule.Context, o *cluster.Object) {
		for _, container := range rule.Containers(o) {
			for _, p := range probes {
				handler := object.Map(container.Fields, p.path...)
				for _, field := range credentials(handler) {
					at, _ := o.Locate(container.Path + "." + strings.Join(p.path, ".") + "." + field)
					// A finding of c.Report would quote the credentials.
					c.ReportAt(at, o, fmt.Sprintf("the %s of %s has credentials in it: when they change, %s", p.name, nameOf(container), p.effect),
						inFile(o, "Probe a path that needs no credentials, or the port with tcpSocket"))
				}
			}
		}
	},
}

// probes are what kubelets run in a container, and what happens when it fails.
var probes = []struct {
	path         []string
	name, effect string
}{
	{[]string{"readinessProbe"}, "readiness probe", "it fails, and the pods get no connections"},
	{[]string{"livenessProbe"}, "liveness probe", "it fails, and the container is restarted repeatedly"},
	{[]string{"startupProbe"}, "startup probe", "it fails, and the container is restarted repeatedly"},
	{[]string{"lifecycle", "postStart"}, "postStart hook", "it fails, and the container is restarted repeatedly"},
	{[]string{"lifecycle", "preStop"}, "preStop hook", "it fails, and the container stops without it"},
}

// credentials are the fields of a probe or hook that have credentials in them.
func credentials(handler map[string]any) []string {
	var fields []string
	for i, header := range object.List(handler, "httpGet", "httpHeaders") {
		if value := object.Text(header, "value"); sensitive.Key(object.Text(header, "name")) && value != "" && !rule.Unknown(value) {
			fields = append(fields, fmt.Sprintf("httpGet.httpHeaders[%d].value", i))
		}
	}
	if hasCredentials(object.Text(handler, "httpGet", "path")) {
		fields = append(fields, "httpGet.path")
	}
	if hasCredentials(strings.Join(object.Texts(handler, "exec", "command"), " ")) {
		fields = append(fields, "exec.command")
	}
	return fields
}

// reference is a word of a command that contains a variable, or one of the tree.
var reference = regexp.MustCompile(`[^\s"'=]*\$(?:\w+|\{[^}]*\}|\([^)]*\))[^\s"']*`)

// hasCredentials reports whether a text has credentials that are not variables.
func hasCredentials(text string) bool {
	text = reference.ReplaceAllString(text, mask.Redacted)
	return mask.Mask(text) != text
}
