package apierror

import (
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

func long(letter rune, times int) string { return strings.Repeat(string(letter), times) }

func TestAPIErrorWebhook(t *testing.T) {
	gateway := match.Object{Kind: "Gateway", Namespace: "istio", Name: "gw"}
	call := `Gateway/istio/gw dry-run failed (InternalError): Internal error occurred: failed calling webhook "validation.istio.io": failed to call webhook: Post "https://istiod.istio-system.svc:443/validate?timeout=10s": `
	hook := func(failure WebhookFailure) Webhook {
		return Webhook{Name: "validation.istio.io", Failure: failure, ServiceName: "istiod", ServiceNamespace: "istio-system", Port: 443, Path: "/validate"}
	}
	called := func(failure WebhookFailure, message string) parsecheck.Case[Error] {
		return parsecheck.Case[Error]{"apiserver v0.36, webhook/error.go, dispatcher.go, proxy.go, and Go's net/http", call + message,
			Error{Object: gateway, Problem: ProblemWebhook, Reason: "InternalError", Detail: message, Webhook: hook(failure)}}
	}
	dialed := func(failure WebhookFailure, address, message string) parsecheck.Case[Error] {
		c := called(failure, message)
		c.Want.Webhook.Dialed = address
		return c
	}
	parsecheck.Check(t, Parse, []parsecheck.Case[Error]{
		called(WebhookNoEndpoints, `no endpoints available for service "istiod"`),
		called(WebhookNoService, `service "istiod" not found`),
		called(WebhookNoService, `no service port 443 found for service "istiod"`),
		dialed(WebhookRefused, "10.0.0.1:443", `dial tcp 10.0.0.1:443: connect: connection refused`),
		called(WebhookTimeout, `context deadline exceeded`),
		called(WebhookTLS, `tls: failed to verify certificate: x509: certificate signed by unknown authority`),
		called(WebhookOtherFailure, `EOF`),
		called(WebhookNoService, `dial tcp: lookup istiod.istio-system.svc: no such host`),
		dialed(WebhookNoRoute, "10.0.0.1:443", `dial tcp 10.0.0.1:443: connect: no route to host`),
		dialed(WebhookTimeout, "10.0.0.1:443", `dial tcp 10.0.0.1:443: i/o timeout`),
		dialed(WebhookTimeout, "10.228.0.5:15017", `dial tcp 10.228.0.5:15017: connect: connection timed out`),
		dialed(WebhookTimeout, "[fd00::5]:15017", `dial tcp [fd00::5]:15017: i/o timeout`),
		called(WebhookTimeout, `net/http: TLS handshake timeout`),
		dialed(WebhookNoRoute, "10.42.1.5:10250", `proxy error from 127.0.0.1:6443 while dialing 10.42.1.5:10250, code 502: 502 Bad Gateway`),
		called(WebhookNoRoute, `No agent available`),
		called(WebhookNoRoute, `Address is not allowed`),
		called(WebhookTimeout, `net/http: request canceled (Client.Timeout exceeded while awaiting headers)`),
		called(WebhookTLS, `remote error: tls: bad certificate`),
		{"with what Flux had changed before", call + "EOF\nService/a/x created", called(WebhookOtherFailure, "EOF").Want},
		{"a webhook by URL", `failed calling webhook "a.b.c": failed to call webhook: Post "https://hooks.example.com/x": EOF`,
			Error{Problem: ProblemWebhook, Detail: "EOF", Webhook: Webhook{Name: "a.b.c", Failure: WebhookOtherFailure}}},
		{"kubernetes 1.19 and older", `Internal error occurred: failed calling webhook "webhook.cert-manager.io": Post https://cert-manager-webhook.cert-manager.svc:8443/mutate?timeout=10s: x509: certificate has expired`,
			Error{Problem: ProblemWebhook, Detail: "x509: certificate has expired", Webhook: Webhook{Name: "webhook.cert-manager.io", Failure: WebhookTLS, ServiceName: "cert-manager-webhook", ServiceNamespace: "cert-manager", Port: 8443, Path: "/mutate"}}},
		{"error.go", `failed calling webhook "a.b.c"; no further details available`,
			Error{Problem: ProblemWebhook, Webhook: Webhook{Name: "a.b.c", Failure: WebhookOtherFailure}}},
		{"statuserror.go, and its words are about another object", `Gateway/istio/gw dry-run failed (Forbidden): admission webhook "validation.istio.io" denied the request: configuration is invalid: Deployment.apps "x" is invalid: exceeded quota: q, requested: a=1, used: a=1, limited: a=1`,
			Error{Object: gateway, Problem: ProblemWebhook, Reason: "Forbidden", Webhook: Webhook{Name: "validation.istio.io", Failure: WebhookDenied},
				Detail: `configuration is invalid: Deployment.apps "x" is invalid: exceeded quota: q, requested: a=1, used: a=1, limited: a=1`}},
		{"the same, and no object is named but in those words", `admission webhook "a.b" denied the request: Deployment.apps "x" is invalid: no`, Error{Problem: ProblemWebhook, Detail: `Deployment.apps "x" is invalid: no`, Webhook: Webhook{Name: "a.b", Failure: WebhookDenied}}},
		{"statuserror.go", `admission webhook "a.b" denied the request without explanation`, Error{Problem: ProblemWebhook, Webhook: Webhook{Name: "a.b", Failure: WebhookDenied}}},
		{"fluxcd/flux2#4073", `CouchbaseBucket/couchbase/blocker dry-run failed, reason: BadRequest, error: admission webhook "couchbase-operator-couchbase-admission-controller.couchbase.svc" does not support dry run`,
			Error{Object: match.Object{Kind: "CouchbaseBucket", Namespace: "couchbase", Name: "blocker"}, Problem: ProblemWebhook, Reason: "BadRequest",
				Webhook: Webhook{Name: "couchbase-operator-couchbase-admission-controller.couchbase.svc", Failure: WebhookNoDryRun}}},
		{"a person's", `calling the webhook "x" failed`, Error{}},
	})
}

func TestAPIErrorQuota(t *testing.T) {
	pod := match.Object{Resource: "pods", Name: "orthanc-5d9-"}
	parsecheck.Check(t, Parse, []parsecheck.Case[Error]{
		{"apiserver v0.36, resourcequota/controller.go; ReplicaSet's event", `Error creating: pods "orthanc-5d9-" is forbidden: exceeded quota: tenant, requested: limits.memory=1Gi,pods=1, used: limits.memory=4Gi,pods=10, limited: limits.memory=4Gi,pods=10`,
			Error{Object: pod, Problem: ProblemQuota, Detail: "exceeded quota: tenant, requested: limits.memory=1Gi,pods=1, used: limits.memory=4Gi,pods=10, limited: limits.memory=4Gi,pods=10",
				Quota: Quota{Name: "tenant", Exceeded: []QuotaUse{{Resource: "limits.memory", Requested: "1Gi", Used: "4Gi", Limited: "4Gi"}, {Resource: "pods", Requested: "1", Used: "10", Limited: "10"}}}}},
		{"the same", `Error creating: pods "orthanc-5d9-" is forbidden: failed quota: tenant: must specify limits.cpu for: orthanc; requests.memory for: orthanc`,
			Error{Object: pod, Problem: ProblemQuota, Detail: "must specify limits.cpu for: orthanc; requests.memory for: orthanc", Quota: Quota{Name: "tenant"}}},
		{"kubernetes 1.36, stateful_pod_control.go", `create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1`,
			Error{Object: match.Object{Kind: "Pod", Name: "db-0"}, Problem: ProblemQuota, Detail: "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1", Quota: Quota{Name: "q", Exceeded: []QuotaUse{{Resource: "pods", Requested: "1", Used: "1", Limited: "1"}}}}},
		{"a disk's", `disk quota exceeded`, Error{}},
		{"half of one", `exceeded quota: q, requested: pods=1`, Error{}},
	})
}

func TestAPIErrorForbidden(t *testing.T) {
	parsecheck.Check(t, Parse, []parsecheck.Case[Error]{
		{"apiserver v0.36, responsewriters/errors.go", `ServiceMonitor/a/x dry-run failed (Forbidden): servicemonitors.monitoring.coreos.com "x" is forbidden: User "system:serviceaccount:a:flux" cannot patch resource "servicemonitors" in API group "monitoring.coreos.com" in the namespace "a"`,
			Error{Object: match.Object{Kind: "ServiceMonitor", Namespace: "a", Name: "x"}, Problem: ProblemForbidden, Reason: "Forbidden",
				Detail: `User "system:serviceaccount:a:flux" cannot patch resource "servicemonitors" in API group "monitoring.coreos.com" in the namespace "a"`,
				Access: Access{User: "system:serviceaccount:a:flux", Verb: "patch", Resource: "servicemonitors", APIGroup: "monitoring.coreos.com", Namespace: "a", Escalates: ""}}},
		{"the same", `namespaces is forbidden: User "jane" cannot list resource "namespaces" in API group "" at the cluster scope`,
			Error{Problem: ProblemForbidden, Detail: `User "jane" cannot list resource "namespaces" in API group "" at the cluster scope`, Access: Access{User: "jane", Verb: "list", Resource: "namespaces"}}},
		{"pod-security-admission v0.36", `Error creating: pods "x-1" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false`,
			Error{Object: match.Object{Resource: "pods", Name: "x-1"}, Problem: ProblemPodSecurity, Detail: `violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false`}},
		{"kubernetes 1.36, plugin/pkg/admission/limitranger", `Error creating: pods "x-1" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi`,
			Error{Object: match.Object{Resource: "pods", Name: "x-1"}, Problem: ProblemLimitRange, Detail: "maximum memory usage per Container is 1Gi, but limit is 2Gi",
				Limit: Limit{Resource: "memory", Type: "Container", Bound: LimitMax, Allowed: "1Gi", Given: "2Gi", Of: "limit"}}},
		{"fluxcd/kustomize-controller#531", `Pod/monitoring/grafana-test dry-run failed, reason: Forbidden, error: pods "grafana-test" is forbidden: error looking up service account monitoring/grafana-sa: serviceaccount "grafana-sa" not found`,
			Error{Object: match.Object{Kind: "Pod", Namespace: "monitoring", Name: "grafana-test"}, Problem: ProblemServiceAccountNotFound, Reason: "Forbidden",
				Detail: `error looking up service account monitoring/grafana-sa: serviceaccount "grafana-sa" not found`, Missing: match.Object{Kind: "ServiceAccount", Namespace: "monitoring", Name: "grafana-sa"}}},
		{"the same, alone", `pods "x-1" is forbidden: no`, Error{Object: match.Object{Resource: "pods", Name: "x-1"}, Problem: ProblemForbidden, Detail: "no"}},
		{"a registry's", `Failed to pull image "x": 403 Forbidden: forbidden: no`, Error{}},
		{"a person's", `this is forbidden: really`, Error{}},
	})
}

func TestAPIErrorAdmission(t *testing.T) {
	pod := match.Object{Resource: "pods", Name: "x-1"}
	parsecheck.Check(t, Parse, []parsecheck.Case[Error]{
		{"limitranger/admission.go", `Error creating: pods "x-1" is forbidden: [minimum cpu usage per Container is 100m, but request is 50m, maximum memory usage per Pod is 1Gi.  No limit is specified]`,
			Error{Object: pod, Problem: ProblemLimitRange, Detail: "minimum cpu usage per Container is 100m, but request is 50m", Limit: Limit{Resource: "cpu", Type: "Container", Bound: LimitMin, Allowed: "100m", Given: "50m", Of: "request"}}},
		{"the same", `Error creating: pods "x-1" is forbidden: maximum memory usage per Pod is 1Gi.  No limit is specified`,
			Error{Object: pod, Problem: ProblemLimitRange, Detail: "maximum memory usage per Pod is 1Gi.  No limit is specified", Limit: Limit{Resource: "memory", Type: "Pod", Bound: LimitMax, Allowed: "1Gi", Given: "", Of: "limit"}}},
		{"the same", `Error creating: pods "x-1" is forbidden: memory max limit to request ratio per Container is 2, but provided ratio is 4.000000`,
			Error{Object: pod, Problem: ProblemLimitRange, Detail: "memory max limit to request ratio per Container is 2, but provided ratio is 4.000000", Limit: Limit{Resource: "memory", Type: "Container", Bound: LimitRatio, Allowed: "2", Given: "4.000000", Of: ""}}},
		{"priority/admission.go", `Error creating: pods "x-1" is forbidden: no PriorityClass with name tenant-hgih was found`,
			Error{Object: pod, Problem: ProblemPriorityClass, Detail: "no PriorityClass with name tenant-hgih was found", Missing: match.Object{Kind: "PriorityClass", Name: "tenant-hgih"}}},
		{"validating/dispatcher.go", `Deployment/a/x dry-run failed (Invalid): deployments.apps "x" is forbidden: ValidatingAdmissionPolicy 'max-replicas' with binding 'tenants' denied request: failed expression: object.spec.replicas <= 3`,
			Error{Object: match.Object{Kind: "Deployment", Namespace: "a", Name: "x"}, Problem: ProblemPolicy, Reason: "Invalid", Detail: "failed expression: object.spec.replicas <= 3", Policy: Policy{Name: "max-replicas", Binding: "tenants"}}},
		{"kyverno 1.15, block.go", "Deployment/a/x dry-run failed (BadRequest): admission webhook \"validate.kyverno.svc-fail\" denied the request: \n\nresource Deployment/a/x was blocked due to the following policies \n\nrequire-labels:\n  check-team: 'validation error: label team is required. rule check-team failed at path /metadata/labels/team/'\n",
			Error{Object: match.Object{Kind: "Deployment", Namespace: "a", Name: "x"}, Problem: ProblemWebhook, Reason: "BadRequest",
				Detail:  "resource Deployment/a/x was blocked due to the following policies \n\nrequire-labels:\n  check-team: 'validation error: label team is required. rule check-team failed at path /metadata/labels/team/'",
				Webhook: Webhook{Name: "validate.kyverno.svc-fail", Failure: WebhookDenied, Denials: []Denial{{Policy: "require-labels", Rule: "check-team", Message: "validation error: label team is required. rule check-team failed at path /metadata/labels/team/"}}}}},
		{"gatekeeper 3.20, policy.go", `Deployment/a/x dry-run failed (Forbidden): admission webhook "validation.gatekeeper.sh" denied the request: [must-have-team] you must provide labels: {"team"}`,
			Error{Object: match.Object{Kind: "Deployment", Namespace: "a", Name: "x"}, Problem: ProblemWebhook, Reason: "Forbidden", Detail: `[must-have-team] you must provide labels: {"team"}`,
				Webhook: Webhook{Name: "validation.gatekeeper.sh", Failure: WebhookDenied, Denials: []Denial{{Policy: "must-have-team", Rule: "", Message: `you must provide labels: {"team"}`}}}}},
	})
}
