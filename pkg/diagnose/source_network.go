package diagnose

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// rateLimited reports a host that refuses further requests for some time.
func (s fetchFailure) rateLimited(f *finding.Finding) {
	f.Message = fmt.Sprintf("%s can't be fetched for now: %s limits the number of requests, and there were too many from this cluster", s.verdict.Ref, s.host())
	f.Severity = finding.Warning
	if field.Text(s.obj.Object, "status", "artifact", "revision") == "" {
		f.Severity = finding.Critical
	}
	f.Fixes = []finding.Fix{{Text: "Wait: Flux retries, and a limit is lifted after minutes or hours"}}
	if name, _ := s.secret(); name == "" {
		f.Fixes = append(f.Fixes, s.fix("Name a Secret with credentials in spec.secretRef: most hosts have a higher limit for authenticated clients"))
	}
	fix := s.fix("Fetch from a mirror, or less often: raise spec.interval")
	if interval := s.text("interval"); interval != "" {
		fix.Text = fmt.Sprintf("Fetch from a mirror, or less often: raise spec.interval (%s now)", interval)
		f.Evidence = append(f.Evidence, evidence(s.obj, "spec.interval", interval, time.Time{}))
	}
	f.Fixes = append(f.Fixes, fix)
}

// storageFull reports the volume of source-controller: every source has the same
// problem.
func (s fetchFailure) storageFull(f *finding.Finding, e *exam) {
	controller := s.x.controllerOf(s.obj)
	if s.x.notReady(controller) {
		e.blame = append(e.blame, controller)
	}
	f.Ref = controller
	f.Message = fmt.Sprintf("source-controller can't store what it fetches, such as %s: its disk is full", s.verdict.Ref)
	if strings.Contains(s.message, "read-only file system") {
		f.Message = fmt.Sprintf("source-controller can't store what it fetches, such as %s: its disk is read-only", s.verdict.Ref)
	}
	f.Fixes = []finding.Fix{
		{Text: "Check how full the volumes for /data and /tmp are", Command: escape.Command("kubectl exec -n %s deployment/%s -- df -h /data /tmp", controller.Namespace, controller.Name)},
		{Text: "Enlarge them: the size limit of the emptyDir, the claim of /data, or the disk of the node", Command: escape.Command("kubectl describe pods -n %s -l app=%s", controller.Namespace, controller.Name)},
	}
	deployment := s.x.snap.Lookup(controller).Object
	if deployment == nil {
		return
	}
	for _, volume := range field.List(deployment.Object, "spec", "template", "spec", "volumes") {
		name := field.Text(volume, "name")
		for _, path := range [][]string{{"emptyDir", "sizeLimit"}, {"persistentVolumeClaim", "claimName"}} {
			if value := field.Text(volume, path...); value != "" {
				f.Evidence = append(f.Evidence, evidence(deployment, fmt.Sprintf("spec.template.spec.volumes[%s].%s", name, strings.Join(path, ".")), value, time.Time{}))
			}
		}
	}
}

// proxy reports a proxy that can't be used.
func (s fetchFailure) proxy(f *finding.Finding) {
	name := s.text("proxySecretRef", "name")
	refused := strings.Contains(s.message, "Proxy Authentication Required") || s.problem.HTTPStatus == 407
	what := "does not allow the connection to " + s.host()
	unreached := strings.Contains(s.message, "proxyconnect") || strings.Contains(s.message, "socks connect")
	switch {
	case refused:
		what = "does not accept its credentials"
	case unreached:
		what = "can't be connected to"
	}
	if name == "" {
		controller := s.x.controllerOf(s.obj)
		f.Message = fmt.Sprintf("%s can't be fetched: the proxy that source-controller is configured to use %s: %s", s.verdict.Ref, what, firstLine(s.message))
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Correct HTTPS_PROXY, or add the host %s to NO_PROXY, in the environment of source-controller", s.host()),
			Command: escape.Command("kubectl set env deployment/%s -n %s --list", controller.Name, controller.Namespace)}}
		if !refused && !unreached {
			f.Fixes[0].Text = fmt.Sprintf("Configure the proxy in HTTPS_PROXY of source-controller to allow %s, or add that host to NO_PROXY", s.host())
		}
		return
	}
	secret := coreRef("Secret", s.obj.GetNamespace(), name)
	f.Message = fmt.Sprintf("%s can't be fetched: the proxy of %s %s: %s", s.verdict.Ref, secret, what, firstLine(s.message))
	f.Evidence = append(f.Evidence, evidence(s.obj, "spec.proxySecretRef.name", name, time.Time{}))
	keys := "address"
	if refused {
		keys = "username and password"
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Correct %s in %s, which spec.proxySecretRef names", keys, secret), Command: inspect(secret)}}
	if !refused && !unreached {
		f.Fixes[0].Text = fmt.Sprintf("Configure the proxy in %s to allow %s, or name another proxy in spec.proxySecretRef", secret, s.host())
	}
}

// unreached reports a host that can't be connected to, by the type of failure.
func (s fetchFailure) unreached(f *finding.Finding) {
	try := func(command string) string {
		return escape.Command("kubectl run connect -n %s --rm -it --restart=Never --image=busybox -- %s", s.x.controllerOf(s.obj).Namespace, escape.Shell(command))
	}
	host, port, _ := strings.Cut(s.host(), ":")
	switch s.problem.Problem {
	case fluxmsg.SourceDNS:
		f.Fixes = []finding.Fix{
			s.fix("Check the spelling of the host %s in %s", host, s.addressField()),
			{Text: "If it is correct, check whether the DNS of the cluster resolves it", Command: try("nslookup " + escape.ShellWord(host))},
		}
	case fluxmsg.SourceRefused:
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check whether %s listens on that port, and whether a firewall refuses the cluster", s.host()), Command: try(escape.Command("nc -zv -w 5 %s %s", host, cmp.Or(port, s.defaultPort())))}}
	default:
		f.Fixes = []finding.Fix{
			{Text: fmt.Sprintf("Check whether pods of the cluster can connect to %s; a firewall or a NetworkPolicy for egress may drop the connection", s.host()), Command: try(escape.Command("nc -zv -w 5 %s %s", host, cmp.Or(port, s.defaultPort())))},
			s.fix("If they can and the repository is large or slow, raise spec.timeout (%s now)", health.Timeout(s.obj)),
		}
	}
}

func (s fetchFailure) addressField() string {
	if s.text("url") == "" {
		return "spec.endpoint"
	}
	return "spec.url"
}

func (s fetchFailure) defaultPort() string {
	switch {
	case strings.HasPrefix(s.text("url"), "ssh://"):
		return "22"
	case strings.HasPrefix(s.text("url"), "http://"):
		return "80"
	}
	return "443"
}
